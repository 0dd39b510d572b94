"""Bars of days and months out of gauges labelled with dates: the ledger's, whatever Prometheus remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.colours import RECEIVE, TRANSMIT, painted
from grafana.panels import Frame, bars
from grafana.queries import of, rows
from grafana.shapes import joined, times

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


def last_days(frame: Frame, *matchers: str) -> Panel:
    """A bar a day, the last 31 and today's so far; in the order of dates, told without their year."""
    received, transmitted = (of(f"netledger_daily_{way}_bytes", *matchers) for way in DIRECTIONS)
    told = f'label_replace({received}, "day", "$1", "date", "[0-9]+-(.*)")'
    queries = f"sum by (date, day) ({told})", f"sum by (date) ({transmitted})"
    return _stacked(frame, "day", *queries, key="date").x_tick_label_spacing(LABEL_WIDTH)


def months(frame: Frame, *matchers: str) -> Panel:
    """A bar a month, the last 24, the current one's so far."""
    queries = (f"sum by (month) ({of(f'netledger_monthly_{way}_bytes', *matchers)})" for way in DIRECTIONS)
    return _stacked(frame, "month", *queries, key="month").x_tick_label_spacing(LABEL_WIDTH)


DIRECTIONS = ("receive", "transmit")


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
