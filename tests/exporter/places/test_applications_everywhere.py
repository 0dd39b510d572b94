"""REST, command line, /metrics and the page give the same bytes of applications, and those are what was moved."""

from __future__ import annotations

import asyncio
import html
import re
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter.metering.postings import ClockState
from exporter.meters.registry import METERS, OpenedMeter
from reports.text.amounts import human_bytes
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import INDIA, RunningService, new_ledger, running
from tests.meters.applications import FakeSource
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

    Bytes = tuple[int, int]
    Told = dict[tuple[str, str], Any]

RANGES = {"today": "day", "week": "week", "month": "month", "year": "year"}
NAMES = ("firefox", "a/b | c%<i>", "postgres", "rsync")
SLOT, DAY = 900, 86_400
DAYS_AGO = (1, 2, 5, 9, 40, 100)


class Moved:
    """Every byte that an application moved, with its day."""

    def __init__(self) -> None:
        self.rows: list[tuple[datetime, str, str, Bytes]] = []

    def add(self, at: int, name: str, scope: str, moved: Bytes) -> None:
        self.rows.append((datetime.fromtimestamp(at, INDIA), name, scope, moved))

    def truth(self, now: int) -> dict[tuple[str, str], Bytes]:
        """Received and sent bytes by range and application, loopback aside."""
        today = datetime.fromtimestamp(now, INDIA).date()
        first = {
            "today": today,
            "week": today - timedelta(days=today.weekday()),
            "month": today.replace(day=1),
            "year": today.replace(month=1, day=1),
        }
        found: dict[tuple[str, str], Bytes] = {}
        for at, name, scope, (received, sent) in self.rows:
            for period, begin in first.items():
                if at.date() >= begin and scope != "loopback":
                    before = found.get((period, name), (0, 0))
                    found[period, name] = (before[0] + received, before[1] + sent)
        return found


class World:
    """A ledger with earlier days, a service with one half of today committed, and commands beside it."""

    def __init__(self, machine: Machine, ledger: Path) -> None:
        self.machine, self.moved, self.source = machine, Moved(), FakeSource()
        self.service = RunningService(machine, ledger)
        self.service.more_meters = [OpenedMeter(METERS[1], self.source)]
        rows: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {}
        for number, ago in enumerate(DAYS_AGO, start=1):
            at = (machine.seconds - ago * DAY) // SLOT * SLOT
            for place, (name, scope) in enumerate(zip(NAMES, ("internet", "lan", "loopback", "office"), strict=True)):
                moved = (number * 10_000_000 + place, number * 700_000 + place * 3)
                rows[at, (name, scope, "tcp")] = amounts(*moved)
                self.moved.add(at, name, scope, moved)
        clock = ClockState(machine.boot_id, machine.wall, machine.elapsed)
        post(ledger, self.service.zone, application_posting(1, rows, clock=clock))

    async def live(self) -> None:
        """Move bytes of today; only the first half is committed."""
        await self.service.get("/api/live")
        for is_committed in (True, False):
            for number, scope in enumerate(("internet", "lan", "loopback")):
                moved = (2_345_678 + number, 98_765 + number)
                self.source.move("firefox", *moved, scope=scope)
                self.moved.add(self.machine.seconds, "firefox", scope, moved)
            self.machine.move("eth0", 6_000_000, 300_000)
            self.service.pass_time(2)
            await self.service.get("/api/live")
            if is_committed:
                await self.service.ask("/api/commit", "POST")

    async def json(self, *arguments: str) -> Any:
        return await asyncio.to_thread(Commands(self.service.ledger.path, self.machine.seconds).json, *arguments)

    async def printed(self, *arguments: str) -> str:
        done = await asyncio.to_thread(Commands(self.service.ledger.path, self.machine.seconds), *arguments)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done.stdout


