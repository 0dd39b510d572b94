"""A threshold of a plan that machines share is told once for all of them: with a real mirror, and kills between."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.billing.claims import Claim, Claims, claim_of
from exporter.billing.notifier import Notifier
from exporter.billing.outbox import outbox_state
from exporter.mirror.plan_notices import PlanNotices
from exporter.settings.plans.notify import Notify
from tests.exporter.billing.test_plan_notices import Kept, Receiver, finished, listening, until
from tests.worlds.mirrored_ledger import SCHEMA, create_mirror

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from pathlib import Path

    from tests.worlds.postgresql import Database

PAUSE, PATIENCE = 0.02, 0.4
CLAIM = Claim("home: 1 TB", 20_500, "80")
MESSAGE = {"plan": "home: 1 TB", "threshold_percent": 80}
NEVER = Notify()


class KilledRows:
    """Rows of the mirror; the machine is killed `before` or `after` one of them is added."""

    def __init__(self, rows: PlanNotices, kill: str = "") -> None:
        self._rows, self._kill = rows, kill

    async def read(self, claim: Claim) -> Mapping[str, str]:
        return await self._rows.read(claim)

    async def add(self, claim: Claim, what: str) -> bool:
        if self._kill == f"before {what}":
            raise asyncio.CancelledError
        is_added = await self._rows.add(claim, what)
        if self._kill == f"after {what}":
            raise asyncio.CancelledError
        return is_added


class Teller:
    """A machine: its ledger, and a notifier that stops dead where it is killed."""

    def __init__(self, name: str, kept: Kept, url: str) -> None:
        self.name, self.kept, self._url = name, kept, url
        self.notifier: Notifier | None = None

    def start(self, receiver: str, kill: str = "") -> Notifier:
        """Go on with what an earlier start left."""
        rows = PlanNotices(lambda: asyncpg.connect(self._url, timeout=1), SCHEMA, self.name)
        claims = Claims(KilledRows(rows, kill), self.name, pause=PAUSE, patience=PATIENCE)
        self.notifier = Notifier(self.kept.outbox, claims, first_pause=PAUSE, recording_seconds=PAUSE)
        notify = Notify(webhook=receiver) if receiver else NEVER
        self.notifier.resume(outbox_state(self.kept.rows()), lambda _message: notify)
        self.notifier.notify_once(key=CLAIM.key, notify=notify, message=MESSAGE)
        return self.notifier

    async def stop(self) -> None:
        if self.notifier is not None:
            await self.notifier.close()


@pytest.fixture
def ledgers(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Kept]]:
    made: list[Kept] = []

    def new() -> Kept:
        path = tmp_path_factory.mktemp("ledger") / "ledger.db"
        shutil.copyfile(empty_ledger, path)
        made.append(Kept(path))
        return made[-1]

    yield new
    for each in made:
        each.close()


@pytest.fixture
async def tellers(ledgers: Callable[[], Kept], fresh_database: Database) -> AsyncIterator[tuple[Teller, Teller]]:
    connection = await asyncpg.connect(fresh_database.url)
    await create_mirror(connection)
    await connection.close()
    both = Teller("desk", ledgers(), fresh_database.url), Teller("nas", ledgers(), fresh_database.url)
    yield both
    for each in both:
        await each.stop()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with listening(Receiver(204)) as made:
        yield made


def pending(teller: Teller) -> list[str]:
    return [name for name in teller.kept.rows() if name.startswith("tell:")]


def rows(database: Database) -> list[str]:
    return database.execute("SELECT what, told_by FROM netledger.plan_notice ORDER BY what").splitlines()


async def test_one_of_two_tells_it(
    tellers: tuple[Teller, Teller], receiver: Receiver, fresh_database: Database
) -> None:
    for notifier in [each.start(receiver.url) for each in tellers]:
        await finished(notifier)

    assert len(receiver.got) == 1
    assert [row.split("|")[0] for row in rows(fresh_database)] == ["80", "80 told"]
    assert [pending(each) for each in tellers] == [[], []]


@pytest.mark.parametrize("kill", ["before 80", "after 80", "before 80 told", "after 80 told"])
@pytest.mark.parametrize("is_back", [True, False], ids=["it comes back", "it does not"])
async def test_a_machine_that_is_killed_leaves_it_told_once(
    tellers: tuple[Teller, Teller], receiver: Receiver, kill: str, *, is_back: bool
) -> None:
    killed, other = tellers
    await finished(killed.start(receiver.url, kill))
    before = len(receiver.got)

    if is_back:
        await finished(killed.start(receiver.url))
    await finished(other.start(receiver.url))

    # Killed between the answer of its receiver and the row that says so, and gone for good: told again.
    is_told_again = kill == "before 80 told" and not is_back
    assert before == int("told" in kill)
    assert len(receiver.got) == 1 + is_told_again
    assert pending(other) == []


async def test_a_machine_that_comes_back_late_drops_what_another_has_told(
    tellers: tuple[Teller, Teller], receiver: Receiver
) -> None:
    killed, other = tellers
    await finished(killed.start(receiver.url, "after 80"))
    await finished(other.start(receiver.url))
    await finished(killed.start(receiver.url))

    assert len(receiver.got) == 1
    assert pending(killed) == []


async def test_without_the_mirror_it_waits_across_restarts_and_is_told_once_with_it(
    tellers: tuple[Teller, Teller], receiver: Receiver, fresh_database: Database
) -> None:
    fresh_database.server.kill()
    for each in tellers:
        each.start(receiver.url)
    await asyncio.sleep(10 * PAUSE)
    for each in tellers:
        await each.stop()
    assert receiver.got == []
    assert [len(pending(each)) for each in tellers] == [1, 1]

    notifiers = [each.start(receiver.url) for each in tellers]
    fresh_database.server.start()
    for notifier in notifiers:
        await finished(notifier)

    assert len(receiver.got) == 1
    assert [pending(each) for each in tellers] == [[], []]


async def test_a_mirror_that_goes_away_before_the_last_row_gets_it_later(
    tellers: tuple[Teller, Teller], receiver: Receiver, fresh_database: Database
) -> None:
    receiver.slow = 0.3
    teller, other = tellers
    notifier = teller.start(receiver.url)
    await until(lambda: bool(receiver.got))
    fresh_database.server.kill()
    await until(lambda: pending(teller) == [f"tell:delivered:{CLAIM.key}"])
    await teller.stop()

    other.start(receiver.url)
    fresh_database.server.start()
    await finished(teller.start(receiver.url))
    await finished(other.notifier or notifier)

    assert len(receiver.got) == 1
    assert rows(fresh_database) == ["80|desk", "80 told|desk"]


async def test_a_machine_without_receivers_leaves_it_to_others(
    tellers: tuple[Teller, Teller], receiver: Receiver, fresh_database: Database
) -> None:
    mute, other = tellers
    await finished(mute.start(""))
    assert rows(fresh_database) == []
    await finished(other.start(receiver.url))

    assert len(receiver.got) == 1


async def test_a_receiver_that_takes_nothing_leaves_it_to_another_machine(
    tellers: tuple[Teller, Teller], receiver: Receiver, fresh_database: Database
) -> None:
    failing, other = tellers
    async with listening(Receiver(503)) as deaf:
        await finished(failing.start(deaf.url))
    await finished(other.start(receiver.url))

    assert len(receiver.got) == 1
    assert rows(fresh_database) == ["80|desk", "80 again 1|nas", "80 told|nas"]


async def test_a_login_of_a_machine_may_add_rows_and_change_none(fresh_database: Database) -> None:
    connection = await asyncpg.connect(fresh_database.url)
    await create_mirror(connection)
    await connection.close()
    fresh_database.execute(
        "CREATE ROLE laptop LOGIN PASSWORD 'x'",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO laptop",
        f"GRANT SELECT, INSERT ON {SCHEMA}.plan_notice TO laptop",
    )
    notices = PlanNotices(lambda: asyncpg.connect(fresh_database.url_of("laptop", "x")), SCHEMA, "laptop")

    assert await notices.add(CLAIM, "80")
    assert not await notices.add(CLAIM, "80")
    assert await notices.read(CLAIM) == {"80": "laptop"}
    assert await notices.read(CLAIM._replace(what="8")) == {}


@pytest.mark.parametrize("plan", ["home", "home: 1 TB", "a:b:c (0123456789abcdef)"])
def test_a_key_says_whose_threshold_it_is(plan: str) -> None:
    claim: Any = Claim(plan, 20_500, "80")

    assert claim_of(claim.key) == claim
    assert claim_of("home:1780000000:80") is None
