"""REST, command line, /metrics, the page and the ledger's file give the same requests, and those are what was asked."""

from __future__ import annotations

import asyncio
import html
import math
import random
import re
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import datetime, timedelta
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.meters.requests.events import Batch
from reports.text.amounts import human_count
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import INDIA, RunningService, new_ledger, running
from tests.meters.requests import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from tests.worlds.fake_machine import Machine

RANGES = ("today", "week", "month", "year", "all")
SERVICES = ("shop", "a/b | c%<i>", "blog")
ROUTES = ("/", "/items/{id}", "/<script>|\"'")
DAY = 86_400
DAYS_AGO = (1, 2, 5, 9, 40, 100)


class Sums(NamedTuple):
    """Plain sums of events; bytes received are those of requests, sent those of responses."""

    requests: int = 0
    errors: int = 0
    received: int = 0
    sent: int = 0


Told = dict[tuple[str, str], Any]


def sums_of(events: Iterable[Event]) -> Sums:
    listed = list(events)
    return Sums(
        len(listed),
        sum(each.code >= 400 or each.code == 0 for each in listed),
        sum(each.request_bytes for each in listed),
        sum(each.response_bytes for each in listed),
    )


class World:
    """Requests of earlier days and of today in the ledger, and a service over it, and commands beside it."""

    def __init__(self, machine: Machine, ledger: Path) -> None:
        self.machine, self.chance = machine, random.Random(7)  # noqa: S311 - the same ones every time
        self.events: list[Event] = []
        self.service = RunningService(machine, ledger)

    def some(self, at: int, count: int) -> list[Event]:
        pick = self.chance.choice
        return [
            event(
                at - self.chance.randrange(60),
                service=pick(SERVICES),
                method=pick(("GET", "POST")),
                route=pick(ROUTES),
                code=pick((200, 200, 204, 404, 500, 0)),
                duration=pick((None, self.chance.randrange(1, 10**6))),
                request_bytes=self.chance.randrange(1000),
                response_bytes=self.chance.randrange(10**6),
            )
            for _ in range(count)
        ]

    def ask(self, at: int, count: int) -> None:
        """Requests within the minute before an instant."""
        made = self.some(at, count)
        self.events += made
        self.service.intake.add_soon(Batch(made))

    async def live(self) -> None:
        """Requests of earlier days and of today, committed."""
        await self.service.get("/api/live")
        for ago in DAYS_AGO:
            self.ask(self.machine.seconds - ago * DAY, 40)
        for _ in range(2):
            self.ask(self.machine.seconds, 60)
            self.service.pass_time(2)
            await self.service.get("/api/live")
            await self.service.ask("/api/commit", "POST")

    def within(self, name: str) -> list[Event]:
        """The events of a range."""
        today = datetime.fromtimestamp(self.machine.seconds, INDIA).date()
        first = {
            "today": today,
            "week": today - timedelta(days=today.weekday()),
            "month": today.replace(day=1),
            "year": today.replace(month=1, day=1),
            "all": today.replace(year=2000),
        }[name]
        return [each for each in self.events if datetime.fromtimestamp(each.at / 1e6, INDIA).date() >= first]

    def truth(self) -> dict[tuple[str, str], Sums]:
        """Plain sums by range and service."""
        found: defaultdict[tuple[str, str], list[Event]] = defaultdict(list)
        for name in RANGES:
            for each in self.within(name):
                found[name, each.service].append(each)
        return {key: sums_of(events) for key, events in found.items()}

    async def json(self, *arguments: str) -> Any:
        return await asyncio.to_thread(Commands(self.service.ledger.path, self.machine.seconds).json, *arguments)


