"""The axis of amounts: round steps of bytes from zero to a little above the largest, in either kind of unit; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

UNITS = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")
BINARY_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB")
STEPS = (10, 20, 25, 50, 100)
"""Tenths of a power of ten."""

MOST_STEPS = 4
TEN_OF_TENTHS = 100
WHOLE_FROM = tuple(1000 ** (number + 1) - 1000**number // 2 for number in range(len(UNITS)))
"""The least amount of each next unit: 999.5 of a unit rounds to 1000."""


class Axis(NamedTuple):
    """Places of lines (bytes, ascending, without zero); the last one is the top."""

    ticks: tuple[int, ...]

    @property
    def top(self) -> int:
        """Bytes at full height."""
        return self.ticks[-1]


class AxisForm(NamedTuple):
    """How an axis is cut and written: in units of 1000 or 1024, and numbers as `number` writes English ones."""

    is_binary: bool = False
    number: Callable[[str], str] = str

    def axis(self, most: int) -> Axis:
        """Round steps that reach `most` (bytes)."""
        return binary_axis(most) if self.is_binary else axis(most)

    def text(self, amount: int) -> str:
        """A round amount of its axis."""
        return self.number((binary_tick_text if self.is_binary else tick_text)(amount))


def axis(most: int) -> Axis:
    """Two to four round steps that reach `most` (bytes); without any amount there is one of a megabyte."""
    if most <= 0:
        return Axis((1_000_000,))
    power = 10 ** (len(str(most)) - 2) if most >= 10 else 1  # noqa: PLR2004 - one digit has no smaller power
    for scale in (power, power * 10):
        for tenths in STEPS:
            step = max(tenths * scale // 10, 1)
            count = -(-most // step)
            if count <= MOST_STEPS:
                return Axis(tuple(step * number for number in range(1, count + 1)))
    raise AssertionError  # the last step is ten times the power of ten below `most`


def binary_axis(most: int) -> Axis:
    """Three or four steps of a power of two that reach `most` (bytes), of few bytes less; without any a mebibyte."""
    if most <= 0:
        return Axis((2**20,))
    step = 2 ** max((most - 1).bit_length() - 2, 0)
    return Axis(tuple(step * number for number in range(1, -(-most // step) + 1)))


def tick_text(amount: int) -> str:
    """A round amount without trailing zeros: "2.5 TB", "500 GB", "0"."""
    if amount == 0:
        return "0"
    number = (len(str(amount)) - 1) // 3
    whole, rest = divmod(amount, 1000**number)
    digits = str(rest).rjust(3 * number, "0").rstrip("0")[:2] if rest else ""
    return f"{whole}{'.' if digits else ''}{digits} {UNITS[min(number, len(UNITS) - 1)]}"


def binary_tick_text(amount: int) -> str:
    """The same of an axis in units of 1024: "1.5 GiB", "512 MiB", "0"."""
    if amount == 0:
        return "0"
    number = min((amount.bit_length() - 1) // 10, len(BINARY_UNITS) - 1)
    whole, rest = divmod(amount, 1024**number)
    digits = f"{100 * rest // 1024**number:02}".rstrip("0")
    return f"{whole}{'.' if digits else ''}{digits} {BINARY_UNITS[number]}"


def short_text(amount: int) -> str:
    """An amount of two or three digits for little room: "0", "840 B", "1.2 GB", "57 GB", "640 MB"."""
    number = 0
    while amount >= WHOLE_FROM[number] and number < len(UNITS) - 1:
        number += 1
    if amount < 1000:  # noqa: PLR2004 - decimal units
        return f"{amount} {UNITS[0]}" if amount else "0"
    size = 1000**number
    tenths = (20 * amount + size) // (2 * size)
    if tenths < TEN_OF_TENTHS:
        return f"{tenths // 10}.{tenths % 10} {UNITS[number]}"
    return f"{(2 * amount + size) // (2 * size)} {UNITS[number]}"
