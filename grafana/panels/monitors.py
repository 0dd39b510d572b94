"""Monitors of uptime: when each was up, its share of the range, how long its checks take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import BAD, GOOD, SOON, steps, words
from grafana.kit.panels import Frame, lengths, ranking, states, trend
from grafana.kit.queries import highest, now, of, over_time

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

NO_MONITORS = "no monitors"
MOST = 10
EACH = "{{monitor}}, {{instance}}"
NAME = "${__field.labels.monitor}, ${__field.labels.instance}"
"""The same for bars, which leave the name of a lone series out by default."""


def up_and_down(frame: Frame) -> States:
    """A row a monitor."""
    asked = over_time(f"max by (instance, monitor) ({of('netledger_monitor_up')})", EACH)
    meanings = words({"1": ("up", GOOD), "0": ("down", BAD)})
    return states(frame, asked).mappings([meanings]).no_value(NO_MONITORS)


def uptime(frame: Frame) -> Lengths:
    """Each monitor's share of the range, the lowest first."""
    share = f"max by (instance, monitor) (avg_over_time({of('netledger_monitor_up')}[$__range]))"
    panel = lengths(frame, "percentunit", now(f"sort(bottomk({MOST}, {share}))", EACH)).display_name(NAME)
    return panel.min(0).max(1).decimals(2).thresholds(steps(BAD, (0.99, SOON), (0.999, GOOD))).no_value(NO_MONITORS)


def latency(frame: Frame) -> Trend:
    """How long checks take."""
    seconds = f"max by (instance, monitor) ({of('netledger_monitor_latency_seconds')})"
    panel = trend(frame, "s", over_time(highest(seconds, most=MOST), EACH)).min(0).fill_opacity(0)
    return panel.legend(ranking("mean")).no_value(NO_MONITORS)
