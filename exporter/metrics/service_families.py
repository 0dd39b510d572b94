"""Families of the service itself: its meters, its ledger, its build."""

from __future__ import annotations

import platform
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client.core import HistogramMetricFamily

from exporter import __version__
from exporter.ledger.poster import COMMIT_BUCKETS
from exporter.metering.clock import SECOND
from exporter.metrics.numbers import number_text
from exporter.metrics.tables import Column, Labels, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric

    from exporter.metering.clock import Instant
    from exporter.metering.snapshots import MeterHealth
    from exporter.metrics.state import MetricsState

METER = "interface"


class Build(NamedTuple):
    """What was built, and which Python runs it; revision and branch are empty in a release."""

    version: str = __version__
    revision: str = ""
    branch: str = ""
    python: str = platform.python_version()


class _Reading(NamedTuple):
    """How the last look at the interfaces went."""

    health: MeterHealth
    gap_seconds: int


class _Posting(NamedTuple):
    """How posting goes."""

    failures: int
    is_degraded: bool


def _looks(state: MetricsState) -> Sequence[Instant]:
    return (state.snapshot.taken,)


def _readings(state: MetricsState) -> Sequence[_Reading]:
    return (_Reading(state.snapshot.health, state.snapshot.gap_seconds),)


def _postings(state: MetricsState) -> Sequence[_Posting]:
    return (_Posting(state.commit_health.failures, state.is_degraded),)


def _commits(state: MetricsState) -> Sequence[float]:
    return (state.commit_health.last_commit,) if state.commit_health.last_commit else ()


def _unposted(state: MetricsState) -> Sequence[int]:
    return () if state.unposted_bytes is None else (state.unposted_bytes,)


def _sizes(state: MetricsState) -> Sequence[int]:
    return () if state.ledger_figures is None else (state.ledger_figures.size_bytes,)


def _rows(state: MetricsState) -> Sequence[tuple[str, int]]:
    return () if state.ledger_figures is None else tuple(state.ledger_figures.rows.items())


def _resets(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    return tuple(state.snapshot.resets.items())


def _discarded(state: MetricsState) -> Sequence[tuple[Labels, int]]:
    return tuple(state.snapshot.discarded.items())


def _no_labels(_: object) -> Labels:
    return ()


def _meter(_: object) -> Labels:
    return (METER,)


def _table_name(row: tuple[str, int]) -> Labels:
    return (row[0],)


def _wall_seconds(taken: Instant) -> float:
    return taken.wall / SECOND


def _itself(value: float) -> float:
    return value


_SAMPLE: Table[Instant] = Table(
    (),
    _looks,
    _no_labels,
    (
        Column(
            "netledger_last_sample_timestamp_seconds",
            "gauge",
            "When the interfaces were last read, in seconds since 1970.",
            _wall_seconds,
        ),
    ),
)

_METERS: Table[_Reading] = Table(
    ("meter",),
    _readings,
    _meter,
    (
        Column(
            "netledger_meter_up",
            "gauge",
            "Whether the meter could read its counters (1) or not (0).",
            attrgetter("health.is_up"),
        ),
        Column(
            "netledger_meter_read_duration_seconds",
            "gauge",
            "How long the meter took to read its counters.",
            attrgetter("health.read_seconds"),
        ),
        Column(
            "netledger_gap_seconds_total",
            "counter",
            "Seconds in which nobody looked since the ledger began: service down, machine asleep.",
            attrgetter("gap_seconds"),
        ),
    ),
)

_RESETS: Table[tuple[Labels, int]] = Table(
    ("device", "cause"),
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
    ("device", "reason"),
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

_LEDGER_SIZE: Table[int] = Table(
    (),
    _sizes,
    _no_labels,
    (
        Column(
            "netledger_ledger_size_bytes",
            "gauge",
            "Size of the ledger's files.",
            _itself,
        ),
    ),
)

_LEDGER_ROWS: Table[tuple[str, int]] = Table(
    ("table",),
    _rows,
    _table_name,
    (Column("netledger_ledger_rows", "gauge", "Rows in the ledger, by table.", itemgetter(1)),),
)

_LAST_COMMIT: Table[float] = Table(
    (),
    _commits,
    _no_labels,
    (
        Column(
            "netledger_ledger_last_commit_timestamp_seconds",
            "gauge",
            "When the ledger last took a posting, in seconds since 1970; missing until it has taken one.",
            _itself,
        ),
    ),
)

_COMMITS: Table[_Posting] = Table(
    (),
    _postings,
    _no_labels,
    (
        Column(
            "netledger_ledger_commit_failures_total",
            "counter",
            "Postings that the ledger did not take at once, since the service started.",
            attrgetter("failures"),
        ),
        Column(
            "netledger_ledger_degraded",
            "gauge",
            "Whether the ledger needs somebody's attention (1) or not (0).",
            attrgetter("is_degraded"),
        ),
    ),
)

_UNPOSTED: Table[int] = Table(
    (),
    _unposted,
    _no_labels,
    (
        Column(
            "netledger_ledger_unposted_bytes",
            "gauge",
            "Bytes that are counted in memory and not in the ledger yet.",
            _itself,
        ),
    ),
)

SERVICE_TABLES: tuple[Table[Any], ...] = (
    _SAMPLE,
    _METERS,
    _RESETS,
    _DISCARDED,
    _LEDGER_SIZE,
    _LEDGER_ROWS,
    _LAST_COMMIT,
    _COMMITS,
    _UNPOSTED,
)


def build_table(build: Build) -> Table[Build]:
    """The one family that tells what runs."""

    def rows(_: MetricsState) -> Sequence[Build]:
        return (build,)

    def labels(row: Build) -> Labels:
        return row

    def one(_: Build) -> float:
        return 1

    column: Column[Build] = Column("netledger_build_info", "info", "What was built, and which Python runs it.", one)
    return Table(Build._fields, rows, labels, (column,))


def _commit_durations(state: MetricsState) -> Iterator[Metric]:
    """The histogram of commit times."""
    health = state.commit_health
    bounds = [number_text(bound) for bound in COMMIT_BUCKETS]
    buckets = [*zip(bounds, health.buckets, strict=True), ("+Inf", health.commits)]
    yield HistogramMetricFamily(
        "netledger_ledger_commit_duration_seconds",
        "How long the ledger took to commit a posting, since the service started.",
        buckets=buckets,
        sum_value=health.seconds,
    )


COMMIT_DURATIONS = Source(_commit_durations, attrgetter("commit_health"))
