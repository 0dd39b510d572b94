from __future__ import annotations

import random
from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.calendar.days import SLOT_SECONDS, dates, day_of, day_start, iso, moment_on, months
from reports.calendar.parsing import PeriodError, parse_date
from reports.calendar.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})
FROM = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
TO = int(datetime(2071, 1, 1, tzinfo=UTC).timestamp())
# No zone has changed its clocks twice within six days since 2000.
STRIDE = 6 * 86_400
KOLKATA = ZoneInfo("Asia/Kolkata")

some_zone = st.sampled_from(ZONES).map(ZoneInfo)
some_date = st.dates(date(2000, 1, 1), date(2070, 12, 31))


def local(t: int, zone: ZoneInfo) -> datetime:
    return (EPOCH + timedelta(seconds=t)).astimezone(zone)


def changes_of(zone: ZoneInfo) -> Iterator[int]:
    """Instants at which the offset of the zone changes, found by halving from one sample to the next."""
    samples = range(FROM, TO, STRIDE)
    offsets = [datetime.fromtimestamp(t, zone).utcoffset() for t in samples]
    for (sample, before), (_, after) in pairwise(zip(samples, offsets, strict=True)):
        if before != after:
            following = range(sample, sample + STRIDE + 1)
            yield following[bisect_left(following, 1, key=lambda t: local(t, zone).utcoffset() != before)]


def first_slots(days: Iterable[date], zone: ZoneInfo) -> dict[date, int]:
    """What `day_start` promises, by looking at every slot from two days before the first."""
    wanted = sorted(days)
    slot = int(datetime.combine(wanted[0] - 2 * DAY, datetime.min.time(), UTC).timestamp())
    found = {}
    for day in wanted:
        while local(slot, zone).date() < day:
            slot += SLOT_SECONDS
        found[day] = slot
    return found


def assert_days_tile(middle: date, zone: ZoneInfo) -> None:
    around = [middle + offset * DAY for offset in range(-1, 3)]
    starts = [day_start(day, zone) for day in around]
    assert not any(start % SLOT_SECONDS for start in starts)
    for day, (start, end) in zip(around, pairwise(starts), strict=False):
        assert start <= end
        assert day_of(start - 1, zone) < day
        if start < end:
            assert day_of(start, zone) == day
            assert day_of(end - 1, zone) == day


def test_days_tile_around_every_change_of_clocks_of_every_zone() -> None:
    checked = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in changes_of(zone):
            assert_days_tile(local(change, zone).date(), zone)
            checked += 1

    assert checked > 10_000


def test_days_begin_at_the_first_slot_of_their_date_in_every_zone() -> None:
    chance = random.Random(20_000_101)  # noqa: S311 - dates, not secrets
    for name in ZONES:
        zone = ZoneInfo(name)
        day = date(2000, 1, 2) + chance.randrange(25_900) * DAY

        assert day_start(day, zone) == first_slots([day], zone)[day]
        assert_days_tile(day, zone)


@settings(deadline=None)
@given(some_zone, st.integers(FROM, TO))
def test_every_instant_belongs_to_exactly_one_day(zone: ZoneInfo, instant: int) -> None:
    day = day_of(instant, zone)

    assert day_start(day, zone) <= instant < day_start(day + DAY, zone)
    assert day_of(instant + 0.5, zone) == day


@settings(deadline=None)
@given(some_zone, some_date)
def test_weeks_tile(zone: ZoneInfo, d: date) -> None:
    week = Period.week(d, zone)

    assert week.first <= d <= week.last
    assert (week.first.weekday(), week.last.weekday()) == (0, 6)
    assert week.end == Period.week(week.last + DAY, zone).start


