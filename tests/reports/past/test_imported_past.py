"""Imported history in the past of Prometheus: counters step at the ends of days and spans, and end as the live ones."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.calendar.days import SLOT_SECONDS, day_of, day_start
from reports.calendar.period import Period
from reports.past.samples import Past
from reports.usage.usage import usage
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
BEGAN, TODAY = date(2026, 4, 10), date(2026, 4, 20)
NOW = int(datetime(2026, 4, 20, 18, 0, tzinfo=BERLIN).timestamp())
GB = 10**9
YEAR = (date(2025, 3, 10), date(2025, 12, 31), 50 * GB, 5 * GB)
JANUARY = (date(2026, 1, 1), date(2026, 1, 31), 31 * GB, GB)
FEBRUARY = (date(2026, 2, 1), date(2026, 2, 28), 28 * GB, GB)
MARCH = [(date(2026, 3, day), date(2026, 3, day), day * GB, day) for day in range(1, 29)]
IMPORTED = sum(row[2] for row in (YEAR, JANUARY, FEBRUARY, *MARCH))
COUNTER = "netledger_interface_receive_bytes_total"

Series = dict[int, int]


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Eleven gigabytes since April, and a year, two months and 28 days before; of the days until then nothing."""
    made = new_ledger(BERLIN)
    write(made)
    made.bring(YEAR, JANUARY, FEBRUARY, *MARCH)
    return made


def write(made: WrittenLedger) -> None:
    days = [BEGAN + timedelta(days=number) for number in range((TODAY - BEGAN).days + 1)]
    noons = [day_start(day, BERLIN) + 48 * SLOT_SECONDS for day in days]
    made.write(dict.fromkeys(noons, (GB, 7)), seen=day_start(BEGAN, BERLIN))


def past_of(ledger: WrittenLedger) -> dict[tuple[str, tuple[str, ...]], Series]:
    """Samples by the name of the family and the values of the labels."""
    with ledger.reading() as reader:
        past = Past(reader, NOW)
        return {
            (family.name, tuple(value for _, value in series.labels)): dict(
                zip(series.times, series.values, strict=True)
            )
            for family in past.families(past.span)
            for series in family.series
        }


def midnight(day: date) -> int:
    return day_start(day, BERLIN)


def test_a_counter_ends_as_the_live_one_and_begins_below_zero(ledger: WrittenLedger) -> None:
    found = past_of(ledger)

    for key in ((COUNTER, ("eth0",)), ("netledger_machine_receive_bytes_total", ())):
        counter = found[key]
        times = sorted(counter)
        assert (times[0], counter[times[0]]) == (midnight(YEAR[0]), -IMPORTED)
        assert counter[times[-1]] == 11 * GB
        assert [counter[time] for time in times] == sorted(counter.values())


def test_a_span_has_a_sample_at_its_end_alone(ledger: WrittenLedger) -> None:
    counter = past_of(ledger)[COUNTER, ("eth0",)]
    ends = [midnight(day) for day in (date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1))]

    assert [time for time in counter if time <= ends[-1]] == [midnight(YEAR[0]), *ends]
    steps = [counter[time] for time in (midnight(YEAR[0]), *ends)]
    assert [after - before for before, after in pairwise(steps)] == [50 * GB, 31 * GB, 28 * GB]


def test_imported_days_step_at_midnight_and_unknown_ones_have_no_sample(ledger: WrittenLedger) -> None:
    counter = past_of(ledger)[COUNTER, ("eth0",)]

    for first, _, received, _ in MARCH:
        after = midnight(first + timedelta(days=1))
        assert counter[after] - counter[midnight(first)] == received
    between = [time for time in counter if midnight(date(2026, 3, 29)) < time <= midnight(BEGAN)]
    assert between == []


def test_gauges_of_months_and_years_are_those_of_the_ledger(ledger: WrittenLedger) -> None:
    found = past_of(ledger)

    with ledger.reading() as reader:
        for number in range(1, 5):
            month = usage(reader, Period.month(2026, number, BERLIN), NOW).total.received
            monthly = found["netledger_machine_monthly_receive_bytes", (f"2026-{number:02}",)]
            assert monthly[max(monthly)] == month
            if number < 4:
                end = midnight(date(2026, number + 1, 1)) - 1
                last = max(time for time in found["netledger_machine_period_receive_bytes", ("month",)] if time <= end)
                assert found["netledger_machine_period_receive_bytes", ("month",)][last] == month
        year = usage(reader, Period.year(2026, BERLIN), NOW).total.received
    yearly = found["netledger_machine_period_receive_bytes", ("year",)]
    assert yearly[max(yearly)] == year
    assert yearly[midnight(date(2026, 1, 1)) - 1] == 50 * GB


