"""Families of the mirror: whether PostgreSQL takes what this machine sends, and how far it is behind."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from exporter.metrics.tables import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.metrics.state import MetricsState, MirrorFigures
    from exporter.metrics.tables import Labels


def _mirrors(state: MetricsState) -> Sequence[MirrorFigures]:
    return () if state.mirror is None else (state.mirror,)


def _mirrors_with_success(state: MetricsState) -> Sequence[MirrorFigures]:
    return [mirror for mirror in _mirrors(state) if mirror.last_success]


def _failing_mirrors(state: MetricsState) -> Sequence[MirrorFigures]:
    return [mirror for mirror in _mirrors(state) if mirror.kind]


def _no_labels(_: object) -> Labels:
    return ()


def _kind(mirror: MirrorFigures) -> Labels:
    return (mirror.kind,)


def _one(_: MirrorFigures) -> float:
    return 1


_MIRROR: Table[MirrorFigures] = Table(
    (),
    _mirrors,
    _no_labels,
    (
        Column(
            "netledger_mirror_up",
            "gauge",
            "Whether the mirror took the last round of this machine (1) or not (0); none without a mirror.",
            attrgetter("is_up"),
        ),
        Column(
            "netledger_mirror_lag_seconds",
            "gauge",
            "How much older the mirror is than the ledger.",
            attrgetter("lag_seconds"),
        ),
        Column(
            "netledger_mirror_interval_seconds",
            "gauge",
            "Time between two rounds, in which nothing goes to the mirror.",
            attrgetter("interval"),
        ),
        Column(
            "netledger_mirror_rows_behind",
            "gauge",
            "Rows of the ledger that waited for the mirror when the last round failed; 0 after one that was taken.",
            attrgetter("rows_behind"),
        ),
        Column(
            "netledger_mirror_rows_sent_total",
            "counter",
            "Rows that the mirror has taken since the service started.",
            attrgetter("rows_sent"),
        ),
    ),
)

_SUCCESS: Table[MirrorFigures] = Table(
    (),
    _mirrors_with_success,
    _no_labels,
    (
        Column(
            "netledger_mirror_last_success_timestamp_seconds",
            "gauge",
            "When the mirror last took a round, in seconds since 1970; missing until it has taken one.",
            attrgetter("last_success"),
        ),
    ),
)

_ERROR: Table[MirrorFigures] = Table(
    ("kind",),
    _failing_mirrors,
    _kind,
    (
        Column(
            "netledger_mirror_error",
            "gauge",
            "Always 1, under the kind of error that the last round ended with; none after a round that was taken.",
            _one,
        ),
    ),
)

MIRROR_TABLES: tuple[Table[Any], ...] = (_MIRROR, _SUCCESS, _ERROR)
