"""The request log: kept for its days and rows, pruned step by step, and given up before any usage."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from exporter.ledger import reserve
from exporter.ledger.files import transaction
from exporter.ledger.opening.checks import faults_in
from exporter.ledger.reserve import RESERVE_BYTES, reserve_path
from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.ledger.upkeep.upkeep import LedgerUpkeep
from exporter.ledger.writing.writer import Writer
from exporter.metering.postings import MeterCheckpoint
from exporter.metering.samples import EventBounds
from exporter.meters.requests.log_store import MOST_NAMES, STEP
from exporter.meters.requests.store import MOST_BATCHES, RequestStore
from exporter.settings.tree import Settings
from reports.ledger.cardinality import Distinct
from reports.ledger.shape import GONE
from tests.meters.requests import event
from tests.worlds.books import UTC

if TYPE_CHECKING:
    from tests.worlds.request_world import RequestWorld

DAY = 86_400
ROOMY = Keep(30 * DAY, 400 * DAY, 10**12)


def tidy(world: RequestWorld, *, seconds: int = 30 * DAY, rows: int = 10**6, max_bytes: int = 10**12) -> int:
    """Prune until nothing is left to do; returns how many steps that took."""
    keep, retention = (
        Keep(30 * DAY, 400 * DAY, max_bytes, EventBounds(seconds, rows)),
        Retention(world.writer, world.path),
    )
    for steps in range(1, 1000):
        if not retention.tidy_events(keep, world.machine.seconds):
            return steps
    raise AssertionError("pruning does not end")


def logged(world: RequestWorld) -> dict[str, list[int]]:
    """Ages in seconds by service, oldest first."""
    query = "SELECT s.name, l.at FROM request_log AS l JOIN request_service AS s ON s.id = l.service ORDER BY l.at"
    ages: dict[str, list[int]] = {}
    for service, at in world.rows(query):
        ages.setdefault(service, []).append(world.machine.seconds - at // 1_000_000)
    return ages


SIZE = """
SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
NAMES = """
SELECT s.name, a.agent FROM request_log AS l JOIN request_service AS s ON s.id = l.service
JOIN request_agent AS a ON a.id = l.agent
"""
LOGGED = """
SELECT l.path, k.service, k.method, k.route, k.code FROM request_log AS l JOIN request_subject AS k USING (subject)
"""


def fill(world: RequestWorld, count: int, *, service: str = "shop", step: int = 1, agent: str = "curl/8") -> None:
    """Log `count` requests, one each `step` seconds back."""
    now = world.machine.seconds
    world.give(*(event(now - n * step, service=service, agent=agent) for n in range(count)))
    world.run()
    world.commit()


def test_requests_older_than_they_are_kept_are_deleted(world: RequestWorld) -> None:
    fill(world, 20, step=3600)
    fill(world, 3, service="blog", step=3600)

    tidy(world, seconds=5 * 3600 + 100)

    assert {service: len(ages) for service, ages in logged(world).items()} == {"shop": 6, "blog": 3}
    assert world.rows("SELECT sum(requests) FROM request_day") == [(23,)]


@pytest.mark.parametrize("rows", [0, 1, 7, 22, 23, 24, 10**9])
def test_of_more_requests_than_are_kept_the_newest_stay(world: RequestWorld, rows: int) -> None:
    fill(world, 20, step=100)
    fill(world, 3, service="blog", step=1000)
    ages = sorted(age for ages in logged(world).values() for age in ages)

    tidy(world, rows=rows)
    kept = sorted(age for ages in logged(world).values() for age in ages)

    assert kept == ages[: len(kept)]
    assert len(kept) == min(rows, 23)


def test_many_rows_are_deleted_in_steps_of_a_bounded_size(world: RequestWorld) -> None:
    for n in range(6):
        fill(world, 1000, service=f"service-{n % 2}")
    deleted: list[int] = []
    held = 6000
    retention = Retention(world.writer, world.path)
    while True:
        is_more = retention.tidy_events(Keep(DAY, DAY, 10**12, EventBounds(30 * DAY, 100)), world.machine.seconds)
        (count,) = world.rows("SELECT count(*) FROM request_log")[0]
        deleted.append(held - count)
        held = count
        if not is_more:
            break

    assert held <= 100
    assert max(deleted) <= STEP
    assert len(deleted) >= 3


