"""Rows of three meters in one ledger stay those of their meter, whatever the ledger goes through."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.ledger.upkeep.backups import write_backup
from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.metering.subjects import Subject
from reports.calendar.days import day_of
from reports.ledger.shape import GONE, INTERFACE
from reports.ledger.sketches import decoded
from tests.worlds.tally_meter import CALL, CART, CURL, FIREFOX, LOGIN, PROGRAM, TallyMeter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from reports.ledger.shape import MeterSpec
    from tests.worlds.books import Books

HOUR, DAY = 3600, 86_400
SPECS = (INTERFACE, PROGRAM, CALL)
ROOMY = Keep(30 * DAY, 400 * DAY, 10**12)

Holding = dict[tuple[str, ...], list[Any]]
"""Sums, peaks and sketches by key."""


@pytest.fixture
def worked(books: Books) -> Books:
    """Three meters with five days of traffic in every third hour; running."""
    books.machine.create("tun0", is_physical=False)
    programs, calls = TallyMeter(PROGRAM, books.machine), TallyMeter(CALL, books.machine)
    books.others = [programs, calls]
    books.start()
    for number in range(40):
        books.machine.wait(3 * HOUR - 2)
        books.sample()
        books.machine.move("eth0", 1000 + number, 10)
        books.machine.move("tun0", 50)
        programs.count(FIREFOX, 500 + number, 7, 3, 1)
        programs.count(CURL, 11, 2, 1, 1)
        calls.count(CART, 1, 0, 900 + number)
        calls.count(LOGIN, 1, 1, 70)
        books.run(2)
        books.commit()
    return books


def holdings(books: Books, grain: str) -> dict[str, Holding]:
    """What a grain of each meter holds in all."""
    with contextlib.closing(connect_to_read(books.path)) as connection:
        return {spec.name: _holding(connection, spec, grain) for spec in SPECS}


def _holding(connection: sqlite3.Connection, spec: MeterSpec, grain: str) -> Holding:
    measures = [
        *(f"sum({name})" for name in spec.sums),
        *(f"max({name})" for name in spec.peaks),
        *(f"sketch_sum({name})" for name in spec.sketches),
    ]
    dimensions = ", ".join(spec.dimensions)
    query = f"SELECT {dimensions}, {', '.join(measures)} FROM {spec.view(grain)} GROUP BY {dimensions}"  # noqa: S608 - our own
    size = len(spec.dimensions)
    found = {tuple(row[:size]): list(row[size:]) for row in connection.execute(query)}
    for row in found.values():
        row[len(row) - len(spec.sketches) :] = [decoded(sketch) for sketch in row[len(row) - len(spec.sketches) :]]
    return found


def without_peaks(held: dict[str, Holding]) -> dict[str, Holding]:
    """Peaks of what has moved away go with it."""
    kept = {spec.name: (len(spec.sums), len(spec.peaks)) for spec in SPECS}
    return {
        name: {key: row[: kept[name][0]] + row[sum(kept[name]) :] for key, row in rows.items()}
        for name, rows in held.items()
    }


def test_each_meter_has_its_own_rows(worked: Books) -> None:
    held = holdings(worked, "day")

    assert held == holdings(worked, "slot")
    assert set(held["interface"]) == {("eth0",), ("tun0",)}
    assert held["program"] == {FIREFOX: [20_780, 280, 120, 40], CURL: [440, 80, 40, 40]}
    assert held["call"][LOGIN][:4] == [40, 40, 2800, 70]
    assert sum(held["call"][CART][4].values()) == 40
    assert worked.faults() == []


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Kiritimati", "America/St_Johns"])
def test_a_new_zone_cuts_the_days_of_each(worked: Books, zone: str) -> None:
    held = holdings(worked, "day")
    worked.stop()

    worked.zone = ZoneInfo(zone)
    worked.start()

    assert holdings(worked, "day") == held
    for spec in SPECS:
        days = {day for (day,) in worked.rows(f"SELECT DISTINCT date FROM {spec.view('day')}")}  # noqa: S608 - our own
        slots = worked.rows(f"SELECT slot FROM {spec.table('slot')}")  # noqa: S608 - our own
        assert days == {day_of(slot, worked.zone).isoformat() for (slot,) in slots}
    assert worked.faults() == []


@pytest.mark.parametrize("seconds", [3 * DAY, 400 * DAY, 7 * 60])
def test_a_clock_that_was_set_moves_the_rows_of_each(worked: Books, seconds: int) -> None:
    held = holdings(worked, "day")
    worked.machine.set_clock(seconds)
    worked.run(30)
    for meter, key in zip(worked.others, (FIREFOX, CART), strict=True):
        meter.count(key, *(5 for _ in meter.spec.sums))
    worked.machine.move("eth0", 5)
    worked.run(1)
    worked.commit()
    worked.machine.set_clock(-seconds)
    worked.run(2)
    worked.commit()

    moved = without_peaks(holdings(worked, "slot"))
    assert moved == without_peaks(holdings(worked, "day"))
    assert moved["program"][CURL] == held["program"][CURL]
    assert moved["program"][FIREFOX] == [amount + 5 for amount in held["program"][FIREFOX]]
    assert moved["call"][CART][:3] == [amount + 5 for amount in held["call"][CART][:3]]
    assert sum(moved["call"][CART][3].values()) == 41
    for spec in SPECS:
        assert worked.rows(f"SELECT max(slot) FROM {spec.table('slot')}")[0][0] <= worked.machine.seconds  # noqa: S608 - our own
    assert worked.faults() == []


def test_the_gone_of_each_meter_are_folded_into_its_own(worked: Books) -> None:
    total = holdings(worked, "day")
    worked.machine.delete("tun0")
    worked.run(1)
    worked.machine.wait(20 * DAY)
    worked.others[0].count(FIREFOX, 1, 1, 1, 1)
    worked.run(1)
    worked.commit()
    worked.machine.wait(20 * DAY)
    worked.others[1].count(CART, 1, 0, 1)
    worked.run(1)
    worked.commit()

    gone = Retention(worked.writer, worked.path).tidy(ROOMY, worked.machine.seconds).gone

    assert set(gone) == {Subject("interface", ("tun0",)), Subject("program", CURL), Subject("call", LOGIN)}
    held = holdings(worked, "day")
    assert held["interface"][GONE,] == total["interface"]["tun0",]
    assert held["program"][GONE, GONE, GONE] == total["program"][CURL]
    assert held["call"][GONE, GONE] == total["call"][LOGIN]
    assert {name: len(rows) for name, rows in held.items()} == {"interface": 2, "program": 2, "call": 2}
    assert holdings(worked, "slot") == held
    assert worked.rows("SELECT count(*) FROM program_checkpoint") == worked.rows("SELECT 1")
    assert worked.faults() == []


def test_a_crowd_of_one_meter_folds_nothing_of_another(worked: Books) -> None:
    for number in range(PROGRAM.most_gone + 50):
        worked.others[0].count((f"program {number}", "lan", "udp"), 1, 1, 1, 1)
    worked.run(1)
    worked.commit()
    worked.machine.wait(4 * HOUR)
    worked.sample()
    worked.commit()

    gone = Retention(worked.writer, worked.path).tidy(ROOMY, worked.machine.seconds).gone

    assert {subject.meter for subject in gone} == {"program"}
    assert worked.faults() == []


def test_old_rows_of_each_meter_go_and_its_days_stay(worked: Books) -> None:
    held = holdings(worked, "day")

    removed = Retention(worked.writer, worked.path).tidy(Keep(DAY, 2 * DAY, 10**12), worked.machine.seconds)

    assert holdings(worked, "day") == held
    oldest = [worked.rows(f"SELECT min(slot) FROM {spec.table('slot')}")[0][0] for spec in SPECS]  # noqa: S608 - our own
    assert min(oldest) >= worked.machine.seconds - 2 * DAY
    assert removed.slots >= 24 * 6


def _restored(books: Books) -> None:
    write_backup(books.path, day_of(books.machine.seconds, books.zone), 7)
    books.stop()
    books.path.write_bytes(b"no database")
    books.start()


def _written_back(books: Books) -> None:
    books.path.unlink()
    for meter in books.others:
        meter.count(("x",) * len(meter.spec.dimensions), *(0 for _ in meter.spec.sums[1:]), 1)
    books.run(1)
    books.commit()


@pytest.mark.parametrize("harm", [_restored, _written_back])
def test_a_ledger_that_was_harmed_comes_back_with_all_meters(worked: Books, harm: Callable[[Books], None]) -> None:
    held = holdings(worked, "day")

    harm(worked)

    found = holdings(worked, "day")
    assert {name: {key: found[name][key] for key in rows} for name, rows in held.items()} == held
    assert worked.faults() == []


def test_a_subject_that_the_ledger_cannot_hold_costs_no_other_meter(worked: Books) -> None:
    held = holdings(worked, "day")
    worked.others[0].count(FIREFOX, 2**63, 1, 1, 1)
    worked.others[1].count(CART, 1, 0, 5)
    worked.machine.move("eth0", 7)
    worked.run(1)
    worked.commit()

    found = holdings(worked, "day")
    assert found["program"] == held["program"]
    assert found["call"][CART][0] == held["call"][CART][0] + 1
    assert found["interface"]["eth0",][0] == held["interface"]["eth0",][0] + 7
    assert worked.rows("SELECT meter, subject, bytes FROM incident WHERE what = 'not booked'") == [
        ("program", "firefox internet tcp", 2**63 - 1)
    ]


@pytest.mark.parametrize("damage", ["80", "01", "ffffffffffffffffff01"])
def test_a_damaged_sketch_ends_no_posting_and_no_cleaning(worked: Books, damage: str) -> None:
    for table in ("call_slot", "call_day"):
        worked.writer.connection.execute(f"UPDATE {table} SET duration_sketch = x'{damage}'")  # noqa: S608 - our own
    worked.others[1].count(CART, 1, 0, 5)
    worked.run(1)
    worked.commit()
    worked.machine.wait(40 * DAY)
    worked.sample()
    worked.commit()

    Retention(worked.writer, worked.path).tidy(ROOMY, worked.machine.seconds)

    assert holdings(worked, "day")["call"][GONE, GONE][0] == 81
