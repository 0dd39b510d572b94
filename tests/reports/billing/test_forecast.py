from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.billing import forecast as forecasts
from reports.billing.forecast import HABIT_DAYS, LEAST_SECONDS, Forecast, reached_at, why_unknown
from reports.calendar.days import SLOT_SECONDS, day_start
from reports.calendar.period import Period
from tests.worlds.synthetic_years import SHAPES, Errors, errors

ZONE = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)
JUNE = Period.month(2026, 6, ZONE)
FIRST = date(2026, 6, 1)
DOCUMENT = Path(__file__).parents[3] / "docs" / "forecast.md"

some_days = st.dictionaries(st.dates(date(2026, 3, 1), date(2026, 7, 10)), st.integers(0, 10**13), max_size=60)
some_began = st.integers(JUNE.start - 90 * 86_400, JUNE.end + 86_400)
some_now = st.integers(JUNE.start - 86_400, JUNE.end + 86_400)


def at(day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(2026, 6, day, hour, minute, tzinfo=ZONE).timestamp())


def same(amount: int, before: date = FIRST, count: int = 60) -> dict[date, int]:
    return {before - number * DAY: amount for number in range(1, count + 1)}


def forecast(
    days: dict[date, int], *, cycle: Period, now: int, zone: ZoneInfo, used: int, began: int | None = None
) -> Forecast:
    """One that is known."""
    found = forecasts.forecast(days, cycle=cycle, now=now, zone=zone, used=used, began=began)
    assert found is not None
    return found


def expected(days: dict[date, int], now: int, used: int, began: int | None = None) -> int:
    return forecast(days, cycle=JUNE, now=now, zone=ZONE, used=used, began=began).expected


def reached(days: dict[date, int], now: int, used: int, cap: int) -> int | None:
    return reached_at(days, cycle=JUNE, now=now, zone=ZONE, used=used, cap=cap)


@pytest.fixture(scope="module", params=SHAPES)
def measured(request: pytest.FixtureRequest) -> tuple[str, Errors]:
    return request.param, errors(request.param)


def test_the_mean_error_is_lower_than_that_of_a_plain_linear_forecast(measured: tuple[str, Errors]) -> None:
    _, found = measured

    assert found.ours < 0.9 * found.linear


def test_the_errors_are_those_that_the_document_states(measured: tuple[str, Errors]) -> None:
    shape, found = measured
    rows = re.findall(
        r"^\| ([a-z ]+) \| ([\d.]+) \| ([\d.]+) \| (\d+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )

    stated = {name: tuple(map(float, numbers)) for name, *numbers in rows}

    assert set(stated) == set(SHAPES)
    # Exponentials differ in their last digit between systems.
    assert stated[shape] == pytest.approx(found, abs=0.6)
    assert stated[shape][:2] == pytest.approx(found[:2], abs=0.06)


def test_the_same_use_every_day_goes_on() -> None:
    found = forecast({**same(10), **same(10, date(2026, 6, 16), 15)}, cycle=JUNE, now=at(16), zone=ZONE, used=150)

    assert found[:3] == (300, 300, 300)
    assert found.method == "weekday-aware mean of the last 28 days, blended with this cycle's pace (25 %)"


def test_what_is_used_up_on_weekends_is_expected_on_weekends() -> None:
    days = {day: 1000 if day.weekday() >= 5 else 10 for day in same(0, count=28)}

    # 1 June 2026 is a Monday: 22 weekdays and 8 days of weekends.
    assert expected(days, at(1), 0) == 22 * 10 + 8 * 1000
    # By Saturday only 10 a day were used: the weekends to come are no less busy for it.
    assert expected(days | same(10, date(2026, 6, 6), 5), at(6), 50) == 22 * 10 + 8 * 1000


def test_a_faster_pace_raises_the_forecast_and_weighs_more_as_the_cycle_passes() -> None:
    early = expected(same(1000, date(2026, 6, 4)), at(4), 6000) - 6000
    late = expected(same(1000, date(2026, 6, 25)), at(25), 48_000) - 48_000

    # The pace is twice the habit: a twentieth of it counts after a tenth of the cycle, two fifths after four.
    assert early == 27 * 1050
    assert late == 6 * 1400


def test_without_history_the_pace_alone_goes_on() -> None:
    found = forecast({}, cycle=JUNE, now=at(1, 12), zone=ZONE, used=1000)

    assert found == Forecast(60_000, 1000, 119_000, "this cycle's pace")


def test_counting_that_began_within_the_cycle_has_its_pace_from_there() -> None:
    assert expected({}, at(21, 12), 100, began=at(21)) == 100 + 19 * 100
    assert expected({date(2026, 6, 21): 100, date(2026, 6, 22): 100}, at(23), 200) == 1000


def test_the_day_on_which_counting_began_is_not_a_whole_one() -> None:
    days = {date(2026, 6, 9): 1, date(2026, 6, 10): 100, date(2026, 6, 11): 100}

    found = forecast(days, cycle=JUNE, now=at(12), zone=ZONE, used=201, began=at(9, 23, 50))

    assert found.expected == pytest.approx(201 + 19 * 100, abs=20)
    assert found.method.startswith("mean of the last 2 days, ")


@pytest.mark.parametrize("began", [at(12, 4, 43), at(12, 4, 45), at(12), JUNE.start])
def test_nothing_is_expected_before_an_hour_of_the_cycle_is_counted(began: int) -> None:
    def ask(now: int) -> Forecast | None:
        return forecasts.forecast({}, cycle=JUNE, now=now, zone=ZONE, used=10, began=began)

    assert all(ask(began + passed) is None for passed in range(0, LEAST_SECONDS, 61))
    assert ask(began + LEAST_SECONDS - 1) is None
    assert ask(began + LEAST_SECONDS) is not None


def test_before_an_hour_is_counted_nobody_says_when_a_cap_is_reached() -> None:
    began = at(12, 4, 43)

    def ask(now: int) -> int | None:
        return reached_at({}, cycle=JUNE, now=now, zone=ZONE, used=10, cap=20, began=began)

    assert ask(began + LEAST_SECONDS - 1) is None
    assert ask(began + LEAST_SECONDS) is not None


def test_a_cycle_that_has_just_begun_is_expected_to_be_like_the_days_before() -> None:
    assert expected(same(10), at(1), 0) == expected(same(10), at(1, 0, 14), 0) == 300


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (179, "2 minutes"), (3599, "59 minutes")],
)
def test_a_forecast_that_cannot_be_made_says_how_long_was_counted(seconds: int, words: str) -> None:
    assert why_unknown(seconds) == f"not known yet: counting for {words}"


