"""Bars of days and months out of gauges labelled with dates: the ledger's, whatever Prometheus remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models.common import StackingMode

from grafana.kit.colours import RECEIVE, TRANSMIT, painted
from grafana.kit.panels import Frame, bars
from grafana.kit.queries import DEVICE, PERIOD_END, both, interfaces_in_period, kept, period, rows, total
from grafana.kit.shapes import joined, matrix, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.barchart import Panel

DIRECTIONS = ("receive", "transmit")
LABEL_WIDTH = 60
"""Pixels that a month needs."""
MIDDLE = 14 * 86_400
"""Seconds after the start of a local month that are in the same month everywhere."""
MOST_BARS = 6
"""Interfaces whose bars still have a width side by side."""


def days_of_the_month(frame: Frame) -> Panel:
    """A bar a day of the current month, today's so far."""
    queries = (_this_month(f"netledger_machine_daily_{way}_bytes") for way in DIRECTIONS)
    return _stacked(frame, "day", *queries)


def days_by_interface(frame: Frame) -> Panel:
    """A bar a day and interface, the last 31 and today's so far; in the order of dates, without their year."""
    moved = both("netledger_interface_daily_{}_bytes", DEVICE)
    named = f'label_replace({moved}, "day", "$1", "date", "^[0-9]+-(.*)$")'
    return _side_by_side(frame, "day", "date", named)


def months_by_interface(frame: Frame) -> Panel:
    """A bar a month and interface, the last 24, the current one's so far."""
    return _side_by_side(frame, "month", "month", both("netledger_interface_monthly_{}_bytes", DEVICE))


def months(frame: Frame) -> Panel:
    """A bar a month, the last 24, the current one's so far."""
    queries = (total(kept(f"netledger_machine_monthly_{way}_bytes"), "month") for way in DIRECTIONS)
    return _stacked(frame, "month", *queries).x_tick_label_spacing(LABEL_WIDTH)


def _side_by_side(frame: Frame, label: str, order: str, moved: str) -> Panel:
    """Never stacked: what crosses a tunnel has crossed the uplink as well, and the sum would count it twice."""
    kept_labels = ", ".join(dict.fromkeys(("interface", label, order)))
    busiest = f"topk({MOST_BARS}, sum by (job, instance, device) ({interfaces_in_period('year')}))"
    of_busiest = f"{moved} and on (job, instance, device) {busiest}"
    summed = f'sum by ({kept_labels}) (label_join({of_busiest}, "interface", " ", "instance", "device"))'
    return (
        bars(frame, "decbytes", label, rows(summed))
        .stacking(StackingMode.NONE)
        .transformations(matrix("interface", label, order=order))
        .x_tick_label_spacing(LABEL_WIDTH)
    )


def _stacked(frame: Frame, label: str, received: str, transmitted: str) -> Panel:
    columns = {label: label, "Value #A": "received", "Value #B": "transmitted"}
    return (
        bars(frame, "decbytes", label, rows(received), rows(transmitted, "B"))
        .transformations(joined(label, columns, hidden=times(2), order=label))
        .override_by_name("received", [painted(RECEIVE)])
        .override_by_name("transmitted", [painted(TRANSMIT)])
    )


def _this_month(metric: str) -> str:
    """Sum a daily metric by day, of the month that the ledger says is now.

    PromQL cannot compare a label with a time; `count_values` makes the month's number a label that can be matched.
    """
    start = kept("netledger_period_start_timestamp_seconds", period("month"), until=PERIOD_END)
    current = f'count_values by (job, instance) ("month", month({start} + {MIDDLE}))'
    numbered = f'label_replace({kept(metric)}, "month", "$1", "date", "^[0-9]+-0?([0-9]+)-[0-9]+$")'
    days = f'label_replace({numbered}, "day", "$1", "date", "^.*-([0-9]+)$")'
    return total(f"{days} and on (job, instance, month) {current}", "day")
