"""Families of the civil periods: to date, by day and by month, of the interfaces whose history is told."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from exporter.metering.totals import ZERO
from exporter.meters.interfaces.state import interfaces_of
from exporter.metrics.tables import TRUTH, Cell, Column, HistoryTable, Labels, Table
from reports.calendar.history import PERIODS, last_days, last_months

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.meters.interfaces.state import InterfaceState
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Histories
    from reports.calendar.periods import Period

    IsTold = Callable[[InterfaceState], bool]
    Columns = tuple[Column[Amount], Column[Amount]]


_RECEIVED: Callable[[Amount], float] = attrgetter("receive")
_TRANSMITTED: Callable[[Amount], float] = attrgetter("transmit")


def told_of(is_told: IsTold) -> Histories:
    """Name and "counted" labels of the interfaces that `is_told` lets in."""

    def told(state: MetricsState) -> Sequence[tuple[Labels, SubjectTotals]]:
        device = state.totals.device
        return [
            ((each.name, TRUTH[each.is_counted]), device(each.name))
            for each in interfaces_of(state.snapshot).interfaces
            if is_told(each)
        ]

    return told


def period_tables(told: Histories) -> tuple[Table[Any] | HistoryTable, ...]:
    """Period families of the interfaces that are `told` of."""
    return (
        HistoryTable(("device", "counted", "period"), told, _nothing, _to_date, _TO_DATE),
        _BOUNDS,
        HistoryTable(("device", "counted", "date"), told, _finished_days, _this_day, _DAILY),
        HistoryTable(("device", "counted", "month"), told, _finished_months, _this_month, _MONTHLY),
        _LEDGER_START,
    )


def _nothing(_: SubjectTotals, __: date) -> Sequence[Cell]:
    return ()


def _to_date(_: date) -> Sequence[tuple[str, str]]:
    return [(period, period) for period in PERIODS]


def _finished_days(totals: SubjectTotals, today: date) -> Sequence[Cell]:
    """Since the first day that moved a byte: a device that has moved none has no history yet."""
    first, held = totals.first_day, totals.days
    return [Cell(text, held.get(day, ZERO)) for day, text in _days(today)[:-1] if day >= first]


def _this_day(today: date) -> Sequence[tuple[str, str]]:
    return ((_days(today)[-1][1], "day"),)


def _finished_months(totals: SubjectTotals, today: date) -> Sequence[Cell]:
    first, held = (totals.first_day.year, totals.first_day.month), totals.months
    return [Cell(text, held.get(month, ZERO)) for month, text in _months(today)[:-1] if month >= first]


def _this_month(today: date) -> Sequence[tuple[str, str]]:
    return ((_months(today)[-1][1], "month"),)


# Names of days and months change at midnight; a scrape comes every few seconds.
@lru_cache(maxsize=2)
def _days(today: date) -> tuple[tuple[date, str], ...]:
    return tuple((day, day.isoformat()) for day in last_days(today))


@lru_cache(maxsize=2)
def _months(today: date) -> tuple[tuple[tuple[int, int], str], ...]:
    return tuple((month, f"{month[0]:04}-{month[1]:02}") for month in last_months(today))


def _periods(state: MetricsState) -> Sequence[tuple[str, Period]]:
    return tuple(state.totals.periods(state.today).items())


def _period(row: tuple[str, Period]) -> Labels:
    return (row[0],)


def _start_of(row: tuple[str, Period]) -> float:
    return row[1].start


def _end_of(row: tuple[str, Period]) -> float:
    return row[1].end


def _ledger_start(state: MetricsState) -> Sequence[int]:
    start = state.totals.start()
    return () if start is None else (start,)


def _no_labels(_: int) -> Labels:
    return ()


def _itself(value: int) -> float:
    return value


_TO_DATE: Columns = (
    Column(
        "netledger_interface_period_receive_bytes",
        "gauge",
        "Bytes received since the current local day, week (from Monday), month or year began.",
        _RECEIVED,
    ),
    Column(
        "netledger_interface_period_transmit_bytes",
        "gauge",
        "Bytes transmitted since the current local day, week (from Monday), month or year began.",
        _TRANSMITTED,
    ),
)

_DAILY: Columns = (
    Column(
        "netledger_interface_daily_receive_bytes",
        "gauge",
        "Bytes received on each of the last 31 finished local days, and today so far.",
        _RECEIVED,
    ),
    Column(
        "netledger_interface_daily_transmit_bytes",
        "gauge",
        "Bytes transmitted on each of the last 31 finished local days, and today so far.",
        _TRANSMITTED,
    ),
)

_MONTHLY: Columns = (
    Column(
        "netledger_interface_monthly_receive_bytes",
        "gauge",
        "Bytes received in each of the last 24 local months, the current one so far included.",
        _RECEIVED,
    ),
    Column(
        "netledger_interface_monthly_transmit_bytes",
        "gauge",
        "Bytes transmitted in each of the last 24 local months, the current one so far included.",
        _TRANSMITTED,
    ),
)

_BOUNDS: Table[tuple[str, Period]] = Table(
    ("period",),
    _periods,
    _period,
    (
        Column(
            "netledger_period_start_timestamp_seconds",
            "gauge",
            "When the current local day, week, month or year began, in seconds since 1970.",
            _start_of,
        ),
        Column(
            "netledger_period_end_timestamp_seconds",
            "gauge",
            "When the current local day, week, month or year ends, in seconds since 1970.",
            _end_of,
        ),
    ),
)

_LEDGER_START: Table[int] = Table(
    (),
    _ledger_start,
    _no_labels,
    (
        Column(
            "netledger_ledger_start_timestamp_seconds",
            "gauge",
            "When the first local day began that the ledger holds bytes of, in seconds since 1970; missing before.",
            _itself,
        ),
    ),
)
