"""The parts of a chapter, and amounts and foreign names in its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from reports.text import amounts
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_BREAK = "\N{NO-BREAK SPACE}"
PRINTABLE = frozenset("\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
"""Joiners of letters and emoji, and marks of direction: not printable, and part of a name."""


class Fact(NamedTuple):
    """One large figure with its label above and a note below."""

    label: str
    value: str | Markup
    note: str | Markup = ""


class Bar(NamedTuple):
    """A line of a list: a name, a drawing one line high, and an amount in words."""

    name: str | Markup
    drawing: Markup
    amount: str


class Figure(NamedTuple):
    """A drawing, its caption, and its colours as (class, meaning); `heading` where there are several."""

    drawing: Markup
    caption: str | Markup
    legend: Sequence[tuple[str, str]] = ()
    heading: str = ""


class Table(NamedTuple):
    """Rows of cells, the first of each a name; a column of its own for each further one."""

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Markup]]


class Chapter(NamedTuple):
    """A chapter: its anchor, its heading, one sentence, and its figures, bars, tables and notes."""

    anchor: str
    title: str | Markup
    lead: str | Markup
    facts: Sequence[Fact] = ()
    figures: Sequence[Figure] = ()
    bars: Sequence[Bar] = ()
    notes: Sequence[str | Markup] = ()
    link: str | None = None
    tables: Sequence[Table] = ()


RECEIVED_AND_SENT = (("receive", "received"), ("transmit", "sent"))


def amount(count: int) -> str:
    """Bytes as every answer writes them, on one line."""
    return unbroken(human_bytes(count))


def unbroken(text: str) -> str:
    """The text without a line break between its words."""
    return text.replace(" ", NO_BREAK)


def percent(part: int, whole: int) -> str:
    """A whole percentage: "12 %"; "under 1 %" of an amount that is not 0."""
    rounded = (200 * part + whole) // (2 * whole) if whole else 0
    return unbroken("under 1 %" if part and not rounded else f"{rounded} %")


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts: "1 day", "1,204 days"."""
    return unbroken(amounts.counted(number, one, many))


def bidi_markup(name: str) -> Markup:
    """A foreign name: escaped, and its marks of direction end with it."""
    return Markup("<bdi>{}</bdi>").format(plain(name))


def bidi_text(name: str) -> str:
    """The same without markup: between marks of direction, unless all letters are ASCII."""
    return name if name.isascii() else f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"


def plain(name: str) -> str:
    """A name without lone surrogates and control characters."""
    whole = name.encode(errors="replace").decode()
    return "".join(
        letter if letter.isprintable() or letter in PRINTABLE else "\N{REPLACEMENT CHARACTER}" for letter in whole
    )
