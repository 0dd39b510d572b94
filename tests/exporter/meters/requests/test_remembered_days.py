"""What is remembered of days that were read before answers as the ledger itself, whatever changed in between."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read, connect_to_write
from exporter.ledger.opening.zones import adopt_zone
from exporter.ledger.upkeep.retention import Keep, Retention
from reports.calendar.days import Span
from reports.ledger import remembered_days
from reports.ledger.reader import LedgerReader
from reports.ledger.remembered_days import RememberedDays
from reports.ledger.shape import REQUEST
from reports.usage.requests.selection import RequestSelection
from reports.usage.requests.series import request_series
from reports.usage.requests.summary import services, summary
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from tests.worlds.fake_machine import Machine

DAY = 86_400
DAYS = 12
ROOMY = Keep(400 * DAY, 400 * DAY, 10**12)
SELECTIONS = [RequestSelection(), RequestSelection(("shop",)), RequestSelection(("shop",), excluded=("404", "health"))]


class World:
    """A ledger of requests, and one connection that reads it again and again."""

    def __init__(self, ledger: RequestLedger, connection: sqlite3.Connection) -> None:
        self.ledger, self.remembered = ledger, RememberedDays()
        self._connection, self._statements = connection, list[str]()
        connection.set_trace_callback(self._statements.append)

    def give(self, count: int, seed: int) -> None:
        """Have requests posted, of twelve days."""
        self.ledger.give(some_events(self.ledger.machine.seconds, count, seed))

    def answers(self, remembered: RememberedDays | None = None) -> tuple[list[Any], int]:
        """Answers, and how many statements they took."""
        now, answers = self.ledger.machine.seconds, list[Any]()
        self._statements.clear()
        with LedgerReader(self._connection, remembered=remembered).at_one_moment() as reader:
            for chosen in SELECTIONS:
                span = Span(now - (DAYS + 1) * DAY, now + 1)
                answers += [summary(reader, span, now, chosen), services(reader, span, chosen)]
                answers.append(request_series(reader, now, span, chosen, step="1d", with_quantiles=True))
        return answers, len(self._statements)

    def check(self) -> None:
        """What is remembered answers as what is read."""
        assert self.answers(self.remembered)[0] == self.answers()[0]

    def change(self, statement: str, *values: object) -> None:
        """Have another program write, as the service does."""
        with contextlib.closing(sqlite3.connect(self.ledger.world.path)) as connection, connection:
            assert connection.execute(statement, values).rowcount > 0


def some_events(now: int, count: int, seed: int) -> Iterator[Event]:
    chance = random.Random(seed)  # noqa: S311 - the same ones every time
    for _ in range(count):
        yield event(
            now - chance.randrange(DAYS * DAY),
            service=chance.choice(["shop", "blog"]),
            route=chance.choice(["/", "/items/{id}", "/health"]),
            code=chance.choice([200, 404, 500]),
            duration=chance.choice([None, chance.randrange(1, 10**6)]),
        )


@pytest.fixture
def world(machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[World]:
    with (
        contextlib.closing(RequestLedger(machine, tmp_path / "requests.db", empty_ledger)) as ledger,
        contextlib.closing(connect_to_read(ledger.world.path)) as connection,
    ):
        world = World(ledger, connection)
        world.give(300, 1)
        yield world


def test_days_that_have_not_changed_are_not_read_again(world: World) -> None:
    first, at_first = world.answers(world.remembered)
    second, after = world.answers(world.remembered)

    assert first == second
    assert after < at_first


@pytest.mark.parametrize("seed", range(4))
def test_what_comes_late_is_in_the_next_answer(world: World, seed: int) -> None:
    world.check()
    for number in range(5):
        world.give(3, 10 * seed + number)
        world.check()


def test_routes_that_are_folded_are_in_the_next_answer(world: World) -> None:
    machine, times = world.ledger.machine, world.ledger.world
    world.check()
    machine.wait(405 * DAY)
    world.give(60, 2)
    world.check()

    gone = Retention(times.writer, times.path).tidy(ROOMY, machine.seconds + 30 * DAY).gone

    assert {subject.meter for subject in gone} >= {REQUEST.name}
    world.check()
    world.give(5, 3)
    world.check()


def test_days_that_are_cut_anew_are_in_the_next_answer(world: World) -> None:
    world.check()
    with contextlib.closing(connect_to_write(world.ledger.world.path)) as connection:
        adopt_zone(connection, ZoneInfo("Pacific/Auckland"), ZoneInfo("UTC"), [REQUEST])

    world.check()


def test_rows_that_change_twice_under_one_number_are_in_the_next_answer(world: World) -> None:
    world.check()
    for _ in range(3):
        world.change(
            "UPDATE request_day SET requests = requests + 1, posting = (SELECT max(posting) + 1 FROM meter) "
            "WHERE requests > 0"
        )
        world.check()


def test_deleted_days_are_in_no_answer(world: World) -> None:
    world.check()
    world.change("DELETE FROM request_day WHERE day = (SELECT min(day) + 3 FROM request_day)")

    world.check()


def test_clients_that_change_are_in_the_next_answer(world: World) -> None:
    calls = list[int]()
    for part in ([b"a", b"bc"], [b"ab", b"c"], [b"a", b"bc"]):
        world.remembered.made_of(part, lambda: calls.append(1))

    assert len(calls) == 2


@pytest.mark.parametrize("most", [0, 1, 3_000])
def test_what_is_remembered_is_bounded(world: World, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_days, "MOST_BYTES", most)

    for _ in range(3):
        world.check()
        world.give(3, most)