@pytest.mark.parametrize(
    ("now", "began", "seconds"),
    [
        (at(1, 0, 30), at(1) - 86_400, 1800),
        (at(1, 0, 30), at(1, 0, 20), 600),
        (at(1, 0, 30), None, 0),
        (at(1, 0, 30), at(1, 0, 40), 0),
    ],
)
def test_counting_in_the_cycle_is_since_the_later_of_both_beginnings(now: int, began: int | None, seconds: int) -> None:
    assert JUNE.span.counted_seconds(now, began) == seconds


def test_the_spread_of_a_few_days_is_that_of_all_of_them() -> None:
    days = {date(2026, 5, 29): 1000, date(2026, 5, 30): 2000, date(2026, 5, 31): 3000}
    june = Period.month(2026, 6, ZoneInfo("UTC"))

    found = forecast(days, cycle=june, now=june.start, zone=ZoneInfo("UTC"), used=0)

    assert found[:3] == (60_000, 36_748, 83_252)


def test_one_day_shows_no_spread_so_that_the_range_is_wide() -> None:
    found = forecast({date(2026, 5, 31): 10}, cycle=JUNE, now=at(1), zone=ZONE, used=0)

    assert found[:3] == (300, 0, 600)
    assert found.method.startswith("mean of the last 1 day, ")


def test_days_without_traffic_count_as_zero() -> None:
    sparse = {day: 70 for day in same(0, count=28) if day.weekday() == 2}
    begun = day_start(date(2026, 5, 4), ZONE)

    assert expected(sparse, at(1), 0, begun) == 4 * 70


def test_no_use_at_all_is_expected_to_stay_none() -> None:
    assert forecast(same(0), cycle=JUNE, now=at(16), zone=ZONE, used=0)[:3] == (0, 0, 0)


def test_a_first_burst_after_a_quiet_month_counts_by_its_weight() -> None:
    assert expected(same(0), at(16), 1500) == 1500 + 1500 // 4


def test_a_cycle_that_is_over_is_known() -> None:
    for now in (JUNE.end, JUNE.end + 10**6):
        assert forecast(same(5), cycle=JUNE, now=now, zone=ZONE, used=42) == (42, 42, 42, "the cycle is over")
        assert reached(same(5), now, 42, 43) is None


