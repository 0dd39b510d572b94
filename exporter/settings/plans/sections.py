"""The keys of a billing plan, and the plan that they describe."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from exporter.settings.list_rules import globs_or
from exporter.settings.measures import format_size
from exporter.settings.plans import rules as plan_rules
from exporter.settings.plans.notify import Notify
from exporter.settings.rules import SWITCH, Rule, choice, one_text, size, whole
from exporter.settings.schema import Section
from reports.billing.plans import COUNTED, Counts, CycleRule, FreeHours, Plan, PriceStep, ScopePrice
from reports.billing.prices import TIER_CURRENCY, TIERS, one_price

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PRICES = ("price_per_gb", "tier", "price_steps")
BY_SCOPE = ("scope", "prices")
NEED_CAP = ("rollover", "alert_at", "notify")
# A tier is a price of a binary gigabyte.
GIGABYTES = {"binary": 2**30, "decimal": 10**9}
CAP = size("1 MB", "1000 PB")
# Values of these keys that need no cap.
OFF = (False, ())


class PriceStepSettings(Section, frozen=True, kw_only=True):
    """One step of prices that change with the amount."""

    up_to: Annotated[int | None, CAP, "Where the step ends; the last has none.", "100 GB"] = None
    price_per_gb: Annotated[Decimal, plan_rules.PRICE, "Price of a gigabyte in the step.", "5"]


def _write_steps(steps: Sequence[PriceStepSettings]) -> list[str] | None:
    return [
        f"{step.price_per_gb} {f'up to {format_size(step.up_to)}' if step.up_to else 'then'}" for step in steps
    ] or None


STEPS = Rule("a list of steps such as {up_to: 100 GB, price_per_gb: 5}", one_text, _write_steps, is_list=True)


class PlanSettings(Section, frozen=True):
    """A billing plan by the keys of the file."""

    name: Annotated[str, plan_rules.NAME, "Name of the plan; no two have the same.", "home"] = "default"
    interfaces: Annotated[
        tuple[str, ...], globs_or(COUNTED, "[wwan0, ppp*]"), "Interfaces whose bytes it bills.", "counted"
    ] = (COUNTED,)
    scope: Annotated[
        tuple[str, ...],
        plan_rules.SCOPES,
        "Scopes whose bytes of applications it bills, instead of bytes of interfaces.",
        "internet",
    ] = ()
    hosts: Annotated[
        tuple[str, ...],
        plan_rules.HOSTS,
        "Machines of the mirror that share it: all bytes of all of them together.",
        "all",
    ] = ()
    cycle_day: Annotated[int | None, whole(1, 31), "Day on which monthly cycles begin, or a month's last.", "1"] = 1
    cycle: Annotated[
        CycleRule, plan_rules.CYCLE, "When cycles begin, where it is not monthly.", "every 30 days from 2026-01-15"
    ] = CycleRule()
    cap: Annotated[int | None, CAP, "Bytes that a cycle may use.", "500 GB"] = None
    counts: Annotated[
        Counts, choice("both", "receive", "transmit", "larger"), "Directions that are billed.", "both"
    ] = "both"
    free_hours: Annotated[
        tuple[FreeHours, ...], plan_rules.FREE_HOURS, "Hours of the local day that are not counted.", '["01:00-07:00"]'
    ] = ()
    rollover: Annotated[bool, SWITCH, "Move what is left of the cap to the next cycle.", "false"] = False
    price_per_gb: Annotated[
        Decimal | None, plan_rules.PRICE, "Price of a gigabyte; or a tier, or price_steps.", "7.50"
    ] = None
    tier: Annotated[str | None, choice(*TIERS), "Price of a gigabyte by its name, in INR.", "standard"] = None
    prices: Annotated[
        dict[str, Decimal],
        plan_rules.SCOPE_PRICES,
        "Prices of a gigabyte by scope; other scopes cost price_per_gb.",
        "{internet: 0.09, lan: 0}",
    ] = msgspec.field(default_factory=dict)
    base_price: Annotated[Decimal, plan_rules.PRICE, "Price of a cycle before its first byte.", "0"] = Decimal(0)
    currency: Annotated[str, plan_rules.CURRENCY, "Currency of the prices.", "INR"] = "INR"
    gigabyte: Annotated[
        Literal["binary", "decimal"] | None, choice(*GIGABYTES), "2^30 or 10^9 bytes a gigabyte.", "decimal"
    ] = None
    alert_at: Annotated[
        tuple[int, ...], plan_rules.ALERTS, "Percentages of the cap that raise an alert.", "[80, 90, 100]"
    ] = (80, 90, 100)
    price_steps: Annotated[
        tuple[PriceStepSettings, ...],
        STEPS,
        "Prices that change with the amount, each up to where it ends; the last has no up_to.",
        "[{up_to: 100 GB, price_per_gb: 5}, {price_per_gb: 2.50}]",
    ] = ()
    notify: Notify = msgspec.field(default_factory=Notify)

    @classmethod
    def faults(cls, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Steps out of order, two kinds of prices, and keys that need another key."""
        yield from _step_faults(given.get("price_steps") or ())
        yield from _scope_faults(given)
        if given.get("hosts") and "interfaces" in given:
            yield "hosts", "is set beside interfaces; use one: it bills what counts on each machine"
        prices = [key for key in given if key in PRICES]
        for key in prices[1:]:
            yield key, f"is set beside {prices[0]}; use one of {', '.join(PRICES)}"
        currency = given.get("currency") or TIER_CURRENCY
        if "tier" in given and currency != TIER_CURRENCY:
            yield "currency", f"{currency} is set beside tier, whose prices are {TIER_CURRENCY}; use price_per_gb"
        if "cycle_day" in given and (given.get("cycle") or CycleRule()).kind != "monthly":
            yield "cycle_day", "is set beside a cycle that is not monthly; use one of them"
        if "cap" not in given:
            for key in NEED_CAP:
                if key in given and given[key] not in OFF:
                    yield key, "is set without cap; set cap too, or neither"

    def plan(self) -> Plan:
        """The plan that the keys describe."""
        return Plan(
            name=self.name,
            interfaces=() if self._is_of_scopes else self.interfaces,
            cycle=self.cycle._replace(day=self.cycle_day or 1),
            cap_bytes=self.cap,
            counts=self.counts,
            free_hours=self.free_hours,
            rollover=self.rollover,
            price_steps=self._steps(),
            base_price=self.base_price,
            currency=self.currency,
            gigabyte_bytes=GIGABYTES[self._gigabyte()],
            alert_at=self.alert_at,
            scopes=self.scope,
            scope_prices=tuple(ScopePrice(*item) for item in self.prices.items()),
            hosts=self.hosts,
        )

    def in_force(self) -> PlanSettings:
        """The same plan, in which a tier or a single step is the price that it stands for."""
        steps = self._steps()
        is_monthly, is_one_price = self.cycle.kind == "monthly", len(steps) == 1
        return msgspec.structs.replace(
            self,
            interfaces=() if self._is_of_scopes else self.interfaces,
            cycle_day=self.cycle_day if is_monthly else None,
            price_per_gb=steps[0].price_per_gb if is_one_price else None,
            price_steps=() if is_one_price else self.price_steps,
            gigabyte=self._gigabyte(),
        )

    @property
    def _is_of_scopes(self) -> bool:
        return bool(self.scope or self.prices)

    def _steps(self) -> tuple[PriceStep, ...]:
        price = TIERS[self.tier] if self.tier else self.price_per_gb
        if price is not None:
            return one_price(price)
        return tuple(PriceStep(step.up_to, step.price_per_gb) for step in self.price_steps)

    def _gigabyte(self) -> Literal["binary", "decimal"]:
        return self.gigabyte or ("binary" if self.tier else "decimal")


