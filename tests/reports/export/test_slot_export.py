"""Exports by quarter hours of a real ledger: every byte once, whatever retention, the clock and the service do."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from exporter.metering.counters.speeds import Speeds
from reports.billing.plans import Plan
from reports.export.slots import DAY, ROWS_AT_ONCE, SLOT, read_slots, slot_export
from reports.formats.csv.days import FORMULA_STARTS
from reports.formats.json.slots import SlotDocument
from reports.formats.registry import SLOT_FORMATS, ResolutionError, format_at
from tests.reports.export.example_exports import HOSTILE_NAMES, Asked, den_host
from tests.worlds.selections import selection_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.export.slots import SlotExport, SlotRow
    from reports.ledger.reader import LedgerReader
    from tests.conftest import Golden
    from tests.worlds.written_ledger import WrittenLedger

INDIA, BERLIN = ZoneInfo("Asia/Kolkata"), ZoneInfo("Europe/Berlin")
HOUR = 3600
LARGEST_PIECE = 160 * 1024


def at(text: str, zone: ZoneInfo = INDIA) -> int:
    """A local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).timestamp())


NOW = at("2026-06-12T14:30")
FIRST, THIRD, TODAY = at("2026-06-01T10:00"), at("2026-06-03T00:00"), at("2026-06-12T14:15")


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    """eth0 moved something in six quarter hours of three days, eth1 (counted too) and wg0 (not) in one each."""
    made = new_ledger(INDIA)
    slots = {
        FIRST: (2_000, 200),
        FIRST + 900: (2_100, 210),
        FIRST + HOUR: (2_200, 220),
        THIRD: (3_000, 300),
        THIRD + 900: (3_100, 310),
        TODAY: (4_000, 400),
    }
    made.write(slots, seen=FIRST, peaks=Speeds(10, 2, 12))
    made.write({THIRD: (50, 5)}, device="eth1")
    made.write({THIRD: (7, 1)}, device="wg0")
    return made


def asked(ledger: WrittenLedger, named: Asked = Asked(), subject: Plan | str | None = None) -> list[SlotRow]:  # noqa: B008 - frozen
    with ledger.reading() as reader:
        return rows_of(slot_export(reader, named.period(reader, NOW), NOW, den_host(), selection_of(reader, subject)))


def rows_of(told: SlotExport) -> list[SlotRow]:
    return [row for rows in told.batches() for row in rows]


def total(rows: list[SlotRow]) -> int:
    return sum(row.received + row.sent for row in rows)


def written(ledger: WrittenLedger, name: str, now: float = NOW) -> str:
    with ledger.reading() as reader:
        return b"".join(
            format_at(SLOT, name).write(slot_export(reader, Asked().period(reader, now), now, den_host()))
        ).decode()


def test_each_slot_of_each_counted_interface_is_a_row_in_order(ledger: WrittenLedger) -> None:
    rows = asked(ledger)

    assert [tuple(row[:7]) for row in rows] == [
        ("2026-06-01T10:00:00+05:30", "eth0", 2_000, 200, 0, 12, SLOT),
        ("2026-06-01T10:15:00+05:30", "eth0", 2_100, 210, 0, 12, SLOT),
        ("2026-06-01T11:00:00+05:30", "eth0", 2_200, 220, 0, 12, SLOT),
        ("2026-06-03T00:00:00+05:30", "eth0", 3_000, 300, 0, 12, SLOT),
        ("2026-06-03T00:00:00+05:30", "eth1", 50, 5, 0, 0, SLOT),
        ("2026-06-03T00:15:00+05:30", "eth0", 3_100, 310, 0, 12, SLOT),
        ("2026-06-12T14:15:00+05:30", "eth0", 4_000, 400, 0, 12, SLOT),
    ]


def test_everything_that_is_kept_needs_no_notice(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())

    assert (told.notice, told.slots_since) == ("", at("2026-06-01"))


