"""Plans and cost: what each billing plan has used, may use, will come to, and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board, closed
from grafana.kit.panels import Frame
from grafana.panels import plan_trends as trends
from grafana.panels import plans as plan
from grafana.panels.plan_table import plans
from reports.text.grafana_links import PLANS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(PLANS, "netledger / Plans and cost", "What is used, what is left, what it costs.")


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 now, 20-39 over time, 40-59 machines that share; 90 a heading."""
    return board(IDENTITY, [variables.plans()], [*_now(), *_over_time(), _machines()], since="now-31d")


def _now() -> list[object]:
    left = "Bytes that the current cycle may still use; without a cap, those that it has used. At most three."
    dates = "When caps are, or are expected to be, reached; the first three."
    table = "Every chosen plan in one line, nearest its cap first; eight of ten outcomes are between the ends."
    return [
        plan.left(Frame(1, "Left of the cap", left, 0, 0, 8, 8)),
        plan.shares(Frame(2, "Used of the cap", "Share that the current cycle has used; at most 20.", 8, 0, 8, 8)),
        plan.cap_dates(Frame(5, "Cap reached", dates, 16, 0, 8, 4)),
        plan.expected_costs(Frame(7, "Expected cost", "Of the whole cycle; the dearest three.", 16, 4, 8, 4)),
        plans(Frame(8, "Plans", table, 0, 8, 24, 8)),
    ]


def _over_time() -> list[object]:
    used = "Of the cycle so far, of one plan beside its cap; of several, as shares of their caps, at most ten."
    expected = "Forecast of the cycle over time, with its range; of several plans, as shares of their caps."
    both = "So far, the last one by then, the whole last one; of many plans, five."
    return [
        trends.used(Frame(20, "Used", used, 0, 16, 12, 9)),
        trends.forecast(Frame(21, "Forecast", expected, 12, 16, 12, 9)),
        plan.cycles(Frame(23, "This cycle and the last", both, 0, 25, 8, 8)),
        trends.cost(Frame(22, "Cost over time", "Of the cycle so far, and its forecast.", 8, 25, 8, 8)),
        trends.thresholds(
            Frame(
                24,
                "Thresholds of the cap",
                "Shares of the cap that were reached, and their times; of many plans, four.",
                16,
                25,
                8,
                8,
            )
        ),
    ]


def _machines() -> object:
    used = "What each machine used of a plan that several share, in the current cycle; at most 20."
    age = "How old the oldest of these figures is: until it is new, bytes of the plan are missing."
    panels = [
        plan.machines(Frame(40, "Used by machine", used, 0, 34, 16, 8)),
        plan.machines_age(Frame(41, "Behind", age, 16, 34, 8, 8)),
    ]
    return closed(90, "Machines that share a plan", 33, panels)
