"""Families of applications: counters of a lifetime, bytes of the current periods, and how they are measured."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.meters.applications.state import NO_BACKEND, ApplicationsState, applications_of
from exporter.meters.applications.traffic import OVERFLOW
from exporter.metrics.tables import Column, Labels, Table
from reports.calendar.history import PERIODS
from reports.ledger.shape import APPLICATION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.applications.state import ApplicationUsage
    from exporter.meters.applications.traffic import Backend
    from exporter.metrics.state import MetricsState

LIFETIME = "since the ledger began, over restarts and reboots: what is in the ledger already."
TO_DATE = "since the current local day, week (from Monday), month or year began, loopback aside."
NOTHING = ApplicationsState()


class PeriodBytes(NamedTuple):
    """Bytes that one application moved in a current period until now."""

    application: str
    period: str
    receive: int
    transmit: int


def measured(state: MetricsState) -> ApplicationsState:
    """What the meter shows; nothing while it fails, or where no way of measuring works."""
    shown, view = applications_of(state.snapshot), state.snapshot.meters.get(APPLICATION.name)
    is_up = shown is not None and view is not None and view.health.is_up and shown.backend.name != NO_BACKEND
    return shown if shown is not None and is_up else NOTHING


def _usage(state: MetricsState) -> Sequence[ApplicationUsage]:
    return measured(state).usage


def _periods(state: MetricsState) -> Sequence[PeriodBytes]:
    today, to_date = state.today, state.totals.sums.to_date
    names = dict.fromkeys(usage.application for usage in measured(state).usage)
    return [
        PeriodBytes(name, period, *moved)
        for name in names
        for period, moved in zip(PERIODS, to_date((APPLICATION.name, name), today), strict=True)
    ]


def _itself(state: MetricsState) -> Sequence[ApplicationsState]:
    shown = measured(state)
    return () if shown is NOTHING else (shown,)


def _backend(state: MetricsState) -> Sequence[Backend]:
    shown = applications_of(state.snapshot)
    return () if shown is None else (shown.backend,)


def _labels(usage: ApplicationUsage) -> Labels:
    return usage[:3]


def _period_labels(moved: PeriodBytes) -> Labels:
    return moved[:2]


def _no_labels(_: object) -> Labels:
    return ()


def _description(backend: Backend) -> Labels:
    return (backend.name, backend.reason)


def _one(_: object) -> float:
    return 1


def _overflow_bytes(shown: ApplicationsState) -> float:
    return sum(sum(usage.exposed[:2]) for usage in shown.usage if usage.application == OVERFLOW)


def _sum(place: int) -> Any:
    value = itemgetter(place)
    return lambda usage: value(usage.exposed)


_COUNTERS: Table[ApplicationUsage] = Table(
    ("application", "scope", "protocol"),
    _usage,
    _labels,
    (
        Column(
            "netledger_application_receive_bytes_total",
            "counter",
            f"Bytes that the application received {LIFETIME}",
            _sum(0),
        ),
        Column(
            "netledger_application_transmit_bytes_total",
            "counter",
            f"Bytes that the application transmitted {LIFETIME}",
            _sum(1),
        ),
        Column(
            "netledger_application_receive_packets_total",
            "counter",
            f"Packets that the application received {LIFETIME}",
            _sum(2),
        ),
        Column(
            "netledger_application_transmit_packets_total",
            "counter",
            f"Packets that the application transmitted {LIFETIME}",
            _sum(3),
        ),
    ),
)

_PERIODS: Table[PeriodBytes] = Table(
    ("application", "period"),
    _periods,
    _period_labels,
    (
        Column(
            "netledger_application_period_receive_bytes",
            "gauge",
            f"Bytes that the application received {TO_DATE}",
            attrgetter("receive"),
        ),
        Column(
            "netledger_application_period_transmit_bytes",
            "gauge",
            f"Bytes that the application transmitted {TO_DATE}",
            attrgetter("transmit"),
        ),
    ),
)

_FIGURES: Table[ApplicationsState] = Table(
    (),
    _itself,
    _no_labels,
    (
        Column(
            "netledger_application_overflow_bytes_total",
            "counter",
            "Bytes of applications beyond those that the kernel keeps apart, since the ledger began.",
            _overflow_bytes,
        ),
        Column(
            "netledger_application_lost_events_total",
            "counter",
            "Ends of connections that the kernel announced faster than they were read, since the service started.",
            attrgetter("lost_events"),
        ),
        Column(
            "netledger_application_read_seconds",
            "gauge",
            "How long it took to read what applications moved.",
            attrgetter("read_seconds"),
        ),
    ),
)

_METER: Table[Backend] = Table(
    ("backend", "reason"),
    _backend,
    _description,
    (
        Column(
            "netledger_application_meter_info",
            "info",
            "How applications are measured, and why not by a better way; none where no way works.",
            _one,
        ),
    ),
)

APPLICATION_TABLES: tuple[Table[Any], ...] = (_COUNTERS, _PERIODS, _FIGURES, _METER)
