"""Limits of applications as they stand, out of the sums in memory, and their metric families."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from exporter.meters.applications.families import NOTHING, measured
from exporter.metrics.tables import Column, Labels, Table
from reports.billing.limits import LimitStatus, period_of_limit
from reports.calendar.history import PERIODS
from reports.ledger.shape import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from exporter.metering.totals import Totals
    from exporter.meters.applications.settings import Limit
    from exporter.metrics.state import MetricsState


def live_limits(limits: Mapping[str, Limit], totals: Totals, today: date) -> Iterator[LimitStatus]:
    """Each limit, with what no commit has taken yet."""
    for name, (limit, kind) in limits.items():
        moved = totals.sums.to_date((APPLICATION.name, name), today)[PERIODS.index(kind)]
        yield LimitStatus(name, limit, period_of_limit(kind, today, totals.zone), sum(moved))


def _labels(status: LimitStatus) -> Labels:
    return (status.application, status.period.kind)


def limit_table(limits: Mapping[str, Limit]) -> Table[LimitStatus]:
    """The families of the limits of the settings; none while applications are not measured."""

    def rows(state: MetricsState) -> Sequence[LimitStatus]:
        return () if measured(state) is NOTHING else tuple(live_limits(limits, state.totals, state.today))

    return Table(
        ("application", "period"),
        rows,
        _labels,
        (
            Column(
                "netledger_application_limit_bytes",
                "gauge",
                "Bytes that the application may move in the current local day, week or month, by the settings.",
                attrgetter("limit"),
            ),
            Column(
                "netledger_application_limit_used_bytes",
                "gauge",
                "Bytes of the limit that the application has received and transmitted, loopback aside.",
                attrgetter("used"),
            ),
        ),
    )
