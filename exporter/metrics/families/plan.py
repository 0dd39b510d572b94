"""Families of billing plans: what is used and left of a cycle, what it costs, what is to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metrics.tables import Column, Labels, Table
from reports.billing.prices import cost, has_price

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.billing.plan_watch import LivePlan
    from exporter.metrics.state import MetricsState
    from reports.billing.forecast import Forecast
    from reports.billing.plans import Plan

Threshold = tuple[str, int, bool]


class Expected(NamedTuple):
    """A plan whose forecast is known."""

    plan: Plan
    forecast: Forecast


def _plans(state: MetricsState) -> Sequence[LivePlan]:
    return state.plans


def _capped(state: MetricsState) -> Sequence[LivePlan]:
    return [live for live in state.plans if live.status.cap is not None]


def _priced(state: MetricsState) -> Sequence[LivePlan]:
    return [live for live in state.plans if has_price(live.status.plan)]


def _with_reached_cap(state: MetricsState) -> Sequence[LivePlan]:
    return [live for live in state.plans if live.status.cap_reached_at is not None]


def _with_last_cycle(state: MetricsState) -> Sequence[LivePlan]:
    return [live for live in state.plans if live.status.last_used is not None]


def _with_last_cycle_by_now(state: MetricsState) -> Sequence[LivePlan]:
    return [live for live in state.plans if live.status.last_used_by_now is not None]


def _with_forecast(state: MetricsState) -> Sequence[Expected]:
    forecasts = ((live.status.plan, live.forecast) for live in state.plans)
    return [Expected(plan, ahead) for plan, ahead in forecasts if ahead is not None]


def _with_forecast_cost(state: MetricsState) -> Sequence[Expected]:
    return [known for known in _with_forecast(state) if has_price(known.plan)]


def _thresholds(state: MetricsState) -> Sequence[Threshold]:
    return [
        (live.status.plan.name, percent, is_reached) for live in state.plans for percent, is_reached in live.thresholds
    ]


def _name(live: LivePlan) -> Labels:
    return (live.status.plan.name,)


def _name_and_currency(live: LivePlan) -> Labels:
    return (live.status.plan.name, live.status.plan.currency)


def _cap(live: LivePlan) -> int:
    return live.status.cap or 0


def _allowed_per_day(live: LivePlan) -> int:
    return max(_cap(live) - live.used, 0) // live.status.days_left


PLAN_TABLES: tuple[Table[LivePlan] | Table[Expected] | Table[Threshold], ...] = (
    Table(
        ("plan",),
        _plans,
        _name,
        (
            Column(
                "netledger_plan_used_bytes",
                "gauge",
                "Bytes that the plan bills of its current cycle.",
                lambda live: live.used,
            ),
            Column(
                "netledger_plan_cycle_start_timestamp_seconds",
                "gauge",
                "When the plan's current cycle began, in seconds since 1970.",
                lambda live: live.status.cycle.start,
            ),
            Column(
                "netledger_plan_cycle_end_timestamp_seconds",
                "gauge",
                "When the plan's current cycle ends, in seconds since 1970.",
                lambda live: live.status.cycle.end,
            ),
        ),
    ),
    Table(
        ("plan",),
        _with_last_cycle,
        _name,
        (
            Column(
                "netledger_plan_last_cycle_used_bytes",
                "gauge",
                "Bytes that the plan bills of the cycle before, from its first day to its last.",
                lambda live: live.status.last_used or 0,
            ),
        ),
    ),
    Table(
        ("plan",),
        _with_last_cycle_by_now,
        _name,
        (
            Column(
                "netledger_plan_last_cycle_used_by_now_bytes",
                "gauge",
                "Bytes that the plan bills of the cycle before, by the time it was as old as the current one is.",
                lambda live: live.status.last_used_by_now or 0,
            ),
        ),
    ),
    Table(
        ("plan",),
        _with_forecast,
        lambda known: (known.plan.name,),
        (
            Column(
                "netledger_plan_forecast_bytes",
                "gauge",
                "Bytes that the plan is expected to bill of its current cycle.",
                lambda known: known.forecast.expected,
            ),
            Column(
                "netledger_plan_forecast_low_bytes",
                "gauge",
                "Lower end of what the cycle is expected to come to; the range holds eight of ten outcomes.",
                lambda known: known.forecast.low,
            ),
            Column(
                "netledger_plan_forecast_high_bytes",
                "gauge",
                "Upper end of what the cycle is expected to come to; the range holds eight of ten outcomes.",
                lambda known: known.forecast.high,
            ),
        ),
    ),
    Table(
        ("plan",),
        _capped,
        _name,
        (
            Column(
                "netledger_plan_cap_bytes",
                "gauge",
                "Bytes that the current cycle may use, those carried over included.",
                _cap,
            ),
            Column(
                "netledger_plan_left_bytes",
                "gauge",
                "Bytes that are left of the cap; below zero where it is exceeded.",
                lambda live: _cap(live) - live.used,
            ),
            Column(
                "netledger_plan_used_ratio",
                "gauge",
                "Share of the cap that is used; 1 is all of it.",
                lambda live: live.used / _cap(live) if _cap(live) else 1.0,
            ),
            Column(
                "netledger_plan_allowed_per_day_bytes",
                "gauge",
                "Bytes that each day left of the cycle, today included, may use; 0 once the cap is reached.",
                _allowed_per_day,
            ),
        ),
    ),
    Table(
        ("plan",),
        _with_reached_cap,
        _name,
        (
            Column(
                "netledger_plan_cap_reached_timestamp_seconds",
                "gauge",
                "When the cap is reached, or expected to be in this cycle, in seconds since 1970.",
                lambda live: live.status.cap_reached_at or 0,
            ),
        ),
    ),
    Table(
        ("plan", "currency"),
        _priced,
        _name_and_currency,
        (
            Column(
                "netledger_plan_cost",
                "gauge",
                "Cost of the current cycle so far, in the currency of the label.",
                lambda live: float(cost(live.status.plan, live.used)),
            ),
        ),
    ),
    Table(
        ("plan", "currency"),
        _with_forecast_cost,
        lambda known: (known.plan.name, known.plan.currency),
        (
            Column(
                "netledger_plan_forecast_cost",
                "gauge",
                "Expected cost of the current cycle, in the currency of the label.",
                lambda known: float(cost(known.plan, known.forecast.expected)),
            ),
            Column(
                "netledger_plan_forecast_cost_low",
                "gauge",
                "Cost at the lower end of what is expected, in the currency of the label.",
                lambda known: float(cost(known.plan, known.forecast.low)),
            ),
            Column(
                "netledger_plan_forecast_cost_high",
                "gauge",
                "Cost at the upper end of what is expected, in the currency of the label.",
                lambda known: float(cost(known.plan, known.forecast.high)),
            ),
        ),
    ),
    Table(
        ("plan", "threshold_percent"),
        _thresholds,
        lambda row: (row[0], str(row[1])),
        (
            Column(
                "netledger_plan_threshold_reached",
                "gauge",
                "Whether the current cycle has used this share of the cap (1) or not (0).",
                lambda row: row[2],
            ),
        ),
    ),
)
