"""Queries answer for any meter by its spec: posted rows and those that are not posted yet, each once."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import add_functions
from exporter.ledger.tables import tables_of, views_of
from reports.calendar.days import SLOT_SECONDS, day_number, day_of
from reports.ledger.amounts import (
    Rows,
    by_dimension,
    by_time,
    every_day,
    first_time,
    last_time,
    local_days,
    rows_in_order,
    total,
)
from reports.ledger.columns import by_subject
from reports.ledger.reader import LedgerReader, Unposted, UnpostedRow
from reports.ledger.selection import Selection
from reports.ledger.shape import OTHER, MeterSpec, key_text
from reports.ledger.sketches import EMPTY, encoded, merged
from reports.ledger.windows import by_window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from reports.ledger.amounts import Amounts
    from reports.ledger.selection import Key

SPEC = MeterSpec(
    "request",
    dimensions=("service", "route", "code"),
    sums=("requests", "receive_bytes", "transmit_bytes"),
    peaks=("longest",),
    sketches=("durations",),
)
COLUMNS = ("requests", "transmit_bytes", "estimated_bytes", "longest", "durations")
ZONE = ZoneInfo("Asia/Kathmandu")
START = 1_780_000_200 // SLOT_SECONDS * SLOT_SECONDS
KEYS: list[Key] = [
    (service, route, code) for service in ("a", "b") for route in ("/", '/"é\n') for code in ("200", "500")
]
ALL = Selection(SPEC, "every request")


class Row(NamedTuple):
    """Usage of one subject in one slot."""

    started: int
    key: Key
    requests: int
    receive_bytes: int
    transmit_bytes: int
    estimated_bytes: int
    longest: int
    durations: bytes

    @property
    def day(self) -> int:
        return day_number(day_of(self.started, ZONE))


class World(NamedTuple):
    """A ledger of one meter, and all rows that it holds, posted or not."""

    reader: LedgerReader
    rows: list[Row]

    def sums(self, part_of: Callable[[Row], Any], rows: Iterable[Row] | None = None) -> dict[Any, Amounts]:
        """Amounts by part, added up in the plainest way."""
        found: dict[Any, Amounts] = {}
        for row in self.rows if rows is None else rows:
            amounts = (row.requests, row.transmit_bytes, row.estimated_bytes, row.longest, row.durations)
            found[part_of(row)] = plus(found.get(part_of(row), (0, 0, 0, 0, EMPTY)), amounts)
        return found


def plus(one: Amounts, other: Amounts) -> Amounts:
    return (*(a + b for a, b in zip(one[:3], other[:3], strict=True)), max(one[3], other[3]), merged(one[4], other[4]))


@pytest.fixture(params=range(4))
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Five days of eight subjects; a part of the rows is not posted yet, sometimes of a slot that is."""
    chance = random.Random(request.param)  # noqa: S311 - a history, not a secret
    rows = [
        Row(
            started=START + chance.randrange(480) * SLOT_SECONDS,
            key=chance.choice(KEYS),
            requests=chance.randrange(1000),
            receive_bytes=chance.randrange(1000),
            transmit_bytes=chance.randrange(1000),
            estimated_bytes=chance.randrange(1000),
            longest=chance.randrange(1000),
            durations=encoded({chance.randrange(50): 1}),
        )
        for _ in range(300)
    ]
    places = {(row.started, row.key) for row in rows}
    posted = {place: next(row for row in rows if row[:2] == place) for place in sorted(places)}
    waiting = [row for row in rows if row is not posted[row[:2]]]
    late = [posted.pop(place) for place in chance.sample(sorted(posted), 20)]
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        write(connection, list(posted.values()))
        unposted = Unposted([unposted_row(row) for row in (*waiting, *late)], [])
        with LedgerReader(connection, fetch_unposted=lambda: unposted).at_one_moment() as reader:
            yield World(reader, rows)


def write(connection: sqlite3.Connection, rows: list[Row]) -> None:
    add_functions(connection)
    connection.execute("CREATE TABLE subject (id INTEGER PRIMARY KEY, meter TEXT, key TEXT, first_seen INTEGER)")
    connection.execute("CREATE TABLE interface_subject (device TEXT, counted INTEGER)")
    connection.execute("CREATE TABLE meter (posting INTEGER)")
    connection.execute("CREATE TABLE state (name TEXT, value TEXT)")
    connection.execute("INSERT INTO state VALUES ('timezone', ?)", (ZONE.key,))
    for statement in (*tables_of(SPEC).values(), *views_of(SPEC).values()):
        connection.execute(statement)
    for number, key in enumerate(KEYS):
        connection.execute("INSERT INTO subject VALUES (?, 'request', ?, ?)", (number, key_text(key), START))
        connection.execute("INSERT INTO request_subject VALUES (?, ?, ?, ?)", (number, *key))
    days: dict[tuple[int, Key], Amounts] = {}
    for row in rows:
        insert(connection, "request_slot", row.started, row.key, row[2:])
        place: tuple[int, Key] = (row.day, row.key)
        amounts: Amounts = row[2:]
        if place in days:
            *sums, longest, durations = zip(days[place], amounts, strict=True)
            amounts = (*map(sum, sums), max(longest), merged(durations[0], durations[1]))
        days[place] = amounts
    for (day, key), amounts in days.items():
        insert(connection, "request_day", day, key, amounts)


