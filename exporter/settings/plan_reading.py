"""The list `plans:` of a settings file, read into plans; every problem names its line, key, value and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.settings.plan_rules import ALL_KEYS, NOTIFY, NOTIFY_KEYS, PLAN_KEYS, STEP_KEYS, STEPS, PlanKey
from exporter.settings.rules import RuleError, clipped
from exporter.settings.tree import PLANS, Notify
from exporter.settings.wording import did_you_mean, place_of, shown
from reports.billing.plans import CycleRule, Plan, PriceStep
from reports.billing.prices import TIER_CURRENCY, TIER_GIGABYTE, TIERS, one_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from decimal import Decimal
    from pathlib import Path

    from exporter.settings.yaml_file import Entry, Raw

PRICES = ("price_per_gb", "tier", STEPS)
NEED_CAP = ("rollover", "alert_at", NOTIFY)
GIGABYTES = {"binary": 2**30, "decimal": 10**9}


class PlanReader:
    """Collects the plans of one file, where each of their keys comes from, and all that is wrong with them."""

    def __init__(self, path: Path) -> None:
        self.plans: list[Plan] = []
        self.notify: dict[str, Notify] = {}
        self.origins: dict[str, str] = {}
        self.problems: list[str] = []
        self._path = path
        self._names: dict[str, str] = {}

    def read(self, entry: Entry) -> None:
        """Take the list; nothing, or an empty one, has no plans."""
        if not isinstance(entry.raw, list | None):
            self._tell(entry.line, PLANS, f"is not a list; write - before each plan; {_fields(ALL_KEYS)}")
            return
        for number, raw in enumerate(entry.raw or ()):
            name = f"{PLANS}[{number}]"
            if isinstance(raw, tuple):
                self._read_plan(name, raw, raw[0].line if raw else entry.line)
            else:
                self._tell(entry.line, name, f"is not a mapping; {_fields(ALL_KEYS)}")

    def _read_plan(self, name: str, raw: tuple[Entry, ...], line: int) -> None:
        problems = len(self.problems)
        given = {entry.key: entry for entry in raw}
        values = self._read_mapping(name, raw, PLAN_KEYS, nested=(STEPS, NOTIFY))
        if STEPS in given:
            values[STEPS] = self._read_steps(f"{name}.{STEPS}", given[STEPS])
        notify = self._read_notify(f"{name}.{NOTIFY}", given[NOTIFY]) if NOTIFY in given else Notify()
        self._check_pairs(name, given, values)
        self._check_name(name, values.get("name", Plan().name), given["name"].line if "name" in given else line)
        if len(self.problems) == problems:
            self.plans.append(plan := _plan(values))
            self.notify[plan.name] = notify

    def _read_mapping(
        self, name: str, raw: Iterable[Entry], known: Mapping[str, PlanKey], nested: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, line, value, first_line in raw:
            full_name = f"{name}.{key}"
            if first_line:
                self._tell(line, shown(full_name), f"is written twice, first on line {first_line}")
            if key in nested:
                continue
            if key not in known:
                names = (*known, *nested)
                hint = did_you_mean(key, dict.fromkeys(names)) or f"; {_fields(names)}"
                self._tell(line, shown(full_name), f"unknown key{hint}")
                continue
            try:
                values[key] = known[key].rule.read(value)
            except RuleError as error:
                self._tell(line, full_name, f"{error}; use {known[key].rule.says}")
            else:
                self.origins[full_name] = place_of(self._path, line)
        return values

    def _read_notify(self, name: str, entry: Entry) -> Notify:
        if entry.raw is None:
            return Notify()
        if not isinstance(entry.raw, tuple):
            self._tell(entry.line, name, f"is not a mapping; {_fields(NOTIFY_KEYS)}")
            return Notify()
        return Notify(**self._read_mapping(name, entry.raw, NOTIFY_KEYS))

    def _read_steps(self, name: str, entry: Entry) -> tuple[PriceStep, ...]:
        if not isinstance(entry.raw, list) or not entry.raw:
            self._tell(entry.line, name, "is not a list of steps such as {up_to: 100 GB, price_per_gb: 5}")
            return ()
        self.origins[name] = place_of(self._path, entry.line)
        steps = [
            self._read_step(f"{name}[{number}]", raw, entry.line, is_last=number == len(entry.raw) - 1)
            for number, raw in enumerate(entry.raw)
        ]
        ends = [step.up_to_bytes for step in steps if step and step.up_to_bytes]
        if ends != sorted(set(ends)):
            self._tell(entry.line, name, "has a step that does not end above the one before it")
        return tuple(step for step in steps if step)

    def _read_step(self, name: str, raw: Raw, line: int, *, is_last: bool) -> PriceStep | None:
        if not isinstance(raw, tuple) or not raw:
            self._tell(line, name, f"is not a mapping; {_fields(STEP_KEYS)}")
            return None
        values = self._read_mapping(name, raw, STEP_KEYS)
        given = {entry.key: entry.line for entry in raw}
        if "price_per_gb" not in given:
            self._tell(raw[0].line, name, "has no price_per_gb")
        if is_last and "up_to" in given:
            self._tell(given["up_to"], f"{name}.up_to", "is set on the last step; leave it out there")
        if not is_last and "up_to" not in given:
            self._tell(raw[0].line, name, "has no up_to, which only the last step may leave out")
        return PriceStep(values.get("up_to"), values["price_per_gb"]) if "price_per_gb" in values else None

    def _check_pairs(self, name: str, given: Mapping[str, Entry], values: Mapping[str, Any]) -> None:
        for key, fault in _faults(given, values):
            self._tell(given[key].line, f"{name}.{key}", fault)

    def _check_name(self, name: str, plan_name: str, line: int) -> None:
        if first := self._names.get(plan_name):
            self._tell(line, f"{name}.name", f"{clipped(repr(plan_name))} is the name of {first} too; use another")
        self._names.setdefault(plan_name, name)

    def _tell(self, line: int, subject: str, fault: str) -> None:
        self.problems.append(f"{place_of(self._path, line)}: {subject}: {fault}")


def _faults(given: Mapping[str, Entry], values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Say which keys of a plan do not go together."""
    prices = [key for key in given if key in PRICES]
    for key in prices[1:]:
        yield key, f"is set beside {prices[0]}; use one of {', '.join(PRICES)}"
    if "tier" in given and values.get("currency", TIER_CURRENCY) != TIER_CURRENCY:
        yield "currency", f"{values['currency']} is set beside tier, whose prices are {TIER_CURRENCY}; use price_per_gb"
    cycle: CycleRule | None = values.get("cycle")
    if cycle and cycle.kind != "monthly" and "cycle_day" in given:
        yield "cycle_day", "is set beside a cycle that is not monthly; use one of them"
    if "cap" not in given:
        for key in NEED_CAP:
            if key in given and values.get(key, True):
                yield key, "is set without cap; set cap too, or neither"


