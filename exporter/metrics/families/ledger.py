"""Families of the ledger: its size, its disk, how posting goes."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client.core import HistogramMetricFamily

from exporter.ledger.writing.poster import COMMIT_BUCKETS
from exporter.metrics.numbers import number_text
from exporter.metrics.tables import Column, Labels, Source, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import Metric

    from exporter.ledger.upkeep.upkeep import Disk
    from exporter.metrics.state import MetricsState


class _Posting(NamedTuple):
    """How posting goes."""

    failures: int
    is_degraded: bool


def _postings(state: MetricsState) -> Sequence[_Posting]:
    return (_Posting(state.commit_health.failures, state.is_degraded),)


def _commits(state: MetricsState) -> Sequence[float]:
    return (state.commit_health.last_commit,) if state.commit_health.last_commit else ()


def _unposted(state: MetricsState) -> Sequence[int]:
    return () if state.unposted_bytes is None else (state.unposted_bytes,)


def _sizes(state: MetricsState) -> Sequence[int]:
    return () if state.ledger_figures is None else (state.ledger_figures.size_bytes,)


def _disks(state: MetricsState) -> Sequence[Disk]:
    return () if state.ledger_figures is None else (state.ledger_figures.disk,)


def _rows(state: MetricsState) -> Sequence[tuple[str, int]]:
    return () if state.ledger_figures is None else tuple(state.ledger_figures.rows.items())


def _no_labels(_: object) -> Labels:
    return ()


def _table_name(row: tuple[str, int]) -> Labels:
    return (row[0],)


def _itself(value: float) -> float:
    return value


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

_DISK: Table[Disk] = Table(
    (),
    _disks,
    _no_labels,
    (
        Column(
            "netledger_ledger_disk_size_bytes",
            "gauge",
            "Size of the file system that holds the ledger.",
            attrgetter("size_bytes"),
        ),
        Column(
            "netledger_ledger_disk_free_bytes",
            "gauge",
            "Bytes that may still be written to the file system that holds the ledger; read once a minute.",
            attrgetter("free_bytes"),
        ),
    ),
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
            "Whether the ledger needs attention (1) or not (0).",
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

LEDGER_TABLES: tuple[Table[Any], ...] = (_LEDGER_SIZE, _LEDGER_ROWS, _DISK, _LAST_COMMIT, _COMMITS, _UNPOSTED)


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
