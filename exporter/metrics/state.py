"""The state that one scrape exposes: the values that the families are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from datetime import date

    from exporter.ledger.upkeep.upkeep import LedgerFigures
    from exporter.ledger.writing.poster import CommitHealth
    from exporter.metering.pace import BatteryState
    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from reports.billing.status import PlanStatus


class MirrorFigures(Protocol):
    """What the families of the mirror are made from: times in UTC seconds (0: never), kind "" without an error."""

    @property
    def is_up(self) -> bool:
        """True if the last round was taken."""

    @property
    def last_success(self) -> float:
        """When a round was last taken."""

    @property
    def lag_seconds(self) -> float:
        """How much older the mirror is than the ledger."""

    @property
    def rows_behind(self) -> int:
        """Rows that the mirror does not have yet."""

    @property
    def rows_sent(self) -> int:
        """Rows that were taken since the service started."""

    @property
    def interval(self) -> float:
        """Seconds between two rounds."""

    @property
    def kind(self) -> str:
        """The kind of the last round's error."""


class MetricsState(NamedTuple):
    """The values of all families; `now_seconds` is UTC and decides which day is today.

    `ledger_figures` is None before the first are read, `unposted_bytes` where they are not added up. `pace` is the
    machine's battery, and the seconds between two samples now. `has_update` is None before the index was asked,
    `mirror` without one.
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
    mirror: MirrorFigures | None = None

    @property
    def today(self) -> date:
        """The local day now."""
        return self.totals.today(self.now_seconds)
