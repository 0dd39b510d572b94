"""Health of the service: the ledger, gaps, and since when bytes are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.applications.state import NO_BACKEND, applications_of
from reports.ledger.shape import INTERFACE
from reports.text.amounts import human_bytes, human_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.metering.snapshots import Snapshot
    from exporter.meters.applications.traffic import Backend
    from exporter.web.context import ServiceContext
    from exporter.web.page.facts import PageFacts
    from reports.ledger.reader import Gap


def health_rows(service: ServiceContext, snapshot: Snapshot, facts: PageFacts) -> Iterator[tuple[str, str, str]]:
    """Names, texts, and "bad" for one that needs attention."""
    problem, figures = service.poster.health.problem, service.upkeep.figures
    gap_seconds = snapshot.meters[INTERFACE.name].gap_seconds
    yield ("Ledger", f"cannot be written: {problem}", "bad") if problem else ("Ledger", "up to date", "")
    yield "Gaps", gap_text(facts.gaps), ""
    if (applications := applications_of(snapshot)) is not None:
        yield "Applications", backend_text(applications.backend), ""
    if figures is not None:
        yield "Size", human_bytes(figures.size_bytes), ""
    if facts.began is not None:
        yield "Counting since", facts.began.isoformat(), ""
    if (update := service.updates.state) is not None and update.is_available:
        yield "Update", f"{update.version} is there: {update.note}".replace("`", ""), ""
    if gap_seconds:
        yield "Unwatched so far", human_duration(gap_seconds), ""


def backend_text(backend: Backend) -> str:
    """How applications are measured, or why not."""
    return f"not measured: {backend.reason}" if backend.name == NO_BACKEND else f"measured by {backend.name}"


def gap_text(gaps: Sequence[Gap]) -> str:
    """The gaps of the last week, added up in a sentence."""
    if not gaps:
        return "None in the last 7 days"
    seconds = sum(gap.ended - gap.began for gap in gaps)
    moved = human_bytes(sum(gap.bytes for gap in gaps))
    count = f"{len(gaps)} gap{'s' * (len(gaps) > 1)}"
    return f"{count} in the last 7 days, {human_duration(seconds)}: {moved} counted, their time estimated"
