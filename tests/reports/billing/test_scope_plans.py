"""Plans of scopes and cost by application, against an oracle that adds up rows in plain Python."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.billing.application_cost import application_costs
from reports.billing.cost import period_cost, stretch_cost
from reports.billing.cycles import plan_cycles
from reports.billing.plans import CycleRule, FreeHours, Plan, PlanError, PriceStep, ScopePrice, cycle_of
from reports.billing.prices import one_price
from reports.billing.status import plan_status
from reports.ledger.selection import MACHINE, Selection
from reports.ledger.shape import APPLICATION, INTERNET, LAN, LOOPBACK
from tests.worlds.application_rows import amounts, hold_applications_back, post_applications
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.ledger.selection import Key

BERLIN = ZoneInfo("Europe/Berlin")
BEGAN, TODAY = date(2026, 1, 20), date(2026, 4, 9)
NOW = datetime(2026, 4, 9, 18, 0, tzinfo=BERLIN).timestamp()
GB = 10**9
NAMES = ("firefox", "shop/checkout", "wireguard", "(unknown)")
SCOPES = (LOOPBACK, LAN, INTERNET, "office")
NIGHT = FreeHours(23 * 60, 5 * 60)
PRICES = (ScopePrice(INTERNET, Decimal("0.09")), ScopePrice("office", Decimal(0)))
SCOPED = Plan(name="egress", interfaces=(), currency="EUR", gigabyte_bytes=GB)
STEPS = (PriceStep(20 * GB, Decimal(1)), PriceStep(60 * GB, Decimal("0.5")), PriceStep(None, Decimal("0.0125")))
PLANS = {
    "one price": SCOPED._replace(scopes=(INTERNET,), price_steps=one_price(Decimal("0.09"))),
    "two scopes in steps": SCOPED._replace(scopes=(LAN, "office"), price_steps=STEPS),
    "prices by scope": SCOPED._replace(scope_prices=PRICES, base_price=Decimal("4.99")),
    "egress": SCOPED._replace(scope_prices=PRICES, counts="transmit", cycle=CycleRule("weekly")),
    "the others have a price": SCOPED._replace(scope_prices=PRICES, price_steps=one_price(Decimal("0.3"))),
    "of one scope": SCOPED._replace(scopes=(LAN, INTERNET), scope_prices=PRICES, price_steps=one_price(Decimal(2))),
    "free nights": SCOPED._replace(scope_prices=PRICES, free_hours=(NIGHT,)),
    "larger": SCOPED._replace(scopes=(INTERNET,), price_steps=STEPS, counts="larger", cycle=CycleRule("monthly", 20)),
}
OF_INTERFACES = {
    "steps": Plan(price_steps=STEPS, currency="EUR", gigabyte_bytes=GB, base_price=Decimal(3)),
    "larger": Plan(price_steps=STEPS, currency="EUR", gigabyte_bytes=GB, counts="larger"),
    "free nights": Plan(price_steps=STEPS, currency="JPY", gigabyte_bytes=GB, free_hours=(NIGHT,)),
    "no price": Plan(),
}
DAYS = st.integers(0, (TODAY - BEGAN).days).map(lambda number: BEGAN + timedelta(days=number))


class Row(NamedTuple):
    """What an application moved in a quarter hour, and how much of that in a tunnel."""

    local: datetime
    key: Key
    moved: tuple[int, int]
    tunnel: tuple[int, int]

    @property
    def net(self) -> tuple[int, int]:
        return self.moved[0] - self.tunnel[0], self.moved[1] - self.tunnel[1]


def history() -> list[Row]:
    chance = random.Random(20260409)  # noqa: S311 - a history, not a secret
    rows = {}
    for number in range((TODAY - BEGAN).days + 1):
        day = BEGAN + timedelta(days=number)
        for _ in range(6):
            hour = chance.choice((0, 4, 9, 12, 17)) if day == TODAY else chance.choice((0, 4, 9, 17, 23))
            local = datetime(day.year, day.month, day.day, hour, 15 * chance.randrange(4), tzinfo=BERLIN)
            key = (chance.choice(NAMES), chance.choice(SCOPES), chance.choice(("tcp", "udp")))
            moved = (chance.randrange(2 * GB), chance.randrange(2 * GB))
            in_tunnel = chance.random() < 0.3 and key[1] != LOOPBACK
            tunnel = (chance.randrange(moved[0] + 1), chance.randrange(moved[1] + 1)) if in_tunnel else (0, 0)
            rows[(local, key)] = Row(local, key, moved, tunnel)
    return list(rows.values())


ROWS = history()


def write(ledger: WrittenLedger, *, is_held: bool) -> WrittenLedger:
    """With the rows of the last day in no commit yet, or all of them posted; eth0 has moved a little more."""
    seen = int(datetime(BEGAN.year, BEGAN.month, BEGAN.day, tzinfo=BERLIN).timestamp())
    wire: dict[int, tuple[int, int]] = {}
    for row in ROWS:
        start = int(row.local.timestamp())
        received, sent = wire.get(start, (10**8, 10**6))
        wire[start] = (received + row.net[0], sent + row.net[1]) if row.key[1] != LOOPBACK else (received, sent)
    ledger.write(wire, seen=seen)
    ledger.write({seen: (1, 1)}, device="wg0", seen=seen)
    found = {(int(row.local.timestamp()), row.key): amounts(*row.moved, row.tunnel) for row in ROWS}
    held = {(int(row.local.timestamp()), row.key) for row in ROWS if is_held and row.local.date() == TODAY}
    post_applications(ledger, {at: each for at, each in found.items() if at not in held}, seen=seen)
    hold_applications_back(ledger, {at: found[at] for at in held})
    return ledger


@pytest.fixture(scope="module")
def ledger(template: Path, tmp_path_factory: pytest.TempPathFactory) -> WrittenLedger:
    return write(WrittenLedger(tmp_path_factory.mktemp("scopes"), template, BERLIN), is_held=True)


@pytest.fixture(scope="module")
def posted(template: Path, tmp_path_factory: pytest.TempPathFactory) -> WrittenLedger:
    return write(WrittenLedger(tmp_path_factory.mktemp("posted"), template, BERLIN), is_held=False)


def covers(plan: Plan, scope: str) -> bool:
    return scope in plan.scopes if plan.scopes else scope != LOOPBACK


def rows_of(plan: Plan, first: date, last: date) -> Iterable[Row]:
    for row in ROWS:
        is_free = bool(plan.free_hours) and (row.local.hour >= 23 or row.local.hour < 5)
        if first <= row.local.date() <= last and covers(plan, row.key[1]) and not is_free:
            yield row


def billed(plan: Plan, rows: Iterable[Row]) -> int:
    moved = [row.net for row in rows]
    received, sent = sum(pair[0] for pair in moved), sum(pair[1] for pair in moved)
    both = {"both": received + sent, "receive": received, "transmit": sent, "larger": max(received, sent)}
    return both[plan.counts]


def price(plan: Plan, rows: Iterable[Row]) -> Fraction:
    """Scope by scope, or byte by byte in steps."""
    found = list(rows)
    if plan.scope_prices:
        others = plan.price_steps[0].price_per_gb if plan.price_steps else Decimal(0)
        of_scope = dict(plan.scope_prices)
        return sum(
            (
                Fraction(of_scope.get(scope, others)) * billed(plan, [row for row in found if row.key[1] == scope]) / GB
                for scope in SCOPES
            ),
            Fraction(0),
        )
    total, begin, amount = Fraction(0), 0, billed(plan, found)
    for up_to, per_gb in plan.price_steps:
        end = amount if up_to is None else min(up_to, amount)
        total += max(0, end - begin) * Fraction(per_gb) / GB
        begin = max(begin, end)
    return total


def bills(plan: Plan, first: date, last: date) -> list[Decimal]:
    found, day = [], first
    while day <= last:
        cycle = cycle_of(plan, day, BERLIN)
        end = min(cycle.last, last)
        exact = price(plan, rows_of(plan, cycle.first, end))
        exact -= price(plan, rows_of(plan, cycle.first, day - timedelta(days=1)))
        exact += Fraction(plan.base_price if day == cycle.first else 0)
        found.append(cents(exact))
        day = end + timedelta(days=1)
    return found


def cents(amount: Fraction) -> Decimal:
    whole = Decimal(amount.numerator) / Decimal(amount.denominator)
    return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_a_stretch_costs_its_bytes_by_scope_at_their_prices(ledger: WrittenLedger, name: str, days: list[date]) -> None:
    with ledger.reading() as reader:
        found = stretch_cost(reader, PLANS[name], *days)

    assert [bill.total for bill in found.bills] == bills(PLANS[name], *days)


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_costs_of_applications_add_up_to_the_cost_of_the_plan(
    ledger: WrittenLedger, name: str, days: list[date]
) -> None:
    with ledger.reading() as reader:
        found = application_costs(reader, PLANS[name], *days)
        whole = stretch_cost(reader, PLANS[name], *days)

    assert found.whole == whole
    assert sum(row.cost for row in found.applications) + found.unattributed.cost + whole.base == whole.total
    moved = [sum(row.bytes[side] for row in found.applications) for side in (0, 1)]
    if PLANS[name].counts == "larger":
        assert all(0 <= rest < len(NAMES) for rest in found.unattributed.bytes[:2])
    else:
        assert tuple(moved) == whole.billed[:2]
        assert found.unattributed.bytes.total == found.unattributed.cost == 0 or not found.applications


@pytest.mark.parametrize("name", OF_INTERFACES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(days=st.tuples(DAYS, DAYS).map(sorted))
def test_costs_of_applications_the_unattributed_and_the_base_add_up_to_the_cost_of_interfaces(
    ledger: WrittenLedger, name: str, days: list[date]
) -> None:
    with ledger.reading() as reader:
        found = application_costs(reader, OF_INTERFACES[name], *days)
        whole = stretch_cost(reader, OF_INTERFACES[name], *days)

    assert found.whole == whole
    assert sum(row.cost for row in found.applications) + found.unattributed.cost + whole.base == whole.total
    assert sum(row.bytes.total for row in found.applications) + found.unattributed.bytes.total == whole.billed.total
    assert found.unattributed.bytes.total > 0 or OF_INTERFACES[name].free_hours


@pytest.mark.parametrize("name", ["prices by scope", "egress", "of one scope", "free nights"])
def test_an_application_costs_its_bytes_by_scope_at_the_price_of_each(ledger: WrittenLedger, name: str) -> None:
    plan = PLANS[name]
    with ledger.reading() as reader:
        found = application_costs(reader, plan, BEGAN, TODAY)

    for row in found.applications:
        own = [one for one in rows_of(plan, BEGAN, TODAY) if one.key[0] == row.name]
        assert abs(row.cost - cents(price(plan, own))) <= Decimal("0.05")
        assert row.bytes.total == billed(plan, own)
    assert [row.cost for row in found.applications] == sorted((row.cost for row in found.applications), reverse=True)


def test_prices_by_scope_are_the_sum_of_plans_of_each_scope(ledger: WrittenLedger) -> None:
    plan = PLANS["the others have a price"]
    with ledger.reading() as reader:
        whole = stretch_cost(reader, plan, BEGAN, TODAY)
        parts = [
            stretch_cost(reader, plan._replace(scopes=(scope,)), BEGAN, TODAY) for scope in SCOPES if scope != LOOPBACK
        ]

    assert whole.billed == parts[0].billed.plus(parts[1].billed).plus(parts[2].billed)
    exact = [sum(bill.exact for bill in bills) for bills in zip(*(part.bills for part in parts), strict=True)]
    assert [bill.exact for bill in whole.bills] == exact


@pytest.mark.parametrize("name", PLANS)
def test_a_scope_is_a_part_of_the_plan(ledger: WrittenLedger, name: str) -> None:
    plan = PLANS[name]._replace(base_price=Decimal(0), free_hours=())
    with ledger.reading() as reader:
        whole = stretch_cost(reader, plan, BEGAN, TODAY)
        parts = [
            stretch_cost(reader, plan, BEGAN, TODAY, selection=Selection(APPLICATION, scope, where={"scope": (scope,)}))
            for scope in SCOPES
        ]

    assert abs(whole.total - sum(part.total for part in parts)) <= Decimal("0.05") * len(whole.bills)
    assert [part.is_covered for part in parts] == [covers(plan, scope) for scope in SCOPES]
    assert not any(part.total for part in parts if not part.is_covered)


@pytest.mark.parametrize("name", [*PLANS, *OF_INTERFACES])
@pytest.mark.parametrize("scope", SCOPES)
def test_costs_of_applications_in_a_scope_add_up_to_the_cost_of_the_scope(
    ledger: WrittenLedger, name: str, scope: str
) -> None:
    plan = {**PLANS, **OF_INTERFACES}[name]
    selection = Selection(APPLICATION, scope, where={"scope": (scope,)})
    with ledger.reading() as reader:
        whole = stretch_cost(reader, plan, BEGAN, TODAY, selection=selection)
        found = application_costs(reader, plan, BEGAN, TODAY, selection=selection)

    assert found.whole == whole
    assert sum(row.cost for row in found.applications) + found.unattributed.cost == whole.total
    assert abs(sum(row.bytes.total for row in found.applications) - whole.billed.total) < len(NAMES)
    assert abs(found.unattributed.cost) <= Decimal("0.01") * len(whole.bills)


def test_a_plan_of_some_interfaces_has_no_cost_by_application(ledger: WrittenLedger) -> None:
    plan = Plan(name="vpn", interfaces=("wg*",), price_steps=one_price(Decimal(1)))
    with ledger.reading() as reader, pytest.raises(PlanError, match=r"plan: 'vpn' bills wg.*not measured"):
        application_costs(reader, plan, BEGAN, TODAY)


@pytest.mark.parametrize("name", PLANS)
def test_the_status_of_a_plan_of_scopes_is_of_its_bytes_and_prices(ledger: WrittenLedger, name: str) -> None:
    plan = PLANS[name]._replace(cap_bytes=100 * GB, rollover=True)
    cycle = cycle_of(plan, TODAY, BERLIN)
    with ledger.reading() as reader:
        status = plan_status(reader, plan, NOW)
        cost = period_cost(reader, plan, "cycle", NOW)
        cycles = plan_cycles(reader, plan, BEGAN, TODAY, TODAY)

    assert status.used == billed(plan, rows_of(plan, cycle.first, TODAY))
    assert cents(Fraction(status.cost)) == cost.total == cycles.cycles[-1].cost
    assert (status.cap, status.is_last_whole) == (cycles.cycles[-1].cap, True)
    assert status.forecast is not None
    assert status.forecast_cost is not None
    low, high = status.forecast_cost[1:]
    assert status.cost <= low <= status.forecast_cost[0] <= high
    assert status.devices == frozenset()


@pytest.mark.parametrize("name", PLANS)
def test_bytes_that_no_commit_has_taken_count_as_posted_ones(
    ledger: WrittenLedger, posted: WrittenLedger, name: str
) -> None:
    plan = PLANS[name]
    found = []
    for each in (ledger, posted):
        with each.reading() as reader:
            found.append((plan_status(reader, plan, NOW), application_costs(reader, plan, BEGAN, TODAY)))

    assert found[0] == found[1]


def test_at_another_price_the_bytes_of_all_scopes_cost_it(ledger: WrittenLedger) -> None:
    plan = PLANS["prices by scope"]
    with ledger.reading() as reader:
        found = application_costs(reader, plan, BEGAN, TODAY, price_per_gb=Decimal(2), selection=MACHINE)

    assert found.whole.total == cents(Fraction(2 * billed(plan, rows_of(plan, BEGAN, TODAY)), GB))
    assert sum(row.cost for row in found.applications) == found.whole.total
