"""One series an interface: speeds, packets, errors, drops, states; of many, those that stand out in the range."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common as c

from grafana.kit.colours import BAD, GOOD, words
from grafana.kit.panels import Frame, ranking, states, trend
from grafana.kit.queries import DEVICE, INTERFACE, highest, of, over_time, rate_with_past
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

WAYS = (("A", "receive"), ("B", "transmit"))
KEY = "job, instance, device"
MOST_STATES = 12
"""Rows of a state timeline that can be read."""


def traffic(frame: Frame) -> Trend:
    """Bits per second of each interface, both ways."""
    shown = ranking("mean", placement=c.LegendPlacement.RIGHT)
    return _both_ways(frame, "bps", "bytes", " * 8").legend(shown)


def saturation(frame: Frame) -> Trend:
    """Share of the link's speed, where the kernel knows one."""
    link = of("netledger_interface_link_speed_bytes_per_second", DEVICE)
    received, transmitted = (_rate(way, "bytes") for _, way in WAYS)
    busier = f"({received} >= {transmitted} or {transmitted}) / {link}"
    panel = trend(frame, "percentunit", over_time(highest(busier), INTERFACE)).min(0).axis_soft_max(0.1).fill_opacity(5)
    return panel.no_value("no link's speed is known").legend(ranking())


def packets(frame: Frame) -> Trend:
    """Packets per second of each interface, both ways."""
    return _both_ways(frame, "pps", "packets")


def errors(frame: Frame) -> Trend:
    """Packets in error per second."""
    return _both_ways(frame, "pps", "errors")


def drops(frame: Frame) -> Trend:
    """Packets dropped per second."""
    return _both_ways(frame, "pps", "drops")


def state(frame: Frame) -> States:
    """Up and down over time, first of those that were down longest."""
    meaning = words({"1": ("up", GOOD), "0": ("down", BAD)})
    up = of("netledger_interface_up", DEVICE)
    shown = f"{up} and bottomk({MOST_STATES}, avg_over_time({up}[$__range] @ end()))"
    return states(frame, over_time(shown, INTERFACE)).mappings([meaning])


def _both_ways(frame: Frame, unit: str, what: str, scale: str = "") -> Trend:
    """Lines both ways of the interfaces that had most of it in the range, both ways together."""
    both = " + ".join(
        f"rate({of(f'netledger_interface_{way}_{what}_total', DEVICE)}[$__range] @ end())" for _, way in WAYS
    )
    ranked = f"sum by ({KEY}) ({both})"
    targets = [
        over_time(highest(f"{_rate(way, what)}{scale}", ranked, KEY), f"{INTERFACE} {way}", ref) for ref, way in WAYS
    ]
    panel = trend(frame, unit, *targets).fill_opacity(5).legend(ranking())
    return panel.override_by_regexp("/ transmit$/", [option("custom.transform", "negative-Y")])


def _rate(way: str, what: str) -> str:
    # Prometheus returns series in the order of their labels: with these, an interface has one colour in all panels.
    return f"sum by ({KEY}) ({rate_with_past(f'netledger_interface_{way}_{what}_total', DEVICE)})"
