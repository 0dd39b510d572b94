from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.billing.plans import (
    CycleRule,
    FreeHours,
    Plan,
    cap_with_rollover,
    counted_bytes,
    covers,
    cycle_before,
    cycle_of,
    free_windows,
    in_free_hours,
)
from reports.calendar.days import SLOT_SECONDS
from reports.calendar.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.billing.plans import Counts

DAY = timedelta(days=1)
BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = sorted(available_timezones() - {"Factory", "localtime"})

some_zone = st.sampled_from(ZONES).map(ZoneInfo)
some_day = st.dates(date(2000, 1, 1), date(2070, 12, 31))
some_rule = st.one_of(
    st.builds(CycleRule, st.just("monthly"), st.integers(1, 31)),
    st.sampled_from([CycleRule("weekly"), CycleRule("daily")]),
    st.builds(CycleRule, st.just("every"), st.just(1), st.integers(1, 366), some_day),
)
some_minute = st.integers(0, 96).map(lambda slot: slot * 15)
some_free_hours = st.lists(st.builds(FreeHours, some_minute, some_minute), max_size=4).map(tuple)


def hours(first: int, last: int) -> FreeHours:
    return FreeHours(first * 60, last * 60)


def free_clocks(plan: Plan, day: date, zone: ZoneInfo) -> list[str]:
    """What is free of a day, as local times with their offsets."""
    windows = free_windows(plan, Period.day(day, zone), zone)
    return [
        " to ".join(datetime.fromtimestamp(at, UTC).astimezone(zone).strftime("%H:%M%z") for at in window)
        for window in windows
    ]


def names(plan: Plan, days: Iterable[date]) -> list[str]:
    return [cycle_of(plan, day, KOLKATA).name for day in days]


@pytest.mark.parametrize(
    ("interfaces", "device", "is_counted", "covered"),
    [
        (("counted",), "eth0", True, True),
        (("counted",), "eth0", False, False),
        (("wwan*", "ppp0"), "wwan1", False, True),
        (("wwan*", "ppp0"), "ppp0", True, True),
        (("wwan*", "ppp0"), "eth0", True, False),
        (("WWAN*",), "wwan0", True, False),
        ((), "eth0", True, False),
    ],
)
def test_a_plan_covers_what_it_names(
    interfaces: tuple[str, ...], device: str, *, is_counted: bool, covered: bool
) -> None:
    assert covers(Plan(interfaces=interfaces), device, is_counted=is_counted) is covered


@pytest.mark.parametrize(
    ("counts", "amount"), [("both", 10**30 + 3), ("receive", 10**30), ("transmit", 3), ("larger", 10**30)]
)
def test_a_plan_counts_the_direction_that_it_bills(counts: Counts, amount: int) -> None:
    assert counted_bytes(Plan(counts=counts), 10**30, 3) == amount


def test_calendar_months_bear_the_months_name() -> None:
    assert names(Plan(), [date(2026, 2, 28), date(2026, 3, 1)]) == ["2026-02", "2026-03"]


def test_a_cycle_day_that_a_month_lacks_is_its_last() -> None:
    plan = Plan(cycle=CycleRule("monthly", 31))

    days = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 30)]

    assert names(plan, days) == [
        "2025-12-31 to 2026-01-30",
        "2026-01-31 to 2026-02-27",
        "2026-01-31 to 2026-02-27",
        "2026-02-28 to 2026-03-30",
        "2026-02-28 to 2026-03-30",
    ]
    assert cycle_of(plan, date(2028, 2, 29), KOLKATA).first == date(2028, 2, 29)


