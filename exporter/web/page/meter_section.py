"""What the page needs of a meter: rows, and cells of them that move with each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.page.facts import PageFacts

Cells: TypeAlias = tuple[str, ...]


class MeterSection(Protocol):
    """A module with the rows of one meter; its template has the name of the section."""

    def cells(self, snapshot: Snapshot, totals: Totals, today: date, /) -> Mapping[str, Cells]:
        """The texts that move of each row, by the row's name."""

    def rows(self, snapshot: Snapshot, moving: Mapping[str, Cells], facts: PageFacts, /) -> Iterable[Any]:
        """The rows, as the template takes them; `facts` are what the ledger says."""
