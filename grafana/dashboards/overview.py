"""Overview: how much, how fast, how much is left; the machine's total, all counted interfaces together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import health_strip, variables
from grafana.board import Identity, board, heading
from grafana.colours import RECEIVE, TRANSMIT, always, painted
from grafana.days import days_of_the_month, months
from grafana.machines import machines
from grafana.panels import Frame, number, trend
from grafana.plan_panels import allowed, cap_date, cost, cycles_compared, forecast, left, share, used
from grafana.queries import COUNTED, bits, both, now, over_time, period
from grafana.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

IDENTITY = Identity("netledger-overview", "netledger / Overview", "How much, how fast, and how much is left.")


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 plans, 20-39 usage, 40-59 health, 90 and above headings."""
    return board(IDENTITY, [variables.first_plan()], [*_plans(), *_speeds(), *_usage(), *_health()], since="now-24h")


def _plans() -> list[object]:
    return [
        left(Frame(1, "Left of the cap", "Bytes that the plan's current cycle may still use.", 0, 0, 8, 8)),
        share(Frame(2, "Used of the cap", "Share of the cap that the current cycle has used.", 8, 0, 4, 8)),
        used(Frame(3, "This cycle", "Bytes that the plan bills of its current cycle so far.", 12, 0, 4, 4)),
        allowed(Frame(4, "Allowed per day", "What each day left of the cycle may use, with today.", 16, 0, 4, 4)),
        cap_date(Frame(5, "Cap reached", "When the cap is, or is expected to be, reached.", 20, 0, 4, 4)),
        forecast(
            Frame(
                6,
                "Forecast of the cycle",
                "Eight of ten outcomes are between the ends. Of several machines or plans, choose one.",
                12,
                4,
                7,
                4,
            )
        ),
        cost(
            Frame(
                7,
                "Cost",
                "Of the current cycle so far, and expected at its end. Of several machines or plans, choose one.",
                19,
                4,
                5,
                4,
            )
        ),
    ]


def _speeds() -> list[object]:
    receive, transmit = (f"sum({bits(f'netledger_interface_{way}_bytes_total', COUNTED)})" for way in WAYS)
    return [
        _speed(Frame(20, "Receiving now", "Speed of all counted interfaces.", 0, 8, 4, 4), receive, RECEIVE),
        _speed(Frame(21, "Transmitting now", "Speed of all counted interfaces.", 4, 8, 4, 4), transmit, TRANSMIT),
        *(
            _total(Frame(22 + index, *PERIODS[index][:2], 8 + 4 * index, 8, 4, 4), PERIODS[index][2])
            for index in range(4)
        ),
    ]


WAYS = ("receive", "transmit")
PERIODS = (
    ("Today", "Received and transmitted since local midnight, by the machines that answer.", "day"),
    ("This week", "Received and transmitted since the local Monday, by the machines that answer.", "week"),
    ("This month", "Received and transmitted since the local month began, by the machines that answer.", "month"),
    ("This year", "Received and transmitted since the local year began, by the machines that answer.", "year"),
)


def _speed(frame: Frame, expression: str, colour: str) -> Number:
    return number(frame, "bps", now(expression, frame.title)).color_scheme(always(colour)).decimals(1)


def _total(frame: Frame, name: str) -> Number:
    total = both("netledger_period_{}_bytes", COUNTED, period(name))
    return (
        number(frame, "decbytes", now(f"sum({total})", frame.title))
        .color_scheme(always("text"))
        .decimals(1)
        .no_value("no answer")
    )


def _usage() -> list[object]:
    days, by_month = "From the ledger, to the byte; today so far.", "The last 24, from the ledger; this one so far."
    compared = "Bytes used, and what the last cycle had used by the same day; from the first scrape on."
    return [
        _traffic(Frame(26, "Traffic", "All counted interfaces: received up, transmitted down.", 0, 12, 12, 8)),
        cycles_compared(Frame(8, "This cycle against the last", compared, 12, 12, 12, 8)),
        days_of_the_month(Frame(27, "Days of this month", days, 0, 20, 12, 8), COUNTED),
        months(Frame(28, "Months", by_month, 12, 20, 12, 8), COUNTED),
    ]


def _traffic(frame: Frame) -> Trend:
    receive, transmit = (f"sum({bits(f'netledger_interface_{way}_bytes_total', COUNTED)})" for way in WAYS)
    return (
        trend(frame, "bps", over_time(receive, "receive"), over_time(transmit, "transmit", "B"))
        .override_by_name("receive", [painted(RECEIVE)])
        .override_by_name("transmit", [painted(TRANSMIT), option("custom.transform", "negative-Y")])
    )


def _health() -> list[object]:
    return [
        heading(90, "Health", 28),
        health_strip.answering(Frame(40, "Machines answering", "Share that Prometheus reaches.", 0, 29, 4, 3)),
        health_strip.sample_age(Frame(41, "Oldest sample", "Time since the interfaces were last read.", 4, 29, 4, 3)),
        health_strip.meters(Frame(42, "Meters", "Whether every meter can read its counters.", 8, 29, 4, 3)),
        health_strip.ledger(Frame(43, "Ledger", "Whether a ledger needs somebody's attention.", 12, 29, 4, 3)),
        health_strip.gap(Frame(44, "Gap", "Whether the service runs and nobody looks.", 16, 29, 4, 3)),
        health_strip.unposted(Frame(45, "Not in the ledger yet", "Counted, committed soon.", 20, 29, 4, 3)),
        machines(Frame(46, "Machines", "A name leads to reports and dashboards.", 0, 32, 24, 5)),
    ]
