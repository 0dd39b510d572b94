"""Families of the process that prometheus-client brings along: process_*, python_gc_*, python_info."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from exporter.metrics.tables import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import Metric

    from exporter.metrics.state import MetricsState

READ_SECONDS = 9
"""Seconds between two readings of the process: four files of /proc cost as much as all other families together.

Less than the usual ten, so that a scrape every ten seconds finds new figures each time.
"""


def runtime_families(clock: Callable[[], float] = time.monotonic) -> Source:
    """Collectors on a registry of their own, as a source of families; they read the process, not the state."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    PlatformCollector(registry=registry)

    def collect(_: MetricsState) -> Iterable[Metric]:
        return registry.collect()

    def stretch(_: MetricsState) -> object:
        return clock() // READ_SECONDS

    return Source(collect, stretch)