def test_days_on_which_nothing_was_moved_need_no_notice(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    ledger = new_ledger(INDIA)
    ledger.write({TODAY: (4_000, 400)}, seen=FIRST)

    with ledger.reading() as reader:
        late, still = (
            slot_export(reader, named.period(reader, NOW), NOW, den_host())
            for named in (Asked(), Asked(first="2026-06-02", last="2026-06-03"))
        )
        assert (late.notice, late.slots_since, len(rows_of(late))) == ("", at("2026-06-12"), 1)
        assert (still.notice, still.slots_since, rows_of(still)) == ("", None, [])


SUBJECTS: dict[str, tuple[Plan | str | None, set[str], int]] = {
    "the machine": (None, {"eth0", "eth1"}, 18_095),
    "one interface": ("wg0", {"wg0"}, 8),
    "a plan": (Plan("mixed", ("eth1", "wg0")), {"eth1", "wg0"}, 63),
}


@pytest.mark.parametrize("case", SUBJECTS)
def test_rows_are_those_of_the_subject_and_have_its_sum(case: str, ledger: WrittenLedger) -> None:
    subject, devices, amount = SUBJECTS[case]

    rows = asked(ledger, subject=subject)

    assert ({row.device for row in rows}, total(rows)) == (devices, amount)


def test_a_range_is_its_local_days(ledger: WrittenLedger) -> None:
    rows = asked(ledger, Asked(first="2026-06-02", last="2026-06-03"))

    assert {row.start[:10] for row in rows} == {"2026-06-03"}
    assert total(rows) == 6_765


@pytest.mark.parametrize("forgotten", [FIRST + 900, FIRST + HOUR + 900], ids=["within a day", "between days"])
def test_a_day_that_has_lost_slots_is_one_row_and_no_byte_is_lost(forgotten: int, ledger: WrittenLedger) -> None:
    ledger.forget("slot", forgotten)

    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())
        rows = rows_of(told)

    assert tuple(rows[0][:7]) == ("2026-06-01T00:00:00+05:30", "eth0", 6_300, 630, 0, 12, DAY)
    assert {row.resolution for row in rows[1:]} == {SLOT}
    assert total(rows) == told.by_day.days.total.total == 18_095
    assert told.slots_since == at("2026-06-03")
    assert told.notice == "days before 2026-06-03 are one row each: not all of their quarter hours are kept"


def test_only_the_interface_that_has_lost_slots_is_told_by_the_day(ledger: WrittenLedger) -> None:
    ledger.write({FIRST + HOUR: (60, 6)}, device="eth1")
    ledger.forget("slot", FIRST + 900)

    rows = [row for row in asked(ledger) if row.start.startswith("2026-06-01")]

    assert [(row.start[11:16], row.device, row.received, row.resolution) for row in rows] == [
        ("00:00", "eth0", 6_300, DAY),
        ("11:00", "eth1", 60, SLOT),
    ]


def test_a_ledger_without_slots_tells_days_and_says_so(ledger: WrittenLedger) -> None:
    ledger.forget("slot", NOW)

    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())
        rows = rows_of(told)

    assert (told.slots_since, {row.resolution for row in rows}, total(rows)) == (None, {DAY}, 18_095)
    assert told.notice == "no quarter hours of these days are kept: each day is one row"


def test_what_waits_to_be_posted_is_told_once(ledger: WrittenLedger) -> None:
    ledger.hold_back(TODAY, (7, 1), peak=99)
    ledger.hold_back(TODAY - 900, (5, 5))
    ledger.hold_back(THIRD + HOUR, (3, 3), device="eth1")

    rows = asked(ledger)

    assert total(rows) == 18_095 + 24
    assert [(row.start[11:16], row.received, row.sent, row.peak) for row in rows[-2:]] == [
        ("14:00", 5, 5, 0),
        ("14:15", 4_007, 401, 99),
    ]
    assert ("2026-06-03T01:00:00+05:30", "eth1", 3, 3, 0, 0, SLOT) in [tuple(row[:7]) for row in rows]


def test_what_is_posted_while_it_is_written_is_told_once(ledger: WrittenLedger) -> None:
    ledger.hold_back(TODAY, (7, 1))
    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())
    ledger.write({TODAY: (7, 1)})

    with ledger.reading() as later:
        rows = rows_of(slot_read_with(told, later))

    assert total(rows) == told.by_day.days.total.total == 18_103


@pytest.mark.parametrize("change", ["more is booked", "slots are deleted"])
def test_an_older_day_that_changes_while_it_is_written_is_told_as_it_was(change: str, ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())
    if change == "more is booked":
        ledger.write({FIRST: (10**6, 0)})
    else:
        ledger.forget("slot", FIRST + HOUR)

    with ledger.reading() as later:
        rows = rows_of(slot_read_with(told, later))

    assert rows[0][:5] == ("2026-06-01T00:00:00+05:30", "eth0", 6_300, 630, 0)
    assert Counter(row.resolution for row in rows) == {DAY: 1, SLOT: 4}
    assert total(rows) == told.by_day.days.total.total


def slot_read_with(told: SlotExport, ledger: LedgerReader) -> SlotExport:
    return told.read_with(lambda span, devices: read_slots(ledger, span, devices))