def test_weeks_begin_on_monday_and_days_at_midnight() -> None:
    sunday = date(2026, 8, 9)

    assert cycle_of(Plan(cycle=CycleRule("weekly")), sunday, KOLKATA).first == date(2026, 8, 3)
    assert cycle_of(Plan(cycle=CycleRule("daily")), sunday, KOLKATA).name == "2026-08-09"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 1, 15), "2026-01-15 to 2026-02-13"),
        (date(2026, 2, 13), "2026-01-15 to 2026-02-13"),
        (date(2026, 2, 14), "2026-02-14 to 2026-03-15"),
        (date(2026, 1, 14), "2025-12-16 to 2026-01-14"),
        (date(2025, 12, 16), "2025-12-16 to 2026-01-14"),
        (date(2025, 12, 15), "2025-11-16 to 2025-12-15"),
    ],
)
def test_every_30_days_goes_on_before_and_after_its_date(day: date, name: str) -> None:
    assert names(Plan(cycle=CycleRule("every", 1, 30, date(2026, 1, 15))), [day]) == [name]


@settings(deadline=None)
@given(some_rule, some_day, some_zone)
def test_cycles_tile_without_a_gap(rule: CycleRule, day: date, zone: ZoneInfo) -> None:
    plan = Plan(cycle=rule)

    cycle = cycle_of(plan, day, zone)
    before, after = cycle_before(plan, cycle, zone), cycle_of(plan, cycle.last + timedelta(days=1), zone)

    assert cycle.first <= day <= cycle.last
    assert (before.end, cycle.end) == (cycle.start, after.start)
    assert (before.last + DAY, cycle.last + DAY) == (cycle.first, after.first)
    assert cycle == cycle_of(plan, cycle.first, zone) == cycle_of(plan, cycle.last, zone)


@pytest.mark.parametrize(
    ("used_before", "cap"),
    [
        ([], 100),
        ([100], 100),
        ([30], 170),
        ([0], 200),
        ([500], 100),
        # 200 may be used after an idle cycle, the carried 100 first; what is left of the own 100 moves on.
        ([150, 0], 150),
        ([50, 0], 200),
        ([0, 0, 0], 200),
    ],
)
def test_an_unused_cap_moves_one_cycle(used_before: list[int], cap: int) -> None:
    assert cap_with_rollover(Plan(cap_bytes=100, rollover=True), used_before) == cap


@given(st.integers(0, 100), st.lists(st.integers(0, 250), max_size=14))
def test_carrying_over_from_the_last_cycle_back_is_carrying_on_from_the_oldest(cap: int, used: list[int]) -> None:
    carried = 0
    for amount in used:
        carried = min(cap, max(0, cap + carried - amount))

    assert cap_with_rollover(Plan(cap_bytes=cap, rollover=True), reversed(used)) == cap + carried


def test_cycles_that_cannot_matter_are_not_asked_for() -> None:
    asked: list[int] = []

    def used_before() -> Iterator[int]:
        for amount in (40, 50, 0, 0, 0):
            asked.append(amount)
            yield amount

    assert cap_with_rollover(Plan(cap_bytes=100, rollover=True), used_before()) == 200
    assert asked == [40, 50]


def test_without_rollover_nothing_moves() -> None:
    assert cap_with_rollover(Plan(cap_bytes=100), [0]) == 100
    assert cap_with_rollover(Plan(rollover=True), [0]) is None


@pytest.mark.parametrize(
    ("free_hours", "clocks"),
    [
        ((), []),
        ((hours(1, 7),), ["01:00+0530 to 07:00+0530"]),
        ((hours(0, 24),), ["00:00+0530 to 00:00+0530"]),
        ((hours(22, 6),), ["00:00+0530 to 06:00+0530", "22:00+0530 to 00:00+0530"]),
        ((hours(1, 3), hours(3, 4), hours(2, 3)), ["01:00+0530 to 04:00+0530"]),
        ((FreeHours(615, 630),), ["10:15+0530 to 10:30+0530"]),
        ((hours(3, 3),), []),
    ],
)
def test_free_hours_are_cut_on_the_local_clock(free_hours: tuple[FreeHours, ...], clocks: list[str]) -> None:
    assert free_clocks(Plan(free_hours=free_hours), date(2026, 8, 5), KOLKATA) == clocks