def test_a_cycle_to_come_is_the_habit() -> None:
    assert expected(same(10, date(2026, 5, 20)), day_start(date(2026, 5, 20), ZONE), 0) == 300


def test_today_and_later_days_are_not_finished() -> None:
    assert expected({**same(10), FIRST: 10**9, date(2026, 6, 9): 10**9}, at(1), 0) == 300


def test_amounts_beyond_any_float_are_exact() -> None:
    huge = 10**400

    assert expected({**same(huge), **same(huge, date(2026, 6, 16), 15)}, at(16), 15 * huge) == 30 * huge


def test_noisy_days_widen_the_range_around_the_forecast() -> None:
    calm = {day: 10_000 + 100 * (day.day % 2) for day in same(0)}
    noisy = {day: 10_000 + 10_000 * (day.day % 2) for day in same(0)}

    ranges = [forecast(days, cycle=JUNE, now=at(1), zone=ZONE, used=0) for days in (calm, noisy)]

    assert all(found.low < found.expected < found.high for found in ranges)
    assert ranges[1].high - ranges[1].low > 20 * (ranges[0].high - ranges[0].low)


def test_a_day_of_23_hours_is_one_day_of_use() -> None:
    march = Period.month(2026, 3, ZONE)

    found = forecast(same(10, march.first), cycle=march, now=march.start, zone=ZONE, used=0)

    assert found.expected == 310


@given(some_days, some_now, some_began, st.integers(0, 10**14), st.integers(0, 10**14))
def test_a_forecast_never_falls_below_what_is_used(
    days: dict[date, int], now: int, began: int | None, used: int, later: int
) -> None:
    found = forecasts.forecast(days, cycle=JUNE, now=now, zone=ZONE, used=used, began=began)

    if found is not None:
        assert used <= found.low <= found.expected <= found.high
        moved_on = found.from_used(used + later)
        assert used + later <= moved_on.low <= moved_on.expected <= moved_on.high


@given(some_days, some_now, some_began)
def test_what_is_expected_is_unknown_without_an_hour_and_without_a_day(
    days: dict[date, int], now: int, began: int
) -> None:
    found = forecasts.forecast(days, cycle=JUNE, now=now, zone=ZONE, used=0, began=began)

    if found is None:
        assert JUNE.span.counted_seconds(now, began) < LEAST_SECONDS
        assert now - began < 2 * 86_400 + 3600


@given(some_days, some_now, st.integers(0, 10**14))
def test_a_slot_has_one_forecast(days: dict[date, int], now: int, used: int) -> None:
    start = now // SLOT_SECONDS * SLOT_SECONDS

    answers = {
        forecasts.forecast(days, cycle=JUNE, now=second, zone=ZONE, used=used, began=JUNE.start - 2 * 86_400)
        for second in (start, now, start + SLOT_SECONDS - 1)
    }

    assert len(answers) == 1


@given(some_days, some_now, st.integers(0, 10**14), st.integers(1, 10**15))
def test_a_cap_is_reached_within_the_cycle_if_the_forecast_says_so(
    days: dict[date, int], now: int, used: int, cap: int
) -> None:
    found = reached(days, now, used, cap)

    ahead = forecasts.forecast(days, cycle=JUNE, now=now, zone=ZONE, used=used)
    is_to_come = ahead is not None and now < JUNE.end and used < cap <= ahead.expected
    assert (found is not None) is is_to_come
    if found is not None:
        assert max(now // SLOT_SECONDS * SLOT_SECONDS, JUNE.start) < found <= JUNE.end


def test_a_cap_is_reached_when_the_days_add_up_to_it() -> None:
    days = same(96)

    assert reached(days, at(1), 0, 96 * 10) == at(11)
    assert reached(days, at(1), 0, 96 * 10 + 48) == at(11, 12)
    assert reached(days, at(1, 12), 48, 96) == at(2)
    assert reached(days, at(1), 0, 96 * 30) == JUNE.end
    assert reached(days, at(1), 0, 96 * 30 + 1) is None


@pytest.mark.parametrize(("used", "cap"), [(10, 10), (11, 10), (0, 0)])
def test_a_cap_that_is_reached_already_is_not_to_come(used: int, cap: int) -> None:
    assert reached(same(5), at(5), used, cap) is None


def test_the_habit_is_of_the_last_four_weeks_only() -> None:
    days = {**same(10**9, FIRST - HABIT_DAYS * DAY), **same(10, count=HABIT_DAYS)}

    assert expected(days, at(1), 0) == 300
