"""A plan that machines share over HTTP: all of their bytes, this machine's to the second, and the age of the others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from exporter.mirror.settings import Mirror
from reports.billing.plans import Plan
from tests.exporter.web.running_service import INDIA, RunningService, running
from tests.exporter.web.test_rest_hosts import GIGA, send
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.postgresql import Database

HOME = Plan(name="home", hosts=("all",), cap_bytes=10 * GIGA)
OWN = Plan(name="own")


@pytest.fixture
def laptop(unstarted: RunningService, empty_ledger: Path, tmp_path: Path) -> WrittenLedger:
    """Another machine, with 7 GB today."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    ledger = WrittenLedger(folder, empty_ledger, INDIA)
    ledger.write({unstarted.machine.seconds // 900 * 900: (6 * GIGA, GIGA)})
    return ledger


@pytest.fixture
async def shared(
    unstarted: RunningService, laptop: WrittenLedger, fresh_database: Database
) -> AsyncIterator[RunningService]:
    """A service of a plan that it shares with the laptop, which sent its bytes a minute ago; and of one of its own."""
    await send(fresh_database, laptop, unstarted.machine.seconds - 60)
    unstarted.mirror, unstarted.plans = Mirror(url=fresh_database.url), (HOME, OWN)
    async with running(unstarted) as service:
        service.machine.move("eth0", 1000, 100)
        service.pass_time()
        yield service


async def plan_of(service: RunningService, *, read: bool = True, name: str = "home") -> Any:
    """The plan's answer, once its machines were read."""
    for _ in range(200):
        (found,) = (await service.get(f"/api/plans?plan={name}"))["plans"]
        if not read or found["sharing"]["read_at"]:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(found)


async def test_a_shared_plan_has_the_bytes_of_all_machines(shared: RunningService) -> None:
    found = await plan_of(shared)

    assert found["used_bytes"] == 7 * GIGA + 1100
    assert found["left_bytes"] == 3 * GIGA - 1100
    laptop, own = found["sharing"]["machines"]
    assert (laptop["name"], laptop["used_bytes"], laptop["this"]) == ("laptop", 7 * GIGA, False)
    assert (own["used_bytes"], own["this"], own["behind_seconds"]) == (1100, True, 0)
    assert 60 <= found["sharing"]["behind_seconds"] <= 80


async def test_own_bytes_since_then_are_in_it_at_once(shared: RunningService) -> None:
    await plan_of(shared)
    shared.machine.move("eth0", 10, 0)
    shared.pass_time()

    found = await plan_of(shared)

    assert found["used_bytes"] == 7 * GIGA + 1110
    assert found["sharing"]["machines"][1]["used_bytes"] == 1110


async def test_a_plan_of_this_machine_has_none_of_it(shared: RunningService) -> None:
    found = await plan_of(shared, read=False, name="own")

    assert found["used_bytes"] == 1100
    assert "sharing" not in found


async def test_cost_forecast_badge_and_metrics_are_of_all_machines(shared: RunningService) -> None:
    await plan_of(shared)

    cost = await shared.get("/api/cost?plan=home&period=month")
    badge = await shared.ask("/badge/plan.svg?plan=home")
    metrics = (await shared.ask("/metrics")).text

    assert cost["usage"]["total_bytes"] == 7 * GIGA + 1100
    assert cost["hosts"]["names"]
    assert "70.0 % of 10.00 GB" in badge.text

    machines = [line for line in metrics.splitlines() if line.startswith("netledger_plan_machine_used_bytes")]
    assert [float(line.rsplit(" ", 1)[1]) for line in machines] == [7 * GIGA, 1100]
    assert 'machine="laptop"' in machines[0]
    assert 'netledger_plan_behind_seconds{plan="home"}' in metrics
    assert all('plan="home"' in line for line in machines)


async def test_without_the_server_the_last_rows_count_and_their_age_is_told(
    shared: RunningService, fresh_database: Database
) -> None:
    await plan_of(shared)
    fresh_database.server.kill()
    shared.pass_time(600)
    await shared.stop()
    await shared.start()

    found = await plan_of(shared)

    assert found["used_bytes"] == 7 * GIGA + 1100
    assert found["sharing"]["behind_seconds"] >= 600


async def test_before_the_mirror_was_ever_read_this_machine_alone_counts_and_nothing_waits(
    unstarted: RunningService, fresh_database: Database
) -> None:
    fresh_database.server.pause()
    unstarted.mirror, unstarted.plans = Mirror(url=fresh_database.url), (HOME,)
    async with asyncio.timeout(8), running(unstarted) as service:
        service.machine.move("eth0", 1000, 100)
        service.pass_time()

        found = await plan_of(service, read=False)

    assert found["used_bytes"] == 1100
    assert found["sharing"]["read_at"] is None
    assert found["sharing"]["machines"] == []


async def test_a_new_mirror_is_not_read_before_its_tables_are_made(
    unstarted: RunningService, fresh_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    unstarted.mirror, unstarted.plans = Mirror(url=fresh_database.url), (HOME,)
    async with running(unstarted) as service:
        found = await plan_of(service)

    assert len(found["sharing"]["machines"]) == 1
    assert "cannot be read" not in caplog.text


async def test_the_page_shows_all_machines_and_refuses_them_without_a_mirror(shared: RunningService) -> None:
    await plan_of(shared)
    await shared.get("/api/today?hosts=all")
    alone, every = [(await shared.ask(path)).text for path in ("/", "/?hosts=all")]
    await shared.stop()
    shared.mirror, shared.plans = Mirror(), (OWN,)
    await shared.start()

    told = await shared.ask("/?hosts=all")

    assert "7.00</span> <span" in every
    assert "7.00</span> <span" not in alone.partition("cycle-title")[0]
    assert 'id="machines-title"' in alone
    assert told.status == 400
    assert "set mirror.url" in told.text


async def test_a_machine_that_the_mirror_does_not_know_is_named(
    unstarted: RunningService, laptop: WrittenLedger, fresh_database: Database
) -> None:
    await send(fresh_database, laptop, unstarted.machine.seconds)
    unstarted.mirror, unstarted.plans = Mirror(url=fresh_database.url), (HOME._replace(hosts=("laptop", "phone")),)
    async with running(unstarted) as service:
        for _ in range(200):
            found = await plan_of(service, read=False)
            if "'phone'" in found["sharing"].get("problem", ""):
                break
            await asyncio.sleep(0.05)

    assert found["used_bytes"] == 0
    assert "laptop" in found["sharing"]["problem"]