@settings(deadline=None)
@given(some_zone, some_date)
def test_months_and_years_tile(zone: ZoneInfo, d: date) -> None:
    month, year = Period.month(d.year, d.month, zone), Period.year(d.year, zone)
    following = month.last + DAY

    assert month.first <= d <= month.last
    assert month.end == Period.month(following.year, following.month, zone).start
    assert year.end == Period.year(d.year + 1, zone).start
    assert year.start == Period.month(d.year, 1, zone).start
    assert year.end == Period.month(d.year, 12, zone).end


@settings(deadline=None)
@given(some_zone, some_date, st.integers(1, 31))
def test_cycles_tile(zone: ZoneInfo, d: date, cycle_day: int) -> None:
    cycle = Period.cycle(d, cycle_day, zone)

    following = Period.cycle(cycle.last + DAY, cycle_day, zone)

    assert cycle.first <= d <= cycle.last
    assert (following.first, following.start) == (cycle.last + DAY, cycle.end)
    assert cycle == Period.cycle(cycle.first, cycle_day, zone) == Period.cycle(cycle.last, cycle_day, zone)


@pytest.mark.parametrize(
    ("name", "day", "start", "hours"),
    [
        ("Asia/Kolkata", "2019-11-22", "2019-11-21T18:30Z", 24),
        ("Pacific/Auckland", "2019-04-07", "2019-04-06T11:00Z", 25),
        ("Pacific/Auckland", "2019-09-29", "2019-09-28T12:00Z", 23),
        ("Australia/Lord_Howe", "2019-04-07", "2019-04-06T13:00Z", 24.5),
        ("Australia/Lord_Howe", "2019-10-06", "2019-10-05T13:30Z", 23.5),
        # 00:01 became 01:01, and 23:01 of the day before: the midnights themselves are slots.
        ("America/St_Johns", "2005-04-03", "2005-04-03T03:30Z", 23),
        ("America/St_Johns", "2005-10-29", "2005-10-29T02:30Z", 24),
        ("America/St_Johns", "2005-10-30", "2005-10-30T02:30Z", 25),
        # Midnight never came: the day begins at 01:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", 23),
        ("Asia/Beirut", "2019-03-31", "2019-03-30T22:00Z", 23),
        ("Africa/Cairo", "2010-04-30", "2010-04-29T22:00Z", 23),
        ("America/Havana", "2019-03-10", "2019-03-10T05:00Z", 23),
        # At midnight the clock went back to 23:00: the hour before midnight came twice.
        ("America/Sao_Paulo", "2019-02-16", "2019-02-16T02:00Z", 25),
        ("Asia/Beirut", "2019-10-26", "2019-10-25T21:00Z", 25),
        ("Africa/Cairo", "2010-09-30", "2010-09-29T21:00Z", 25),
        # At 01:00 the clock went back to midnight: midnight came twice.
        ("America/Havana", "2019-11-03", "2019-11-03T04:00Z", 25),
        # Samoa crossed the date line.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 24),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", 0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 24),
        # From 23:30 to 00:30: midnight lay within the jump.
        ("America/Toronto", "1919-03-30", "1919-03-30T05:00Z", 23.5),
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30Z", 23.5),
        # Offset -00:44:30: midnight lies between two slots.
        ("Africa/Monrovia", "1971-06-01", "1971-06-01T00:45Z", 24),
    ],
)
def test_a_day_begins_at_its_first_midnight_or_at_the_jump(name: str, day: str, start: str, hours: float) -> None:
    period = Period.day(date.fromisoformat(day), ZoneInfo(name))

    assert period.start == datetime.fromisoformat(start).timestamp()
    assert (period.end - period.start) / 3600 == hours


def test_the_hour_that_repeats_after_midnight_stays_in_the_new_day() -> None:
    zone = ZoneInfo("America/St_Johns")
    repeated = int(datetime(2005, 10, 30, 2, 45, tzinfo=UTC).timestamp())

    assert local(repeated, zone).date() == date(2005, 10, 29)
    assert day_of(repeated, zone) == date(2005, 10, 30)


