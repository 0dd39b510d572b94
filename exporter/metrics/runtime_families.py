"""Families of the process that prometheus-client brings along: process_*, python_gc_*, python_info."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import Metric

    from exporter.metrics.state import MetricsState


def runtime_families() -> Callable[[MetricsState], Iterable[Metric]]:
    """Collectors on a registry of their own, as a source of families; they ask the process, not the state."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    PlatformCollector(registry=registry)

    def collect(_: MetricsState) -> Iterable[Metric]:
        return registry.collect()

    return collect
