"""Plans as people read them: the values in force for `config show`, and the commented example for `config init`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.settings.measures import format_size
from exporter.settings.plan_reading import GIGABYTES, PRICES
from exporter.settings.plan_rules import NOTIFY, NOTIFY_KEYS, PLAN_KEYS, STEPS
from exporter.settings.tree import PLANS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exporter.settings.tree import Notify
    from reports.billing.plans import Plan

INDENT = "#     "
EXAMPLE_HEAD = """
# Billing plans. Without one, the plan "default" bills the counted interfaces by calendar months, without a cap.
# plans:"""
EXAMPLE_STEPS = """\
#     # Prices that change with the amount, each up to where it ends; the last has no up_to.
#     # price_steps: [{up_to: 100 GB, price_per_gb: 5}, {price_per_gb: 2.50}]
#     # Who is told of an alert, besides the log.
#     # notify:"""


class ShownKey(NamedTuple):
    """One key of one plan in force: its full name such as "plans[0].cap", its value as a file writes it, its origin."""

    name: str
    value: str | list[str] | None
    origin: str


def shown_plan(number: int, plan: Plan, notify: Notify, origins: Mapping[str, str]) -> Iterator[ShownKey]:
    """Show every key of a plan; what may be a secret is hidden."""
    values = {
        **{key: PLAN_KEYS[key].rule.show(value) for key, value in _values(plan).items() if value is not None},
        STEPS: _shown_steps(plan),
        **{f"{NOTIFY}.{key}": NOTIFY_KEYS[key].rule.show(getattr(notify, key)) for key in NOTIFY_KEYS},
    }
    # A tier, or a single step, is shown as the price that it stands for.
    names = [*(key for key in PLAN_KEYS if key != "tier"), STEPS, *(f"{NOTIFY}.{key}" for key in NOTIFY_KEYS)]
    for name in names:
        full_name = f"{PLANS}[{number}].{name}"
        written = [f"{PLANS}[{number}].{key}" for key in (PRICES if name == "price_per_gb" else (name,))]
        origin = next((origins[key] for key in written if key in origins and values.get(name)), "default")
        yield ShownKey(full_name, values.get(name), origin)


def example_lines() -> Iterator[str]:
    """Write a plan with every key, all of it commented out."""
    yield EXAMPLE_HEAD
    for number, (name, (rule, meaning, example, is_usual)) in enumerate(PLAN_KEYS.items()):
        yield f"{INDENT}# {meaning} Use {rule.says}."
        bullet = INDENT if number else f"{INDENT[:-2]}- "
        yield f"{bullet}{'' if is_usual else '# '}{name}: {example}"
    yield EXAMPLE_STEPS
    for name, (rule, meaning, example, _) in NOTIFY_KEYS.items():
        yield f"{INDENT}#   # {meaning} Use {rule.says}."
        yield f"{INDENT}#   {name}: {example}"


def _values(plan: Plan) -> dict[str, Any]:
    """The plan by the keys of the file; None where a key has no value."""
    sizes = {size: name for name, size in GIGABYTES.items()}
    has_one_price = len(plan.price_steps) == 1
    return {
        "name": plan.name,
        "interfaces": plan.interfaces,
        "cycle_day": plan.cycle.day if plan.cycle.kind == "monthly" else None,
        "cycle": plan.cycle,
        "cap": plan.cap_bytes,
        "counts": plan.counts,
        "free_hours": plan.free_hours,
        "rollover": plan.rollover,
        "price_per_gb": plan.price_steps[0].price_per_gb if has_one_price else None,
        "base_price": plan.base_price,
        "currency": plan.currency,
        "gigabyte": sizes[plan.gigabyte_bytes],
        "alert_at": plan.alert_at,
    }


def _shown_steps(plan: Plan) -> list[str] | None:
    if len(plan.price_steps) <= 1:
        return None
    return [f"{price} {f'up to {format_size(up_to)}' if up_to else 'then'}" for up_to, price in plan.price_steps]
