"""Families of the civil periods: to date, by day and by month, of the interfaces whose history is told."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.metering.totals import PERIODS, ZERO, last_days, last_months
from exporter.metrics.tables import TRUTH, Column, Labels, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from exporter.metering.snapshots import InterfaceState
    from exporter.metering.totals import Amount
    from exporter.metrics.state import MetricsState

    IsTold = Callable[[InterfaceState], bool]
    Columns = tuple[Column["_Cell"], ...]


class _Cell(NamedTuple):
    """Bytes of one device in one period; the first three are its labels."""

    device: str
    counted: str
    period: str
    amount: Amount


_RECEIVED: Callable[[_Cell], float] = attrgetter("amount.receive")
_TRANSMITTED: Callable[[_Cell], float] = attrgetter("amount.transmit")


def period_tables(is_told: IsTold) -> tuple[Table[Any], ...]:
    """Period families of the interfaces that `is_told` lets in."""

    def to_date(state: MetricsState) -> Sequence[_Cell]:
        today, device = state.today, state.totals.device
        return [
            _Cell(name, counted, period, device(name).to_date(period, today))
            for name, counted in _told(state, is_told)
            for period in PERIODS
        ]

    def daily(state: MetricsState) -> Sequence[_Cell]:
        today = state.today
        cells = []
        for name, counted in _told(state, is_told):
            totals = state.totals.device(name)
            # A device that has not moved a byte yet has no first day: its history begins today.
            first, held = min(totals.first_day, today), totals.days
            cells += [_Cell(name, counted, text, held.get(day, ZERO)) for day, text in _days(today) if day >= first]
        return cells

    def monthly(state: MetricsState) -> Sequence[_Cell]:
        today = state.today
        cells = []
        for name, counted in _told(state, is_told):
            totals = state.totals.device(name)
            began, held = min(totals.first_day, today), totals.months
            first = (began.year, began.month)
            cells += [
                _Cell(name, counted, text, held.get(month, ZERO)) for month, text in _months(today) if month >= first
            ]
        return cells

    return (
        _table("period", to_date, _TO_DATE),
        _STARTS,
        _table("date", daily, _DAILY),
        _table("month", monthly, _MONTHLY),
    )


def _told(state: MetricsState, is_told: IsTold) -> Iterator[tuple[str, str]]:
    for interface in state.snapshot.interfaces:
        if is_told(interface):
            yield interface.name, TRUTH[interface.is_counted]


# Names of days and months change at midnight; a scrape comes every few seconds.
@lru_cache(maxsize=2)
def _days(today: date) -> tuple[tuple[date, str], ...]:
    return tuple((day, day.isoformat()) for day in last_days(today))


@lru_cache(maxsize=2)
def _months(today: date) -> tuple[tuple[tuple[int, int], str], ...]:
    return tuple((month, f"{month[0]:04}-{month[1]:02}") for month in last_months(today))


def _starts(state: MetricsState) -> Sequence[tuple[str, int]]:
    return tuple(state.totals.starts(state.today).items())


def _period(row: tuple[str, int]) -> Labels:
    return (row[0],)


def _table(label: str, rows: Callable[[MetricsState], Sequence[_Cell]], columns: Columns) -> Table[_Cell]:
    return Table(("device", "counted", label), rows, itemgetter(0, 1, 2), columns)


_TO_DATE: Columns = (
    Column(
        "netledger_period_receive_bytes",
        "gauge",
        "Bytes received since the current local day, week (from Monday), month or year began.",
        _RECEIVED,
    ),
    Column(
        "netledger_period_transmit_bytes",
        "gauge",
        "Bytes transmitted since the current local day, week (from Monday), month or year began.",
        _TRANSMITTED,
    ),
)

_DAILY: Columns = (
    Column(
        "netledger_daily_receive_bytes",
        "gauge",
        "Bytes received on each of the last 31 finished local days, and today so far.",
        _RECEIVED,
    ),
    Column(
        "netledger_daily_transmit_bytes",
        "gauge",
        "Bytes transmitted on each of the last 31 finished local days, and today so far.",
        _TRANSMITTED,
    ),
)

_MONTHLY: Columns = (
    Column(
        "netledger_monthly_receive_bytes",
        "gauge",
        "Bytes received in each of the last 24 local months, the current one so far included.",
        _RECEIVED,
    ),
    Column(
        "netledger_monthly_transmit_bytes",
        "gauge",
        "Bytes transmitted in each of the last 24 local months, the current one so far included.",
        _TRANSMITTED,
    ),
)

_STARTS: Table[tuple[str, int]] = Table(
    ("period",),
    _starts,
    _period,
    (
        Column(
            "netledger_period_start_timestamp_seconds",
            "gauge",
            "When the current local day, week, month or year began, in seconds since 1970.",
            itemgetter(1),
        ),
    ),
)
