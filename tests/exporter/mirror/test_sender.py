"""The mirror equals the ledger, row by row, whatever happened to either."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from exporter.ledger.upkeep.backups import write_backup
from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.mirror.creating import complete
from exporter.mirror.identity import TAKE_OVER, IdentityError
from reports.calendar.days import day_of
from tests.exporter.mirror.mirrored_books import SCHEMA, TABLES, MirroredLedger, put_states

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.worlds.books import Books
    from tests.worlds.postgresql import Database

HOUR, DAY = 3600, 86_400
SET_BACK = ("host", "interface_subject", "interface_slot", "interface_day", "imported", "host_day", "host_month")
KEEP = Keep(2 * DAY, 70 * DAY, 10**12)


@pytest.fixture
async def connection(fresh_database: Database) -> AsyncIterator[Any]:
    """To a mirror without rows."""
    connection = await asyncpg.connect(fresh_database.url, statement_cache_size=0)
    await complete(connection, SCHEMA)
    yield connection
    await connection.close(timeout=5)


@pytest.fixture
def running(books: Books) -> Books:
    """A service that counts."""
    books.machine.create("tun0", is_physical=False)
    books.start()
    return books


@pytest.fixture
def mirrored(running: Books, connection: Any) -> MirroredLedger:
    """It has not sent yet."""
    return MirroredLedger(running.path, connection, touched=lambda: running.writer.touched.take())  # noqa: PLW0108 - each start has a writer


def _work(books: Books, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 6)):
        books.machine.wait(chance.choice([5, 700, 3 * HOUR]))
        for name in books.machine.interfaces:
            books.machine.move(name, chance.randrange(1000), 1)
        books.run(2)
    books.commit()


def _set_clock(books: Books, chance: random.Random) -> None:
    books.machine.set_clock(chance.choice([-3 * HOUR, -400, 500, 2 * DAY, -2 * DAY]))
    _work(books, chance)


def _change_zone(books: Books, chance: random.Random) -> None:
    books.stop()
    books.zone = ZoneInfo(chance.choice(["Asia/Kolkata", "Pacific/Kiritimati", "UTC", "America/St_Johns"]))
    books.start()


def _leave(books: Books, chance: random.Random) -> None:
    """Interfaces come and go; those that are long gone are folded."""
    for name in [name for name in books.machine.interfaces if name != "eth0"]:
        books.machine.delete(name)
    books.run(1)
    books.commit()
    books.machine.wait(35 * DAY)
    books.machine.create(f"tun{chance.randrange(10**6)}", is_physical=False)
    _work(books, chance)
    _tidy(books, chance)


def _tidy(books: Books, _: random.Random) -> None:
    books.sampler.forget(Retention(books.writer, books.path).tidy(KEEP, books.machine.seconds).gone)


def _restart(books: Books, chance: random.Random) -> None:
    chance.choice([books.stop, books.crash])()
    if chance.random() < 0.5:
        books.machine.reboot()
    books.start()


def _import(books: Books, chance: random.Random) -> None:
    """Other programs' days, of a source that is brought again or removed."""
    source = chance.choice(["vnstat", "other"])
    with contextlib.closing(sqlite3.connect(books.path, isolation_level=None)) as ledger:
        ledger.execute("BEGIN IMMEDIATE")
        ledger.execute("DELETE FROM imported WHERE source = ?", (source,))
        for _ in range(chance.choice([0, 3, 700])):
            first = chance.randrange(18_000, 19_000)
            ledger.execute(
                "INSERT OR REPLACE INTO imported (source, subject, first_day, last_day, receive_bytes) "
                "SELECT ?, min(id), ?, ?, ? FROM subject",
                (source, first, first + chance.choice([0, 0, 30]), chance.randrange(10**9)),
            )
        ledger.execute("COMMIT")


def _restore(books: Books, chance: random.Random) -> None:
    """The newest backup takes the place of a ledger that was damaged."""
    write_backup(books.path, day_of(books.machine.seconds, books.zone), 7)
    for _ in range(2):
        _work(books, chance)
    books.stop()
    books.path.write_bytes(b"no database")
    books.start()


EVENTS: list[Callable[[Books, random.Random], None]] = [
    *(_work, _work, _set_clock, _change_zone, _leave, _tidy, _restart, _import, _restore)
]
ENDS_THE_PROCESS = (_change_zone, _restart, _restore)


