"""What machines move together: speeds now and over time, totals of the current periods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.colours import RECEIVE, TRANSMIT, always, painted
from grafana.kit.panels import Frame, number, trend
from grafana.kit.queries import machines_in_period, now, over_time, rate, rate_with_past, speed, total
from grafana.kit.shapes import option

if TYPE_CHECKING:
    from collections.abc import Callable

    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

FEWER_STEPS = 200
COLOURS = {"receive": RECEIVE, "transmit": TRANSMIT}


def speed_now(frame: Frame, way: str) -> Number:
    """The speed of the last second before the last scrape."""
    target = now(total(speed(way)), frame.title)
    return number(frame, "bps", target).color_scheme(always(COLOURS[way])).decimals(1).no_value("no answer")


def this(frame: Frame, name: str) -> Number:
    """Bytes of the current day, week, month or year, both ways."""
    target = now(total(machines_in_period(name)), frame.title)
    return number(frame, "decbytes", target).color_scheme(always("text")).decimals(1).no_value("no answer")


def traffic(frame: Frame) -> Trend:
    """Bits per second both ways, backfilled ones too."""
    return _traffic(frame, rate_with_past)


def scraped_traffic(frame: Frame) -> Trend:
    """Bits per second both ways, for hundreds: of scrapes only, at fewer steps, as each step adds all of them up."""
    return _traffic(frame, rate).max_data_points(FEWER_STEPS)


def _traffic(frame: Frame, rate_of: Callable[[str], str]) -> Trend:
    receive, transmit = (total(f"{rate_of(f'netledger_machine_{way}_bytes_total')} * 8") for way in COLOURS)
    return (
        trend(frame, "bps", over_time(receive, "receive"), over_time(transmit, "transmit", "B"))
        .override_by_name("receive", [painted(RECEIVE)])
        .override_by_name("transmit", [painted(TRANSMIT), option("custom.transform", "negative-Y")])
    )