def insert(connection: sqlite3.Connection, table: str, time: int, key: Key, amounts: Amounts) -> None:
    number = KEYS.index(key)
    connection.execute(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)", (time, number, *amounts))  # noqa: S608 - our own


def unposted_row(row: Row) -> UnpostedRow:
    peaks, sketches = (row.longest,), (row.durations,)
    return UnpostedRow(1, "request", row.key, False, row.started, row[2:5], row.estimated_bytes, peaks, sketches)  # noqa: FBT003


def test_days_and_slots_hold_every_row_once(world: World) -> None:
    assert total(world.reader, every_day(ALL), COLUMNS) == world.sums(lambda _: 0)[0]
    assert by_time(world.reader, every_day(ALL), COLUMNS) == world.sums(lambda row: row.day)
    slots = Rows(ALL, "slot", START + 9000, START + 90_000)
    within = [row for row in world.rows if slots.start <= row.started < slots.end]
    assert by_time(world.reader, slots, COLUMNS) == world.sums(lambda row: row.started, within)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_selection_is_of_its_subjects_alone(world: World, count: int) -> None:
    chosen = Selection(SPEC, "some", tuple(KEYS[:count]))
    rows = [row for row in world.rows if row.key in chosen.keys] if chosen.keys else []

    assert by_time(world.reader, every_day(chosen), COLUMNS) == world.sums(lambda row: row.day, rows)
    assert world.reader.first_seen(chosen) == (START if count else None)


@pytest.mark.parametrize("places", [(0,), (1,), (2, 0), (0, 1, 2)])
def test_amounts_are_told_by_any_dimensions(world: World, places: tuple[int, ...]) -> None:
    names = tuple(SPEC.dimensions[place] for place in places)

    found = by_dimension(world.reader, every_day(ALL), COLUMNS, names)

    assert found == world.sums(lambda row: tuple(row.key[place] for place in places))
    assert [amounts[0] for amounts in found.values()] == sorted((each[0] for each in found.values()), reverse=True)


def test_what_is_beyond_the_largest_is_other(world: World) -> None:
    whole = by_dimension(world.reader, every_day(ALL), COLUMNS, ("route", "code"))

    found = by_dimension(world.reader, every_day(ALL), COLUMNS, ("route", "code"), most=1)

    first, *rest = whole.values()
    assert list(found) == [next(iter(whole)), (OTHER, OTHER)]
    expected = rest[0]
    for amounts in rest[1:]:
        expected = plus(expected, amounts)
    assert list(found.values()) == [first, expected]


def test_columns_and_rows_are_the_same_numbers(world: World) -> None:
    numbers = COLUMNS[:4]
    days = local_days(ALL, date(2026, 5, 29), date(2026, 6, 1))
    expected = {part: amounts[:4] for part, amounts in world.sums(lambda row: (row.day, *row.key)).items()}
    expected = {part: each for part, each in sorted(expected.items()) if days.start <= part[0] < days.end}

    columns = by_subject(world.reader, days, numbers).items()

    assert rows_in_order(world.reader, days, numbers) == [(*part, *amounts) for part, amounts in expected.items()]
    found = [(day, *key, *each) for key, (times, *rest) in columns for day, *each in zip(times, *rest, strict=True)]
    assert sorted(found) == [(*part, *amounts) for part, amounts in expected.items()]


def test_windows_hold_the_slots_that_begin_in_them(world: World) -> None:
    windows = [(START + at, START + at + 7200) for at in range(0, 432_000, 10_800)]

    found = by_window(world.reader, ALL, windows, COLUMNS[:3])

    for (begin, end), amounts in zip(windows, found, strict=True):
        within = [row for row in world.rows if begin <= row.started < end]
        assert amounts == world.sums(lambda _: 0, within).get(0, (0, 0, 0))[:3]


def test_the_first_and_the_last_row_are_found(world: World) -> None:
    slots = Rows(ALL, "slot", 0, 2**40)

    assert first_time(world.reader, slots) == min(row.started for row in world.rows)
    assert last_time(world.reader, slots) == max(row.started for row in world.rows)
    assert first_time(world.reader, Rows(ALL, "slot", 0, 1)) is None


def test_another_meters_unposted_rows_are_not_of_the_selection(world: World) -> None:
    others = Selection(SPEC._replace(name="reply"), "every reply")

    assert not list(Rows(others, "slot", 0, 2**40).unposted(world.reader))