@pytest.fixture
async def world(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[World]:
    made = World(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made.service):
        await made.live()
        yield made


def _sums(row: Any) -> Sums:
    return Sums(row["requests"], row["errors"], row["request_bytes"], row["response_bytes"])


async def rest(world: World) -> Told:
    """Sums of one service."""
    found = {}
    for name in RANGES:
        for service in SERVICES:
            path = f"/api/requests/summary?range={name}&service={quote(service, safe='')}"
            told = (await world.service.get(path))["summary"]
            found[name, service] = _sums({**told, "requests": told["total_requests"]})
    return found


async def rest_of_all(world: World) -> Told:
    """Services, whose sums are those of the whole."""
    found: Told = {}
    for name in RANGES:
        rows = (await world.service.get(f"/api/requests/services?range={name}"))["services"]
        found |= {(name, row["service"]): _sums(row) for row in rows}
        whole = (await world.service.get(f"/api/requests/summary?range={name}"))["summary"]
        assert whole["total_requests"] == sum(row["requests"] for row in rows)
    return found


async def rest_by_time(world: World) -> Told:
    """Steps of time of each service, added up."""
    found: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    for name in RANGES:
        for service in SERVICES:
            path = f"/api/requests/series?range={name}&service={quote(service, safe='')}"
            for point in (await world.service.get(path))["points"]:
                found[name, service] = Sums(*map(add, found[name, service], _sums(point)))
    return dict(found)


async def command_json(world: World) -> Told:
    return {
        (name, row["service"]): _sums(row)
        for name in RANGES
        for row in (await world.json("requests", name))["services"]
    }


async def command_of_one(world: World) -> Told:
    """Routes of each service, added up."""
    found: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    for name in RANGES:
        for service in SERVICES:
            for row in (await world.json("requests", service, name))["routes"]:
                found[name, service] = Sums(*map(add, found[name, service], _sums(row)))
    return dict(found)


async def metrics(world: World) -> Told:
    """The counters, which are of everything."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for family in text_string_to_metric_families((await world.service.ask("/metrics")).text):
        if re.fullmatch("netledger_http_(requests|request_bytes|response_bytes)", family.name):
            for sample in family.samples:
                of_it, name = found[sample.labels["service"]], family.name.removeprefix("netledger_http_")
                of_it[name] += int(sample.value)
                of_it["errors"] += int(sample.value) * (sample.labels.get("code", "2")[0] in "045")
    order = ("requests", "errors", "request_bytes", "response_bytes")
    return {("all", service): Sums(*(of_it[name] for name in order)) for service, of_it in found.items()}


async def page(world: World) -> Told:
    """Today's requests and shares of errors, as people read them."""
    text = (await world.service.ask("/")).text
    rows = re.findall(r'<tr data-service="(.*?)".*?>(.*?)</tr>', text, re.DOTALL)
    cells = {html.unescape(name): re.findall(r"<td.*?>(.*?)</td>", row) for name, row in rows}
    return {("today", name): (requests, errors) for name, (_, _, errors, requests) in cells.items()}


async def dashboard(world: World) -> Told:
    """What clients of API Analytics read with a service's key, of everything."""
    found = {}
    for service in SERVICES:
        made = await world.service.ask(f"/api/requests/keys?service={quote(service, safe='')}&right=read", "POST")
        headers = {"X-API-Key": made.json["key"], "Accept": "application/json"}
        told = (await world.service.ask("/dashboard", headers=headers)).json["summary"]
        found["all", service] = _sums({**told, "requests": told["total_requests"]})
    return found


def view(grain: str) -> Callable[[World], Awaitable[Told]]:
    """A view of the ledger's file, of everything."""

    async def ask(world: World) -> Told:
        columns = "sum(requests), sum(errors), sum(request_bytes), sum(response_bytes)"
        with closing(sqlite3.connect(world.service.ledger.path)) as connection:
            rows = connection.execute(f"SELECT service, {columns} FROM request_by_{grain} GROUP BY 1")  # noqa: S608
            return {("all", name): Sums(*amounts) for name, *amounts in rows}

    return ask


PLACES: dict[str, Callable[[World], Awaitable[Told]]] = {
    "REST": rest,
    "REST of all": rest_of_all,
    "REST by time": rest_by_time,
    "command, JSON": command_json,
    "command of one, JSON": command_of_one,
    "/metrics": metrics,
    "/dashboard, JSON": dashboard,
    "page": page,
    "days of the file": view("day"),
    "quarter hours of the file": view("slot"),
}


def as_people_read(sums: Sums) -> tuple[str, str]:
    share = 100 * sums.errors / sums.requests
    return human_count(sums.requests), f"{share:.1f}\N{NARROW NO-BREAK SPACE}%"


@pytest.mark.parametrize("name", PLACES)
async def test_it_gives_the_requests_that_were_asked(name: str, world: World) -> None:
    told = await PLACES[name](world)

    ranges = {period for period, _ in told}
    truth = {key: sums for key, sums in world.truth().items() if key[0] in ranges}
    assert told.keys() == truth.keys()
    assert {key: each for key, each in told.items() if each not in {truth[key], as_people_read(truth[key])}} == {}


async def test_a_request_more_is_seen_before_it_is_committed_but_by_metrics_and_the_file(world: World) -> None:
    before = world.truth()
    world.ask(world.machine.seconds, 1)
    world.service.pass_time(2)
    await world.service.get("/api/live")

    for name in ("/metrics", "days of the file"):
        assert await PLACES[name](world) == {key: sums for key, sums in before.items() if key[0] == "all"}
    for name in ("page", "REST", "command, JSON"):
        told = await PLACES[name](world)
        assert told.keys() <= before.keys()
        assert [key for key, each in told.items() if each not in {before[key], as_people_read(before[key])}]


async def test_the_pages_p95_is_that_of_the_events(world: World) -> None:
    world.service.pass_time(world.service.ledger.commit_interval)  # until then the newest times are not merged
    await world.service.get("/api/live")
    text = (await world.service.ask("/")).text
    shown = dict(re.findall(r'<tr data-service="(.*?)".*?data-cell="0">.*?</td><td.*?>(.*?)</td>', text, re.DOTALL))

    for service in SERVICES:
        times = [each.duration for each in world.within("today") if each.service == service and each.duration]
        exact = sorted(times)[math.ceil(0.95 * len(times)) - 1] / 1000
        assert float(shown[html.escape(service)].removesuffix(" ms")) == pytest.approx(exact, rel=0.011)
