"""Whatever happens to a commit, an answer holds every byte that was moved, and each once."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.metering.counters.readings import Counts
from tests.exporter.web.running_service import RunningService, new_ledger
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from tests.worlds.fake_machine import Pair

ACTIONS = ("move", "commit", "fail", "slow commit", "restart", "minutes", "midnight")


def told(answer: dict[str, int]) -> Pair:
    return answer["bytes_received"], answer["bytes_sent"]


async def everything_told(service: RunningService) -> set[Pair]:
    """What was moved ever, as each endpoint tells it."""
    everything = "/api/range?from_date=2026-06-01&to_date=2027-06-01"
    answers = [
        await service.get("/api/summary"),
        await service.get("/api/summary?interface=eth0"),
        (await service.get(everything))["summary"],
        (await service.get(f"{everything}&interface=eth0"))["summary"],
        (await service.get("/api/interfaces"))["interfaces"][0]["lifetime"],
    ]
    return {told(answer) for answer in answers}


async def commit_badly(service: RunningService, truth: Pair) -> None:
    """Another program holds the ledger: the commit is refused, and answers go on."""
    set_patience(service, 0)
    with closing(sqlite3.connect(service.ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await service.ask("/api/commit", "POST")).json == {"committed": False}
        assert await everything_told(service) == {truth}
        other.execute("ROLLBACK")


async def commit_slowly(service: RunningService, truth: Pair) -> None:
    """The commit waits for another program while questions are answered, and ends in the middle of them."""
    set_patience(service, 5000)
    with closing(sqlite3.connect(service.ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        commit = asyncio.create_task(service.ask("/api/commit", "POST"))
        await asyncio.sleep(0.005)
        assert await everything_told(service) == {truth}
        other.execute("ROLLBACK")
    while not commit.done():
        assert await everything_told(service) == {truth}
    assert (await commit).json == {"committed": True}


def set_patience(service: RunningService, milliseconds: int) -> None:
    parts = service.service._parts
    assert parts
    parts.writer.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")


async def live_through(actions: list[tuple[str, int]], template: Path, folder: Path) -> None:
    machine = Machine()
    machine.create("eth0", counts=Counts(5_000_000_000, 700_000_000), is_uplink=True)
    service = RunningService(machine, new_ledger(template, folder))
    truth = (0, 0)
    await service.start()
    try:
        for action, amount in actions:
            machine.move("eth0", amount, amount // 3)
            truth = (truth[0] + amount, truth[1] + amount // 3)
            machine.wait({"minutes": 600, "midnight": 86_400}.get(action, 2))
            if action == "commit":
                assert (await service.ask("/api/commit", "POST")).json == {"committed": True}
            elif action == "fail":
                await commit_badly(service, truth)
            elif action == "slow commit":
                await commit_slowly(service, truth)
            elif action == "restart":
                await service.stop()
                await service.start()
            assert await everything_told(service) == {truth}
    finally:
        await service.stop()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 10**9)), min_size=3, max_size=8))
def test_an_answer_is_what_was_moved_at_every_moment(empty_ledger: Path, actions: list[tuple[str, int]]) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        asyncio.run(live_through(actions, empty_ledger, folder))
    finally:
        shutil.rmtree(folder)


async def test_today_holds_what_no_commit_has_seen(service: RunningService, machine: Machine) -> None:
    machine.move("eth0", 1_000_000, 1_000)
    service.pass_time()

    today = await service.get("/api/today")
    waiting = (await service.get("/api/unposted"))["unposted"]

    assert told(today) == (1_000_000, 1_000)
    assert today["peak_speed"] == 500_500
    assert sum(row[5][0] for row in waiting[0]) == 1_000_000


async def test_after_a_clock_was_set_back_all_tell_the_same_day(service: RunningService, machine: Machine) -> None:
    machine.set_clock(3 * 86_400)
    service.pass_time()
    machine.move("eth0", 1_000, 10)
    service.pass_time()
    await service.ask("/api/commit", "POST")
    machine.set_clock(-3 * 86_400)
    service.pass_time()
    await service.ask("/api/commit", "POST")

    assert service.service._parts
    await service.service._parts.commit()
    today = await service.get("/api/today")
    metrics = (await service.ask("/metrics")).text

    assert (today["date"], told(today)) == ("2026-06-12", (1_000, 10))
    assert re.search(r'netledger_interface_period_receive_bytes{[^}]*period="day"[^}]*} (\S+)', metrics)[1] == "1000.0"  # type: ignore[index]
