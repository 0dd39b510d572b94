"""`netledger requests top` beside a real service: in a pipe, and on a pseudo terminal."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Batch, Event
from exporter.terminal.width import text_width
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import RunningService, new_ledger, running

pytest.importorskip("termios")

from tests.worlds.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result

    from tests.worlds.fake_machine import Machine

DONE = "\x1b[J"


@pytest.fixture
async def service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    async with running(made):
        await report(made)
        yield made


async def report(service: RunningService, requests: int = 10) -> None:
    """Requests of two services, in the ledger."""
    at = service.machine.seconds * 1_000_000
    events = [Event("shop", at, "GET", "/items/{id}", 200 if n % 2 else 503, 2_000, 10, 990) for n in range(requests)]
    events.append(Event("shop", at, "POST", "/slow", 200, 3_000_000))
    events.append(Event("blog", at, "GET", "/\x1b[2J浏览器", 0))
    await service.intake.add(Batch(events))
    service.pass_time(2)


async def beside(service: RunningService, *arguments: str) -> Result:
    """A command's result; requests come while it waits."""
    call = asyncio.create_task(asyncio.to_thread(Commands(service.ledger.path), "requests", "top", *arguments))
    while not call.done():
        await asyncio.sleep(0.1)
        await report(service)
    return await call


async def test_in_a_pipe_it_prints_one_table(service: RunningService) -> None:
    done = await beside(service, "--interval", "1")

    assert (done.exit_code, done.stderr) == (0, "")
    names = [line.split("  ")[0] for line in done.stdout.splitlines()]
    assert names[:2] == ["Route", "shop: GET /items/{id}"]
    assert sorted(names[2:4]) == ["blog: GET /?[2J浏览器", "shop: POST /slow"]
    assert names[4] == "TOTAL"
    assert "\x1b" not in done.stdout


async def test_the_order_and_the_service_are_chosen(service: RunningService) -> None:
    done = await beside(service, "shop", "--sort", "time", "--interval", "0.5")

    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["Route", "shop: POST /slow", "shop: GET /items/{id}", "TOTAL"]
    assert "3.00 s" in lines[1]
    assert "2.00 ms" in lines[2]


async def test_the_last_row_has_the_average_of_all_and_speeds_are_in_the_unit_that_is_chosen(
    service: RunningService,
) -> None:
    done = await beside(service, "--interval", "1", "--rate", "bytes")

    total = done.stdout.splitlines()[-1].split()
    assert (total[0], total[4]) == ("TOTAL", "ms")
    assert 2 < float(total[3]) < 3000
    assert total[-1].endswith("B/s")
    assert "bit/s" in (await beside(service, "--interval", "0.5")).stdout


async def test_json_has_the_rates_of_an_interval(service: RunningService) -> None:
    told = json.loads((await beside(service, "--json", "--interval", "1")).stdout)

    busiest = told["routes"][0]
    assert told["seconds"] >= 1
    assert (busiest["service"], busiest["method"], busiest["route"]) == ("shop", "GET", "/items/{id}")
    assert busiest["errors_per_second"] == pytest.approx(busiest["requests_per_second"] / 2, abs=0.01)
    assert busiest["bytes_per_second"] == pytest.approx(1000 * busiest["requests_per_second"], rel=0.01)
    assert busiest["avg_time"] == pytest.approx(2.0)
    unanswered = next(row for row in told["routes"] if row["service"] == "blog")
    assert unanswered["errors_per_second"] == unanswered["requests_per_second"]
    assert unanswered["avg_time"] is None


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 12)])
async def test_on_a_terminal_it_is_sorted_by_keys_and_ends_by_one(
    service: RunningService, columns: int, lines: int
) -> None:
    environ = Commands(service.ledger.path).environ | {"HOME": str(service.ledger.path.parent), "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "exporter", "requests", "top", "--interval", "1"]
    with closing(PseudoTerminal(command, environ, columns, lines)) as screen:

        async def until(text: str) -> list[str]:
            await asyncio.to_thread(screen.until, lambda written: text in written and written.endswith(DONE))
            return screen.screen

        await until("By requests")
        await report(service)
        drawn = await until("/items")
        assert len(drawn) == lines
        assert max(map(text_width, drawn)) <= columns
        assert drawn[2].startswith("shop: GET /items")
        screen.type("t")
        await until("By time")
        screen.type("q")
        assert await asyncio.to_thread(screen.ended) == 0
        assert screen.is_as_before
        assert "\x1b[2J浏览器" not in screen.text


async def test_without_a_service_it_says_so(service: RunningService) -> None:
    await service.stop()
    done = await asyncio.to_thread(Commands(service.ledger.path), "requests", "top")
    await service.start()

    assert done.exit_code == 3
    assert "start it with `netledger run`" in done.stderr