# As `Plan()`.
DEFAULT_PLAN = PlanSettings(gigabyte="binary")


def _scope_faults(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that a plan of scopes excludes, and scopes without a price."""
    first = next((key for key in BY_SCOPE if given.get(key)), None)
    if first and "interfaces" in given:
        yield first, "is set beside interfaces; use one: applications are not measured by interface"
    if not (prices := given.get("prices")):
        return
    for key in ("tier", "price_steps"):
        if key in given:
            yield "prices", f"is set beside {key}; the price of the other scopes is price_per_gb"
    if given.get("counts") == "larger":
        yield "counts", "larger is set beside prices, which are of a scope's own bytes; use another"
    missing = [scope for scope in given.get("scope") or () if scope not in prices]
    if missing and "price_per_gb" not in given:
        yield "prices", f"has no price for {', '.join(missing)} of scope; add it, or price_per_gb for the others"


def _step_faults(steps: Sequence[Mapping[str, Any] | None]) -> Iterator[tuple[str, str]]:
    for number, step in enumerate(steps):
        name, is_last = f"price_steps[{number}]", number == len(steps) - 1
        if step is None:
            continue
        if "price_per_gb" not in step:
            yield name, "has no price_per_gb"
        if is_last and "up_to" in step:
            yield f"{name}.up_to", "is set on the last step; leave it out there"
        if not is_last and "up_to" not in step:
            yield name, "has no up_to, which only the last step may leave out"
    ends = [step["up_to"] for step in steps if step and step.get("up_to")]
    if ends != sorted(set(ends)):
        yield "price_steps", "has a step that does not end above the one before it"
