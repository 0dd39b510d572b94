"""Queries of plans: those nearest their cap, and one or several of them."""

from __future__ import annotations

from grafana.kit.queries import CYCLE_END, PLAN, kept, of

KEY = "job, instance, plan"


def plan(metric: str) -> str:
    """Select a plan's metric, of a silent machine as long as the cycle lasts."""
    return kept(f"netledger_plan_{metric}", PLAN, until=CYCLE_END)


def nearest(expression: str, most: int) -> str:
    """Keep the plans that are nearest their cap; those without one come last."""
    return f"{expression} and on ({KEY}) topk({most}, {plan('used_ratio')} or {plan('used_bytes')} * 0 - 1)"


def line(metric: str) -> str:
    """Select a plan's metric at each step of a range."""
    return of(f"netledger_plan_{metric}", PLAN)


def nearest_over_time(expression: str, most: int) -> str:
    """Keep the lines of the plans that are nearest their cap at the end of the range."""
    ratio, used = (f"last_over_time({line(name)}[$__range] @ end())" for name in ("used_ratio", "used_bytes"))
    return f"{expression} and on ({KEY}) topk({most}, {ratio} or {used} * 0 - 1)"


def of_one(metric: str) -> str:
    """Select while one plan is drawn: then colours say what a line means."""
    return f"{line(metric)} and on () {_plans()} == 1"


def of_several(expression: str, most: int) -> str:
    """Select while several plans are drawn: then colours name the plan of a line."""
    return f"({nearest_over_time(expression, most)}) and on () {_plans()} > 1"


def _plans() -> str:
    return f"count({line('used_bytes')})"
