"""Wrap-ups of imported history: sums with every month, words for what is not known, and no picture of such days."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.billing.plans import CycleRule, Plan
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.formats.html import write
from reports.usage.usage import usage
from reports.wrapup.context import WrapUpContext
from reports.wrapup.wrapup import wrapup
from tests.reports.export.example_exports import den_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.wrapup.wrapup import WrapUp
    from tests.worlds.written_ledger import WrittenLedger

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 20, 18, 0, tzinfo=BERLIN).timestamp()
GB = 10**9
YEAR_2024 = (date(2024, 3, 10), date(2024, 12, 31), 50 * GB, 5 * GB)
MONTHS = {number: (number * 10 * GB, number * GB) for number in range(1, 13)}
"""Bytes of each month of 2025, of which no day is known."""
PERIODS = {
    "2024": Period.year(2024, BERLIN),
    "2025": Period.year(2025, BERLIN),
    "2026": Period.year(2026, BERLIN),
    "July 2025": Period.month(2025, 7, BERLIN),
    "March 2026": Period.month(2026, 3, BERLIN),
    "April 2026": Period.month(2026, 4, BERLIN),
}


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """A year, twelve months, and the days of March until the 28th were imported; counting began on 10 April."""
    made = new_ledger(BERLIN)
    days = [date(2026, 4, 10) + timedelta(days=number) for number in range(11)]
    noons = [int(datetime(day.year, day.month, day.day, 12, tzinfo=BERLIN).timestamp()) for day in days]
    made.write(dict.fromkeys(noons, (GB, 0)), seen=int(datetime(2026, 4, 10, tzinfo=BERLIN).timestamp()))
    months = [
        (period.first, period.last, *MONTHS[number])
        for number, period in ((number, Period.month(2025, number, BERLIN)) for number in MONTHS)
    ]
    march = [(date(2026, 3, day), date(2026, 3, day), 2 * GB, day) for day in range(1, 29)]
    made.bring(YEAR_2024, *months, *march)
    return made


def made_of(ledger: WrittenLedger, period: Period, *plans: Plan) -> WrapUp:
    with ledger.reading() as reader:
        return wrapup(reader, period, NOW, den_host(), context=WrapUpContext(plans=plans))


def words(found: WrapUp) -> str:
    page = b"".join(write(found)).decode()
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("<body>")[2]).replace("\u00a0", " ").split())


@pytest.mark.parametrize("name", PERIODS)
def test_a_wrapup_has_the_sum_of_usage(name: str, ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        used = usage(reader, PERIODS[name], NOW)

    found = made_of(ledger, PERIODS[name])

    assert found.summary.total.total == used.total.total
    assert found.summary.imported == used.imported.total
    assert f"{used.total.received:,} bytes" in words(found)


def test_a_month_without_its_days_has_its_sum_and_no_picture_of_days(ledger: WrittenLedger) -> None:
    found = made_of(ledger, PERIODS["July 2025"])
    text, page = words(found), b"".join(write(found)).decode()

    assert found.notice == ""
    assert "You moved 77.00 GB in July 2025, 17 % more than June 2025" in text
    assert "counted by vnstat , days not known" in text
    assert "1 July 2025 to 31 July 2025, 77.00 GB" in text
    assert "100 % of the bytes were counted by another program." in text
    assert not re.findall('class="(?:skyline|heat|columns)', page)
    assert "Every single day" not in text
    assert "A day" not in text


def test_a_year_adds_its_months_and_records_name_the_busiest(ledger: WrittenLedger) -> None:
    found = made_of(ledger, PERIODS["2025"])
    text = words(found)

    assert [(month.name, month.bytes[:2]) for month in found.summary.months] == [
        (f"2025-{number:02}", moved) for number, moved in MONTHS.items()
    ]
    assert "Month by month Of some months no day is known: they are drawn as a whole." in text
    assert "Busiest month December 2025; it moved 132.00 GB, imported" in text
    assert text.count(" received, imported") == 12


def test_a_year_of_which_no_month_is_known_has_its_sum_alone(ledger: WrittenLedger) -> None:
    text = words(made_of(ledger, PERIODS["2024"]))

    assert "You moved 55.00 GB in 2024." in text
    assert "Month by month" not in text
    assert "10 March 2024 to 31 December 2024, 55.00 GB" in text


def test_a_part_of_a_longer_span_is_not_known(ledger: WrittenLedger) -> None:
    with pytest.raises(PeriodError, match="nothing is known in May 2024 alone: it was imported as a part"):
        made_of(ledger, Period.month(2024, 5, BERLIN))


def test_days_between_others_that_are_not_known_are_drawn_as_such(ledger: WrittenLedger) -> None:
    """From 29 March to 9 April nothing counted."""
    found = made_of(ledger, Period.days(date(2026, 3, 1), date(2026, 4, 20), BERLIN))
    page = b"".join(write(found)).decode()

    assert found.export.days.size == 28 + 11
    assert "9 April 2026: not known" in page
    assert page.count('class="heat-none"') == 12
    assert found.highlights.idle_days == 0
    assert found.highlights.streak is not None
    assert (found.highlights.streak.first, found.highlights.streak.last) != (date(2026, 3, 28), date(2026, 4, 10))
    assert found.highlights.weekdays[date(2026, 4, 13).weekday()] < 2 * GB


def test_what_cannot_be_cut_is_not_compared(ledger: WrittenLedger) -> None:
    """2026 until 20 April has no like in 2025: April is known as a whole alone."""
    assert made_of(ledger, PERIODS["2026"]).comparisons == []
    july = made_of(ledger, PERIODS["July 2025"]).comparisons
    assert [(one.name, one.before.total) for one in july] == [("June 2025", 66 * GB)]


def test_plans_say_what_their_cycles_leave_out(ledger: WrittenLedger) -> None:
    plan = Plan(name="home", cap_bytes=GB, cycle=CycleRule(day=15))

    text = words(made_of(ledger, PERIODS["2025"], plan))

    # The first cycle begins in 2024, of which no month is known.
    assert "913.00 GB imported across the ends of cycles cannot be cut, and are in none of them." in text
    assert "imported across" not in words(made_of(ledger, PERIODS["2025"], plan._replace(cycle=CycleRule())))


def test_the_name_of_a_source_is_only_text(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    made = new_ledger(BERLIN)
    made.write({int(NOW) // 900 * 900 - 900: (GB, 0)})
    made.bring((date(2025, 7, 1), date(2025, 7, 31), GB, GB), source="<script>x")

    page = b"".join(write(made_of(made, PERIODS["July 2025"]))).decode()

    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
