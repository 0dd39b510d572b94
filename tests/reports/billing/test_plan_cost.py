"""What a stretch costs, against an oracle that adds up a history's rows in plain Python, without anything of ours."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.billing.cost import period_cost, stretch_cost
from reports.billing.cycles import plan_cycles
from reports.billing.plans import CycleRule, FreeHours, Plan, PriceStep
from reports.billing.prices import one_price
from reports.billing.status import plan_status
from reports.ledger.selection import MACHINE, of_interfaces
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from reports.billing.cost import StretchCost
    from reports.billing.plans import Counts

BERLIN = ZoneInfo("Europe/Berlin")
DEVICES = ("eth0", "eth1", "wg0")
BEGAN, TODAY = date(2026, 1, 20), date(2026, 4, 9)
NOW = datetime(2026, 4, 9, 18, 0, tzinfo=BERLIN).timestamp()
GB = 10**9
NIGHT = FreeHours(23 * 60, 5 * 60)
STEPS = (PriceStep(20 * GB, Decimal(1)), PriceStep(60 * GB, Decimal("0.5")), PriceStep(None, Decimal("0.0125")))


class Row(NamedTuple):
    """What a device moved in a quarter hour."""

    local: datetime
    device: str
    received: int
    sent: int


def history() -> list[Row]:
    """A few quarter hours of every day, so that both directions are now and then the larger one."""
    chance = random.Random(20260409)  # noqa: S311 - a history, not a secret
    rows = []
    for number in range((TODAY - BEGAN).days + 1):
        day = BEGAN + timedelta(days=number)
        for device in DEVICES:
            for hour in (0, 4, 9, 17, 23):
                if (day, hour) > (TODAY, 17):
                    continue
                local = datetime(day.year, day.month, day.day, hour, 15 * chance.randrange(4), tzinfo=BERLIN)
                rows.append(Row(local, device, chance.randrange(2 * GB), chance.randrange(2 * GB)))
    return rows


ROWS = history()


@pytest.fixture(scope="module")
def ledger(template: Path, tmp_path_factory: pytest.TempPathFactory) -> WrittenLedger:
    made = WrittenLedger(tmp_path_factory.mktemp("costs"), template, BERLIN)
    seen = int(datetime(BEGAN.year, BEGAN.month, BEGAN.day, tzinfo=BERLIN).timestamp())
    last = max(row.local for row in ROWS)
    for device in DEVICES:
        posted = {int(row.local.timestamp()): row[2:] for row in ROWS if row.device == device and row.local != last}
        made.write(posted, device=device, seen=seen)
    for row in ROWS:
        if row.local == last:
            made.hold_back(int(last.timestamp()), row[2:], device=row.device)
    return made


def first_day_of_cycle(plan: Plan, day: date) -> date:
    """By a calendar, for the two kinds that are tried."""
    if plan.cycle.kind == "weekly":
        return day - timedelta(days=day.weekday())
    while day.day != plan.cycle.day:
        day -= timedelta(days=1)
    return day


def moved(plan: Plan, first: date, last: date, devices: Iterable[str] = DEVICES) -> tuple[int, int]:
    found = [
        row
        for row in ROWS
        if first <= row.local.date() <= last
        and row.device in devices
        and row.device in covered(plan)
        and not (plan.free_hours and (row.local.hour >= 23 or row.local.hour < 5))
    ]
    return sum(row.received for row in found), sum(row.sent for row in found)


def covered(plan: Plan) -> tuple[str, ...]:
    return ("eth0", "eth1") if plan.interfaces == ("counted",) else ("eth1", "wg0")


def billed(plan: Plan, first: date, last: date) -> int:
    received, sent = moved(plan, first, last)
    both = {"both": received + sent, "receive": received, "transmit": sent, "larger": max(received, sent)}
    return both[plan.counts]


def price(plan: Plan, amount: int) -> Decimal:
    """Byte by byte, a step after the other."""
    total, begin = Decimal(0), 0
    for up_to, per_gb in plan.price_steps:
        end = amount if up_to is None else min(up_to, amount)
        total += Decimal(max(0, end - begin)) * per_gb / GB
        begin = max(begin, end)
    return total


def oracle(plan: Plan, first: date, last: date) -> list[Decimal]:
    """The exact bill of each cycle in the stretch."""
    bills, day = [], first
    while day <= last:
        began = first_day_of_cycle(plan, day)
        following = day
        while following <= last and first_day_of_cycle(plan, following) == began:
            following += timedelta(days=1)
        end = following - timedelta(days=1)
        before = billed(plan, began, day - timedelta(days=1))
        base = plan.base_price if day == began else 0
        bills.append(price(plan, billed(plan, began, end)) - price(plan, before) + base)
        day = following
    return bills


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def asked(ledger: WrittenLedger, question: Callable[..., StretchCost], *args: object, **more: object) -> StretchCost:
    with ledger.reading() as reader:
        return question(reader, *args, **more)


days = st.integers(12, (TODAY - BEGAN).days).map(lambda number: BEGAN + timedelta(days=number))


@st.composite
def some_plan(draw: st.DrawFn) -> Plan:
    counts: Counts = draw(st.sampled_from(["both", "receive", "transmit", "larger"]))
    return Plan(
        "some",
        interfaces=draw(st.sampled_from([("counted",), ("eth1", "wg*")])),
        cycle=draw(st.sampled_from([CycleRule("weekly"), CycleRule(day=7), CycleRule(day=1)])),
        counts=counts,
        free_hours=draw(st.sampled_from([(), (NIGHT,)])),
        price_steps=draw(st.sampled_from([STEPS, one_price(Decimal("0.0731"))])),
        base_price=draw(st.sampled_from([Decimal(0), Decimal("29.905")])),
        gigabyte_bytes=GB,
    )


on_one_ledger = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@on_one_ledger
@given(some_plan(), days, days)
def test_a_stretch_costs_what_its_rows_come_to_cycle_by_cycle(
    ledger: WrittenLedger, plan: Plan, one: date, other: date
) -> None:
    first, last = sorted((one, other))

    found = asked(ledger, stretch_cost, plan, first, last)

    assert [bill.exact for bill in found.bills] == oracle(plan, first, last)
    assert found.total == sum(map(cents, oracle(plan, first, last)))
    assert found.total == found.base + found.receive + found.transmit
    assert min(found.base, found.receive, found.transmit) >= 0


@on_one_ledger
@given(some_plan(), days, days, days)
def test_adjacent_stretches_add_up_to_the_whole(
    ledger: WrittenLedger, plan: Plan, one: date, other: date, third: date
) -> None:
    first, middle, last = sorted((one, other, third))

    left = asked(ledger, stretch_cost, plan, first, middle)
    right = asked(ledger, stretch_cost, plan, middle + timedelta(days=1), last) if middle < last else None
    whole = asked(ledger, stretch_cost, plan, first, last)

    parts = [left, right] if right else [left]
    assert sum(bill.exact for part in parts for bill in part.bills) == sum(bill.exact for bill in whole.bills)
    assert sum(part.billed.total for part in parts) == whole.billed.total


@on_one_ledger
@given(some_plan())
def test_a_cycle_costs_what_the_plan_says(ledger: WrittenLedger, plan: Plan) -> None:
    with ledger.reading() as reader:
        status = plan_status(reader, plan, NOW)
        found = period_cost(reader, plan, "cycle", NOW)
        cycles = plan_cycles(reader, plan, status.cycle.first, TODAY, TODAY)

    assert found.total == cycles.cost == cents(status.cost)
    assert found.billed.total == status.used
    assert found.free == status.free


@on_one_ledger
@given(some_plan())
def test_a_stretch_of_whole_cycles_costs_the_sum_of_their_bills(ledger: WrittenLedger, plan: Plan) -> None:
    first = first_day_of_cycle(plan, date(2026, 2, 8))
    with ledger.reading() as reader:
        cycles = plan_cycles(reader, plan, first, TODAY, TODAY)
        found = stretch_cost(reader, plan, first, TODAY)

    assert found.total == cycles.cost == sum(cycle.cost for cycle in cycles.cycles)
    assert [bill.total for bill in found.bills] == [cycle.cost for cycle in cycles.cycles]


@on_one_ledger
@given(some_plan(), days)
def test_interfaces_have_their_shares_of_the_bill_by_bytes(ledger: WrittenLedger, plan: Plan, day: date) -> None:
    whole = asked(ledger, stretch_cost, plan._replace(base_price=Decimal(0)), day, TODAY)
    shares = [asked(ledger, stretch_cost, plan, day, TODAY, selection=of_interfaces([device])) for device in DEVICES]

    with localcontext(prec=200):
        parts = sum((bill.exact for share in shares for bill in share.bills), Decimal(0))
        difference = parts - sum((bill.exact for bill in whole.bills), Decimal(0))
    assert abs(difference) < Decimal("1e-100")
    assert [share.is_covered for share in shares] == [device in covered(plan) for device in DEVICES]
    if plan.counts != "larger":
        assert sum(share.billed.total for share in shares) == whole.billed.total
    assert [share.base for share in shares] == [0, 0, 0]


def test_an_interface_at_one_price_costs_its_bytes(ledger: WrittenLedger) -> None:
    plan = Plan(price_steps=one_price(Decimal("0.07")), gigabyte_bytes=GB)

    found = asked(ledger, stretch_cost, plan, TODAY, TODAY, selection=of_interfaces(["eth1"]))

    assert found.total == cents(Decimal(sum(moved(plan, TODAY, TODAY, ["eth1"]))) / GB * Decimal("0.07"))


def test_ever_begins_with_the_cycle_in_which_counting_began(ledger: WrittenLedger) -> None:
    plan = Plan(cycle=CycleRule(day=7), price_steps=STEPS, base_price=Decimal(10), gigabyte_bytes=GB)

    found = asked(ledger, period_cost, plan, "ever", NOW)

    assert (found.bills[0].first, str(found.base)) == (date(2026, 1, 7), "40.00")
    assert found.total == sum(map(cents, oracle(plan, date(2026, 1, 7), TODAY)))


@pytest.mark.parametrize("device", [None, "wg0"])
def test_another_price_is_no_bill_and_is_rounded_once(ledger: WrittenLedger, device: str | None) -> None:
    """An interface that is asked for is priced whether the plan covers it or not: nobody bills it."""
    plan = Plan(cycle=CycleRule("weekly"), price_steps=STEPS, base_price=Decimal(10), gigabyte_bytes=GB)
    rows = [row for row in ROWS if (row.device in covered(plan) if device is None else row.device == device)]

    selection = MACHINE if device is None else of_interfaces([device])
    found = asked(ledger, period_cost, plan, "ever", NOW, price_per_gb=Decimal("0.123"), selection=selection)

    assert found.total == cents(Decimal(sum(row.received + row.sent for row in rows)) / GB * Decimal("0.123"))
    assert (len(found.bills), found.base) == (1, Decimal(0))


def test_an_empty_ledger_costs_the_base_price(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    plan = Plan(base_price=Decimal(10), currency="EUR")

    with new_ledger(BERLIN).reading() as reader:
        assert period_cost(reader, plan, "cycle", NOW).total == plan_status(reader, plan, NOW).cost == 10
