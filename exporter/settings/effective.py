"""Settings in effect as `config show` reports them: each key's value as a file writes it, and its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.settings.plans.sections import DEFAULT_PLAN, PRICES
from exporter.settings.schema import leaves
from exporter.settings.tree import PLANS, keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.settings.loading import Loaded
    from exporter.settings.plans.sections import PlanSettings
    from exporter.settings.rules import FileText


class EffectiveKey(NamedTuple):
    """One key in effect: its full name such as "plans[0].cap", its value, that value in a file, its origin."""

    name: str
    value: Any
    text: FileText
    origin: str


def effective_keys(loaded: Loaded) -> Iterator[EffectiveKey]:
    """Every key of every section."""
    for name, key in keys().items():
        value = key.value(loaded.settings)
        yield EffectiveKey(name, value, key.rule.show(value), loaded.origins[name])


def effective_plans(loaded: Loaded) -> Iterator[list[EffectiveKey]]:
    """Every key of each plan; what may be a secret is hidden."""
    for number, plan in enumerate(loaded.plans or (DEFAULT_PLAN,)):
        yield list(_effective_plan(f"{PLANS}[{number}]", plan.in_force(), loaded.origins))


def _effective_plan(plan_name: str, plan: PlanSettings, origins: Mapping[str, str]) -> Iterator[EffectiveKey]:
    for name, key, value in leaves(plan, plan_name):
        # A tier, or a single step, counts as the price that it stands for.
        if key.field == "tier":
            continue
        text = key.rule.show(value)
        sources = [f"{plan_name}.{price}" for price in PRICES] if key.field == "price_per_gb" else [name]
        origin = next((origins[source] for source in sources if source in origins and text), "default")
        yield EffectiveKey(name, value, text, origin)
