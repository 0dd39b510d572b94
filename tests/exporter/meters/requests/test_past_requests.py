"""Imported requests in the ledger: they age as those that netledger has counted, and leave nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exporter.ledger.files import transaction
from exporter.ledger.opening.checks import faults_in
from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.metering.samples import EventBounds
from exporter.meters.registry import METERS
from exporter.meters.requests.past import (
    PastOpening,
    PastPart,
    PastRequests,
    PastRequestsError,
    PastSettings,
    take_back,
)
from exporter.meters.requests.settings import Requests
from tests.meters.requests import event

if TYPE_CHECKING:
    from exporter.meters.requests.events import Event
    from tests.worlds.request_world import RequestWorld

DAY = 86_400
KEEP = Keep(30 * DAY, 400 * DAY, 10**12, EventBounds(30 * DAY, 10**6))
SUMS = "SELECT k.service, k.route, sum(u.requests), sum(u.errors), max(u.longest_microseconds)"
BY_DAY = f"{SUMS} FROM request_past_day AS u JOIN request_subject AS k USING (subject) GROUP BY 1, 2 ORDER BY 1, 2"
TABLES = ("slot", "day", "client", "log", "service")


class PastWorld:
    """Imports into the ledger of a world."""

    def __init__(self, world: RequestWorld, source: str = "other") -> None:
        self.world, self.source, self.number = world, source, 0

    @property
    def past(self) -> PastRequests:
        settings = PastSettings(Requests(), KEEP.slot_seconds)
        return PastRequests(self.world.writer.connection, self.world.zone, settings, self.world.machine.seconds)

    def open(self, *services: str) -> None:
        with transaction(self.world.writer.connection):
            self.number = self.past.open(PastOpening(self.source, "kind", "", "", services), is_dry=False).number

    def add(self, part: int, *events: Event) -> None:
        with transaction(self.world.writer.connection):
            self.past.add(PastPart(self.number, part, events))

    def finish(self) -> None:
        with transaction(self.world.writer.connection):
            self.past.finish(self.number)

    def bring(self, *events: Event) -> None:
        self.open(*{each.service for each in events})
        self.add(0, *events)
        self.finish()

    def remove(self) -> None:
        with transaction(self.world.writer.connection):
            take_back(self.world.writer.connection, self.world.zone, self.source)

    def held(self) -> list[int]:
        """Rows by table."""
        return [self.world.rows(f"SELECT count(*) FROM request_past_{table}")[0][0] for table in TABLES]  # noqa: S608 - our own


def days_ago(world: RequestWorld, days: int, **fields: Any) -> Event:
    return event(world.machine.seconds - days * DAY, **fields)


def wait(world: RequestWorld, days: int) -> None:
    world.machine.wait(days * DAY)
    world.run()
    world.commit()


def test_slots_go_when_they_are_old_and_days_stay(world: RequestWorld) -> None:
    imported = PastWorld(world)
    imported.bring(days_ago(world, 500), days_ago(world, 300), days_ago(world, 10))

    assert world.rows("SELECT count(DISTINCT slot) FROM request_past_slot") == [(2,)]
    assert world.rows("SELECT count(DISTINCT day) FROM request_past_day") == [(3,)]
    wait(world, 200)
    Retention(world.writer, world.path).tidy(KEEP, world.machine.seconds)

    assert world.rows("SELECT count(DISTINCT slot) FROM request_past_slot") == [(1,)]
    assert world.rows("SELECT count(DISTINCT day) FROM request_past_day") == [(3,)]


def test_routes_that_are_folded_take_what_was_imported_with_them(world: RequestWorld) -> None:
    imported = PastWorld(world)
    imported.bring(*(days_ago(world, 10, route=f"/{name}") for name in ("a", "b", "b")))
    wait(world, 401)

    Retention(world.writer, world.path).tidy(KEEP, world.machine.seconds)

    assert [row[:3] for row in world.rows(BY_DAY) if row[2]] == [("shop", "(gone)", 3)]
    assert not faults_in(world.writer.connection, [kind.spec for kind in METERS])
    imported.remove()
    assert imported.held() == [0] * len(TABLES)


def test_what_is_taken_back_leaves_no_subject_and_no_row_behind(world: RequestWorld) -> None:
    world.give(days_ago(world, 0, route="/own"))
    world.run(6)
    world.commit()
    before = world.rows("SELECT * FROM subject ORDER BY id"), world.rows("SELECT * FROM request_log ORDER BY at")
    imported = PastWorld(world)

    imported.bring(days_ago(world, 20, service="blog"), days_ago(world, 1, route="/own"), days_ago(world, 1))
    assert world.rows("SELECT count(*) FROM request_log") == [(4,)]
    imported.remove()

    assert imported.held() == [0] * len(TABLES)
    assert before == (
        world.rows("SELECT * FROM subject ORDER BY id"), world.rows("SELECT * FROM request_log ORDER BY at"),
    )  # fmt: skip


def test_a_part_that_comes_again_is_counted_once_and_none_may_be_left_out(world: RequestWorld) -> None:
    imported = PastWorld(world)
    imported.open("shop")
    imported.add(0, days_ago(world, 3))

    imported.add(0, days_ago(world, 3))
    with pytest.raises(PastRequestsError, match="part 2 comes before part 1"):
        imported.add(2, days_ago(world, 3))
    with pytest.raises(PastRequestsError, match="blog is none of those"):
        imported.add(1, days_ago(world, 3, service="blog"))
    imported.finish()

    assert [row[2] for row in world.rows(BY_DAY) if row[2]] == [1]
    with pytest.raises(PastRequestsError, match="this import has ended"):
        imported.add(1, days_ago(world, 3))


def test_an_import_that_begins_again_is_the_one_that_counts(world: RequestWorld) -> None:
    first, second = PastWorld(world), PastWorld(world)
    first.open("shop")
    first.add(0, days_ago(world, 3), days_ago(world, 3))

    second.bring(days_ago(world, 4))

    with pytest.raises(PastRequestsError, match="this import has ended"):
        first.finish()
    assert [row[2] for row in world.rows(BY_DAY) if row[2]] == [1]
    assert world.rows("SELECT count(*) FROM request_log") == [(1,)]


def test_routes_beyond_the_most_of_a_service_are_one(world: RequestWorld) -> None:
    imported = PastWorld(world)

    imported.bring(*(days_ago(world, 3, route=f"/r{number}") for number in range(510)))

    rows = world.rows("SELECT count(DISTINCT route) FROM request_subject WHERE route LIKE '/r%'")
    assert rows == [(500,)]
    assert [row[2] for row in world.rows(BY_DAY) if row[1] == "(other)"] == [10]


def test_clients_of_old_days_are_no_single_ones(world: RequestWorld) -> None:
    imported = PastWorld(world)
    imported.bring(*(days_ago(world, days, client="198.51.100.7") for days in (3, 90)))
    query = "SELECT busiest FROM request_past_client ORDER BY day"
    network = '{"missing":0,"requests":{"198.51.100.7":1}}'

    assert [text.replace("198.51.100.0/24", "198.51.100.7") for (text,) in world.rows(query)] == ["", network]
    wait(world, 40)
    Retention(world.writer, world.path).tidy_events(KEEP, world.machine.seconds)

    assert world.rows(query) == [("",), ("",)]
