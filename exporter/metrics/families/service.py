"""Families of the service itself: its samples, its meters, its build."""

from __future__ import annotations

import platform
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter import __version__
from exporter.metering.clock import SECOND
from exporter.metering.snapshots import HasCounterFaults
from exporter.metrics.tables import Column, Labels, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exporter.metering.clock import Instant
    from exporter.metering.pace import BatteryState
    from exporter.metering.snapshots import CounterFaults, MeterView
    from exporter.metrics.state import MetricsState


RESETS, DISCARDS = ("reset", "wrap", "boot"), ("impossible",)
"""Causes that have counters from 0 on."""


class Build(NamedTuple):
    """What was built, and which Python runs it; revision and branch are empty in a release."""

    version: str = __version__
    revision: str = ""
    branch: str = ""
    python: str = platform.python_version()


class _NamedMeter(NamedTuple):
    """A meter by its name."""

    name: str
    view: MeterView


def _samples(state: MetricsState) -> Sequence[Instant]:
    return (state.snapshot.taken,)


def _meters(state: MetricsState) -> Sequence[_NamedMeter]:
    # A meter's own state changes with every byte; none of it is in these families.
    return [_NamedMeter(name, view._replace(state=None)) for name, view in state.snapshot.meters.items()]


def _resets(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    return [
        row for meter, faults in _faults(state) for row in _from_zero(meter, RESETS, faults.subjects, faults.resets)
    ]


def _discarded(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    return [
        row
        for meter, faults in _faults(state)
        for row in _from_zero(meter, DISCARDS, faults.subjects, faults.discarded)
    ]


def _faults(state: MetricsState) -> Iterator[tuple[str, CounterFaults]]:
    for name, view in state.snapshot.meters.items():
        if isinstance(view.state, HasCounterFaults):
            yield name, view.state.counter_faults


def _from_zero(
    meter: str, causes: tuple[str, ...], subjects: Iterable[str], counts: Mapping[tuple[str, str], int]
) -> Iterator[tuple[Labels, int]]:
    """Counts by (meter, subject, cause), of every subject from 0 on: increase() misses a first value."""
    zeros = {(name, cause): 0 for name in subjects for cause in causes}
    return (((meter, *labels), count) for labels, count in {**zeros, **counts}.items())


def _auth_failures(state: MetricsState) -> Sequence[int]:
    return (state.auth_failures,)


def _no_labels(_: object) -> Labels:
    return ()


def _name(meter: _NamedMeter) -> Labels:
    return (meter.name,)


def _wall_seconds(taken: Instant) -> float:
    return taken.wall / SECOND


_SAMPLE: Table[Instant] = Table(
    (),
    _samples,
    _no_labels,
    (
        Column(
            "netledger_last_sample_timestamp_seconds",
            "gauge",
            "When a meter was last sampled, in seconds since 1970.",
            _wall_seconds,
        ),
    ),
)

_METERS: Table[_NamedMeter] = Table(
    ("meter",),
    _meters,
    _name,
    (
        Column(
            "netledger_meter_up",
            "gauge",
            "Whether the meter could read its counters (1) or not (0).",
            attrgetter("view.health.is_up"),
        ),
        Column(
            "netledger_meter_read_duration_seconds",
            "gauge",
            "How long the meter took to read its counters.",
            attrgetter("view.health.read_seconds"),
        ),
        Column(
            "netledger_meter_failures_total",
            "counter",
            "Samples of the meter that failed since the service started.",
            attrgetter("view.failures"),
        ),
        Column(
            "netledger_gap_seconds_total",
            "counter",
            "Seconds without samples since the ledger began: service down, machine asleep.",
            attrgetter("view.gap_seconds"),
        ),
        Column(
            "netledger_gap_open",
            "gauge",
            "Whether the service runs and the meter has had no sample for so long that a gap has begun (1) or not (0).",
            attrgetter("view.is_gap_open"),
        ),
    ),
)

_RESETS: Table[tuple[Labels, int]] = Table(
    ("meter", "device", "cause"),
    _resets,
    itemgetter(0),
    (
        Column(
            "netledger_counter_resets_total",
            "counter",
            "Times that the kernel's counters of a device began again since the service started, by cause.",
            itemgetter(1),
        ),
    ),
)

_DISCARDED: Table[tuple[Labels, int]] = Table(
    ("meter", "device", "reason"),
    _discarded,
    itemgetter(0),
    (
        Column(
            "netledger_discarded_bytes_total",
            "counter",
            "Bytes that were not counted since the service started, as the link cannot have moved them.",
            itemgetter(1),
        ),
    ),
)

_REQUESTS: Table[int] = Table(
    (),
    _auth_failures,
    _no_labels,
    (
        Column(
            "netledger_http_auth_failures_total",
            "counter",
            "Requests with a wrong key or password since the service started.",
            int,
        ),
    ),
)


def _batteries(state: MetricsState) -> Sequence[BatteryState]:
    battery, _ = state.pace
    return () if battery is None else (battery,)


def _sample_intervals(state: MetricsState) -> Sequence[float]:
    return (state.pace[1],)


_BATTERY: Table[BatteryState] = Table(
    (),
    _batteries,
    _no_labels,
    (
        Column(
            "netledger_on_battery",
            "gauge",
            "Whether the machine runs on its battery (1) or not (0); none without a battery.",
            attrgetter("is_in_use"),
        ),
    ),
)

_SAMPLE_INTERVAL: Table[float] = Table(
    (),
    _sample_intervals,
    _no_labels,
    (Column("netledger_sample_interval_seconds", "gauge", "Time between two samples now.", float),),
)


def _updates(state: MetricsState) -> Sequence[bool]:
    return () if state.has_update is None else (state.has_update,)


_UPDATE: Table[bool] = Table(
    (),
    _updates,
    _no_labels,
    (
        Column(
            "netledger_update_available",
            "gauge",
            "Whether the package index has a newer netledger (1) or not (0); none before auto_update has asked.",
            float,
        ),
    ),
)

SERVICE_TABLES: tuple[Table[Any], ...] = (
    _SAMPLE,
    _METERS,
    _RESETS,
    _DISCARDED,
    _REQUESTS,
    _BATTERY,
    _SAMPLE_INTERVAL,
    _UPDATE,
)


def build_table(build: Build) -> Table[Build]:
    """The one family that tells what runs."""

    def rows(_: MetricsState) -> Sequence[Build]:
        return (build,)

    def labels(row: Build) -> Labels:
        return row

    def one(_: Build) -> float:
        return 1

    column: Column[Build] = Column(
        "netledger_build_info", "info", "Version, revision and branch of netledger, and the version of Python.", one
    )
    return Table(Build._fields, rows, labels, (column,))