@pytest.mark.parametrize(
    ("day", "clocks"),
    [
        # The clock goes from 02:00 to 03:00, and in autumn from 03:00 back to 02:00.
        (date(2026, 3, 29), ["01:00+0100 to 07:00+0200"]),
        (date(2026, 10, 25), ["01:00+0200 to 07:00+0100"]),
    ],
)
def test_free_hours_follow_the_clock_on_the_days_it_changes(day: date, clocks: list[str]) -> None:
    (window,) = free_windows(Plan(free_hours=(hours(1, 7),)), Period.day(day, BERLIN), BERLIN)

    assert free_clocks(Plan(free_hours=(hours(1, 7),)), day, BERLIN) == clocks
    assert window[1] - window[0] == (5 if day.month == 3 else 7) * 3600


def test_an_hour_that_the_clock_skips_is_not_free_and_one_that_it_repeats_is_free_twice() -> None:
    plan = Plan(free_hours=(hours(2, 3),))

    assert free_clocks(plan, date(2026, 3, 29), BERLIN) == []
    assert free_clocks(plan, date(2026, 10, 25), BERLIN) == ["02:00+0200 to 03:00+0100"]


def test_nights_are_one_window_across_midnight() -> None:
    plan = Plan(free_hours=(hours(22, 6),))
    week = Period.days(date(2026, 8, 3), date(2026, 8, 9), KOLKATA)

    lengths = [(end - start) // 3600 for start, end in free_windows(plan, week, KOLKATA)]

    assert lengths == [6, 8, 8, 8, 8, 8, 8, 2]


@settings(deadline=None, max_examples=60)
@given(some_free_hours, some_rule, some_day, some_zone)
def test_free_windows_are_the_slots_that_are_free(
    free_hours: tuple[FreeHours, ...], rule: CycleRule, day: date, zone: ZoneInfo
) -> None:
    plan = Plan(cycle=rule, free_hours=free_hours)
    cycle = cycle_of(plan, day, zone)
    looked_at = Period.days(cycle.first, min(cycle.last, cycle.first + 3 * DAY), zone)

    windows = list(free_windows(plan, looked_at, zone))

    slots = [slot for start, end in windows for slot in range(start, end, SLOT_SECONDS)]
    every = range(looked_at.start, looked_at.end, SLOT_SECONDS)
    assert slots == [slot for slot in every if in_free_hours(plan, slot, zone)]
    assert all(start % SLOT_SECONDS == 0 == end % SLOT_SECONDS for start, end in windows)
    assert all(end < start for (_, end), (start, _) in pairwise(windows))


@pytest.mark.parametrize("name", ["Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana"])
def test_free_windows_are_exact_through_a_year_with_clock_changes(name: str) -> None:
    zone, plan = ZoneInfo(name), Plan(free_hours=(hours(23, 3), FreeHours(735, 765)))
    year = Period.year(2026, zone)

    slots = [slot for start, end in free_windows(plan, year, zone) for slot in range(start, end, SLOT_SECONDS)]

    assert slots == [s for s in range(year.start, year.end, SLOT_SECONDS) if in_free_hours(plan, s, zone)]


def test_an_instant_within_a_free_slot_is_free() -> None:
    plan = Plan(free_hours=(hours(1, 7),))
    seven = int(datetime(2026, 8, 5, 7, tzinfo=KOLKATA).timestamp())

    assert in_free_hours(plan, seven - 1, KOLKATA)
    assert not in_free_hours(plan, seven, KOLKATA)


def test_a_date_that_a_zone_skipped_is_an_empty_cycle() -> None:
    zone, plan = ZoneInfo("Pacific/Apia"), Plan(cycle=CycleRule("daily"), free_hours=(hours(0, 24),))

    cycle = cycle_of(plan, date(2011, 12, 30), zone)

    assert cycle.start == cycle.end
    assert list(free_windows(plan, cycle, zone)) == []
