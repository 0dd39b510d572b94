"""Answers for several machines over HTTP: `hosts=` on every answer of usage, and the list of machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import asyncpg
import pytest

from exporter.mirror.settings import Mirror
from exporter.web.server import documented
from tests.exporter.web.running_service import INDIA, RunningService, running
from tests.worlds.application_rows import amounts, post_applications
from tests.worlds.mirrored_ledger import create_mirror, ledger_id, mirror_ledger
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.postgresql import Database

PAGES = ("/", "/dashboard/")
OF_HOSTS = [
    route
    for route in documented()
    if route.method == "GET" and "hosts" in str(route.queries[0].__struct_fields__) and route.path not in PAGES
]
PLACES = {"/chart/{name}.svg": "days", "/badge/{name}.svg": "month", "/api/applications/{name}": "firefox"}
NEEDED = {"/api/range": {"from": "2026-06-01", "to": "2026-06-30"}}
GIGA = 10**9


class Family:
    """A running service, and the ledger of another machine that has sent it."""

    def __init__(self, service: RunningService, laptop: WrittenLedger) -> None:
        self.service, self.laptop = service, laptop

    async def get(self, path: str, **query: str) -> Any:
        """The JSON of a good answer."""
        return await self.service.get(f"{path}?{urlencode(query)}" if query else path)


@pytest.fixture
async def family(
    unstarted: RunningService, empty_ledger: Path, tmp_path: Path, fresh_database: Database
) -> AsyncIterator[Family]:
    """This machine, and a laptop with 7 GB today that sent them a minute ago."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    laptop = WrittenLedger(folder, empty_ledger, INDIA)
    now = unstarted.machine.seconds // 900 * 900
    laptop.write({now: (6 * GIGA, GIGA)})
    post_applications(laptop, {(now, ("firefox", "internet", "tcp")): amounts(GIGA, 0)})
    await send(fresh_database, laptop, unstarted.machine.seconds - 60)
    unstarted.mirror = Mirror(url=fresh_database.url)
    async with running(unstarted) as service:
        service.machine.move("eth0", 1000, 100)
        service.pass_time()
        yield Family(service, laptop)


async def send(database: Database, ledger: WrittenLedger, sent_at: int, name: str = "laptop") -> None:
    connection = await asyncpg.connect(database.url)
    try:
        await create_mirror(connection)
        await mirror_ledger(connection, ledger.path, name, sent_at=sent_at)
    finally:
        await connection.close()


def path_of(template: str) -> str:
    """A path whose place has a name."""
    return template.format(name=PLACES.get(template, ""))


async def test_all_machines_are_answered_with_what_this_one_has_not_posted(family: Family) -> None:
    alone, laptop, both = [
        await family.get("/api/today", **query) for query in ({}, {"hosts": "laptop"}, {"hosts": "all"})
    ]

    assert alone["total_bytes"] == 1100
    assert laptop["total_bytes"] == 7 * GIGA
    assert both["total_bytes"] == 7 * GIGA + 1100
    assert "hosts" not in alone
    assert laptop["hosts"]["names"] == ["laptop"]
    assert len(both["hosts"]["names"]) == 2
    assert 60 <= both["hosts"]["behind_seconds"] <= 70


@pytest.mark.parametrize("route", OF_HOSTS, ids=lambda route: route.path)
async def test_every_answer_of_usage_takes_hosts(family: Family, route: Any) -> None:
    query = {"hosts": "laptop", **NEEDED.get(route.path, {})}
    told = await family.service.ask(f"{path_of(route.path)}?{urlencode(query)}")
    without = await family.service.ask(f"{path_of(route.path)}?{urlencode(query | {'hosts': 'phone'})}")

    assert told.status == 200, told.text
    assert without.status == 400
    assert "'phone'" in without.text
    assert "laptop" in without.text
    if route.is_of_hosts:
        assert told.json["hosts"]["names"] == ["laptop"]


def test_usage_cost_exports_wrap_ups_and_pictures_take_hosts() -> None:
    assert {route.path for route in OF_HOSTS} == {
        *("/api/today", "/api/week", "/api/month", "/api/year", "/api/range", "/api/summary", "/api/periods"),
        *("/api/records", "/api/hours", "/api/percentile", "/api/series", "/api/v1/stats/monthly-traffic"),
        *("/api/cost", "/api/cost/applications", "/api/applications", "/api/applications/{name}"),
        *("/api/export", "/api/export/llm", "/api/export/wrapup", "/chart/{name}.svg", "/badge/{name}.svg"),
    }