def _plan(values: dict[str, Any]) -> Plan:
    usual = Plan()
    cycle: CycleRule = values.get("cycle", usual.cycle)
    return Plan(
        name=values.get("name", usual.name),
        interfaces=values.get("interfaces", usual.interfaces),
        cycle=cycle._replace(day=values.get("cycle_day", cycle.day)),
        cap_bytes=values.get("cap"),
        counts=values.get("counts", usual.counts),
        free_hours=values.get("free_hours", usual.free_hours),
        rollover=values.get("rollover", usual.rollover),
        price_steps=_steps(values),
        base_price=values.get("base_price", usual.base_price),
        currency=values.get("currency", usual.currency),
        gigabyte_bytes=_gigabyte(values),
        alert_at=values.get("alert_at", usual.alert_at),
    )


def _steps(values: dict[str, Any]) -> tuple[PriceStep, ...]:
    if STEPS in values:
        return tuple(values[STEPS])
    price: Decimal | None = TIERS[values["tier"]] if "tier" in values else values.get("price_per_gb")
    return () if price is None else one_price(price)


def _gigabyte(values: dict[str, Any]) -> int:
    if "gigabyte" in values:
        return GIGABYTES[values["gigabyte"]]
    return TIER_GIGABYTE if "tier" in values else GIGABYTES["decimal"]


def _fields(names: Iterable[str]) -> str:
    return f"its keys are {', '.join(names)}"
