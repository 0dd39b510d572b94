"""Plans and cost: what each billing plan has used, may use, will come to, and costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import plan_panels as plan
from grafana import plan_trends as trends
from grafana import variables
from grafana.board import Identity, board
from grafana.panels import Frame
from grafana.plan_table import plans

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity("netledger-plans", "netledger / Plans and cost", "What is used, what is left, what it costs.")


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 now, 20-39 over time."""
    return board(IDENTITY, [variables.plans()], [*_now(), *_over_time()], since="now-31d")


def _now() -> list[object]:
    return [
        plan.left(Frame(1, "Left of the cap", "Bytes that the current cycle may still use.", 0, 0, 8, 8)),
        plan.share(Frame(2, "Used of the cap", "Share of the cap that the current cycle has used.", 8, 0, 6, 8)),
        plan.allowed(Frame(3, "Allowed per day", "What each day left may use, today included.", 14, 0, 5, 4)),
        plan.cap_date(Frame(5, "Cap reached", "When the cap is, or is expected to be, reached.", 19, 0, 5, 4)),
        plan.cycle_end(Frame(4, "Cycle ends", "When the next cycle begins, and everything with it.", 14, 4, 5, 4)),
        plan.expected_cost(Frame(7, "Expected cost", "Of the whole cycle, if it goes on like this.", 19, 4, 5, 4)),
        plans(
            Frame(8, "Plans", "Every chosen plan in one line; eight of ten outcomes are between the ends.", 0, 8, 24, 5)
        ),
    ]


def _over_time() -> list[object]:
    return [
        trends.used(Frame(20, "Used", "Of each cycle so far, beside its cap.", 0, 13, 12, 9)),
        trends.forecast(Frame(21, "Forecast", "What the cycle was expected to come to, and its range.", 12, 13, 12, 9)),
        plan.cycles(
            Frame(23, "This cycle and the last", "So far, the last one by then, the whole last one.", 0, 22, 8, 8)
        ),
        trends.cost(Frame(22, "Cost over time", "Of the cycle so far, and what it was expected to be.", 8, 22, 8, 8)),
        trends.thresholds(Frame(24, "Thresholds of the cap", "Which shares were reached, and when.", 16, 22, 8, 8)),
    ]