CHANGES = {
    "an hour twice": ("2026-10-25", 100),
    "an hour that is skipped": ("2026-03-29", 92),
    "a usual day": ("2026-07-01", 96),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_day_on_which_the_clock_is_changed_has_each_slot_at_its_own_instant(
    case: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    day, count = CHANGES[case]
    begun = at(day, BERLIN)
    starts = [begun + 900 * number for number in range(-4, count + 4)]
    ledger = new_ledger(BERLIN)
    ledger.write(dict.fromkeys(starts, (1, 0)))

    with ledger.reading() as reader:
        told = slot_export(
            reader, Asked(first=day, last=day).period(reader, at("2026-12-01")), at("2026-12-01"), den_host()
        )
        rows = rows_of(told)

    assert [datetime.fromisoformat(row.start).timestamp() for row in rows] == starts[4:-4]
    assert {row.start[:10] for row in rows} == {day}
    assert told.by_day.days.total.received == count


def test_many_interfaces_are_told_like_few(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    ledger = new_ledger(INDIA)
    names = [f"eth{number}" for number in range(12)]
    for number, name in enumerate(names):
        ledger.write({THIRD: (number, 1), TODAY: (number, 2)}, device=name)

    rows = asked(ledger)

    assert [(row.start[:10], row.device, row.received) for row in rows] == [
        (day, name, int(name[3:])) for day in ("2026-06-03", "2026-06-12") for name in sorted(names)
    ]


def test_days_are_read_some_at_a_time_and_none_that_is_empty(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
) -> None:
    ledger = new_ledger(INDIA)
    begun = at("2026-01-01")
    whole = {begun + 900 * number: (number, 1) for number in range(96 * 40)}
    ledger.write({**whole, at("2026-05-01"): (5, 5)})

    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host())
        sizes = [len(rows) for rows in told.batches()]

    assert sum(sizes) == len(whole) + 1
    assert 0 < min(sizes) <= max(sizes) <= ROWS_AT_ONCE
    assert len(sizes) <= told.batch_count


@pytest.mark.parametrize("name", SLOT_FORMATS)
def test_slots_are_written_in_small_pieces_and_never_held(
    name: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    ledger, begun = new_ledger(INDIA), at("2026-01-01")
    for device in ("eth0", "eth1"):
        ledger.write({begun + 900 * number: (10**9 + number, 1) for number in range(96 * 150)}, device=device)

    with ledger.reading() as reader:
        pieces = format_at(SLOT, name).write(slot_export(reader, Asked().period(reader, NOW), NOW, den_host()))
        next(pieces)
        tracemalloc.start()
        try:
            largest = max(map(len, pieces))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert largest <= LARGEST_PIECE
    assert peak <= 2_000_000


def test_json_is_the_document_that_the_api_describes_and_has_the_rows(ledger: WrittenLedger, golden: Golden) -> None:
    ledger.forget("slot", FIRST + 900)

    text = written(ledger, "json")

    golden("exports/slots.json", text)
    document = msgspec.json.decode(text, type=SlotDocument, strict=True)
    assert msgspec.json.encode(document) + b"\n" == text.encode()
    assert sum(row.total_bytes for row in document.slot_data) == document.summary.totals.total_bytes
    assert document.metadata.notice


def test_csv_has_the_rows(ledger: WrittenLedger, golden: Golden) -> None:
    ledger.forget("slot", FIRST + 900)

    text = written(ledger, "csv")

    golden("exports/slots.csv", text)
    assert text.count("\n") == text.count("\r\n") == 6
    assert sum(int(row["total_bytes"]) for row in csv.DictReader(io.StringIO(text, newline=""))) == 18_095


@pytest.mark.parametrize("name", SLOT_FORMATS)
def test_an_empty_ledger_is_valid_and_says_so(name: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    text = written(new_ledger(INDIA), name)

    if name == "csv":
        assert text.startswith("start,bytes_sent,")
        assert text.endswith(",resolution\r\n")
    else:
        document = json.loads(text)
        assert (document["slot_data"], document["metadata"]["slots_since"]) == ([], None)
        assert document["metadata"]["notice"] == "nothing is counted yet"


@pytest.mark.parametrize("name", [name for name in HOSTILE_NAMES if name])
def test_names_come_out_as_they_went_in_and_run_nothing(
    name: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    ledger = new_ledger(INDIA)
    ledger.write({TODAY: (4, 2)}, device=name)

    with ledger.reading() as reader:
        told = slot_export(reader, Asked().period(reader, NOW), NOW, den_host(name), selection_of(reader, name))
        as_json, as_csv = (b"".join(SLOT_FORMATS[form].write(told)).decode() for form in ("json", "csv"))

    assert [row["interface"] for row in json.loads(as_json)["slot_data"]] == [name]
    (row,) = csv.DictReader(io.StringIO(as_csv, newline=""), strict=True)
    assert {row["interface"].removeprefix("'"), row["host"].removeprefix("'")} == {name}
    assert not row["interface"].startswith(FORMULA_STARTS)
    assert (len(row), row["total_bytes"]) == (9, "6")


@pytest.mark.parametrize("name", ["llm", "toon", "markdown"])
def test_a_format_that_cannot_hold_slots_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(ResolutionError, match=f"resolution: 'slot' is for json, csv; {name} tells of days"):
        format_at(SLOT, name)


def test_facts_are_the_same_until_something_is_told_differently(ledger: WrittenLedger) -> None:
    def facts() -> object:
        with ledger.reading() as reader:
            return slot_export(reader, Asked().period(reader, NOW), NOW, den_host()).facts

    before, again = facts(), facts()
    ledger.forget("slot", FIRST + 900)
    without_slots = facts()
    ledger.hold_back(TODAY, (1, 0))

    assert before == again
    assert len({repr(told) for told in (before, without_slots, facts())}) == 3
