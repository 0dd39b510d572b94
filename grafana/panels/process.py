"""The service over time: how fresh its numbers are, and what they cost; of many machines, the highest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.panels import Frame, ranking, trend
from grafana.kit.queries import BUILD, highest, of, ours, over_time, rate

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.timeseries import Panel

MACHINE = "{{instance}}"


def sample_age(frame: Frame) -> Panel:
    """Age of the last sample at the time of its scrape."""
    sampled = of("netledger_last_sample_timestamp_seconds")
    return _each(frame, "s", f"timestamp({sampled}) - {sampled}").axis_soft_max(2)


def scrape(frame: Frame) -> Panel:
    """How long a scrape takes."""
    return _each(frame, "s", ours("scrape_duration_seconds"))


def samples(frame: Frame) -> Panel:
    """How many samples a scrape brings."""
    return _each(frame, "none", ours("scrape_samples_scraped"))


def memory(frame: Frame) -> Panel:
    """Resident memory."""
    return _each(frame, "decbytes", ours("process_resident_memory_bytes"))


def cpu(frame: Frame) -> Panel:
    """Share of a core."""
    return _each(frame, "percentunit", f"{rate('process_cpu_seconds_total')} and on (job, instance) {of(BUILD)}")


def reading(frame: Frame) -> Panel:
    """How long each meter takes to read."""
    return _each(frame, "s", of("netledger_meter_read_duration_seconds"), f"{MACHINE} {{{{meter}}}}")


def _each(frame: Frame, unit: str, expression: str, name: str = MACHINE) -> Panel:
    return trend(frame, unit, over_time(highest(f"({expression})"), name)).min(0).fill_opacity(0).legend(ranking())
