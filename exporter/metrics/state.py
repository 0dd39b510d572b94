"""The state that one scrape exposes: the values that the families are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import date

    from exporter.ledger.upkeep.upkeep import LedgerFigures
    from exporter.ledger.writing.poster import CommitHealth
    from exporter.metering.pace import BatteryState
    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from reports.billing.status import PlanStatus


class MetricsState(NamedTuple):
    """The values of all families; `now_seconds` is UTC and decides which day is today.

    `ledger_figures` is None before the first are read, `unposted_bytes` where they are not added up. `pace` is the
    machine's battery, and the seconds between two samples now. `has_update` is None before the index was asked.
    """

    snapshot: Snapshot
    totals: Totals
    now_seconds: int
    commit_health: CommitHealth
    ledger_figures: LedgerFigures | None
    is_degraded: bool
    unposted_bytes: int | None = None
    plans: tuple[PlanStatus, ...] = ()
    auth_failures: int = 0
    pace: tuple[BatteryState | None, float] = (None, 1.0)
    has_update: bool | None = None

    @property
    def today(self) -> date:
        """The local day now."""
        return self.totals.today(self.now_seconds)