def test_the_date_that_samoa_skipped_holds_no_instant() -> None:
    zone = ZoneInfo("Pacific/Apia")
    jump = day_start(date(2011, 12, 30), zone)

    assert day_of(jump - 1, zone) == date(2011, 12, 29)
    assert day_of(jump, zone) == date(2011, 12, 31)


@pytest.mark.parametrize(
    ("d", "cycle_day", "first", "last"),
    [
        ("2026-08-20", 15, "2026-08-15", "2026-09-14"),
        ("2026-08-14", 15, "2026-07-15", "2026-08-14"),
        ("2026-08-15", 1, "2026-08-01", "2026-08-31"),
        ("2026-01-05", 10, "2025-12-10", "2026-01-09"),
        ("2026-12-31", 31, "2026-12-31", "2027-01-30"),
        ("2026-02-27", 31, "2026-01-31", "2026-02-27"),
        ("2026-02-28", 31, "2026-02-28", "2026-03-30"),
        ("2028-02-28", 30, "2028-01-30", "2028-02-28"),
        ("2028-02-29", 30, "2028-02-29", "2028-03-29"),
    ],
)
def test_a_cycle_begins_on_its_day_or_on_the_last_of_a_shorter_month(
    d: str, cycle_day: int, first: str, last: str
) -> None:
    cycle = Period.cycle(parse_date(d), cycle_day, KOLKATA)

    assert (cycle.first, cycle.last) == (parse_date(first), parse_date(last))
    assert cycle.name == f"{first} to {last}"


def test_periods_are_named_as_people_write_them() -> None:
    d = date(2027, 1, 1)

    assert Period.day(d, KOLKATA).name == "2027-01-01"
    assert Period.week(d, KOLKATA).name == "2026-W53"
    assert Period.month(2027, 1, KOLKATA).name == "2027-01"
    assert Period.year(2027, KOLKATA).name == "2027"
    assert Period.days(d, d, KOLKATA).name == "2027-01-01 to 2027-01-01"


@pytest.mark.parametrize("zone", [KOLKATA, ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")])
def test_a_moment_on_another_day_shows_the_same_minute_of_the_clock(zone: ZoneInfo) -> None:
    now = day_start(date(2026, 6, 12), zone) + 6 * 3600 + 26 * 60 + 59

    for number in range(400):
        day = date(2025, 6, 1) + timedelta(days=number)
        moment = moment_on(day, now, zone)
        assert iso(moment, zone)[:16] == f"{day}T06:26"


def test_a_moment_that_a_day_lacks_or_has_twice_is_in_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    half_past_two = day_start(date(2026, 6, 12), berlin) + 2 * 3600 + 1800

    for day in (date(2026, 3, 29), date(2026, 10, 25)):
        assert day_start(day, berlin) < moment_on(day, half_past_two, berlin) < day_start(day, berlin) + 4 * 3600


@pytest.mark.parametrize("cycle_day", [0, 32, -1])
def test_a_cycle_day_that_no_month_has_is_refused(cycle_day: int) -> None:
    with pytest.raises(PeriodError, match=f"^{cycle_day} is not a cycle day: it must be from 1 to 31$"):
        Period.cycle(date(2026, 3, 3), cycle_day, KOLKATA)


def test_a_reversed_range_is_refused() -> None:
    with pytest.raises(PeriodError, match=r"^2026-03-03 to 2026-03-02 is reversed"):
        Period.days(date(2026, 3, 3), date(2026, 3, 2), KOLKATA)


def test_dates_and_months_are_listed_with_both_ends() -> None:
    assert list(dates(date(2026, 2, 27), date(2026, 3, 1))) == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert list(dates(date(2026, 3, 1), date(2026, 2, 28))) == []
    assert list(months(date(2025, 11, 30), date(2026, 2, 1))) == [
        (2025, 11),
        (2025, 12),
        (2026, 1),
        (2026, 2),
    ]
    assert list(months(date(2026, 3, 1), date(2026, 2, 28))) == []