@pytest.fixture
async def world(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[World]:
    made = World(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made.service):
        await made.live()
        yield made


def _sides(told: Any) -> Bytes:
    return told["bytes_received"], told["bytes_sent"]


async def rest(world: World) -> Told:
    return {
        (name, row["application"]): _sides(row)
        for name in RANGES
        for row in (await world.service.get(f"/api/applications?range={name}"))["applications"]
        if row["total_bytes"]
    }


async def rest_of_one(world: World) -> Told:
    found = {}
    for name in RANGES:
        for application in NAMES:
            told = await world.service.get(f"/api/applications/{quote(application, safe='')}?range={name}")
            assert sum(day["total_bytes"] or 0 for day in told["days"]) == told["total_bytes"]
            found[name, application] = _sides(told)
    return {key: moved for key, moved in found.items() if any(moved)}


async def command_json(world: World) -> Told:
    return {
        (name, row["application"]): _sides(row)
        for name in RANGES
        for row in (await world.json("apps", name))["applications"]
        if row["total_bytes"]
    }


async def command_of_one(world: World) -> Told:
    found = {(name, one): _sides(await world.json("apps", "--name", one, name)) for name in RANGES for one in NAMES}
    return {key: moved for key, moved in found.items() if any(moved)}


async def command_table(world: World) -> Told:
    """Texts, as people read them."""
    return {key: cells[:2] for name in RANGES for key, cells in _table(name, await world.printed("apps", name))}


async def tables_by_application(world: World) -> Told:
    commands = ("today", "week", "month")
    return {
        key: cells[:2]
        for name in commands
        for key, cells in _table(name, await world.printed(name, "--by", "application"))
    }


def _table(name: str, text: str) -> list[tuple[tuple[str, str], tuple[str, ...]]]:
    found = []
    for line in text.splitlines()[1:]:
        application, *cells = re.split(r"\s{2,}", line)
        if application == "TOTAL":
            break
        if cells[2] != "0 B":
            found.append(((name, application), tuple(cells)))
    return found


async def metrics(world: World) -> Told:
    """The gauges of current periods."""
    sides: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    names = {period: name for name, period in RANGES.items()}
    for family in text_string_to_metric_families((await world.service.ask("/metrics")).text):
        match = re.fullmatch("netledger_application_period_(receive|transmit)_bytes", family.name)
        for sample in family.samples if match else ():
            key = names[sample.labels["period"]], sample.labels["application"]
            sides[key][str(match and match[1])] = int(sample.value)
    return {key: (moved["receive"], moved["transmit"]) for key, moved in sides.items() if any(moved.values())}


async def page(world: World) -> Told:
    """Today's bytes in the tips of the bars."""
    text = (await world.service.ask("/")).text
    rows = re.findall(r'data-application="(.*?)".*?aria-label="Received (.*?), sent (.*?)"', text, re.DOTALL)
    return {("today", html.unescape(name)): (received, sent) for name, received, sent in rows}


PLACES: dict[str, Callable[[World], Awaitable[Told]]] = {
    "REST": rest,
    "REST of one": rest_of_one,
    "command, JSON": command_json,
    "command of one, JSON": command_of_one,
    "command, table": command_table,
    "commands by application, tables": tables_by_application,
    "/metrics": metrics,
    "page": page,
}


@pytest.mark.parametrize("name", PLACES)
async def test_it_gives_the_bytes_that_were_moved(name: str, world: World) -> None:
    told = await PLACES[name](world)

    ranges = {period for period, _ in told}
    truth = {key: moved for key, moved in world.moved.truth(world.machine.seconds).items() if key[0] in ranges}
    forms = {key: {moved, tuple(map(human_bytes, moved))} for key, moved in truth.items()}
    assert told.keys() == truth.keys()
    assert {key: moved for key, moved in told.items() if moved not in forms[key]} == {}


async def test_a_byte_more_is_seen(world: World) -> None:
    world.source.move("rsync", 1)
    world.service.pass_time(2)
    await world.service.get("/api/live")

    for name in ("REST", "command, JSON", "/metrics"):
        told = await PLACES[name](world)
        assert told["month", "rsync"] != world.moved.truth(world.machine.seconds)["month", "rsync"]
