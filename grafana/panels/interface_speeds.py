"""The table of speeds: what providers bill, out of how many averages, and the peaks of today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.panels import Frame, grid
from grafana.kit.queries import DEVICE, of, rate_with_past, rows
from grafana.kit.shapes import joined, option, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel

WAYS = ("receive", "transmit")
NAME = 'label_join({}, "interface", " ", "instance", "device")'
AVERAGE = "5m"
"""Providers bill averages of five minutes."""


def speeds(frame: Frame) -> Panel:
    """A row an interface, the busiest first."""
    received, transmitted = (_averages(way) for way in WAYS)
    targets = (
        rows(_named(f"quantile_over_time(0.95, {received}) * 8")),
        rows(_named(f"quantile_over_time(0.95, {transmitted}) * 8"), "B"),
        rows(_named(f"count_over_time({received})"), "C"),
        *(rows(_named(f"{_peak(way)} * 8"), ref) for ref, way in (("D", "receive"), ("E", "transmit"))),
    )
    columns = {
        "interface": "interface",
        "Value #A": "95 % receive",
        "Value #B": "95 % transmit",
        "Value #C": "averages",
        "Value #D": "peak receive",
        "Value #E": "peak transmit",
    }
    shown = joined("interface", columns, hidden=times(5), order="Value #A", descending=True)
    return (
        grid(frame, *targets)
        .transformations(shown)
        .min_width(100)
        .unit("bps")
        .decimals(1)
        .override_by_name("interface", [option("custom.width", 160)])
        .override_by_name("averages", [option("unit", "locale"), option("decimals", 0)])
    )


def _peak(way: str) -> str:
    """The day's fastest sample interval."""
    return of(f"netledger_interface_peak_{way}_bytes_per_second", DEVICE)


def _averages(way: str) -> str:
    rate = rate_with_past(f"netledger_interface_{way}_bytes_total", DEVICE, over=AVERAGE)
    return f"sum by (job, instance, device) ({rate})[$__range:{AVERAGE}]"


def _named(expression: str) -> str:
    return f"max by (interface) ({NAME.format(expression)})"
