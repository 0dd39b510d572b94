"""Families of the civil periods: to date, by day and by month, of the machine and of interfaces."""

from __future__ import annotations

from functools import lru_cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from exporter.metering.totals import ZERO
from exporter.meters.interfaces.machine_totals import MachineTotals
from exporter.meters.interfaces.state import interface, interfaces_of
from exporter.metrics.tables import Cell, Column, HistoryTable, Labels, Table
from reports.calendar.history import PERIODS, last_days, last_months

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from exporter.metering.totals import Amount, SubjectTotals
    from exporter.metrics.state import MetricsState
    from exporter.metrics.tables import Histories
    from reports.calendar.history_length import HistoryLength
    from reports.calendar.period import Period

    Columns = tuple[Column[Amount], Column[Amount]]


def period_tables(length: HistoryLength) -> tuple[Table[Any] | HistoryTable, ...]:
    """Period families of the machine, and of the interfaces that have a history."""
    interfaces = _tables("interface", ("device",), _of_all if length.of_all else _of_counted, length)
    return (
        *interfaces,
        *_tables("machine", (), MachineTotals().follow, length),
        _BOUNDS,
        _LEDGER_START,
        _IMPORTED_UNTIL,
    )


def _tables(subject: str, names: Labels, histories: Histories, length: HistoryLength) -> Iterator[HistoryTable]:
    """To date, by day and by month."""
    yield HistoryTable((*names, "period"), histories, _nothing, _to_date, _columns(subject, "period", _TO_DATE))
    if length.days:
        days = partial(_finished_days, length.days)
        daily = _columns(subject, "daily", f"on each of the last {length.days} finished local days, and today so far.")
        yield HistoryTable((*names, "date"), histories, days, _this_day, daily)
    if length.months:
        monthly = _columns(subject, "monthly", _MONTHLY)
        yield HistoryTable((*names, "month"), histories, _finished_months, _this_month, monthly)


def _columns(subject: str, kind: str, when: str) -> Columns:
    by = " by all counted interfaces" if subject == "machine" else ""
    receive, transmit = (f"netledger_{subject}_{kind}_{way}_bytes" for way in ("receive", "transmit"))
    return (
        Column(receive, "gauge", f"Bytes received{by} {when}", _RECEIVED),
        Column(transmit, "gauge", f"Bytes transmitted{by} {when}", _TRANSMITTED),
    )


_RECEIVED: Callable[[Amount], float] = attrgetter("receive")
_TRANSMITTED: Callable[[Amount], float] = attrgetter("transmit")
_TO_DATE = "since the current local day, week (from Monday), month or year began."
_MONTHLY = "in each of the last 24 local months, the current one so far included."


def _of_all(state: MetricsState) -> Sequence[tuple[Labels, SubjectTotals]]:
    of = state.totals.of
    return [((each.name,), of(interface(each.name))) for each in interfaces_of(state.snapshot).interfaces]


def _of_counted(state: MetricsState) -> Sequence[tuple[Labels, SubjectTotals]]:
    of = state.totals.of
    return [
        ((each.name,), of(interface(each.name))) for each in interfaces_of(state.snapshot).interfaces if each.is_counted
    ]


def _nothing(_: SubjectTotals, __: date) -> Sequence[Cell]:
    return ()


def _to_date(_: date) -> Sequence[tuple[str, str]]:
    return [(period, period) for period in PERIODS]


def _finished_days(days: int, totals: SubjectTotals, today: date) -> Sequence[Cell]:
    """Since the first day that moved a byte: a device that has moved none has no history yet."""
    first, held = totals.first_day, totals.days
    return [Cell(text, held.get(day, ZERO)) for day, text in _days(today)[-1 - days : -1] if day >= first]


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


def _imported_until(state: MetricsState) -> Sequence[int]:
    until = state.totals.imported_until()
    return () if until is None else (until,)


def _no_labels(_: int) -> Labels:
    return ()


def _itself(value: int) -> float:
    return value


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

_IMPORTED_UNTIL: Table[int] = Table(
    (),
    _imported_until,
    _no_labels,
    (
        Column(
            "netledger_imported_until_timestamp_seconds",
            "gauge",
            "When the last local day ended that bytes were imported of, in seconds since 1970; missing without any.",
            _itself,
        ),
    ),
)
