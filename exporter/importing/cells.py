"""Cells of a table as another program writes them: when a row begins, bytes; pure."""

from __future__ import annotations

import re
from datetime import date, datetime

from exporter.importing.spans import Span, month
from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR
from exporter.settings.measures import SIZES

UNITS: dict[str, int] = {name.lower(): size for name, size in SIZES.items()}
"""Bytes of a unit, by its name in lower case."""
AMOUNT = re.compile(r"(\d{1,18})(?:\.(\d{1,18}))? ?([kmgtp]i?b|b)?", re.ASCII | re.IGNORECASE)
MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}(:\d{2}.*)?", re.ASCII)


class CellError(ValueError):
    """A cell that cannot be what its column says; the message is a predicate."""


def begin(text: str) -> Span | datetime:
    """Days of `2026-11-28`, of the month `2026-11`, or the instant at which a part of a day begins."""
    iso = text.strip().replace("/", "-")
    found: Span | datetime | None = None
    try:
        if numbers := MONTH.fullmatch(iso):
            found = month(date(int(numbers[1]), int(numbers[2]), 1))
        elif DAY.fullmatch(iso):
            found = Span(date.fromisoformat(iso), date.fromisoformat(iso))
        elif INSTANT.fullmatch(iso):
            found = datetime.fromisoformat(iso)
    except (ValueError, OverflowError) as error:
        raise CellError("is no date") from error
    if found is None:
        raise CellError("is no date: 2026-11-28, 2026-11 or 2026-11-28 13:00 would be one")
    if not FIRST_YEAR <= (found.first if isinstance(found, Span) else found).year <= LAST_YEAR:
        raise CellError(f"is not of {FIRST_YEAR} to {LAST_YEAR}")
    return found


def amount(text: str, unit: int) -> int:
    """Bytes of `1234`, in a unit that the cell may name itself, as in `1.5 GiB`; halves of a byte are rounded up."""
    if not text.strip():
        raise CellError("is empty")
    if not (found := AMOUNT.fullmatch(text.strip())):
        raise CellError("is no number of bytes: 1234, 12.5 or 12.5 GB would be one")
    whole, fraction, name = found.groups(default="")
    size = UNITS[name.lower()] if name else unit
    digits, parts = int(whole + fraction), int("1".ljust(len(fraction) + 1, "0"))
    return (2 * digits * size + parts) // (2 * parts)