def test_no_day_and_no_week_has_bytes_of_a_span(ledger: WrittenLedger) -> None:
    found = past_of(ledger)

    for period in ("day", "week"):
        gauge = found["netledger_machine_period_receive_bytes", (period,)]
        assert min(gauge) > midnight(date(2026, 3, 1))
    days = {labels[0] for name, labels in found if name == "netledger_machine_daily_receive_bytes"}
    assert days >= {"2026-03-28", "2026-04-10"}
    assert days.isdisjoint({"2026-02-28", "2026-03-29", "2026-04-09"})
    months = {labels[0] for name, labels in found if name == "netledger_machine_monthly_receive_bytes"}
    assert months == {"2026-01", "2026-02", "2026-03", "2026-04"}


def test_an_interface_that_was_only_imported_ends_with_its_past(ledger: WrittenLedger) -> None:
    ledger.bring((date(2026, 2, 1), date(2026, 2, 28), GB, GB), device="eth7", source="other")

    counter = past_of(ledger)[COUNTER, ("eth7",)]

    assert counter == {midnight(date(2026, 2, 1)): -GB, midnight(date(2026, 3, 1)): 0}


def test_a_span_may_end_on_the_day_on_which_counting_began(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    """April is what the other program had of it, less what netledger has counted since the 10th."""
    made = new_ledger(BERLIN)
    write(made)
    made.bring((date(2026, 4, 1), date(2026, 4, 30), 20 * GB, 0))

    found = past_of(made)

    counter = found[COUNTER, ("eth0",)]
    times = sorted(time for time in counter if time > midnight(BEGAN))
    assert counter[times[0]] == -9 * GB
    assert counter[midnight(BEGAN + timedelta(days=1))] == GB
    assert len([time for time in times if time <= midnight(BEGAN + timedelta(days=1))]) == 96
    day = found["netledger_machine_period_receive_bytes", ("day",)]
    month = found["netledger_machine_period_receive_bytes", ("month",)]
    end = midnight(BEGAN + timedelta(days=1)) - 1
    assert (day[end], month[end], month[max(month)]) == (GB, 10 * GB, 20 * GB)


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 70), st.integers(1, GB)), min_size=1, max_size=7)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(drawn=SPANS)
def test_no_period_is_below_zero_and_each_has_what_usage_has(
    drawn: list[tuple[int, int, int]], template: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Spans of any length, over the ends of weeks, months and years."""
    made = WrittenLedger(tmp_path_factory.mktemp("past"), template, BERLIN)
    write(made)
    first, rows = date(2025, 1, 1), []
    for gap, length, amount in drawn:
        begin = first + timedelta(days=gap)
        first = begin + timedelta(days=length + 1)
        if first <= BEGAN:
            rows.append((begin, first - timedelta(days=1), amount, 0))
    made.bring(*rows)

    found = past_of(made)

    gauges = [series for (name, _), series in found.items() if "_bytes_total" not in name]
    assert all(value >= 0 for series in gauges for value in series.values())
    with made.reading() as reader:
        for period in ("month", "year"):
            gauge = found["netledger_machine_period_receive_bytes", (period,)]
            for row in rows:
                end = midnight(row[1] + timedelta(days=1)) - 1
                day = day_of(end, BERLIN)
                whole = (
                    Period.month(day.year, day.month, BERLIN) if period == "month" else Period.year(day.year, BERLIN)
                )
                until = usage(reader, Period.days(whole.first, day, BERLIN), NOW).total.received
                assert gauge[end] == until
        assert sum(row[2] for row in rows) + 11 * GB == reader.lifetime().received
    counter = found[COUNTER, ("eth0",)]
    assert counter[max(counter)] - counter[min(counter)] == sum(row[2] for row in rows) + 11 * GB
