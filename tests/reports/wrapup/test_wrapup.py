"""A wrap-up of a real ledger: which days, what is compared, and that its numbers are those of every other answer."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.metering.counters.speeds import Speeds
from reports.billing.cycles import plan_cycles
from reports.billing.plans import CycleRule, FreeHours, Plan, PlanError
from reports.billing.prices import one_price, rounded
from reports.billing.status import plan_status
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.calendar.requests import IsoMonth, IsoYear, PeriodRequest
from reports.export.export import export
from reports.ledger.reader import UnknownInterfaceError
from reports.ledger.rows import Gap
from reports.usage.hours import hours
from reports.usage.scopes import UsageFilter
from reports.wrapup.context import WrapUpContext
from reports.wrapup.requested_period import requested_period, requested_selection
from reports.wrapup.wrapup import RECENT_DAYS, wrapup
from tests.reports.export.example_exports import Asked, den_host
from tests.worlds.selections import selection_of, with_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.wrapup.wrapup import WrapUp
    from tests.worlds.written_ledger import WrittenLedger

INDIA = ZoneInfo("Asia/Kolkata")
DAY = 86_400
HOME = Plan("home", cap_bytes=3_000_000, price_steps=one_price(Decimal(2)), currency="EUR", gigabyte_bytes=10**6)


def at(text: str) -> int:
    """A local time in India."""
    return int(datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC).timestamp())


NOW = at("2026-06-12T14:30")


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Every day from 10 March 2025 at nine in the evening, more on Sundays; a tunnel, and one gap."""
    made = new_ledger(INDIA)
    first, slots = at("2025-03-10T21:00"), {}
    for number in range(460):
        start = first + number * DAY
        if start < NOW:
            slots[start] = ((200_000 if number % 7 == 6 else 50_000) + number, 10_000)
    made.write(slots, seen=first, peaks=Speeds(900, 90, 950))
    gaps = (Gap(at("2026-05-03T01:00"), at("2026-05-03T05:00"), "stopped", 700),)
    made.write({at("2026-05-03T02:00"): (700, 0)}, device="eth1", seen=at("2026-05-03T00:00"), gaps=gaps)
    made.write({at("2026-06-01T08:00"): (5_000, 500)}, device="wg0")
    return made


def told(
    ledger: WrittenLedger,
    asked: Asked,
    subject: Plan | str | None = None,
    *,
    plans: tuple[Plan, ...] = (),
    now: float = NOW,
) -> WrapUp:
    with ledger.reading() as reader:
        return wrapup(
            reader,
            asked.period(reader, now),
            now,
            den_host(),
            selection_of(reader, subject),
            with_plan(WrapUpContext(plans), subject),
        )


@pytest.mark.parametrize(
    ("asked", "subject"),
    [
        (Asked("all"), None),
        (Asked("year"), None),
        (Asked("month"), "wg0"),
        (Asked("week"), HOME),
        (Asked("today"), None),
        (Asked(None, "2025-03-01", "2025-03-31"), None),
    ],
)
def test_its_days_and_sums_are_those_of_the_export(
    asked: Asked, subject: Plan | str | None, ledger: WrittenLedger
) -> None:
    with ledger.reading() as reader:
        exported = export(reader, asked.period(reader, NOW), NOW, den_host(), selection_of(reader, subject))

    found = told(ledger, asked, subject)

    assert found.export == exported
    assert found.summary == exported.summary()