async def test_commits_go_on_between_two_steps(world: RequestWorld) -> None:
    fill(world, 3 * STEP)
    upkeep_settings = Settings()
    order: list[str] = []
    with ThreadPoolExecutor(1) as executor:
        writer = executor.submit(Writer, world.path, UTC, [RequestStore()]).result()
        upkeep = LedgerUpkeep(
            writer=writer,
            executor=executor,
            settings=upkeep_settings,
            zone=UTC,
            now=lambda: world.machine.seconds + 40 * DAY,
            notices=(),
            on_folded=lambda _: None,
            on_damage=lambda _: None,
        )

        async def commit() -> None:
            for _ in range(5):
                await asyncio.get_running_loop().run_in_executor(executor, order.append, "commit")
                await asyncio.sleep(0)

        pruning = asyncio.create_task(upkeep._tidy_events())
        pruning.add_done_callback(lambda _: order.append("pruned"))
        await commit()
        await pruning
        executor.submit(writer.close).result()

    assert "commit" in order[: order.index("pruned")]
    assert order.count("commit") == 5


def test_agents_and_services_that_no_request_names_any_more_are_deleted(world: RequestWorld) -> None:
    fill(world, 1, agent="old")
    fill(world, 1, service="blog", agent="old, too")
    for _ in range(3):
        world.machine.wait(DAY)
        world.run()
        fill(world, 1, agent="new")

    tidy(world, seconds=DAY)

    assert world.rows("SELECT agent FROM request_agent") == [("new",)]
    assert world.rows("SELECT name FROM request_service") == [("shop",)]
    fill(world, 1, service="blog", agent="old")
    assert ("blog", "old") in world.rows(NAMES)


def test_an_agent_that_is_still_named_stays(world: RequestWorld) -> None:
    for _ in range(4):
        fill(world, 1, agent="busy")
        world.machine.wait(DAY)
        world.run()

    tidy(world, seconds=2 * DAY)

    assert world.rows("SELECT count(*) FROM request_log WHERE agent NOT IN (SELECT id FROM request_agent)") == [(0,)]
    assert world.rows("SELECT count(*) FROM request_log")[0][0] > 0


def test_ids_of_batches_are_kept_for_a_day(world: RequestWorld) -> None:
    world.give(event(world.machine.seconds), id="old")
    world.run()
    world.commit()
    world.machine.wait(DAY + 60)
    world.run()
    world.give(event(world.machine.seconds), id="new")
    world.run()
    world.commit()

    tidy(world)

    assert world.rows("SELECT id FROM request_batch") == [("new",)]


def test_ids_of_batches_are_bounded(world: RequestWorld) -> None:
    now = world.machine.seconds
    rows = (("shop", str(n), now) for n in range(MOST_BATCHES + 3000))
    put = "INSERT INTO request_batch (service, id, at) VALUES (?, ?, ?)"
    with transaction(world.writer.connection):
        world.writer.connection.executemany(put, rows)

    tidy(world)

    assert world.rows("SELECT count(*), min(number) FROM request_batch") == [(MOST_BATCHES, 3001)]


def test_the_busiest_clients_go_with_the_log_and_sketches_become_coarse(world: RequestWorld) -> None:
    world.give(*(event(world.machine.seconds, client=f"192.0.{n}.1") for n in range(9)))
    world.run(6)
    world.commit()
    world.machine.wait(9 * DAY)
    world.run()
    world.commit()

    tidy(world, seconds=7 * DAY)

    ((sketch, busiest),) = world.rows("SELECT clients, busiest FROM request_client")
    assert busiest == ""
    assert not Distinct(sketch).is_exact
    assert Distinct(sketch).estimate() in {8, 9}  # two of them share a register once in 500 runs


