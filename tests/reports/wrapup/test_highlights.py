"""What stands out among days, and what came before them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.calendar.period import Period
from reports.ledger.reader import Bytes
from reports.wrapup.comparisons import change, earlier
from reports.wrapup.highlights import DayTotal, Streak, highlights
from tests.reports.export.example_exports import days_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.export.days import Days

MONDAY = date(2026, 6, 1)
UTC = ZoneInfo("UTC")


def told(totals: Sequence[int], first: date = MONDAY) -> Days:
    return days_from(first, [Bytes(total - total // 4, total // 4) for total in totals])


def test_the_busiest_day_is_found_among_all_and_the_quietest_among_whole_ones() -> None:
    days = told([1, 50, 60, 40, 70, 0, 30, 90, 2])

    found = highlights(days, begins_late=True, ends_early=True)

    assert found.busiest == DayTotal(MONDAY + timedelta(days=7), 90)
    assert found.quietest == DayTotal(MONDAY + timedelta(days=6), 30)
    assert (found.median, found.idle_days) == (50, 1)


def test_a_streak_is_the_longest_run_above_a_usual_day() -> None:
    days = told([10, 30, 30, 10, 40, 40, 40, 10, 10, 10, 20])

    found = highlights(days, begins_late=False, ends_early=False)

    assert found.median == 20
    assert found.streak == Streak(MONDAY + timedelta(days=4), MONDAY + timedelta(days=6), 3)


@pytest.mark.parametrize("totals", [[], [5], [5] * 6])
def test_of_few_days_none_is_usual(totals: list[int]) -> None:
    found = highlights(told(totals), begins_late=False, ends_early=False)

    assert (found.quietest, found.median, found.streak, found.weekday) == (None, None, None, None)


def test_days_without_a_byte_have_no_record() -> None:
    found = highlights(told([0] * 30), begins_late=False, ends_early=False)

    assert (found.busiest, found.quietest, found.streak, found.weekday) == (None, None, None, None)
    assert found.idle_days == 30


@pytest.mark.parametrize("first", [MONDAY + timedelta(days=number) for number in range(7)])
def test_the_weekday_that_moves_most_is_named(first: date) -> None:
    totals = [80 if (first + timedelta(days=number)).weekday() == 5 else 10 for number in range(28)]

    found = highlights(told(totals, first), begins_late=False, ends_early=False)

    assert (found.weekday, found.weekday_average) == (5, 80)
    assert list(found.weekdays) == [10, 10, 10, 10, 10, 80, 10]


@pytest.mark.parametrize(
    ("first", "last", "today", "stretches"),
    [
        ("2026-01-01", "2026-12-31", "2027-03-05", [("2025", "2025-01-01", "2025-12-31", "2025-12-31")]),
        ("2026-01-01", "2026-12-31", "2026-11-21", [("2025", "2025-01-01", "2025-12-31", "2025-11-21")]),
        ("2024-01-01", "2024-12-31", "2024-02-29", [("2023", "2023-01-01", "2023-12-31", "2023-02-28")]),
        (
            "2026-03-01",
            "2026-03-31",
            "2026-03-31",
            [
                ("February 2026", "2026-02-01", "2026-02-28", "2026-03-03"),
                ("March 2025", "2025-03-01", "2025-03-31", "2025-03-31"),
            ],
        ),
        (
            "2026-01-01",
            "2026-01-31",
            "2026-01-10",
            [
                ("December 2025", "2025-12-01", "2025-12-31", "2025-12-10"),
                ("January 2025", "2025-01-01", "2025-01-31", "2025-01-10"),
            ],
        ),
        ("2026-06-01", "2026-06-07", "2026-06-03", [("week 22 of 2026", "2026-05-25", "2026-05-31", "2026-05-27")]),
        ("2026-06-12", "2026-06-12", "2026-06-12", [("the day before", "2026-06-11", "2026-06-11", "2026-06-11")]),
        ("2026-06-02", "2026-06-12", "2026-06-10", [("the 9 days before", "2026-05-24", "2026-06-01", "2026-06-01")]),
    ],
)
def test_a_period_is_compared_with_what_people_would(
    first: str, last: str, today: str, stretches: list[tuple[str, str, str, str]]
) -> None:
    period = Period.days(date.fromisoformat(first), date.fromisoformat(last), UTC).calendar

    found = earlier(period, date.fromisoformat(today), UTC)

    assert [(one.name, str(one.first), str(one.last), str(one.today)) for one in found] == stretches


def test_all_time_has_nothing_before_it() -> None:
    assert list(earlier(Period.until(MONDAY, UTC, MONDAY), MONDAY, UTC)) == []


@pytest.mark.parametrize(
    ("now", "before", "percent"),
    [(112, 100, 12), (88, 100, -12), (100, 100, 0), (1005, 1000, 1), (1, 3, -67), (0, 5, -100), (5, 0, None)],
)
def test_a_change_is_told_in_whole_percent(now: int, before: int, percent: int | None) -> None:
    assert change(now, before) == percent


@pytest.mark.parametrize(
    ("first", "last", "kind", "title", "within", "code"),
    [
        ("2026-01-01", "2026-12-31", "year", "2026", "in 2026", "2026"),
        ("2024-02-01", "2024-02-29", "month", "February 2024", "in February 2024", "2024-02"),
        ("2026-12-01", "2026-12-31", "month", "December 2026", "in December 2026", "2026-12"),
        ("2026-11-16", "2026-11-22", "week", "week 47 of 2026", "in week 47 of 2026", "2026-W47"),
        ("2026-06-12", "2026-06-12", "day", "12 June 2026", "on 12 June 2026", "2026-06-12"),
        (
            "2025-12-07",
            "2026-01-06",
            "range",
            "7 December 2025 to 6 January 2026",
            "from 7 December 2025 to 6 January 2026",
            "2025-12-07_2026-01-06",
        ),
        (
            "2026-06-02",
            "2026-07-01",
            "range",
            "2 June to 1 July 2026",
            "from 2 June to 1 July 2026",
            "2026-06-02_2026-07-01",
        ),
    ],
)
def test_days_have_the_name_that_people_give_them(
    first: str, last: str, kind: str, title: str, within: str, code: str
) -> None:
    period = Period.days(date.fromisoformat(first), date.fromisoformat(last), UTC).calendar

    assert (period.kind, period.title, period.within, period.code) == (kind, title, within, code)