@pytest.mark.parametrize(
    ("asked", "title", "is_running", "begins_late"),
    [
        (Asked("year"), "2026", True, False),
        (Asked("month"), "June 2026", True, False),
        (Asked("week"), "week 24 of 2026", True, False),
        (Asked("today"), "12 June 2026", True, False),
        (Asked("all"), "March 2025 until today", True, True),
        (Asked(), "March 2025 until today", True, True),
        (Asked(None, "2025-01-01", "2025-12-31"), "2025", False, True),
        (Asked(None, "2026-05-01", "2026-05-31"), "May 2026", False, False),
        (Asked(None, "2026-05-02", None), "2 May to 12 June 2026", True, False),
    ],
)
def test_a_period_is_what_was_asked_for(
    asked: Asked, title: str, *, is_running: bool, begins_late: bool, ledger: WrittenLedger
) -> None:
    found = told(ledger, asked)

    assert found.period is not None
    assert (found.period.title, found.is_running, found.begins_late) == (title, is_running, begins_late)


def test_a_period_that_runs_is_compared_with_as_much_of_the_one_before(ledger: WrittenLedger) -> None:
    ledger.write({at("2026-05-12T14:15"): (900, 90), at("2026-05-12T14:30"): (10**6, 0)})

    found = told(ledger, Asked("month"), now=at("2026-06-12T14:20:59"))

    month_before, year_before = found.comparisons
    with ledger.reading() as reader:
        may = export(reader, Asked(None, "2026-05-01", "2026-05-11").period(reader, NOW), NOW, den_host()).days.total
        june = export(reader, Asked(None, "2025-06-01", "2025-06-11").period(reader, NOW), NOW, den_host()).days.total
    assert month_before.name == "May 2026 until 12 May 14:20"
    assert month_before.bytes == year_before.bytes == found.summary.total
    assert month_before.before[:2] == (may.received + 300, may.sent + 30)
    assert year_before.name == "June 2025 until 12 June 14:20"
    assert year_before.before[:2] == june[:2]