def test_a_ledger_that_is_too_large_gives_up_the_log_before_minutes_and_slots(world: RequestWorld) -> None:
    for n in range(5):
        world.machine.move("eth0", 1000)
        fill(world, 4000, service=f"service-{n}")
    usage = "SELECT (SELECT count(*) FROM interface_minute), (SELECT count(*) FROM interface_slot)"
    before = world.rows(usage)
    ((size,),) = world.rows(SIZE)

    Retention(world.writer, world.path).tidy(Keep(30 * DAY, 400 * DAY, size - 200_000), world.machine.seconds)

    (left,) = world.rows("SELECT count(*) FROM request_log")[0]
    assert 0 < left < 20_000
    assert world.rows(usage) == before
    assert world.rows("SELECT sum(requests) FROM request_day") == [(20_000,)]


def test_a_request_of_a_folded_subject_keeps_its_path(world: RequestWorld) -> None:
    world.give(
        event(world.machine.seconds, route="/old/{id}"), event(world.machine.seconds, route="/old/{id}", path="/old/7")
    )
    world.run()
    world.commit()
    world.machine.wait(401 * DAY)
    world.run()
    world.commit()

    Retention(world.writer, world.path).tidy(
        Keep(30 * DAY, 400 * DAY, 10**12, EventBounds(3660 * DAY, 10**6)), world.machine.seconds
    )

    assert sorted(world.rows(LOGGED)) == [
        ("/old/7", "shop", "GET", GONE, "200"),
        ("/old/{id}", "shop", "GET", GONE, "200"),
    ]
    assert faults_in(world.writer.connection) == []


def test_the_log_can_be_off_for_a_service(world: RequestWorld) -> None:
    world.unlogged.add("quiet")
    now = world.machine.seconds
    world.give(event(now, service="quiet"), event(now, service="shop"), event(now, service="quiet"))
    world.run()
    world.commit()

    assert list(logged(world)) == ["shop"]
    assert {key[0]: count for key, count in world.sums().items()} == {"quiet": 2, "shop": 1}


def test_numbers_of_the_log_go_on_over_a_kill(world: RequestWorld) -> None:
    for _ in range(3):
        fill(world, 5)
        world.kill()
    fill(world, 5)

    assert world.rows("SELECT count(*), count(DISTINCT number) FROM request_log") == [(20, 20)]


@pytest.fixture
def small_disk(world: RequestWorld) -> RequestWorld:
    """A ledger that may grow by a few pages."""
    (pages,) = world.writer.connection.execute("PRAGMA page_count").fetchone()
    world.writer.connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    return world


def test_a_full_disk_costs_the_log_first(small_disk: RequestWorld) -> None:
    world = small_disk
    fill(world, 3000)

    assert world.rows("SELECT count(*) FROM request_log") == [(0,)]
    assert world.rows("SELECT sum(requests) FROM request_day") == [(3000,)]
    figures = world.state.figures
    assert (figures.accepted, figures.dropped, figures.log_dropped) == (3000, 0, 3000)


def test_a_full_disk_is_an_error_where_there_is_no_log_to_give_up(small_disk: RequestWorld) -> None:
    world = small_disk
    world.unlogged.add("shop")
    now = world.machine.seconds
    world.give(*(event(now, route=f"/route/{n}") for n in range(400)))
    world.run()

    with pytest.raises(sqlite3.OperationalError, match="full"):
        world.commit()


def fill_the_disk(world: RequestWorld) -> None:
    """Let the ledger grow no more."""
    free, pages = (
        world.writer.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count")
    )
    assert free == 0
    world.writer.connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_costs_what_the_log_has_already(world: RequestWorld) -> None:
    fill(world, 6000, step=10)
    fill_the_disk(world)
    now = world.machine.seconds
    world.give(*(event(now, route=f"/route/{n}") for n in range(400)))
    world.run()
    world.commit()

    (kept,) = world.rows("SELECT count(*), min(at) FROM request_log")[0][:1]
    assert 0 < kept <= 4000
    assert world.rows("SELECT sum(requests) FROM request_day") == [(6400,)]
    assert min(age for ages in logged(world).values() for age in ages) < 10
    assert world.state.figures.log_dropped == 6400 - kept


