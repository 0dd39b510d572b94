from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.metering.counters.speeds import Speeds
from reports.calendar.days import day_start
from reports.ledger.reader import UnknownInterfaceError
from reports.usage.records import TOP_DAYS, Records, records
from tests.worlds.written_ledger import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.written_ledger import WrittenLedger

INDIA = ZoneInfo("Asia/Kolkata")
TODAY = date(2026, 6, 12)
MIDNIGHT = day_start(TODAY, INDIA)
NOW = MIDNIGHT + 12 * HOUR


def found(ledger: WrittenLedger, device: str | None = None, now: int = NOW) -> Records:
    with ledger.reading() as reader:
        return records(reader, now, reader.resolve([device] if device else []))


def at(day: date, hour: int = 0) -> int:
    return day_start(day, INDIA) + hour * HOUR


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """A busy day long ago, a busy week and month that it is not in, and a quiet today."""
    made = new_ledger(INDIA)
    made.write({at(date(2025, 3, 5), 7): (900, 100)}, peaks=Speeds(70, 20, 75))
    made.write({at(date(2026, 5, day), 21): (300, 30) for day in (4, 5, 6, 10)}, peaks=Speeds(40, 50, 80))
    made.write({at(date(2026, 4, day), 3): (200, 0) for day in range(1, 29, 7)})
    made.write({MIDNIGHT: (10, 5)})
    made.write({at(date(2026, 5, 4), 9): (1, 1)}, device="eth1", peaks=Speeds(60, 10, 65))
    made.write({at(date(2026, 5, 4), 9): (10**9, 10**9)}, device="wg0", peaks=Speeds(999, 999, 999))
    return made


def test_the_busiest_day_week_and_month_need_not_lie_in_each_other(ledger: WrittenLedger) -> None:
    told = found(ledger)

    assert told.since == date(2025, 3, 5)
    assert (told.days[0].period.name, told.days[0].bytes.total) == ("2025-03-05", 1000)
    assert told.week is not None
    assert (told.week.period.name, told.week.bytes.received, told.week.bytes.sent) == ("2026-W19", 1201, 121)
    assert told.month is not None
    assert (told.month.period.name, told.month.bytes.total) == ("2026-05", 1322)


def test_days_are_listed_busiest_first_and_of_equals_the_earlier_one(ledger: WrittenLedger) -> None:
    names = [day.period.name for day in found(ledger).days]

    assert names == [
        *("2025-03-05", "2026-05-04", "2026-05-05", "2026-05-06", "2026-05-10"),
        *("2026-04-01", "2026-04-08", "2026-04-15", "2026-04-22", "2026-06-12"),
    ]
    assert len(names) == TOP_DAYS


def test_a_peak_names_the_first_day_and_interface_that_had_it(ledger: WrittenLedger) -> None:
    peaks = found(ledger).peaks

    assert peaks.received == (70, date(2025, 3, 5), "eth0")
    assert peaks.sent == (50, date(2026, 5, 4), "eth0")
    assert peaks.total == (80, date(2026, 5, 4), "eth0")


def test_one_interface_has_its_own_records(ledger: WrittenLedger) -> None:
    told = found(ledger, "eth1")

    assert [(day.period.name, day.bytes.total) for day in told.days] == [("2026-05-04", 2)]
    assert told.peaks.received == (60, date(2026, 5, 4), "eth1")
    assert found(ledger, "wg0").days[0].bytes.total == 2 * 10**9


def test_an_unknown_interface_is_refused(ledger: WrittenLedger) -> None:
    with pytest.raises(UnknownInterfaceError):
        found(ledger, "eth9")


def test_the_busiest_hour_is_a_local_one_of_the_last_four_weeks(ledger: WrittenLedger) -> None:
    ledger.write({at(date(2026, 6, day), 21) + 900: (50, 0) for day in (1, 2, 3)})
    ledger.write({at(date(2026, 5, 15), 22): (200, 0)})

    told = found(ledger).hour

    assert told is not None
    assert (told.hour, told.bytes.total) == (21, 150)
    assert (told.first, told.last) == (date(2026, 5, 16), TODAY)


def test_what_waits_to_be_posted_can_be_a_record(ledger: WrittenLedger) -> None:
    ledger.hold_back(MIDNIGHT + 11 * HOUR, (5_000, 700), device="eth1", peak=123)

    told = found(ledger)

    assert (told.days[0].period.name, told.days[0].bytes.received, told.days[0].bytes.sent) == ("2026-06-12", 5010, 705)
    assert told.week is not None
    assert told.week.period.name == "2026-W24"
    assert told.hour is not None
    assert told.hour.hour == 11
    assert told.peaks.total == (123, TODAY, "eth1")
    assert found(ledger, "eth0").days[0].period.name == "2025-03-05"


def test_in_an_empty_ledger_there_is_only_what_waits(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    empty = new_ledger(INDIA)

    assert found(empty) == (None, [], None, None, None, (None, None, None))

    empty.hold_back(MIDNIGHT, (7, 0))
    assert [day.bytes.total for day in found(empty).days] == [7]
    assert found(empty).peaks == (None, None, None)


def test_a_day_without_bytes_is_no_record(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    still = new_ledger(INDIA)
    still.write({MIDNIGHT: (0, 0)})

    told = found(still)

    assert (told.days, told.week, told.month, told.hour) == ([], None, None, None)


def test_a_week_over_new_year_is_one_week(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    ledger = new_ledger(INDIA)
    ledger.write({at(date(2025, 12, 28)) + number * DAY: (10 + number, 0) for number in range(10)})

    week = found(ledger).week

    assert week is not None
    assert (week.period.name, week.bytes.total) == ("2026-W01", sum(range(11, 18)))


def test_the_busiest_week_may_begin_today(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    made, monday = new_ledger(INDIA), date(2026, 6, 15)
    made.write({at(date(2026, 6, 9)): (100, 0), at(monday, 1): (5000, 0)})

    week = found(made, now=at(monday, 2)).week

    assert week is not None
    assert week.period.name == "2026-W25"


def test_the_interface_with_the_highest_peak_is_named_though_it_waits_to_be_posted(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
) -> None:
    made = new_ledger(INDIA)
    made.hold_back(MIDNIGHT, (10, 0), device="eth0", peak=5)
    made.hold_back(MIDNIGHT, (10, 0), device="eth1", peak=900)

    peak = found(made).peaks.total

    assert peak is not None
    assert (peak.device, peak.speed) == ("eth1", 900)
