"""What the commands of requests say is what the API answers, from the ledger's file and by the service alike."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Batch, Event
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import RunningService, new_ledger, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result

    from tests.worlds.fake_machine import Machine

MINUTE = 60_000_000
PAIRS = [
    (("requests",), "services"),
    (("requests", "month", "--exclude", "404"), "services?range=month&exclude=404"),
    (("requests", "shop"), "routes?service=shop"),
    (
        ("requests", "shop", "2026-06", "--sort", "p95", "--limit", "1"),
        "routes?service=shop&from=2026-06-01&to=2026-06-30&sort=p95&limit=1",
    ),
    (
        ("requests", "--from", "2026-06-12T14:00", "--to", "2026-06-12T14:15"),
        "services?from=2026-06-12T14:00&to=2026-06-12T14:15",
    ),
    (("requests", "log"), "log"),
    (("requests", "log", "shop", "--limit", "3", "--oldest"), "log?service=shop&limit=3&order=oldest"),
    (
        ("requests", "log", "--status", "4xx", "--min-time", "2", "--route", "/items/*"),
        "log?status=4xx&min_time=2&route=/items/*",
    ),
    (
        ("requests", "log", "--ip", "192.0.2.7", "--path", "/7", "--method", "GET"),
        "log?ip=192.0.2.7&path=/7&method=GET",
    ),
]
REFUSED = [
    ("requests", "nobody"),
    ("requests", "--exclude", "bots"),
    ("requests", "log", "--status", "6xx"),
    ("requests", "log", "--max-time", "soon"),
    ("requests", "log", "--cursor", "x"),
]


@pytest.fixture
async def service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made):
        at = machine.seconds * 1_000_000
        codes = (200, 404, 500)
        await made.intake.add(
            Batch(
                [
                    Event(
                        "shop",
                        at - n * MINUTE,
                        "GET",
                        "/items/{id}",
                        codes[n % 3],
                        900 * n,
                        10,
                        990,
                        f"/items/{n}",
                        "192.0.2.7",
                    )
                    for n in range(40)
                ]
                + [Event("blog", at, "POST", "/", 0)]
            )
        )
        machine.wait(made.ledger.commit_interval)
        await made.ask("/api/commit", "POST")
        yield made


async def call(commands: Commands, *arguments: str) -> Result:
    return await asyncio.to_thread(commands, *arguments)


@pytest.mark.parametrize(("arguments", "path"), PAIRS, ids=lambda value: value if isinstance(value, str) else "")
async def test_json_is_as_the_api_gives_it(
    service: RunningService, tmp_path: Path, arguments: tuple[str, ...], path: str
) -> None:
    now = service.machine.seconds
    own = Commands(service.ledger.path, now)
    other = Commands(tmp_path / "nowhere" / "ledger.db", now, NETLEDGER_SERVER_PORT=str(service.port))
    other.environ["NETLEDGER_CONFIG"] = own.environ["NETLEDGER_CONFIG"]

    of_file, of_service = [await call(each, *arguments, "--json") for each in (own, other)]
    tables = [await call(each, *arguments) for each in (own, other)]

    assert (of_file.exit_code, of_service.exit_code) == (0, 0), of_service.output
    document, (kind, _, query) = json.loads(of_file.stdout), path.partition("?")
    assert document == json.loads(of_service.stdout)
    if kind != "log":
        shown = "&".join(part for part in query.split("&") if not part.startswith(("sort=", "limit=")))
        assert document.pop("summary") == (await service.get(f"/api/requests/summary?{shown}"))["summary"]
    assert document == await service.get(f"/api/requests/{path}")
    assert tables[0].stdout == tables[1].stdout


async def test_quantiles_and_clients_have_the_requests_of_the_last_second(service: RunningService) -> None:
    at = service.machine.seconds * 1_000_000
    await service.intake.add(Batch([Event("mail", at, "GET", "/", 200, 5_000_000, client="198.51.100.7")]))
    await service.intake.add(Batch([Event("mail", at, "GET", "/", 200, 9_000_000, client="203.0.113.7")]))
    commands = Commands(service.ledger.path, service.machine.seconds)

    summary = json.loads((await call(commands, "requests", "mail", "--json")).stdout)["summary"]
    export = json.loads((await call(commands, "export", "--range", "today", "--output", "-")).stdout)

    assert (summary["p50"], summary["p99"]) == (pytest.approx(5_000, rel=0.01), pytest.approx(9_000, rel=0.01))
    assert summary["unique_ips"] == 2
    assert next(row["p99"] for row in export["requests"]["services"] if row["service"] == "mail") == summary["p99"]


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
async def test_what_is_refused_is_refused_by_both(
    service: RunningService, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    now = service.machine.seconds
    own = Commands(service.ledger.path, now)
    other = Commands(tmp_path / "nowhere" / "ledger.db", now, NETLEDGER_SERVER_PORT=str(service.port))
    other.environ["NETLEDGER_CONFIG"] = own.environ["NETLEDGER_CONFIG"]

    told = [await call(each, *arguments) for each in (own, other)]

    assert [each.exit_code for each in told] == [2, 2]
    first, second = (each.stderr.splitlines()[-1].partition(";")[0] for each in told)
    assert first == second