def test_only_a_ledger_with_a_log_has_a_reserve(world: RequestWorld) -> None:
    world.unlogged.add("quiet")
    fill(world, 3, service="quiet")
    assert not reserve_path(world.path).exists()

    fill(world, 3)

    assert reserve_path(world.path).stat().st_size == RESERVE_BYTES


def test_a_disk_without_room_for_a_reserve_costs_the_log_alone(
    world: RequestWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world, 6000, step=10)
    fill_the_disk(world)
    monkeypatch.setattr(reserve, "ROOMY", 10**9)
    kept: list[int] = []
    for part in range(5):
        now = world.machine.seconds
        world.give(*(event(now, route=f"/route/{part}/{n}") for n in range(20)))
        world.run()
        world.commit()
        kept += world.rows("SELECT count(*) FROM request_log")[0]
    assert not reserve_path(world.path).exists()
    assert kept == sorted(kept, reverse=True)
    assert 0 < kept[-1] < 6000
    assert world.state.figures.log_dropped == 6100 - kept[-1]

    monkeypatch.undo()
    world.writer.connection.execute("PRAGMA max_page_count = 1000000")
    fill(world, 5)
    fill(world, 7)

    assert reserve_path(world.path).exists()
    assert world.rows("SELECT count(*) FROM request_log") == [(kept[-1] + 12,)]
    assert world.rows("SELECT sum(requests) FROM request_day") == [(6112,)]


def test_interfaces_are_counted_at_the_cost_of_the_log(world: RequestWorld) -> None:
    fill(world, 3000)
    fill_the_disk(world)
    for _ in range(30):
        world.machine.wait(900)
        world.machine.move("eth0", 1000)
        world.run()
        world.commit()

    assert world.rows("SELECT sum(receive_bytes) FROM interface_slot")[0][0] >= 29_000
    assert world.rows("SELECT count(*) FROM request_log")[0][0] <= 1000


def test_a_posting_that_was_refused_once_has_lost_no_log(world: RequestWorld) -> None:
    world.unlogged.add("quiet")
    fill_the_disk(world)
    now = world.machine.seconds
    world.give(*(event(now, route=f"/route/{n}") for n in range(400)))
    world.run()
    posting = world.sampler.take()
    assert posting is not None
    with pytest.raises(sqlite3.OperationalError, match="full"):
        world.writer.post(posting)
    world.writer.connection.execute("PRAGMA max_page_count = 1000000")
    world.writer.post(posting)
    world.sampler.note_posted()

    assert world.rows("SELECT count(*) FROM request_log") == [(400,)]
    assert world.state.figures.log_dropped == 0


def test_the_log_goes_on_when_the_disk_has_room_again(small_disk: RequestWorld) -> None:
    world = small_disk
    fill(world, 3000)
    world.writer.connection.execute("PRAGMA max_page_count = 1000000")
    fill(world, 5)

    assert world.rows("SELECT count(*) FROM request_log") == [(5,)]
    assert world.state.figures.log_dropped == 3000


def test_a_checkpoint_without_a_log_is_as_light_as_it_can_be() -> None:
    checkpoint = MeterCheckpoint({}, {}, None)

    assert RequestStore().lighter(checkpoint) is checkpoint


def test_the_names_in_memory_are_bounded(world: RequestWorld) -> None:
    now = world.machine.seconds
    for part in range(3):
        world.give(*(event(now, agent=f"agent-{part}-{n}") for n in range(MOST_NAMES - 100)))
        world.run()
        world.commit()

    store = world.writer.stores[1]
    assert isinstance(store, RequestStore)
    assert len(store._log._agents) <= MOST_NAMES
    assert world.rows("SELECT count(*) FROM request_agent") == [(3 * (MOST_NAMES - 100),)]
