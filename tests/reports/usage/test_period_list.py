"""Lists of periods: as many as are asked for, whole local ones, and the same sums as usage has."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.billing.estimates import estimate
from reports.calendar.days import day_start
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.calendar.requests import Bound
from reports.usage import usage
from reports.usage.period_list import PeriodList, PeriodListRequest, period_list
from tests.worlds.written_ledger import DAY, HOUR, SLOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.written_ledger import WrittenLedger

BERLIN = ZoneInfo("Europe/Berlin")


def listed(ledger: WrittenLedger, now: float, request: PeriodListRequest) -> PeriodList:
    with ledger.reading() as reader:
        return period_list(reader, now, request)


def totals(found: PeriodList) -> dict[str, int | None]:
    return {period.name: None if period.bytes is None else period.bytes.total for period in found.periods}


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Berlin since March 2025: a byte a quarter hour of some days."""
    made = new_ledger(BERLIN)
    days = [date(2025, 3, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 29), date(2026, 3, 30)]
    spans = [Period.day(day, BERLIN) for day in days]
    made.write(dict.fromkeys((slot for span in spans for slot in range(span.start, span.end, SLOT)), (1, 1)))
    return made


@pytest.mark.parametrize("unit", ["minutes", "hours", "days", "months", "years"])
@pytest.mark.parametrize("number", [1, 2, 7, 30])
def test_so_many_are_listed_as_are_asked_for(unit: str, number: int, ledger: WrittenLedger) -> None:
    now = day_start(date(2026, 3, 30), BERLIN) + 10 * HOUR + 61

    found = listed(ledger, now, PeriodListRequest(unit, number, step="15m" if unit == "minutes" else None))

    assert len(found.periods) == number
    assert found.periods[-1].start <= now < found.periods[-1].end
    assert all(one.end == other.start for one, other in zip(found.periods, found.periods[1:], strict=False))


def test_hours_over_a_changed_clock_are_those_of_the_clock(ledger: WrittenLedger) -> None:
    end = day_start(date(2026, 3, 30), BERLIN)

    found = listed(ledger, end + HOUR // 2, PeriodListRequest("hours", 25))

    names = [period.name for period in found.periods]
    assert names[:4] == ["2026-03-28 23:00", "2026-03-29 00:00", "2026-03-29 01:00", "2026-03-29 03:00"]
    assert list(totals(found).values())[1:-1] == [8] * 23


def test_months_and_years_go_over_the_turn_of_the_year(ledger: WrittenLedger) -> None:
    now = day_start(date(2026, 3, 30), BERLIN) + DAY // 2

    months, years = (listed(ledger, now, PeriodListRequest(unit)) for unit in ("months", "years"))

    expected = {"2025-12": 192, "2026-01": 192, "2026-03": 2 * 92 + 192}
    assert {name: total for name, total in totals(months).items() if total} == expected
    assert (next(iter(totals(months))), len(months.periods)) == ("2025-04", 12)
    assert totals(years) == {"2025": 384, "2026": 568}
    assert (months.running, years.running) == (Period.month(2026, 3, BERLIN), Period.year(2026, BERLIN))


def test_a_range_has_whole_periods_and_none_to_come(ledger: WrittenLedger) -> None:
    now = day_start(date(2026, 3, 30), BERLIN) + DAY // 2
    between = PeriodListRequest("months", None, Bound("2025-12-15"), Bound("2026-01-15"))
    ahead = PeriodListRequest("days", None, Bound("2026-03-29"), Bound("2026-04-15"))

    assert totals(listed(ledger, now, between)) == {"2025-12": 192, "2026-01": 192}
    assert listed(ledger, now, between).running is None
    assert list(totals(listed(ledger, now, ahead))) == ["2026-03-29", "2026-03-30"]


def test_what_was_before_counting_is_unknown_and_in_no_average(ledger: WrittenLedger) -> None:
    found = listed(ledger, day_start(date(2025, 3, 2), BERLIN), PeriodListRequest("days", 3))

    assert totals(found) == {"2025-02-28": None, "2025-03-01": 192, "2025-03-02": 0}
    assert found.average == round(192 / DAY)


def test_the_busiest_are_sorted_and_the_earlier_of_equals_is_first(ledger: WrittenLedger) -> None:
    now = day_start(date(2026, 3, 30), BERLIN) + DAY

    found = listed(ledger, now, PeriodListRequest("days", 3, order="busiest"))

    assert totals(found) == {"2025-03-01": 192, "2025-12-31": 192, "2026-01-01": 192}
    assert found.running is None


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (PeriodListRequest("weeks"), "unit: 'weeks' is no unit"),
        (PeriodListRequest("days", 0), "last: 0 is not a number of periods"),
        (PeriodListRequest("days", 2001), "last: 2001 is not a number of periods"),
        (PeriodListRequest("days", 3, Bound("2026-01-01")), "give one of them"),
        (PeriodListRequest("days", step="5m"), "step: '5m' is no length of days"),
        (PeriodListRequest("minutes", step="1h"), "step: '1h' is no length of minutes"),
        (PeriodListRequest("days", order="size"), "order: 'size' is no order"),
        (PeriodListRequest("years", None, Bound("2026-01-02"), Bound("2026-01-01")), "is not before to"),
    ],
)
def test_what_makes_no_sense_is_refused(request_: PeriodListRequest, problem: str, ledger: WrittenLedger) -> None:
    with pytest.raises(PeriodError, match=problem):
        listed(ledger, day_start(date(2026, 3, 30), BERLIN), request_)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.integers(1, 40))
def test_a_list_is_the_same_as_usage(ledger: WrittenLedger, day: date, number: int) -> None:
    now = day_start(day, BERLIN) + 7 * HOUR
    with ledger.reading() as reader:
        found = period_list(reader, now, PeriodListRequest("days", number))
        same = usage.days(reader, now, date.fromisoformat(found.periods[0].name), day)

    assert [period.bytes for period in found.periods] == [row.bytes for row in same.days]


def test_an_estimate_is_no_less_than_what_is_used(ledger: WrittenLedger) -> None:
    now = day_start(date(2026, 3, 30), BERLIN) + DAY // 2
    with ledger.reading() as reader:
        for period in (Period.day(date(2026, 3, 30), BERLIN), Period.month(2026, 3, BERLIN), Period.year(2026, BERLIN)):
            found, used = estimate(reader, period, now), usage.usage(reader, period, now).total
            assert found is not None
            assert used.total <= found.total.low <= found.total.expected <= found.total.high
            assert used.received <= found.received.expected
