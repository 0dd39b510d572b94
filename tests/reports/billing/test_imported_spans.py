"""Imported months and years in plans: a cycle that holds one whole has it, and none has one that it would cut."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.billing.billed_usage import BilledUsage
from reports.billing.cost import stretch_cost
from reports.billing.cycles import plan_cycles
from reports.billing.estimates import estimate
from reports.billing.plans import CycleRule, FreeHours, Plan
from reports.billing.prices import one_price
from reports.billing.status import plan_status
from reports.calendar.period import Period
from reports.ledger.selection import MACHINE
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
BEGAN, TODAY = date(2026, 4, 10), date(2026, 4, 20)
NOW = datetime(2026, 4, 20, 18, 0, tzinfo=BERLIN).timestamp()
GB = 10**9
MARCH = (date(2026, 3, 1), date(2026, 3, 31), 30 * GB, 3 * GB)
EARLY_APRIL = (date(2026, 4, 1), date(2026, 4, 9), 5 * GB, GB)
BY_MONTH = Plan(name="home", cap_bytes=100 * GB, gigabyte_bytes=GB, price_steps=one_price(Decimal(1)))
FROM_MIDDLE = BY_MONTH._replace(cycle=CycleRule(day=15))


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """One gigabyte each noon since counting began."""
    made = new_ledger(BERLIN)
    write(made)
    return made


def write(made: WrittenLedger) -> None:
    days = [BEGAN + timedelta(days=number) for number in range((TODAY - BEGAN).days + 1)]
    noons = [int(datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN).timestamp()) for day in days]
    made.write(dict.fromkeys(noons, (GB, 0)), seen=int(datetime(2026, 4, 10, tzinfo=BERLIN).timestamp()))


def test_a_cycle_that_holds_a_span_has_it(ledger: WrittenLedger) -> None:
    ledger.bring(MARCH, EARLY_APRIL)

    with ledger.reading() as reader:
        status = plan_status(reader, BY_MONTH, NOW)
        cycles = plan_cycles(reader, BY_MONTH, date(2026, 3, 1), TODAY, TODAY)
        cost = stretch_cost(reader, BY_MONTH, date(2026, 1, 1), TODAY)

    assert (status.used, status.imported, status.across) == (17 * GB, 6 * GB, 0)
    assert (status.last_used, status.last_across) == (33 * GB, 0)
    assert [cycle.used for cycle in cycles.cycles] == [33 * GB, 17 * GB]
    assert [bill.total for bill in cost.bills] == [Decimal(33), Decimal(17)]
    assert (cycles.across, cost.across) == (0, 0)


def test_a_span_that_crosses_the_end_of_a_cycle_is_in_none_and_said(ledger: WrittenLedger) -> None:
    ledger.bring(MARCH, EARLY_APRIL)

    with ledger.reading() as reader:
        status = plan_status(reader, FROM_MIDDLE, NOW)
        cycles = plan_cycles(reader, FROM_MIDDLE, date(2026, 2, 20), TODAY, TODAY)
        cost = stretch_cost(reader, FROM_MIDDLE, None, TODAY)

    assert (status.used, status.across) == (6 * GB, 0)
    assert (status.last_used, status.last_across) == (11 * GB, 33 * GB)
    assert [cycle.used for cycle in cycles.cycles] == [0, 11 * GB, 6 * GB]
    assert cycles.across == cost.across == 33 * GB
    assert cost.total == Decimal(17)


def test_a_stretch_that_cuts_a_span_says_so(ledger: WrittenLedger) -> None:
    ledger.bring(MARCH)

    with ledger.reading() as reader:
        half = stretch_cost(reader, BY_MONTH, date(2026, 3, 15), TODAY)
        later = stretch_cost(reader, BY_MONTH, date(2026, 4, 1), TODAY)

    assert (half.billed.total, half.across) == (11 * GB, 33 * GB)
    assert (later.billed.total, later.across) == (11 * GB, 0)


def test_free_hours_of_a_span_are_not_known_and_billed(ledger: WrittenLedger) -> None:
    ledger.bring(EARLY_APRIL)
    plan = BY_MONTH._replace(free_hours=(FreeHours(11 * 60, 13 * 60),))

    with ledger.reading() as reader:
        status = plan_status(reader, plan, NOW)

    assert (status.used, status.free) == (6 * GB, 11 * GB)
    assert status.free_hours_since == BEGAN


@pytest.mark.parametrize("spans", [(MARCH,), (EARLY_APRIL,), (MARCH, EARLY_APRIL)], ids=["before", "within", "both"])
def test_a_forecast_takes_no_unknown_day_for_idle(
    spans: tuple[tuple[date, date, int, int], ...], ledger: WrittenLedger
) -> None:
    with ledger.reading() as reader:
        before = plan_status(reader, BY_MONTH, NOW).forecast
        month = estimate(reader, Period.month(2026, 4, BERLIN), NOW)
    ledger.bring(*spans)

    with ledger.reading() as reader:
        after = plan_status(reader, BY_MONTH, NOW).forecast
        month_after = estimate(reader, Period.month(2026, 4, BERLIN), NOW)

    assert before is not None
    assert month is not None
    in_april = sum(row[2] + row[3] for row in spans if row is EARLY_APRIL)
    assert after == before.plus(in_april)
    assert month_after is not None
    assert month_after.total == month.total.plus(in_april)


def test_a_cap_is_reached_by_the_end_of_a_span_at_the_latest(ledger: WrittenLedger) -> None:
    ledger.bring(EARLY_APRIL)
    end = int(datetime(2026, 4, 10, tzinfo=BERLIN).timestamp())

    with ledger.reading() as reader:
        within = plan_status(reader, BY_MONTH._replace(cap_bytes=5 * GB), NOW).cap_reached_at
        later = plan_status(reader, BY_MONTH._replace(cap_bytes=8 * GB), NOW).cap_reached_at

    assert within == end
    assert later is not None
    assert datetime.fromtimestamp(later, BERLIN).date() == date(2026, 4, 11)


def test_how_much_was_used_by_then_is_not_known_within_a_span(ledger: WrittenLedger) -> None:
    ledger.bring(MARCH)

    with ledger.reading() as reader:
        usage = BilledUsage(reader, BY_MONTH, MACHINE)
        cut = usage.until(date(2026, 3, 1), int(datetime(2026, 3, 20, 18, tzinfo=BERLIN).timestamp()))
        whole = usage.until(date(2026, 3, 1), int(datetime(2026, 4, 1, tzinfo=BERLIN).timestamp()))
        status = plan_status(reader, BY_MONTH, NOW)

    assert (cut, status.last_used_by_now) == (None, None)
    assert whole is None  # its last day is within the span
    assert status.last_used == 33 * GB


SPANS = st.lists(st.tuples(st.integers(0, 99), st.integers(1, 40), st.integers(1, GB)), max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(drawn=SPANS, day=st.integers(1, 28))
def test_bills_and_what_is_left_out_are_all_that_there_is(
    drawn: list[tuple[int, int, int]], day: int, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Spans of any length, none over another; each byte is in one bill, or said to be in none."""
    made = WrittenLedger(tmp_path_factory.mktemp("spans"), template, BERLIN)
    write(made)
    first, rows = date(2025, 1, 1), []
    for gap, length, amount in drawn:
        begin = first + timedelta(days=gap)
        first = begin + timedelta(days=length + 1)
        if first <= BEGAN:
            rows.append((begin, first - timedelta(days=1), amount, amount // 3))
    if rows:
        made.bring(*rows)

    with made.reading() as reader:
        plan = BY_MONTH._replace(cycle=CycleRule(day=day))
        cost = stretch_cost(reader, plan, None, TODAY)
        lifetime = reader.lifetime()

    assert cost.billed.total + cost.across == lifetime.total
