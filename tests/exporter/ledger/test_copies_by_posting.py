"""A copy that asks for what changed since a posting, and for nothing else, holds what the ledger holds."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.ledger.upkeep.backups import write_backup
from exporter.ledger.upkeep.retention import Keep, Retention
from reports.calendar.days import day_of
from reports.ledger.shape import INTERFACE
from tests.worlds.tally_meter import CALL, CART, FIREFOX, LOGIN, PROGRAM, TallyMeter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from tests.worlds.books import Books

HOUR, DAY = 3600, 86_400
KEEP = Keep(2 * DAY, 70 * DAY, 10**12)
GRAINS = [(spec, grain) for spec in (INTERFACE, PROGRAM, CALL) for grain in spec.grains]

Row = tuple[Any, ...]


class Copy:
    """Rows by table, time, and the id of their subject, as a program elsewhere would keep them."""

    def __init__(self) -> None:
        """Nothing is copied yet."""
        self.number = -1
        self.rows: dict[tuple[str, int, int], Row] = {}

    def follow(self, books: Books) -> int:
        """Ask for what is new, at one moment; returns how many rows came."""
        with contextlib.closing(connect_to_read(books.path)) as connection:
            connection.execute("BEGIN")
            (number,) = connection.execute("SELECT ifnull(max(posting), 0) FROM meter").fetchone()
            (rewritten,) = connection.execute(
                "SELECT CAST(ifnull(max(value), 0) AS INTEGER) FROM state WHERE name = 'rewritten'"
            ).fetchone()
            if rewritten > self.number:
                self.rows, self.number = {}, -1
            changed = dict(_rows(connection, self.number))
            self.rows |= changed
            subjects = {number for (number,) in connection.execute("SELECT id FROM subject")}
            self.rows = {key: row for key, row in self.rows.items() if key[2] in subjects}
            self.number = number
        return len(changed)

    def equals(self, books: Books) -> bool:
        """True if it holds every row of the ledger, and else only what retention has deleted."""
        with contextlib.closing(connect_to_read(books.path)) as connection:
            held = dict(_rows(connection, -1))
        others = {key for key in self.rows.keys() - held.keys() if not _is_old(key, books.machine.seconds)}
        return not others and all(self.rows.get(key) == row for key, row in held.items())


def _rows(connection: sqlite3.Connection, after: int) -> Iterator[tuple[tuple[str, int, int], Row]]:
    for spec, grain in GRAINS:
        table = spec.table(grain)
        query = f"SELECT {grain}, subject, {', '.join(spec.columns(grain))} FROM {table} WHERE posting > ?"  # noqa: S608 - our own
        found = connection.execute(query, (after,))
        yield from (((table, time, subject), tuple(row)) for time, subject, *row in found)


def _is_old(key: tuple[str, int, int], now: int) -> bool:
    table, time, _ = key
    return not table.endswith("_day") and time < now - (KEEP.minute_seconds if "minute" in table else KEEP.slot_seconds)


def _work(books: Books, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 6)):
        books.machine.wait(chance.choice([5, 700, 3 * HOUR]))
        for name in books.machine.interfaces:
            books.machine.move(name, chance.randrange(1000), 1)
        books.others[0].count(FIREFOX, chance.randrange(900), 1, 1, 1)
        books.others[1].count(chance.choice([CART, LOGIN]), 1, 0, chance.randrange(1, 900))
        books.run(2)
    books.commit()


def _set_clock(books: Books, chance: random.Random) -> None:
    books.machine.set_clock(chance.choice([-3 * HOUR, -400, 500, 2 * DAY, -2 * DAY]))
    _work(books, chance)


def _change_zone(books: Books, chance: random.Random) -> None:
    books.stop()
    books.zone = ZoneInfo(chance.choice(["Asia/Kolkata", "Pacific/Kiritimati", "UTC", "America/St_Johns"]))
    books.start()


def _leave(books: Books, chance: random.Random) -> None:
    """Interfaces come and go; those that are long gone are folded."""
    for name in [name for name in books.machine.interfaces if name != "eth0"]:
        books.machine.delete(name)
    books.run(1)
    books.commit()
    books.machine.wait(35 * DAY)
    books.machine.create(f"tun{chance.randrange(10**6)}", is_physical=False)
    _work(books, chance)
    _tidy(books, chance)


def _tidy(books: Books, _: random.Random) -> None:
    books.sampler.forget(Retention(books.writer, books.path).tidy(KEEP, books.machine.seconds).gone)


def _restart(books: Books, chance: random.Random) -> None:
    chance.choice([books.stop, books.crash])()
    if chance.random() < 0.5:
        books.machine.reboot()
    books.start()


EVENTS: list[Callable[[Books, random.Random], None]] = [_work, _work, _set_clock, _change_zone, _leave, _tidy, _restart]


@pytest.fixture
def watched(books: Books) -> Books:
    """Three meters, running."""
    books.machine.create("tun0", is_physical=False)
    books.others = [TallyMeter(PROGRAM, books.machine), TallyMeter(CALL, books.machine)]
    books.start()
    return books


@pytest.mark.parametrize("seed", range(6))
def test_a_copy_follows_whatever_happens(watched: Books, seed: int) -> None:
    chance, copy = random.Random(seed), Copy()  # noqa: S311 - the same events in every run

    for _ in range(25):
        chance.choice(EVENTS)(watched, chance)
        if chance.random() < 0.7:
            copy.follow(watched)
            assert copy.equals(watched)


def test_a_posting_sends_its_own_rows_alone(watched: Books) -> None:
    copy = Copy()
    for _ in range(20):
        _work(watched, random.Random(1))  # noqa: S311 - as above
    copy.follow(watched)
    watched.machine.move("eth0", 1)
    watched.run(1)
    watched.commit()

    assert copy.follow(watched) <= 6
    assert copy.equals(watched)


def test_a_restored_ledger_uses_no_number_twice(watched: Books) -> None:
    _work(watched, random.Random(1))  # noqa: S311 - as above
    write_backup(watched.path, day_of(watched.machine.seconds, watched.zone), 7)
    copy = Copy()
    _work(watched, random.Random(2))  # noqa: S311 - as above
    copy.follow(watched)
    watched.stop()
    watched.path.write_bytes(b"no database")
    watched.start()
    for number in range(9):
        _work(watched, random.Random(number))  # noqa: S311 - as above

    copy.follow(watched)

    assert copy.equals(watched)
