"""Families of billing plans: what is used and left of a cycle, what it costs, what is to come."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from exporter.metrics.tables import Column, Labels, Table
from reports.billing.prices import has_price

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.metrics.state import MetricsState
    from reports.billing.status import PlanStatus

    Rows = Callable[[MetricsState], Sequence[PlanStatus]]

Threshold = tuple[str, int, bool]


def _plans(state: MetricsState) -> Sequence[PlanStatus]:
    return state.plans


def _with(field: str) -> Rows:
    """Plans with a value in this field of their status."""
    value = attrgetter(field)
    return lambda state: [status for status in state.plans if value(status) is not None]


def _priced(rows: Rows) -> Rows:
    """Those of these plans that have a price."""
    return lambda state: [status for status in rows(state) if has_price(status.plan)]


def _thresholds(state: MetricsState) -> Sequence[Threshold]:
    return [(status.plan.name, *threshold) for status in state.plans for threshold in status.thresholds]


def _name(status: PlanStatus) -> Labels:
    return (status.plan.name,)


def _name_and_currency(status: PlanStatus) -> Labels:
    return (status.plan.name, status.plan.currency)


def _cost(field: str) -> Callable[[PlanStatus], float]:
    """Cost of the bytes in this field of a plan's status."""
    amount = attrgetter(field)
    return lambda status: float(status.cost_of(amount(status)))


PLAN_TABLES: tuple[Table[PlanStatus] | Table[Threshold], ...] = (
    Table(
        ("plan",),
        _plans,
        _name,
        (
            Column(
                "netledger_plan_used_bytes",
                "gauge",
                "Bytes that the plan bills of its current cycle.",
                attrgetter("used"),
            ),
            Column(
                "netledger_plan_cycle_start_timestamp_seconds",
                "gauge",
                "When the plan's current cycle began, in seconds since 1970.",
                attrgetter("cycle.start"),
            ),
            Column(
                "netledger_plan_cycle_end_timestamp_seconds",
                "gauge",
                "When the plan's current cycle ends, in seconds since 1970.",
                attrgetter("cycle.end"),
            ),
        ),
    ),
    Table(
        ("plan",),
        _with("last_used"),
        _name,
        (
            Column(
                "netledger_plan_last_cycle_used_bytes",
                "gauge",
                "Bytes that the plan bills of the cycle before, from its first day to its last.",
                attrgetter("last_used"),
            ),
        ),
    ),
    Table(
        ("plan",),
        _with("last_used_by_now"),
        _name,
        (
            Column(
                "netledger_plan_last_cycle_used_by_now_bytes",
                "gauge",
                "Bytes that the plan bills of the cycle before, by the time it was as old as the current one is.",
                attrgetter("last_used_by_now"),
            ),
        ),
    ),
    Table(
        ("plan",),
        _with("forecast"),
        _name,
        (
            Column(
                "netledger_plan_forecast_bytes",
                "gauge",
                "Forecast of the bytes that the plan bills of its current cycle.",
                attrgetter("forecast.expected"),
            ),
            Column(
                "netledger_plan_forecast_low_bytes",
                "gauge",
                "Lower end of the forecast of the cycle; the range holds eight of ten outcomes.",
                attrgetter("forecast.low"),
            ),
            Column(
                "netledger_plan_forecast_high_bytes",
                "gauge",
                "Upper end of the forecast of the cycle; the range holds eight of ten outcomes.",
                attrgetter("forecast.high"),
            ),
        ),
    ),
    Table(
        ("plan",),
        _with("cap"),
        _name,
        (
            Column(
                "netledger_plan_cap_bytes",
                "gauge",
                "Bytes that the current cycle may use, those carried over included.",
                attrgetter("cap"),
            ),
            Column(
                "netledger_plan_left_bytes",
                "gauge",
                "Bytes that are left of the cap; below zero where it is exceeded.",
                attrgetter("left"),
            ),
            Column(
                "netledger_plan_used_ratio",
                "gauge",
                "Share of the cap that is used; 1 is all of it.",
                attrgetter("share"),
            ),
            Column(
                "netledger_plan_allowed_per_day_bytes",
                "gauge",
                "Bytes that each day left of the cycle, today included, may use; 0 once the cap is reached.",
                attrgetter("allowed_per_day"),
            ),
        ),
    ),
    Table(
        ("plan",),
        _with("cap_reached_at"),
        _name,
        (
            Column(
                "netledger_plan_cap_reached_timestamp_seconds",
                "gauge",
                "When the cap is reached, or expected to be in this cycle, in seconds since 1970.",
                attrgetter("cap_reached_at"),
            ),
        ),
    ),
    Table(
        ("plan", "currency"),
        _priced(_plans),
        _name_and_currency,
        (
            Column(
                "netledger_plan_cost",
                "gauge",
                "Cost of the current cycle so far, in the currency of the label.",
                _cost("used"),
            ),
        ),
    ),
    Table(
        ("plan", "currency"),
        _priced(_with("forecast")),
        _name_and_currency,
        (
            Column(
                "netledger_plan_forecast_cost",
                "gauge",
                "Expected cost of the current cycle, in the currency of the label.",
                _cost("forecast.expected"),
            ),
            Column(
                "netledger_plan_forecast_cost_low",
                "gauge",
                "Cost at the lower end of the forecast, in the currency of the label.",
                _cost("forecast.low"),
            ),
            Column(
                "netledger_plan_forecast_cost_high",
                "gauge",
                "Cost at the upper end of the forecast, in the currency of the label.",
                _cost("forecast.high"),
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
