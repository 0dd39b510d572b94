"""Interfaces that are asked for together are added up, in every answer that takes one."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.session.environment import Environment
from reports.billing.plans import Plan
from reports.billing.prices import one_price, parse_price
from tests.exporter.web.running_service import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.exporter.web.running_service import RunningService
    from tests.worlds.fake_machine import Machine

ADDED = ("bytes_received", "bytes_sent", "total_bytes")
TWO = "interface=eth0&interface=tun0"
"""One that counts, and one that does not."""
DAY = "from=2026-06-11&to=2026-06-11"
PATHS = (
    "/api/today?",
    "/api/summary?",
    "/api/week?",
    "/api/month?",
    "/api/year?",
    "/api/range?from=2026-06-01&to=2026-06-12&",
    "/api/cost?cost_per_gb=1&",
)


@pytest.fixture
async def service(machine: Machine, unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Some days of three interfaces in the ledger, and a byte of each that is not posted yet."""
    machine.create("tun0", is_physical=False)
    machine.create("tun1", is_physical=False)
    unstarted.plans = (Plan(interfaces=("*",), price_steps=one_price(parse_price("1")), currency="EUR"),)
    slot = machine.seconds // 900 * 900
    unstarted.write_before(
        slots={
            (slot - number * 86_400, interface(name)): Usage(Counts(size * 10**9, size * 10**8), 0, Speeds())
            for number in range(1, 4)
            for name, size in (("eth0", 3), ("tun0", 5), ("tun1", 7))
        }
    )
    async with running(unstarted) as started:
        for name, size in (("eth0", 11), ("tun0", 13), ("tun1", 17)):
            machine.move(name, size, size)
        machine.wait(2)
        yield started


def amounts(told: dict[str, object]) -> list[int]:
    found = told.get("summary", told.get("usage", told))
    assert isinstance(found, dict)
    return [found[name] for name in ADDED]


@pytest.mark.parametrize("path", PATHS)
async def test_two_are_the_sum_of_each(service: RunningService, path: str) -> None:
    each = [amounts(await service.get(f"{path}interface={name}")) for name in ("eth0", "tun0")]
    together = await service.get(f"{path}{TWO}")

    assert amounts(together) == [sum(pair) for pair in zip(*each, strict=True)]
    assert all(amount > 0 for amount in amounts(together))


async def test_the_same_one_twice_is_one(service: RunningService) -> None:
    once = await service.get("/api/today?interface=eth0")

    assert await service.get("/api/today?interface=eth0&interface=eth0") == once


async def test_an_unknown_one_among_them_is_named(service: RunningService) -> None:
    told = await service.ask("/api/today?interface=eth0&interface=nope")

    assert told.status == 400
    assert "knows no 'nope'" in told.text


@pytest.mark.parametrize(
    "path",
    ["/api/records?", "/api/hours?", "/api/series?step=1d&", f"/api/percentile?{DAY}&p=99.9&"],
)
async def test_what_is_no_sum_is_answered_for_both_together(service: RunningService, path: str) -> None:
    one, both = [await service.ask(f"{path}{names}") for names in ("interface=eth0", TWO)]

    assert (one.status, both.status) == (200, 200)
    assert one.json != both.json


async def test_the_command_gives_what_the_api_gives(service: RunningService) -> None:
    told = await service.get(f"/api/range?from=2026-06-01&to=2026-06-12&{TWO}")
    environment = Environment(
        None, {"NETLEDGER_LEDGER_PATH": str(service.ledger.path)}, now=lambda: service.machine.seconds
    )
    call = ["range", "--from", "2026-06-01", "--to", "2026-06-12", "--interface", "eth0", "--interface", "tun0"]

    as_json = await asyncio.to_thread(CliRunner().invoke, netledger, [*call, "--json"], obj=environment)
    table = await asyncio.to_thread(CliRunner().invoke, netledger, call, obj=environment)

    assert amounts(json.loads(as_json.stdout)) == amounts(told)
    assert table.exit_code == 0
    assert date(2026, 6, 11).isoformat() in table.stdout


@pytest.mark.parametrize("file", ["export?", "export?resolution=slot&", "export/llm?", "export/wrapup?"])
async def test_a_file_is_of_one_interface_or_of_a_plan(service: RunningService, file: str) -> None:
    told = await service.ask(f"/api/{file}{TWO}")

    assert told.status == 400
    assert "several are those of a plan" in told.text


@pytest.mark.parametrize(
    "path", [*PATHS, "/api/live?", "/api/v1/stats/bandwidth?", "/api/records?", "/api/hours?", "/api/series?step=1d&"]
)
async def test_no_answer_shows_how_names_are_joined(service: RunningService, path: str) -> None:
    told = await service.ask(f"{path}{TWO}")

    assert told.status == 200
    assert "u0000" not in told.text
