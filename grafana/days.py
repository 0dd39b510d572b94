"""Bars of days and months out of gauges labelled with dates: the ledger's, whatever Prometheus remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models.common import StackingMode

from grafana.colours import RECEIVE, TRANSMIT, painted
from grafana.panels import Frame, bars
from grafana.queries import both, of, rows
from grafana.shapes import joined, matrix, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.barchart import Panel

LABEL_WIDTH = 60
"""Pixels that a month needs."""
MIDDLE = 14 * 86_400
"""Seconds after the start of a local month that are in the same month everywhere."""


def days_of_the_month(frame: Frame, *matchers: str) -> Panel:
    """A bar a day of the current month, today's so far."""
    queries = (_this_month(f"netledger_daily_{way}_bytes", *matchers) for way in DIRECTIONS)
    return _stacked(frame, "day", *queries, key="day")


def days_by_interface(frame: Frame, *matchers: str) -> Panel:
    """A bar a day and interface, the last 31 and today's so far; in the order of dates, told without their year."""
    total = both("netledger_daily_{}_bytes", *matchers)
    told = f'label_replace({total}, "day", "$1", "date", "[0-9]+-(.*)")'
    return _side_by_side(frame, "day", "date", told)


def months_by_interface(frame: Frame, *matchers: str) -> Panel:
    """A bar a month and interface, the last 24, the current one's so far."""
    return _side_by_side(frame, "month", "month", both("netledger_monthly_{}_bytes", *matchers))


def months(frame: Frame, *matchers: str) -> Panel:
    """A bar a month, the last 24, the current one's so far."""
    queries = (f"sum by (month) ({of(f'netledger_monthly_{way}_bytes', *matchers)})" for way in DIRECTIONS)
    return _stacked(frame, "month", *queries, key="month").x_tick_label_spacing(LABEL_WIDTH)


DIRECTIONS = ("receive", "transmit")


def _side_by_side(frame: Frame, label: str, order: str, total: str) -> Panel:
    """Never stacked: what crosses a tunnel has crossed the uplink as well, and the sum would count it twice."""
    kept = ", ".join(dict.fromkeys(("interface", label, order)))
    named = f'sum by ({kept}) (label_join({total}, "interface", ", ", "device", "instance"))'
    return (
        bars(frame, "decbytes", label, rows(named))
        .stacking(StackingMode.NONE)
        .transformations(matrix("interface", label, order=order))
        .x_tick_label_spacing(LABEL_WIDTH)
    )


def _stacked(frame: Frame, label: str, received: str, transmitted: str, *, key: str) -> Panel:
    columns = {label: label, "Value #A": "received", "Value #B": "transmitted"}
    hidden = [*times(2), *({key} - {label})]
    return (
        bars(frame, "decbytes", label, rows(received), rows(transmitted, "B"))
        .transformations(joined(key, columns, hidden=hidden, order=key))
        .override_by_name("received", [painted(RECEIVE)])
        .override_by_name("transmitted", [painted(TRANSMIT)])
    )


def _this_month(metric: str, *matchers: str) -> str:
    """Sum a daily metric by day, of the month that the ledger says is now.

    PromQL cannot compare a label with a time; `count_values` makes the month's number a label that can be matched.
    """
    start = of("netledger_period_start_timestamp_seconds", 'period="month"')
    current = f'count_values by (job, instance) ("month", month({start} + {MIDDLE}))'
    numbered = f'label_replace({of(metric, *matchers)}, "month", "$1", "date", "[0-9]+-0?([0-9]+)-[0-9]+")'
    days = f'label_replace({numbered}, "day", "$1", "date", ".*-([0-9]+)")'
    return f"sum by (day) ({days} and on (job, instance, month) {current})"
