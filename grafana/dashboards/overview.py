"""Overview: how much, how fast, how much is left; the machine's total, all counted interfaces together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board, heading
from grafana.kit.days import days_of_the_month, months
from grafana.kit.machines import machines
from grafana.kit.panels import Frame
from grafana.kit.totals import speed_now, this, traffic
from grafana.panels import health
from grafana.panels.plans import allowed, cap_date, cost, cycles_compared, forecast, left, share, used
from reports.text.grafana_links import OVERVIEW

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(OVERVIEW, "netledger / Overview", "How much, how fast, and how much is left.")

NEAREST = "Of several plans, the one nearest its cap."
EACH_ZONE = "Of several machines, each by its own clock and zone; of one that is silent, its last value."


IMPORTED = "Imported history is in it: a yellow mark on the graphs says until when."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 plans, 20-39 usage, 40-59 health, 90 and above headings."""
    return board(IDENTITY, [variables.first_plan()], [*_plans(), *_speeds(), *_usage(), *_health()], since="now-24h")


def _plans() -> list[object]:
    left_of = "Bytes that the current cycle may still use; without a cap, those that it has used. Of many plans, three."
    between = "Eight of ten outcomes are between the ends."
    costs = "Of the current cycle so far, and expected at its end."
    return [
        left(Frame(1, "Left of the cap", left_of, 0, 0, 8, 8)),
        share(Frame(2, "Used of the cap", "Share of the cap that the current cycle has used.", 8, 0, 4, 8)),
        used(Frame(3, "This cycle", f"Bytes that the plan bills of its cycle so far. {NEAREST}", 12, 0, 4, 4)),
        allowed(
            Frame(
                4,
                "Allowed per day",
                f"Bytes per day until the cap, for the rest of the cycle, with today. {NEAREST}",
                16,
                0,
                4,
                4,
            )
        ),
        cap_date(Frame(5, "Cap reached", f"When the cap is, or is expected to be, reached. {NEAREST}", 20, 0, 4, 4)),
        forecast(Frame(6, "Forecast of the cycle", f"{between} {NEAREST}", 12, 4, 6, 4)),
        cost(Frame(7, "Cost", f"{costs} {NEAREST}", 18, 4, 6, 4)),
    ]


PERIODS = (
    ("Today", "local midnight", "day"),
    ("This week", "the local Monday", "week"),
    ("This month", "the local month began", "month"),
    ("This year", "the local year began, or since counting began, where that is later", "year"),
)


def _speeds() -> list[object]:
    return [
        speed_now(Frame(20, "Receiving now", "Speed of all counted interfaces.", 0, 8, 4, 4), "receive"),
        speed_now(Frame(21, "Transmitting now", "Speed of all counted interfaces.", 4, 8, 4, 4), "transmit"),
        *(
            this(
                Frame(
                    22 + index, title, f"Received and transmitted since {begun}. {EACH_ZONE}", 8 + 4 * index, 8, 4, 4
                ),
                name,
            )
            for index, (title, begun, name) in enumerate(PERIODS)
        ),
    ]


def _usage() -> list[object]:
    days = f"From the ledger, to the byte; today so far. {IMPORTED} {EACH_ZONE}"
    by_month = f"The last 24, from the ledger; this one so far. {IMPORTED} {EACH_ZONE}"
    compared = f"Bytes used, and what the last cycle had used by the same day; from the first scrape on. {NEAREST}"
    return [
        traffic(Frame(26, "Traffic", "All counted interfaces: received up, transmitted down.", 0, 12, 12, 8)),
        cycles_compared(Frame(8, "This cycle against the last", compared, 12, 12, 12, 8)),
        days_of_the_month(Frame(27, "Days of this month", days, 0, 20, 12, 8)),
        months(Frame(28, "Months", by_month, 12, 20, 12, 8)),
    ]


def _health() -> list[object]:
    begun = "The day from which on every byte is known; of several machines, the latest."
    return [
        heading(90, "Health", 28),
        health.answering(Frame(40, "Machines answering", "Share that Prometheus reaches.", 0, 29, 4, 3)),
        health.sample_age(Frame(41, "Oldest sample", "Its age when it was scraped.", 4, 29, 4, 3)),
        health.meters(Frame(42, "Meters", "Whether every meter can read its counters.", 8, 29, 4, 3)),
        health.ledger(Frame(43, "Ledger", "Whether a ledger needs attention.", 12, 29, 4, 3)),
        health.gap(Frame(44, "Gap", "Whether the service runs without samples.", 16, 29, 4, 3)),
        health.since(Frame(47, "Counting since", begun, 20, 29, 4, 3)),
        machines(Frame(46, "Machines", "A name leads to reports and dashboards.", 0, 32, 24, 7)),
    ]
