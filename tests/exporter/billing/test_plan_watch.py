"""Plans while a service runs: live numbers equal a fresh status, thresholds are told once a cycle."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from concurrent.futures import Executor, Future
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.billing.notifier import Notifier
from exporter.billing.outbox import Outbox
from exporter.billing.plan_watch import PlanWatch
from exporter.metering.clock import SECOND
from reports.billing.plans import CycleRule, FreeHours, Plan
from reports.billing.status import plan_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.billing.plans import Counts
    from reports.billing.status import PlanStatus
    from reports.ledger.reader import LedgerReader
    from tests.worlds.books import Books
    from tests.worlds.fake_machine import Machine

INDIA = ZoneInfo("Asia/Kolkata")
CAPPED = Plan(name="home", cap_bytes=1000)
NIGHT = Plan(name="night", free_hours=(FreeHours(900, 960),))
"""Free from 15:00 to 16:00; the machine's clock begins at half past two in India."""
FREE_BEGINS, FREE_ENDS = 1800, 5400


class AtOnce(Executor):
    """Works where it is asked: the books' writer belongs to the test's thread."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - as every executor does
            done.set_exception(error)
        return done


class Watched:
    """Books whose plans are watched; the ledger itself remembers what was told."""

    def __init__(self, books: Books, *plans: Plan) -> None:
        self.books, self.plans = books, plans
        self.notifier = Notifier(Outbox(writer=books.writer, executor=AtOnce(), now=lambda: books.machine.seconds))
        self.watch = PlanWatch(
            plans=plans,
            notify={},
            zone=books.zone,
            snapshot=lambda: books.sampler.snapshot,
            notifier=self.notifier,
            hostname="vm",
        )

    async def ask(self, question: Callable[[LedgerReader], Any]) -> Any:
        with self.books.reading() as reader:
            return question(reader)

    async def refresh(self) -> None:
        await self.watch.refresh(self.ask)
        await asyncio.gather(*self.notifier._tasks)

    def move(self, received: int, sent: int = 0, *, device: str = "eth0", seconds: float = 1) -> None:
        self.books.machine.move(device, received, sent)
        self.books.machine.wait(seconds)
        self.books.sample()

    def live(self, number: int = 0) -> PlanStatus:
        return self.watch.live()[number]

    def fresh(self, number: int = 0) -> PlanStatus:
        with self.books.reading() as reader:
            return plan_status(reader, self.plans[number], self.books.machine.wall / SECOND)


@pytest.fixture
def india(machine: Machine, open_books: Callable[..., Books]) -> Books:
    books = open_books(machine, INDIA)
    books.start()
    return books


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "exporter.billing.plan_watch"]


async def test_before_the_first_refresh_no_plan_is_told_of(india: Books) -> None:
    assert Watched(india, CAPPED).watch.live() == ()


@pytest.mark.parametrize("counts", ["both", "receive", "transmit", "larger"])
async def test_live_numbers_equal_a_fresh_status(india: Books, counts: Counts) -> None:
    watched = Watched(india, CAPPED._replace(counts=counts), Plan(interfaces=("wg*",)))
    india.machine.create("wg0", is_physical=False)
    watched.move(300, 10)
    await watched.refresh()
    watched.move(5, 400)
    india.commit()
    watched.move(7, 1)
    watched.move(90, 9, device="wg0")

    for number in (0, 1):
        assert watched.live(number).used == watched.fresh(number).used > 0


async def test_in_free_hours_nothing_is_billed(india: Books) -> None:
    watched = Watched(india, NIGHT)
    watched.move(300)
    india.machine.wait(FREE_BEGINS)
    india.sample()
    await watched.refresh()
    watched.move(5000)

    assert watched.live().used == watched.fresh().used == 300


@pytest.mark.parametrize("edge", [FREE_BEGINS, FREE_ENDS])
async def test_at_the_edge_of_free_hours_nothing_is_billed_before_the_next_refresh(india: Books, edge: int) -> None:
    watched = Watched(india, NIGHT)
    watched.move(300, seconds=edge - 30)
    await watched.refresh()
    before = watched.fresh().used
    watched.move(5000, seconds=20)
    watched.move(7, seconds=20)

    assert watched.live().used == before
    await watched.refresh()
    assert watched.live().used == watched.fresh().used


@pytest.mark.parametrize(
    ("now", "seconds"),
    [(0, 60), (839, 60), (841, 59.05), (899.5, 0.55), (900, 60), (1799.96, 0.09), (1_781_253_900, 60)],
)
def test_plans_are_looked_at_every_minute_and_when_a_quarter_hour_begins(
    india: Books, now: float, seconds: float
) -> None:
    assert Watched(india).watch.seconds_to_refresh(now) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("edge", [FREE_BEGINS, FREE_ENDS])
async def test_a_look_just_after_an_edge_of_free_hours_makes_live_numbers_exact(india: Books, edge: int) -> None:
    watched = Watched(india, NIGHT)
    watched.move(300, seconds=edge - 30)
    await watched.refresh()
    watched.move(5000, seconds=30)
    await watched.refresh()
    watched.move(70, seconds=20)

    assert watched.live().used == watched.fresh().used > 0


async def test_a_new_cycle_begins_with_the_refresh_that_sees_it(india: Books) -> None:
    watched = Watched(india, Plan(cycle=CycleRule("daily")))
    watched.move(300, seconds=9.5 * 3600 - 30)
    await watched.refresh()
    watched.move(7, seconds=40)

    assert watched.live().used == 300
    await watched.refresh()
    assert watched.live().cycle.name == "2026-06-13"
    assert watched.live().used == watched.fresh().used <= 7


async def test_a_threshold_is_told_once_in_a_cycle(india: Books, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    watched = Watched(india, CAPPED)
    for amount in (799, 1, 50, 50):
        watched.move(amount)
        await watched.refresh()
        await watched.refresh()

    assert told(caplog) == [
        "plan home has used 800 B of its 1.00 kB: 80 % are reached",
        "plan home has used 900 B of its 1.00 kB: 90 % are reached",
    ]
    assert watched.live().thresholds == ((80, True), (90, True), (100, False))


async def test_thresholds_that_are_crossed_together_are_told_one_by_one(
    india: Books, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(india, CAPPED, CAPPED._replace(name="other", alert_at=(50,)))
    watched.move(5000)
    await watched.refresh()

    assert [line.split(":")[1] for line in told(caplog)] == [f" {n} % are reached" for n in (80, 90, 100, 50)]


async def test_a_restart_tells_nothing_again(india: Books, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(india, CAPPED)
    watched.move(850)
    await watched.refresh()
    india.stop()
    india.start()
    caplog.clear()

    again = Watched(india, CAPPED)
    await again.refresh()
    assert told(caplog) == []
    again.move(60)
    await again.refresh()
    assert told(caplog) == ["plan home has used 910 B of its 1.00 kB: 90 % are reached"]


async def test_the_next_cycle_tells_anew(india: Books, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(india, CAPPED._replace(cycle=CycleRule("daily"), alert_at=(80,)))
    for _day in range(2):
        watched.move(850)
        await watched.refresh()
        india.machine.wait(24 * 3600)
        india.sample()

    assert len(told(caplog)) == 2


async def test_a_plan_without_a_cap_has_no_thresholds(india: Books, caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched(india, Plan())
    watched.move(10**12)
    await watched.refresh()

    assert (watched.live().thresholds, told(caplog)) == ((), [])


async def test_a_ledger_that_cannot_be_written_silences_no_alert(
    india: Books, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(india, CAPPED._replace(alert_at=(80,)))
    india.writer.connection.execute("PRAGMA query_only = ON")
    watched.move(850)
    for _ in range(2):
        await watched.watch.refresh(watched.ask)
    await watched.notifier.close()
    india.writer.connection.execute("PRAGMA query_only = OFF")

    assert told(caplog) == ["plan home has used 850 B of its 1.00 kB: 80 % are reached"]


async def test_a_ledger_that_cannot_be_read_keeps_the_last_status(india: Books) -> None:
    watched = Watched(india, CAPPED)
    watched.move(300)
    await watched.refresh()

    async def fail(_question: object) -> Any:
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(sqlite3.OperationalError):
        await watched.watch.refresh(fail)
    watched.move(7)

    assert watched.live().used == 307