@pytest.mark.parametrize(
    ("asked", "plan", "name", "since", "until"),
    [
        (Asked("today"), None, "Thursday until 14:30", "2026-06-11T00:00", "2026-06-11T14:30"),
        (Asked("week"), None, "week 23 of 2026 until Friday 14:30", "2026-06-01T00:00", "2026-06-05T14:30"),
        (
            Asked(None, "2026-06-10", None),
            None,
            "the 3 days before until 9 June 14:30",
            "2026-06-07T00:00",
            "2026-06-09T14:30",
        ),
        (
            Asked(None, "2026-06-07", "2026-07-06"),
            HOME._replace(cycle=CycleRule("monthly", 7)),
            "7 May to 6 June 2026 until 12 May 14:30",
            "2026-05-07T00:00",
            "2026-05-12T14:30",
        ),
    ],
)
def test_what_was_before_is_cut_at_the_same_time_of_the_clock(
    asked: Asked, plan: Plan | None, name: str, since: str, until: str, ledger: WrittenLedger
) -> None:
    slots = {at(since) + 900 * number: (number, 1) for number in range((at(until) - at(since)) // 900)}
    ledger.write(slots | {at(until): (10**9, 0)})

    before = told(ledger, asked, plan).comparisons[0]

    with ledger.reading() as reader:
        expected = reader.slots(at(since), at(until))
    assert (before.name, before.before[:2]) == (name, expected[:2])


def test_without_quarter_hours_whole_days_are_compared_and_today_is_left_out(ledger: WrittenLedger) -> None:
    ledger.forget("slot", at("2026-06-12T00:00"))

    before, _ = told(ledger, Asked("month")).comparisons

    with ledger.reading() as reader:
        june = export(reader, Asked(None, "2026-06-01", "2026-06-11").period(reader, NOW), NOW, den_host()).days.total
        may = export(reader, Asked(None, "2026-05-01", "2026-05-11").period(reader, NOW), NOW, den_host()).days.total
    assert (before.name, before.is_whole_days) == ("May 2026 until 11 May", True)
    assert (before.bytes[:2], before.before[:2]) == (june[:2], may[:2])
    assert told(ledger, Asked("today")).comparisons == []


def test_what_was_not_counted_from_end_to_end_is_not_compared(ledger: WrittenLedger) -> None:
    # Counting began on 10 March 2025, in the evening.
    assert told(ledger, Asked("year")).comparisons == []
    assert told(ledger, Asked("today"), now=at("2025-03-11T22:00")).comparisons == []
    assert [one.name for one in told(ledger, Asked("today"), now=at("2025-03-12T22:00")).comparisons] == [
        "Tuesday until 22:00"
    ]
    # Another interface, another beginning.
    assert [one.name for one in told(ledger, Asked("month"), "wg0").comparisons] == []


def test_a_month_that_is_older_than_the_one_before_ever_was_is_compared_when_it_is_over(ledger: WrittenLedger) -> None:
    february = ["February 2026", "March 2025"]

    running = told(ledger, Asked(None, "2026-03-01", "2026-03-31"), now=at("2026-03-30T10:00")).comparisons
    over = told(ledger, Asked(None, "2026-03-01", "2026-03-31"), now=at("2026-04-01T10:00")).comparisons

    assert running == []
    assert [one.name for one in over] == february[:1]


def test_what_is_over_is_compared_whole(ledger: WrittenLedger) -> None:
    (before, year_before) = told(ledger, Asked(None, "2026-05-01", "2026-05-31")).comparisons

    with ledger.reading() as reader:
        april = export(reader, Asked(None, "2026-04-01", "2026-04-30").period(reader, NOW), NOW, den_host()).days.total
    assert (before.name, before.before[:2]) == ("April 2026", april[:2])
    assert year_before.name == "May 2025"


def test_what_is_before_counting_is_not_compared(ledger: WrittenLedger) -> None:
    assert told(ledger, Asked(None, "2025-01-01", "2025-12-31")).comparisons == []


def test_a_cycle_is_compared_with_the_cycle_before(ledger: WrittenLedger) -> None:
    plan = HOME._replace(cycle=CycleRule("monthly", 7))
    with ledger.reading() as reader:
        period = requested_period(PeriodRequest(cycle="last"), plan, NOW, INDIA)
        found = wrapup(reader, period, NOW, den_host(), selection_of(reader, plan), WrapUpContext((plan,)))

    assert period == Period.cycle(date(2026, 5, 7), 7, INDIA)
    assert (str(period.first), str(period.last)) == ("2026-05-07", "2026-06-06")
    assert [one.name for one in found.comparisons] == ["7 April to 6 May 2026"]


def test_hours_are_those_of_the_period(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("month"))

    with ledger.reading() as reader:
        assert found.hours == hours(reader, NOW, found.span)
    assert found.hours is not None
    assert found.hours.by_hour()[21].total == found.summary.total.total


def test_hours_of_more_than_a_year_are_those_of_four_weeks(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("all"))

    assert found.hours is not None
    assert found.hours.span.end - found.hours.span.start == RECENT_DAYS * DAY
    assert found.hours.span.end == found.span.end


def test_hours_of_a_plan_are_those_of_its_interfaces(ledger: WrittenLedger) -> None:
    found = told(ledger, Asked("month"), Plan("all", ("eth*", "wg0")))

    assert found.hours is not None
    assert found.hours.total.total == found.summary.total.total
    assert found.hours.by_hour()[8].total == 5_500


def test_without_quarter_hours_there_are_no_hours(ledger: WrittenLedger) -> None:
    ledger.forget("slot", NOW)

    assert told(ledger, Asked("month")).hours is None


def test_gaps_are_told_as_far_as_they_reach_into_the_days(ledger: WrittenLedger) -> None:
    assert told(ledger, Asked("month")).gaps.number == 0
    assert told(ledger, Asked("year")).gaps == (1, 4 * 3600, 4 * 3600)
    ledger.write({}, gaps=(Gap(at("2026-05-31T23:00"), at("2026-06-01T01:00"), "asleep", 0),), seen=0)
    assert told(ledger, Asked("month")).gaps == (1, 3600, 3600)


PLANS = {
    "calendar months": HOME,
    "cycle day": HOME._replace(cycle=CycleRule("monthly", 31)),
    "weekly": HOME._replace(cycle=CycleRule("weekly")),
    "larger": HOME._replace(counts="larger"),
    "rollover": HOME._replace(rollover=True),
    "free evenings": HOME._replace(free_hours=(FreeHours(21 * 60, 22 * 60),)),
    "ten days": HOME._replace(cycle=CycleRule("every", 1, 10, date(2024, 2, 29))),
    "tunnel": HOME._replace(interfaces=("wg*",)),
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_running_cycle_is_as_the_plan_says(plan: Plan, ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        status = plan_status(reader, plan, NOW)

        found = plan_cycles(reader, plan, date(2026, 1, 1), date(2026, 6, 12), date(2026, 6, 12))

    running, before = found.cycles[-1], found.cycles[-2]
    assert (running.period, running.used, running.cap, running.cost) == (
        status.cycle,
        status.used,
        status.cap,
        rounded(status.cost, plan.currency),
    )
    assert (before.period, before.used, before.is_over) == (status.last_cycle, status.last_used or 0, True)
    assert not running.is_over


def test_cycles_are_told_as_long_as_they_touch_the_days(ledger: WrittenLedger) -> None:
    plan = HOME._replace(cycle=CycleRule("monthly", 7))
    with ledger.reading() as reader:
        found = plan_cycles(reader, plan, date(2026, 4, 1), date(2026, 4, 30), date(2026, 6, 12))

    assert [(str(one.period.first), one.is_over) for one in found.cycles] == [
        ("2026-03-07", True),
        ("2026-04-07", True),
    ]
    assert (found.is_cut, found.cost) == (False, sum(one.cost for one in found.cycles))


def test_a_cycle_that_is_over_is_told_whole_and_one_that_goes_on_until_today(ledger: WrittenLedger) -> None:
    plan, april = HOME._replace(cycle=CycleRule("monthly", 7)), (date(2026, 4, 1), date(2026, 4, 30))
    with ledger.reading() as reader:
        over = plan_cycles(reader, plan, *april, date(2026, 5, 7)).cycles[-1]
        running = plan_cycles(reader, plan, *april, date(2026, 5, 6)).cycles[-1]
        whole = export(reader, Asked(None, "2026-04-07", "2026-05-06").period(reader, NOW), NOW, den_host()).days.total

    assert (over.is_over, over.used) == (True, whole.total)
    assert (running.is_over, running.used) == (False, whole.total)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Asked(None, "2027-10-01", "2027-10-31"), "October 2027 is yet to come"),
        (Asked(None, "2026-06-13", "2026-06-13"), "13 June 2026 is yet to come"),
        (
            Asked(None, "2025-02-01", "2025-02-28"),
            "nothing was counted in February 2025: counting began on 10 March 2025",
        ),
    ],
)
def test_a_period_without_a_counted_day_is_refused(asked: Asked, problem: str, ledger: WrittenLedger) -> None:
    with pytest.raises(PeriodError) as caught:
        told(ledger, asked)

    assert str(caught.value) == problem


def test_many_cycles_are_cut_to_the_newest(ledger: WrittenLedger) -> None:
    daily = HOME._replace(cycle=CycleRule("daily"))
    with ledger.reading() as reader:
        found = plan_cycles(reader, daily, date(2026, 1, 1), date(2026, 6, 12), date(2026, 6, 12))

    assert (len(found.cycles), found.is_cut) == (13, True)
    assert found.cycles[-1].period.first == date(2026, 6, 12)


def test_a_plan_without_cap_and_price_has_nothing_to_tell(ledger: WrittenLedger) -> None:
    assert told(ledger, Asked("month"), plans=(Plan(),)).plans == []
    assert [one.plan for one in told(ledger, Asked("month"), plans=(Plan(), HOME)).plans] == [HOME]
    assert told(ledger, Asked("month"), "eth0", plans=(HOME,)).plans == []


@pytest.mark.parametrize(
    ("request_", "period"),
    [
        (PeriodRequest(), Period.year(2026, INDIA)),
        (PeriodRequest("week"), Period.week(date(2026, 6, 12), INDIA)),
        (PeriodRequest(year=IsoYear("2025")), Period.year(2025, INDIA)),
        (PeriodRequest(month=IsoMonth("2024-02")), Period.month(2024, 2, INDIA)),
        (PeriodRequest(month=IsoMonth("2025-12")), Period.month(2025, 12, INDIA)),
        (PeriodRequest(cycle="current"), Period.month(2026, 6, INDIA)),
        (PeriodRequest(cycle="last"), Period.month(2026, 5, INDIA)),
    ],
)
def test_a_period_can_be_wanted_by_name(request_: PeriodRequest, period: Period) -> None:
    assert requested_period(request_, HOME, NOW, INDIA) == period


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (PeriodRequest("week", year=IsoYear("2025")), "year: not together with range, from or to"),
        (PeriodRequest(year=IsoYear("2025"), month=IsoMonth("2025-01")), "year: not together with month"),
        (PeriodRequest(month=IsoMonth("2025-01"), cycle="last"), "month: not together with cycle"),
        (PeriodRequest(cycle="next"), "cycle: 'next' is no cycle: use current or last"),
    ],
)
def test_one_period_is_told_at_a_time(request_: PeriodRequest, problem: str) -> None:
    with pytest.raises(PeriodError) as caught:
        requested_period(request_, HOME, NOW, INDIA)

    assert str(caught.value).startswith(problem)


