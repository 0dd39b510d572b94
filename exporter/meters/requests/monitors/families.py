"""Metric families of monitors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.meters.requests.state import requests_of
from exporter.metrics.tables import Column, Labels, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.requests.monitors.standing import MonitorStatus
    from exporter.metrics.state import MetricsState


def _checked(state: MetricsState) -> Sequence[MonitorStatus]:
    shown = requests_of(state.snapshot)
    return () if shown is None else [each for each in shown.monitors.values() if each.probe is not None]


def _with_certificate(state: MetricsState) -> Sequence[MonitorStatus]:
    return [each for each in _checked(state) if each.certificate_ends is not None]


def _labels(status: MonitorStatus) -> Labels:
    return (status.name,)


def _latency(status: MonitorStatus) -> float:
    return 0.0 if status.probe is None else status.probe.duration / 1e6


_CHECKS: Table[MonitorStatus] = Table(
    ("monitor",),
    _checked,
    _labels,
    (
        Column(
            "netledger_monitor_up",
            "gauge",
            "0 while the monitor is down: since as many failures in a row as its setting misses says.",
            lambda status: float(status.is_up),
        ),
        Column(
            "netledger_monitor_misses",
            "gauge",
            "Checks of the monitor that have failed in a row until now.",
            lambda status: status.standing.misses,
        ),
        Column(
            "netledger_monitor_latency_seconds",
            "gauge",
            "How long the newest check took, until the last byte or the failure.",
            _latency,
        ),
    ),
)

_CERTIFICATES: Table[MonitorStatus] = Table(
    ("monitor",),
    _with_certificate,
    _labels,
    (
        Column(
            "netledger_monitor_certificate_expiry_timestamp_seconds",
            "gauge",
            "When the certificate of the newest answer with one ends.",
            lambda status: status.certificate_ends or 0,
        ),
        Column(
            "netledger_monitor_certificate_due",
            "gauge",
            "1 where the certificate ends within the days of the setting certificate_days.",
            lambda status: float(status.is_certificate_due),
        ),
    ),
)

MONITOR_TABLES: tuple[Table[Any], ...] = (_CHECKS, _CERTIFICATES)
