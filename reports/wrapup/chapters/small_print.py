"""Small print: gaps, estimates, the begin of counting, zone, host and version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.calendar.parsing import parse_date
from reports.text.amounts import human_duration
from reports.text.dates import long_date
from reports.wrapup.chapters.chapter import Chapter, amount, bidi_markup, counted, percent, unbroken
from reports.wrapup.chapters.imported import imported_notes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import Export
    from reports.wrapup.wrapup import WrapUp


def small_print(wrapup: WrapUp) -> Chapter:
    """Gaps, estimates and origin of the page."""
    total, gaps, brought = wrapup.summary.total, wrapup.gaps, wrapup.summary.imported
    lead = "No gaps and no estimates: every byte was counted when it moved."
    if not wrapup.export.has_bytes:
        lead = "Of these days only what another program has counted is known, and no bytes of the machine."
    elif brought:
        part = percent(brought, total.total)
        lead = f"{part[0].upper()}{part[1:]} of the bytes were counted by another program."
    elif total.estimated:
        part = percent(total.estimated, total.total)
        lead = f"{part[0].upper()}{part[1:]} of the bytes moved in gaps between samples: counted, at an estimated time."
    elif gaps.number:
        lead = "No sample was taken for a while, and nothing moved meanwhile."
    link = wrapup.links and wrapup.links.health(*wrapup.span)
    return Chapter("small-print", "Small print", lead, notes=tuple(_notes(wrapup)), link=link)


def _nothing(export: Export) -> str:
    """What is known of days before counting began: imported applications and requests at most."""
    first = min(export.beside, default=None)
    is_later = first is None or str(first) >= export.days.dates[0]
    return "nothing is" if is_later else "no bytes of the machine are"


def _notes(wrapup: WrapUp) -> Iterator[str | Markup]:
    export, total, gaps = wrapup.export, wrapup.summary.total, wrapup.gaps
    if gaps.number:
        times, whole, longest = (
            counted(gaps.number, "gap", "gaps"),
            unbroken(human_duration(gaps.seconds)),
            unbroken(human_duration(gaps.longest)),
        )
        of_them = "" if gaps.number == 1 else f" together, the longest {longest}"
        yield f"{times} without samples (service stopped, machine asleep): {whole}{of_them}."
    if total.estimated:
        yield f"{amount(total.estimated)} moved meanwhile, and are spread evenly over the time without samples."
    yield from imported_notes(export.imported)
    if wrapup.begins_late and export.days.size:
        begun = long_date(parse_date(export.days.dates[0]))
        yield f"Counting began on {begun}; {_nothing(export)} known of the days before."
    if wrapup.is_running and export.last_date:
        yield f"The period goes on; these are the days until {long_date(parse_date(export.last_date))}."
    yield Markup("Local days of {}; {} to {}.").format(
        bidi_markup(export.zone.key), export.first_date, export.last_date
    )
    yield "A GB is 1,000,000,000 bytes."
    made = Markup("Made at {} by netledger {} on {}").format(
        export.exported_at, export.host.version, bidi_markup(export.host.system)
    )
    ledger = Markup() if export.host.hosts else Markup(", ledger {}").format(bidi_markup(export.host.id))
    yield Markup("{}{}.").format(made, ledger)
