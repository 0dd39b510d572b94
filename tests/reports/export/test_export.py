"""What an export tells of a real ledger: which days, in which order, and their sums."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.metering.counters.speeds import Speeds
from reports.billing.billed_usage import select
from reports.billing.plans import Plan, PlanError
from reports.calendar.parsing import PeriodError
from reports.export.days import Days
from reports.export.export import BATCH_DAYS, export
from reports.formats.registry import BASIC, FORMATS
from reports.ledger.reader import Bytes, LedgerReader, UnknownInterfaceError
from tests.reports.export.example_exports import Asked, den_host, export_with, year_end, years
from tests.worlds.selections import selection_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.export import Export
    from tests.worlds.written_ledger import WrittenLedger

INDIA = ZoneInfo("Asia/Kolkata")


def at(text: str) -> int:
    """A local time in India."""
    return int(datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC).timestamp())


NOW = at("2026-06-12T14:30")


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """Traffic in December, on the first and third of June, today, and of a tunnel."""
    made = new_ledger(INDIA)
    slots = {
        at("2025-12-31T23:45"): (1_000, 100),
        at("2026-06-01T10:00"): (2_000, 200),
        at("2026-06-03T00:00"): (3_000, 300),
        at("2026-06-12T14:15"): (4_000, 400),
    }
    made.write(slots, seen=at("2025-12-31T23:45"), peaks=Speeds(10, 2, 12))
    made.write({at("2026-06-03T00:00"): (50, 5)}, device="wg0")
    return made


def asked(
    ledger: WrittenLedger,
    named: Asked = Asked(),  # noqa: B008 - frozen
    subject: Plan | str | None = None,
) -> Export:
    with ledger.reading() as reader:
        return export(reader, named.period(reader, NOW), NOW, den_host(), selection_of(reader, subject))


RANGES = {
    "today": ("2026-06-12", "2026-06-12", 4_400),
    "week": ("2026-06-08", "2026-06-12", 4_400),
    "month": ("2026-06-01", "2026-06-12", 9_900),
    "year": ("2026-01-01", "2026-06-12", 9_900),
    "all": ("2025-12-31", "2026-06-12", 11_000),
}


@pytest.mark.parametrize("name", RANGES)
def test_a_range_is_every_local_day_of_it_until_today(name: str, ledger: WrittenLedger) -> None:
    found = asked(ledger, Asked(name))

    assert (found.first_date, found.last_date, found.days.total.total) == RANGES[name]
    assert found.range == name
    assert found.notice == ""


def test_days_without_traffic_are_told_with_zeros(ledger: WrittenLedger) -> None:
    days = asked(ledger, Asked(first="2026-06-01", last="2026-06-04")).days

    assert days.dates == ["2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"]
    assert list(days.received) == [2_000, 0, 3_000, 0]
    assert list(days.sent) == [200, 0, 300, 0]
    assert list(days.peaks) == [12, 0, 12, 0]


def test_days_before_counting_began_and_days_to_come_are_not_told(ledger: WrittenLedger) -> None:
    found = asked(ledger, Asked("custom", "2020-01-01", "2030-12-31"))

    assert (found.first_date, found.last_date) == ("2025-12-31", "2026-06-12")


@pytest.mark.parametrize(("first", "last"), [("2020-01-01", "2020-12-31"), ("2030-01-01", "2030-12-31")])
def test_a_range_in_which_nothing_was_counted_says_so(first: str, last: str, ledger: WrittenLedger) -> None:
    found = asked(ledger, Asked(None, first, last))

    assert (found.days.size, found.interfaces) == (0, ())
    assert found.notice == "nothing is counted in this range yet"


def test_an_empty_ledger_says_so(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    found = asked(new_ledger(INDIA))

    assert (found.days.size, found.notice) == (0, "nothing is counted yet")
    assert found.summary().total == Bytes()
    assert (found.summary().busiest, found.summary().daily_average) == (None, 0)


def test_what_waits_to_be_posted_is_told_once(ledger: WrittenLedger) -> None:
    ledger.hold_back(at("2026-06-12T14:15"), (7, 1), peak=99)
    ledger.hold_back(at("2026-06-11T14:15"), (5, 5))

    days = asked(ledger, Asked(first="2026-06-10", last="2026-06-12")).days

    assert list(days.received) == [0, 5, 4_007]
    assert list(days.sent) == [0, 5, 401]
    assert list(days.peaks) == [0, 0, 99]


def test_a_ledger_that_has_posted_nothing_tells_what_waits(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    ledger = new_ledger(INDIA)
    ledger.hold_back(at("2026-06-12T14:15"), (7, 1))

    found = asked(ledger)

    assert (list(found.days.dates), found.days.total.total) == (["2026-06-12"], 8)


def test_interfaces_are_told_counted_ones_first(ledger: WrittenLedger) -> None:
    ledger.write({at("2026-06-03T00:00"): (30, 3)}, device="eth1")

    found = asked(ledger)

    assert [(total.device, total.is_counted, total.bytes.total) for total in found.interfaces] == [
        ("eth0", True, 11_000),
        ("eth1", True, 33),
        ("wg0", False, 55),
    ]
    assert sum(total.bytes.total for total in found.interfaces if total.is_counted) == found.days.total.total


def test_one_interface_is_told_from_the_day_it_was_first_seen(ledger: WrittenLedger) -> None:
    found = asked(ledger, subject="wg0")

    assert (found.device, found.first_date, found.days.total.total) == ("wg0", "2026-06-03", 55)
    assert [total.device for total in found.interfaces] == ["wg0"]


def test_interfaces_without_traffic_in_the_range_are_not_told(ledger: WrittenLedger) -> None:
    found = asked(ledger, Asked(first="2026-06-12"))

    assert [total.device for total in found.interfaces] == ["eth0"]


def test_what_waits_is_in_the_total_of_its_interface_counted_or_not(ledger: WrittenLedger) -> None:
    ledger.hold_back(at("2026-06-12T14:15"), (7, 1), device="wg0", peak=99)
    ledger.hold_back(at("2026-06-12T14:15"), (1, 1), device="wg1")
    ledger.hold_back(at("2026-06-12T14:15"), (2, 2), device="eth1")

    totals = {total.device: total.bytes for total in asked(ledger).interfaces}

    assert totals["wg0"] == Bytes(57, 6, 0, 99)
    assert (totals["wg1"].total, totals["eth1"].total) == (2, 4)


@pytest.mark.parametrize("subject", [None, Plan("all", ("*",))], ids=["the machine", "a plan"])
def test_each_row_is_read_once_however_many_interfaces_there_are(
    subject: Plan | None, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    few, many = (steps_of_an_export(new_ledger(INDIA), count, subject) for count in (40, 160))

    assert many < 8 * few


def steps_of_an_export(ledger: WrittenLedger, interfaces: int, subject: Plan | None) -> int:
    """Thousands of instructions of SQLite for an export of twenty days of so many interfaces."""
    ledger.write({at("2026-06-01"): (1, 1)})
    with contextlib.closing(sqlite3.connect(ledger.path)) as connection, connection:
        names = [(f"veth{number}",) for number in range(interfaces)]
        connection.executemany(
            "INSERT INTO subject (meter, key, first_seen, last_seen) VALUES ('interface', ?, 0, 0)", names
        )
        connection.execute("INSERT OR IGNORE INTO interface_subject (subject, device) SELECT id, key FROM subject")
        days = ((day,) for day in range(20_590, 20_610))
        connection.executemany(
            "INSERT INTO interface_day (day, subject, receive_bytes)"
            " SELECT ?, subject, 1 FROM interface_subject WHERE counted = 0",
            days,
        )
    steps = 0

    def count_steps() -> int:
        nonlocal steps
        steps += 1
        return 0

    with (
        contextlib.closing(connect_to_read(ledger.path)) as connection,
        LedgerReader(connection).at_one_moment() as reader,
    ):
        connection.set_progress_handler(count_steps, 1000)
        found = export(reader, Asked().period(reader, NOW), NOW, den_host(), selection_of(reader, subject))
        reader.days_by_interface(date(2026, 5, 1), date(2026, 6, 30))
        connection.set_progress_handler(None, 0)
    assert len(found.interfaces) == interfaces + 1
    return steps


PLANS = {
    "the machine's": (Plan("home"), ["eth0", "eth1"], 11_033),
    "one interface": (Plan("tunnel", ("wg*",)), ["wg0"], 55),
    "counted and not": (Plan("mixed", ("eth1", "wg0")), ["eth1", "wg0"], 88),
}


@pytest.mark.parametrize("case", PLANS)
def test_a_plan_is_the_sum_of_the_interfaces_that_it_covers(case: str, ledger: WrittenLedger) -> None:
    ledger.write({at("2026-06-03T00:00"): (30, 3)}, device="eth1")
    plan, names, total = PLANS[case]

    found = asked(ledger, subject=plan)

    assert (found.plan, found.device) == (plan.name, None)
    assert sorted(told.device for told in found.interfaces) == names
    assert found.days.total.total == sum(told.bytes.total for told in found.interfaces) == total


def test_days_of_a_plan_are_added_one_by_one_and_the_higher_peak_is_told(ledger: WrittenLedger) -> None:
    ledger.write({at("2026-06-02T00:00"): (30, 3)}, device="eth1", peaks=Speeds(40, 2, 42))
    ledger.hold_back(at("2026-06-03T09:00"), (7, 1), device="wg0", peak=99)
    ledger.hold_back(at("2026-06-03T09:00"), (1_000_000, 1))

    found = asked(ledger, Asked(first="2020-01-01", last="2026-06-04"), Plan("mixed", ("eth1", "wg0")))

    assert found.days == Days(
        ["2026-06-02", "2026-06-03", "2026-06-04"], [30, 57, 0], [3, 6, 0], [0, 0, 0], [42, 99, 0]
    )


def test_a_plan_whose_interfaces_were_never_seen_has_no_days(ledger: WrittenLedger) -> None:
    found = asked(ledger, subject=Plan("phone", ("usb*",)))

    assert (found.days.size, found.interfaces, found.notice) == (0, (), "nothing is counted yet")


def test_a_plan_and_an_interface_at_once_are_refused_with_the_rule(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader, pytest.raises(PlanError, match="'home' and interface exclude each other"):
        select(reader, [Plan("home")], "home", ["eth0"])


def test_a_plan_that_nobody_set_is_refused_with_those_that_are(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader, pytest.raises(PlanError, match="there is no 'office'; use home, travel"):
        select(reader, [Plan("home"), Plan("travel")], "office", [])


def test_an_interface_that_the_ledger_does_not_know_is_refused(ledger: WrittenLedger) -> None:
    with pytest.raises(UnknownInterfaceError, match="eth7"):
        asked(ledger, subject="eth7")


def test_every_format_by_days_writes_the_same_export() -> None:
    sources = {name: form.source for name, form in FORMATS.items() if name != "html"} | {"basic": BASIC.source}

    assert set(sources.values()) == {("export.export", "export")}


NONSENSE = {
    "range: 'decade'": Asked("decade"),
    "'2026-02-30' is not a date": Asked(first="2026-02-30", last="2026-03-01"),
    "'tomorrow' is not a date": Asked(first="2026-02-01", last="tomorrow"),
    "from: '2026-06-02' is not before": Asked(first="2026-06-02", last="2026-06-01"),
    "range: 'custom' needs": Asked("custom"),
    "'2026-06-01T10:00' is not a date": Asked(first="2026-06-01T10:00"),
    "range: 'week' and from": Asked("week", first="2026-06-01"),
}


@pytest.mark.parametrize("message", NONSENSE)
def test_nonsense_is_refused_by_name_and_rule(message: str, ledger: WrittenLedger) -> None:
    with pytest.raises(PeriodError) as refusal:
        asked(ledger, NONSENSE[message])

    assert str(refusal.value).startswith(message)


def test_a_summary_adds_up_by_month_and_year() -> None:
    summary = year_end().summary()

    assert [(part.name, part.bytes.total, part.days) for part in summary.months] == [
        ("2025-12", 26_843_545_600, 2),
        ("2026-01", 8_053_065_679, 2),
    ]
    assert [(part.name, part.days) for part in summary.years] == [("2025", 2), ("2026", 2)]
    assert summary.total == Bytes(27_917_288_424, 6_979_322_855, 1_500, 200_000_000)
    assert summary.busiest
    assert summary.fastest
    assert (summary.busiest.name, summary.busiest.bytes.total) == ("2025-12-30", 26_843_545_600)
    assert (summary.fastest.name, summary.fastest.bytes.peak_speed) == ("2026-01-02", 200_000_000)
    assert summary.daily_average == summary.total.total // 4


def test_months_years_and_days_of_ten_years_have_the_same_sum() -> None:
    ten = years(10)
    summary = ten.summary()

    assert len(summary.months) == 120
    assert [part.days for part in summary.years] == [366 if year % 4 == 0 else 365 for year in range(2016, 2026)]
    for parts in (summary.months, summary.years):
        assert sum(part.bytes.total for part in parts) == sum(ten.days.received) + sum(ten.days.sent)


def test_batches_are_all_days_in_order() -> None:
    ten = years(10)

    batches = list(ten.batches())

    assert [day for batch in batches for day in batch.dates] == ten.days.dates
    assert {batch.size for batch in batches[:-1]} == {BATCH_DAYS}
    assert list(export_with().batches()) == []


def test_a_host_name_that_is_no_unicode_is_told_all_the_same(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        found = export(reader, Asked().period(reader, NOW), NOW, den_host("b\udce4d"))

    assert found.host.name == "b?d"
