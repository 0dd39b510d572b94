"""Words for what other programs have counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.ledger.imported import SEPARATOR
from reports.text.dates import long_date
from reports.wrapup.chapters.chapter import amount, bidi_markup, unbroken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.ledger.imported import Imported

MOST_SPANS = 24


def imported_note(found: Imported) -> Markup:
    """As in "counted by vnstat, days not known"; the last words where there are no days at all."""
    days = ", days not known" if found.spans and not found.days else ""
    return Markup("counted by {}{}").format(bidi_markup(SEPARATOR.join(found.sources)), days)


def imported_mark(imported: int, total: int) -> str:
    """A clause for a day, a month or a year of which something was imported, else ""."""
    if not imported:
        return ""
    return ", imported" if imported == total else ", partly imported"


def imported_notes(found: Imported) -> Iterator[Markup]:
    """Who has counted how much, and the newest spans of which no day is known."""
    if not found.facts:
        return
    sources = bidi_markup(SEPARATOR.join(found.sources))
    yield Markup("{} were counted by {}, and are imported.").format(amount(found.total.total), sources)
    if not found.spans:
        return
    shown = [
        f"{unbroken(long_date(span.first))} to {unbroken(long_date(span.last))}, {amount(span.bytes.total)}"
        for span in found.spans[-MOST_SPANS:]
    ]
    more = f", and {len(found.spans) - MOST_SPANS} earlier ones" if len(found.spans) > MOST_SPANS else ""
    lead = "Of these times no day is known, and no picture of days has their bytes"
    yield Markup("{}: {}{}.").format(lead, "; ".join(shown), more)
