"""What a chapter is made of, and how amounts and names that strangers chose stand in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from reports.text import amounts
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_BREAK = "\N{NO-BREAK SPACE}"
KEPT = frozenset("\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")
"""Joiners of letters and emoji, and marks of direction: not printable, and part of a name."""


class Fact(NamedTuple):
    """One large figure: what it is of stands above it, what there is to know about it below."""

    label: str
    value: str | Markup
    note: str | Markup = ""


class Bar(NamedTuple):
    """One line of a list: a name, a drawing of one line, and its amount in words."""

    name: str | Markup
    drawing: Markup
    amount: str


class Figure(NamedTuple):
    """A drawing, its caption, and what its colours mean as (class, meaning); `heading` where there are several."""

    drawing: Markup
    caption: str | Markup
    legend: Sequence[tuple[str, str]] = ()
    heading: str = ""


class Chapter(NamedTuple):
    """One chapter: its anchor, its heading and one sentence to remember, then whatever it has to show."""

    anchor: str
    title: str | Markup
    lead: str | Markup
    facts: Sequence[Fact] = ()
    figures: Sequence[Figure] = ()
    bars: Sequence[Bar] = ()
    notes: Sequence[str | Markup] = ()
    link: str | None = None


RECEIVED_AND_SENT = (("receive", "received"), ("transmit", "sent"))


def amount(count: int) -> str:
    """Bytes as every answer writes them, on one line."""
    return together(human_bytes(count))


def together(text: str) -> str:
    """A text that is never broken between its words."""
    return text.replace(" ", NO_BREAK)


def percent(part: int, whole: int) -> str:
    """A whole percentage: "12 %"; "under 1 %" of what is not nothing."""
    rounded = (200 * part + whole) // (2 * whole) if whole else 0
    return together("under 1 %" if part and not rounded else f"{rounded} %")


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts: "1 day", "1,204 days"."""
    return together(amounts.counted(number, one, many))


def isolated(name: str) -> Markup:
    """A name that a stranger chose: escaped, and what turns the direction of text ends with it."""
    return Markup("<bdi>{}</bdi>").format(plain(name))


def isolated_text(name: str) -> str:
    """The same where no markup can be: between marks, if it has letters that could turn the direction."""
    return name if name.isascii() else f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"


def plain(name: str) -> str:
    """A name without what no page can hold: halves of characters, and controls."""
    whole = name.encode(errors="replace").decode()
    return "".join(
        letter if letter.isprintable() or letter in KEPT else "\N{REPLACEMENT CHARACTER}" for letter in whole
    )