@pytest.mark.parametrize("route", OF_HOSTS, ids=lambda route: route.path)
async def test_without_a_mirror_hosts_are_refused(service: RunningService, route: Any) -> None:
    told = await service.ask(f"{path_of(route.path)}?{urlencode({'hosts': 'all', **NEEDED.get(route.path, {})})}")

    assert told.status == 400
    assert "set mirror.url" in told.text


async def test_a_machine_is_an_interface_of_all(family: Family) -> None:
    found = await family.get("/api/today", hosts="all", interface="laptop")

    assert found["total_bytes"] == 7 * GIGA


async def test_applications_of_all_machines_are_listed(family: Family) -> None:
    found = await family.get("/api/applications", hosts="all")

    assert [(row["application"], row["total_bytes"]) for row in found["applications"]] == [("firefox", GIGA)]


async def test_names_are_given_by_commas_or_again(family: Family) -> None:
    own = next(host["name"] for host in (await family.get("/api/hosts"))["hosts"] if host["this"])
    for query in (f"hosts=laptop,{own}", f"hosts=laptop&hosts={own}", f"hosts={ledger_id(family.laptop.path)},{own}"):
        found = await family.service.get(f"/api/today?{query}")
        assert found["total_bytes"] == 7 * GIGA + 1100


async def test_hosts_are_listed_with_their_share_and_their_age(family: Family) -> None:
    found = await family.get("/api/hosts")

    laptop, own = found["hosts"]
    assert (laptop["name"], laptop["this"], laptop["id"]) == ("laptop", False, ledger_id(family.laptop.path))
    assert (own["this"], own["behind_seconds"]) == (True, 0)
    assert laptop["today"]["total_bytes"] == laptop["month"]["total_bytes"] == 7 * GIGA
    assert own["today"]["total_bytes"] == 1100
    assert laptop["share_percent"] == 100.0
    assert 60 <= laptop["behind_seconds"] <= 70
    assert found["total"]["month"]["total_bytes"] == 7 * GIGA + 1100
    assert "problem" not in found


async def test_without_a_mirror_this_machine_is_the_only_host(service: RunningService) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    found = await service.get("/api/hosts")

    assert [(host["this"], host["today"]["total_bytes"]) for host in found["hosts"]] == [(True, 1100)]
    assert found["read_at"] is None


async def test_without_the_server_the_last_answer_is_given_and_a_first_one_is_not(
    family: Family, fresh_database: Database
) -> None:
    await family.get("/api/today", hosts="all")
    fresh_database.server.kill()
    family.service.pass_time(3600)

    before = await family.get("/api/today", hosts="all")
    told = await family.service.ask("/api/today?hosts=laptop")
    hosts = await family.get("/api/hosts")

    assert before["total_bytes"] == 7 * GIGA + 1100
    assert before["hosts"]["behind_seconds"] >= 3600
    assert told.status == 503
    assert told.headers["Retry-After"]
    assert "password" not in told.text
    assert len(hosts["hosts"]) == 2


async def test_a_machine_that_is_renewed_is_one_of_several_from_the_next_day_on(family: Family) -> None:
    family.service.machine.move("eth0", 50, 0)
    family.service.pass_time()
    renewed = (await family.service.ask("/api/host/renew", "POST")).json

    alone, both = [await family.get("/api/today", **query) for query in ({}, {"hosts": "all"})]
    hosts = {each["id"]: each for each in (await family.get("/api/hosts"))["hosts"]}

    assert (alone["total_bytes"], both["total_bytes"]) == (1150, 7 * GIGA)
    assert both["hosts"]["names"] != ["laptop"]
    own = hosts[renewed["device_id"]]
    assert (own["this"], own["today"]["total_bytes"], own["month"]["total_bytes"]) == (True, 0, 0)


async def test_without_a_mirror_a_renewed_machine_has_all_of_its_bytes(service: RunningService) -> None:
    service.machine.move("eth0", 1000, 100)
    service.pass_time()
    renewed = (await service.ask("/api/host/renew", "POST")).json

    (own,) = (await service.get("/api/hosts"))["hosts"]

    assert (own["id"], own["today"]["total_bytes"]) == (renewed["device_id"], 1100)
    assert (await service.get("/api/health"))["device_id"] == renewed["device_id"]


async def test_a_new_mirror_is_being_read_until_its_tables_are_made(
    unstarted: RunningService, fresh_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """The service makes them with its first copy: until then nothing is wrong."""
    unstarted.mirror = Mirror(url=fresh_database.url)
    async with running(unstarted) as service:
        page = await service.ask("/?hosts=all")
        for _ in range(20):
            told = await service.get("/api/hosts")
            if told["read_at"]:
                break
            assert told["problem"] == "the mirror is being read"

    assert page.status == 200
    assert "machines are not known yet: the mirror is being read" in page.text
    assert told["read_at"]
    assert "cannot be read" not in caplog.text
