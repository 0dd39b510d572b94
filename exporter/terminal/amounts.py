"""Amounts as a command prints them: bytes in units of 1000 or 1024, speeds in bits or bytes a second."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from reports.text.amounts import human_bits, human_bytes, human_iec

if TYPE_CHECKING:
    from types import ModuleType

DECIMAL, BINARY = UNITS = ("decimal", "binary")
NO_LOCALE = "none"
BITS, BYTES = RATES = ("bits", "bytes")
UNKNOWN = "\N{EN DASH}"
"""An unknown amount: of a day before counting began, of a forecast without enough data."""

STYLE = "netledger.amounts"
"""Its key among what click keeps of a command that runs."""


class AmountStyle(NamedTuple):
    """Units of 1000 (decimal) or 1024 (binary), speeds in bits or bytes, and whose marks numbers have.

    Bits are always in units of 1000. Without a locale numbers are English.
    """

    units: str = DECIMAL
    rate: str = BITS
    locale: str = NO_LOCALE

    @property
    def is_binary(self) -> bool:
        """Whether bytes are in units of 1024."""
        return self.units == BINARY

    def other_rate(self) -> AmountStyle:
        """The same with speeds in the other unit."""
        return self._replace(rate=BYTES if self.rate == BITS else BITS)

    def bytes(self, amount: int) -> str:
        """As in "12.51 GB" or "11.65 GiB"; ValueError below zero."""
        return self.number((human_iec if self.is_binary else human_bytes)(amount))

    def speed(self, bytes_per_second: float) -> str:
        """As in "1.01 Gbit/s", "125.83 MB/s" or "120.00 MiB/s"; ValueError below zero."""
        if self.rate == BITS:
            return self.number(human_bits(bytes_per_second))
        return f"{self.bytes(round(bytes_per_second))}/s"

    def number(self, english: str) -> str:
        """A text with numbers, as in "1,234.5 ms, then 2", with the marks of the locale in them."""
        return english if self.locale == NO_LOCALE else str(locales().with_marks(english, self.locale))

    def price(self, amount: float, currency: str, english: str) -> str:
        """An amount of money, as in "1.234,50 €"; `english` is the same in English."""
        return english if self.locale == NO_LOCALE else str(locales().local_price(amount, currency, self.locale))


def locales() -> ModuleType:
    """The module of locales, which few set."""
    return import_module("exporter.terminal.locales")


def choose_style(style: AmountStyle) -> None:
    """Have the command that runs print so."""
    if context := click.get_current_context(silent=True):
        context.meta[STYLE] = style


def chosen_style() -> AmountStyle:
    """The style of the command that runs."""
    context = click.get_current_context(silent=True)
    found: AmountStyle = AmountStyle() if context is None else context.meta.get(STYLE, AmountStyle())
    return found


def bytes_text(amount: int) -> str:
    """Bytes in the style of the command; ValueError below zero."""
    return chosen_style().bytes(amount)


def speed_text(bytes_per_second: float) -> str:
    """A speed in the style of the command; ValueError below zero."""
    return chosen_style().speed(bytes_per_second)


def count_text(count: int) -> str:
    """As in "1,234,567"."""
    return chosen_style().number(f"{count:,}")


def percent_text(ratio: float) -> str:
    """As in "12.5 %" for 0.125."""
    return chosen_style().number(f"{100 * ratio:.1f} %")


def price_text(amount: float, currency: str, english: str) -> str:
    """An amount of money in the style of the command; `english` is the same in English, as JSON has it."""
    return chosen_style().price(amount, currency, english)


def known_bytes(amount: int | None) -> str:
    """Bytes in the style of the command, or a dash where they are not known."""
    return UNKNOWN if amount is None else bytes_text(amount)


def known_speed(bytes_per_second: float | None) -> str:
    """A speed in the style of the command, or a dash where it is not known."""
    return UNKNOWN if bytes_per_second is None else speed_text(bytes_per_second)


def amount_width() -> int:
    """Width of the widest amount of bytes."""
    return len("1023.99 GiB" if chosen_style().is_binary else "999.99 GB")