def test_a_cycle_is_of_a_plan(ledger: WrittenLedger) -> None:
    plan, last = Plan("b"), PeriodRequest(cycle="last")
    with ledger.reading() as reader:
        assert requested_selection(reader, [HOME, plan], last, "b", UsageFilter()) == selection_of(reader, plan)
        assert requested_selection(reader, [HOME, plan], last, None, UsageFilter()) == selection_of(reader, HOME)
        assert requested_selection(reader, [HOME], PeriodRequest(), None, UsageFilter(["eth0"])) == selection_of(
            reader, "eth0"
        )
        with pytest.raises(PlanError, match="cycle: not together with interface"):
            requested_selection(reader, [HOME], last, None, UsageFilter(["eth0"]))


def test_what_is_unknown_is_refused_as_an_export_refuses_it(ledger: WrittenLedger) -> None:
    with pytest.raises(UnknownInterfaceError):
        told(ledger, Asked("month"), "nosuch0")
    with pytest.raises(PeriodError):
        told(ledger, Asked(None, "2026-06-12", "2026-06-01"))


def test_the_same_facts_are_told_alike_at_another_time(ledger: WrittenLedger) -> None:
    first, later = (told(ledger, Asked("month"), plans=(HOME,), now=now) for now in (NOW, NOW + 1))
    ledger.hold_back(NOW - 900, (1, 0))

    other = told(ledger, Asked("month"), plans=(HOME,), now=NOW + 1)

    assert repr(first.facts) == repr(later.facts) != repr(other.facts)


def test_an_empty_ledger_has_no_period(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    found = told(new_ledger(INDIA), Asked("all"), plans=(HOME,))

    assert (found.hours, found.notice) == (None, "nothing is counted yet")
    assert found.file_name == "netledger_den_2026-06-12_2026-06-12.html"


def test_one_minute_of_counting_is_a_wrap_up(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    made = new_ledger(INDIA)
    made.hold_back(NOW // 900 * 900, (60_000, 6_000), minute=NOW // 60 * 60)

    found = told(made, Asked("all"), plans=(HOME,))

    assert found.period is not None
    assert found.summary.total.total == 66_000
    assert found.highlights.median is None
    assert found.export.last_date == (date(2026, 6, 11) + timedelta(days=1)).isoformat()