class Cut:
    """A connection that breaks before one of its statements, or after it: the server has done it or not."""

    def __init__(self, connection: Any, statements: int) -> None:
        self._connection, self._left = connection, statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"execute", "fetchrow"}:
            return found

        async def call(*arguments: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                raise ConnectionResetError("cut")
            return await found(*arguments)

        return call


@pytest.mark.parametrize("seed", range(4))
async def test_the_mirror_follows_whatever_happens(running: Books, mirrored: MirroredLedger, seed: int) -> None:
    chance, books, connection = random.Random(seed), running, mirrored.connection  # noqa: S311 - the same in every run
    for _ in range(12):
        event = chance.choice(EVENTS)
        event(books, chance)
        if event in ENDS_THE_PROCESS or chance.random() < 0.1:
            mirrored.forget()
        if chance.random() < 0.4:
            mirrored.connection = Cut(connection, chance.randrange(1, 30))
            with contextlib.suppress(ConnectionResetError):
                await mirrored.round()
            mirrored.connection = connection
            if chance.random() < 0.5:
                _work(books, chance)
        if chance.random() < 0.7:
            await mirrored.round()
            found = await mirrored.differences()
            assert (found.different, found.behind, found.examples) == (0, 0, ())
            assert found.rows > 0
            assert await mirrored.unequal_tables() == []


async def test_a_round_sends_what_is_new_alone(running: Books, mirrored: MirroredLedger) -> None:
    for seed in range(10):
        _work(running, random.Random(seed))  # noqa: S311 - the same in every run
    assert (await mirrored.round()).rows > 40

    assert (await mirrored.round()).rows == 0

    running.machine.move("eth0", 7)
    running.run(1)
    running.commit()
    assert (await mirrored.round()).rows <= 6  # slot and day of two, and of them the day, the month and ever


class Counted:
    """A connection that notes its statements."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in {"execute", "fetch", "fetchrow", "fetchval"}:
            return found

        def call(statement: str, *arguments: Any) -> Any:
            self.statements.append(statement)
            return found(statement, *arguments)

        return call


async def test_a_round_asks_nothing_and_writes_the_tables_that_have_changed(
    running: Books, mirrored: MirroredLedger
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - the same in every run
    await mirrored.round()
    running.machine.move("eth0", 7)
    running.run(1)
    running.commit()
    counted = mirrored.connection = Counted(mirrored.connection)

    await mirrored.round()

    assert [statement.partition(" ")[0] for statement in counted.statements] == ["UPDATE"] + ["INSERT"] * 4


async def test_a_mirror_that_was_emptied_meanwhile_is_filled_again(running: Books, mirrored: MirroredLedger) -> None:
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    for table in (*TABLES, "host"):
        await mirrored.connection.execute(f"DELETE FROM {SCHEMA}.{table}")  # noqa: S608 - our own

    await mirrored.round()

    assert await mirrored.unequal_tables() == []
    assert (await mirrored.differences()).different == 0


async def test_what_differs_is_found(running: Books, mirrored: MirroredLedger) -> None:
    _work(running, random.Random(1))  # noqa: S311 - the same in every run
    await mirrored.round()
    await mirrored.connection.execute(f"UPDATE {SCHEMA}.interface_day SET receive_bytes = receive_bytes + 1")  # noqa: S608 - our own
    await mirrored.connection.execute(f"DELETE FROM {SCHEMA}.interface_slot")  # noqa: S608 - as above

    found = await mirrored.differences()

    assert found.different > 1
    assert "interface_slot" in {difference.table for difference in found.examples}
    assert await mirrored.unequal_tables() == ["interface_slot", "interface_day"]


async def test_rows_that_were_posted_since_are_behind_and_no_difference(
    running: Books, mirrored: MirroredLedger
) -> None:
    await mirrored.round()
    _work(running, random.Random(1))  # noqa: S311 - as above

    found = await mirrored.differences()

    assert found.different == 0
    assert found.behind > 0


async def test_a_mirror_that_was_set_back_is_filled_again(running: Books, mirrored: MirroredLedger) -> None:
    """As by a restored dump, or a standby that lacked what the primary had committed last."""
    for seed in range(3):
        _work(running, random.Random(seed))  # noqa: S311 - as above
        await mirrored.round()
    old = {table: await mirrored.connection.fetch(f"SELECT * FROM {SCHEMA}.{table}") for table in SET_BACK}  # noqa: S608 - our own
    for seed in range(4):
        _work(running, random.Random(seed))  # noqa: S311 - as above
        await mirrored.round()
        if seed == 1:
            mirrored.forget()
    for table, rows in old.items():
        await mirrored.connection.execute(f"DELETE FROM {SCHEMA}.{table}")  # noqa: S608 - our own
        await mirrored.connection.copy_records_to_table(table, schema_name=SCHEMA, records=rows)
    assert await mirrored.unequal_tables() != []

    await mirrored.round()

    assert await mirrored.unequal_tables() == []
    assert (await mirrored.differences()).different == 0


@pytest.mark.parametrize("is_behind", [False, True])
@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("DELETE FROM {0}.interface_subject WHERE subject = 1", "interface_subject"),
        ("DELETE FROM {0}.interface_subject", "interface_subject"),
        ("UPDATE {0}.interface_subject SET device = 'x' WHERE subject = 1", "interface_subject"),
        ("DELETE FROM {0}.imported", "imported"),
        ("UPDATE {0}.imported SET receive_bytes = receive_bytes + 1", "imported"),
        ("DELETE FROM {0}.host_day WHERE day = 18000", "host_day"),
        ("UPDATE {0}.host_month SET transmit_bytes = 1 WHERE month = 201904", "host_month"),
        ("INSERT INTO {0}.host_month SELECT host, 199001, 1, 1, 1, 1 FROM {0}.host", "host_month"),
    ],
)
async def test_no_row_of_any_table_may_differ(
    running: Books, mirrored: MirroredLedger, change: str, table: str, *, is_behind: bool
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - the same in every run
    with contextlib.closing(sqlite3.connect(running.path, isolation_level=None)) as ledger:
        ledger.execute(
            "INSERT INTO imported (source, subject, first_day, last_day, receive_bytes) "
            "SELECT 'vnstat/day', subject, 18000, 18000, 7 FROM interface_subject WHERE counted"
        )
        ledger.execute("INSERT INTO state (name, value) VALUES ('import:vnstat', '{\"at\": 1600000000}')")
    await mirrored.round()
    await mirrored.connection.execute(change.format(SCHEMA))
    if is_behind:
        running.machine.wait(5)
        running.machine.move("eth0", 1000, 10)
        running.run(2)
        running.commit()

    found = await mirrored.differences()

    assert table in {difference.table for difference in found.examples}
    assert (found.behind > 0) == is_behind


class CutAfterTheTables:
    """A connection that breaks once all tables were made."""

    def __init__(self, connection: Any) -> None:
        self.fetch, self._execute = connection.fetch, connection.execute

    async def execute(self, statement: str) -> None:
        """As the connection has it, until the last table was made."""
        await self._execute(statement)
        if statement.startswith(f"CREATE TABLE IF NOT EXISTS {SCHEMA}.plan_notice"):
            raise ConnectionResetError("cut")


async def test_a_table_that_is_made_again_is_filled_though_its_making_was_cut(
    running: Books, mirrored: MirroredLedger
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    await mirrored.connection.execute(f"DROP TABLE {SCHEMA}.interface_day")
    with pytest.raises(ConnectionResetError):
        await complete(CutAfterTheTables(mirrored.connection), SCHEMA)

    await mirrored.round()

    assert await mirrored.unequal_tables() == []


@pytest.fixture
def copied(running: Books, connection: Any, tmp_path: Path) -> Callable[[str], MirroredLedger]:
    """Takes the ledger as it is now to a machine of an id."""

    def copy(machine_id: str) -> MirroredLedger:
        path = tmp_path / "copied.db"
        with (
            contextlib.closing(sqlite3.connect(running.path)) as ledger,
            contextlib.closing(sqlite3.connect(path)) as other,
        ):
            ledger.backup(other)
        return MirroredLedger(path, connection, machine_id=machine_id)

    return copy


def _count_one(path: Path) -> None:
    """A byte more, as the service of a ledger posts it; no writer notes what it touches."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        ledger.execute("UPDATE meter SET posting = posting + 1")
        for grain in ("slot", "day"):
            ledger.execute(
                f"UPDATE interface_{grain} SET receive_bytes = receive_bytes + 1, "  # noqa: S608 - our own
                "posting = (SELECT max(posting) FROM meter) "
                f"WHERE {grain} = (SELECT max({grain}) FROM interface_{grain})"
            )


async def test_a_ledger_copied_to_another_machine_is_refused_there(
    running: Books, mirrored: MirroredLedger, copied: Callable[[str], MirroredLedger]
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - the same in every run
    await mirrored.round()
    other = copied("another machine")

    with pytest.raises(IdentityError, match="netledger host renew"):
        await other.round()

    await mirrored.round()
    assert (await mirrored.differences()).different == 0


@pytest.mark.parametrize("first", ["original", "copy"])
async def test_of_two_copies_of_a_whole_machine_one_is_refused_and_nothing_mixed(
    running: Books, mirrored: MirroredLedger, copied: Callable[[str], MirroredLedger], first: str
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    mirrored.forget()
    other = copied(mirrored.machine_id)
    ledgers = [mirrored, other] if first == "original" else [other, mirrored]
    for ledger in ledgers:
        _count_one(ledger.path)

    await ledgers[0].round()
    for _ in range(2):
        with pytest.raises(IdentityError, match="netledger host renew"):
            await ledgers[1].round()
        ledgers[1].forget()

    assert await ledgers[0].unequal_tables() == []


@pytest.mark.parametrize("rounds", [1, 3])
async def test_of_a_machine_that_was_cloned_as_it_ran_one_is_refused_however_often_it_tries(
    running: Books, mirrored: MirroredLedger, copied: Callable[[str], MirroredLedger], rounds: int
) -> None:
    """A snapshot with the memory has the same process twice: the same tokens, and the same memory of the mirror."""
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    other = copied(mirrored.machine_id)
    other.resume(mirrored)
    _count_one(other.path)
    for seed in range(rounds):
        _work(running, random.Random(seed))  # noqa: S311 - as above
        await mirrored.round()

    for _ in range(6):
        with pytest.raises(IdentityError, match="netledger host renew"):
            await other.round()

    assert await mirrored.unequal_tables() == []
    await mirrored.round()
    assert (await mirrored.differences()).different == 0


async def test_a_machine_that_was_set_back_may_take_over_once(
    running: Books, mirrored: MirroredLedger, copied: Callable[[str], MirroredLedger]
) -> None:
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    older = copied(mirrored.machine_id)
    for _ in range(2):
        _work(running, random.Random(2))  # noqa: S311 - as above
        await mirrored.round()
    with pytest.raises(IdentityError, match="netledger host take-over"):
        await older.round()
    put_states(older.path, {TAKE_OVER: "1"})

    await older.round()

    assert await older.unequal_tables() == []
    with pytest.raises(IdentityError):
        await mirrored.round()
    await older.round()
    assert await older.unequal_tables() == []


async def test_a_restored_ledger_goes_on_once_and_its_copy_does_not(running: Books, mirrored: MirroredLedger) -> None:
    for seed in range(3):
        _restore(running, random.Random(seed))  # noqa: S311 - as above
        mirrored.forget()
        await mirrored.round()
        assert await mirrored.unequal_tables() == []


async def test_a_mirror_that_lost_a_table_is_filled_again(running: Books, mirrored: MirroredLedger) -> None:
    _work(running, random.Random(1))  # noqa: S311 - as above
    await mirrored.round()
    await mirrored.connection.execute(f"DROP TABLE {SCHEMA}.interface_slot")
    _work(running, random.Random(2))  # noqa: S311 - as above
    with pytest.raises(asyncpg.UndefinedTableError):
        await mirrored.round()

    assert await complete(mirrored.connection, SCHEMA) == ["interface_slot"]
    await mirrored.round()

    assert await mirrored.unequal_tables() == []


async def test_a_longer_copy_goes_on_where_it_was_cut(running: Books, mirrored: MirroredLedger) -> None:
    with contextlib.closing(sqlite3.connect(running.path, isolation_level=None)) as ledger:
        ledger.execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
            "INSERT INTO interface_slot (slot, subject, receive_bytes, posting) "
            "SELECT 900 * i, (SELECT min(subject) FROM interface_subject), i, 1 FROM n"
        )
    connection, sent, rounds = mirrored.connection, 0, 0
    for rounds in range(1, 50):  # noqa: B007 - asserted below
        mirrored.connection = Cut(connection, 25)
        try:
            await mirrored.round()
        except ConnectionResetError:
            mirrored.forget()
            (now,) = await connection.fetchrow(f"SELECT count(*) FROM {SCHEMA}.interface_slot")  # noqa: S608 - our own
            assert now >= sent
            sent = now
        else:
            break
        finally:
            mirrored.connection = connection

    assert 1 < rounds < 10
    assert await mirrored.unequal_tables() == []
    assert (await mirrored.differences()).different == 0


async def test_quarter_hours_are_copied_as_long_as_they_are_asked_for(running: Books, connection: Any) -> None:
    mirrored = MirroredLedger(running.path, connection, slot_seconds=10 * DAY)
    for _ in range(30):
        running.machine.wait(DAY)
        running.machine.move("eth0", 10)
        running.run(1)
        running.commit()
        await mirrored.round()

    (oldest,) = await connection.fetchrow(f"SELECT min(slot) FROM {SCHEMA}.interface_slot")  # noqa: S608 - our own
    (days,) = await connection.fetchrow(f"SELECT count(DISTINCT day) FROM {SCHEMA}.interface_day")  # noqa: S608 - as above
    assert 9 * DAY < running.machine.seconds - oldest <= 10 * DAY + HOUR
    assert days >= 30
    assert (await mirrored.differences()).different == 0
