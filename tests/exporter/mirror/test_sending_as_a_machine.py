"""The sender with a machine's own login: what it may do is enough for all that it does."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.mirror import rights
from exporter.mirror.identity import OtherLoginError
from exporter.mirror.tables import HOSTS
from tests.exporter.mirror.mirrored_books import SCHEMA, MirroredLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.books import Books
    from tests.worlds.postgresql import Database

DAY = 86_400


async def _granted(database: Database, name: str, *, own_only: bool) -> asyncpg.Connection[Any]:
    owner = await asyncpg.connect(database.url, statement_cache_size=0)
    await rights.init(owner, SCHEMA)
    login = await rights.grant(owner, SCHEMA, name, own_only=own_only)
    await owner.close()
    return await asyncpg.connect(database.url_of(login.name, login.password), statement_cache_size=0)


@pytest.fixture(params=["reads all", "reads its own"])
async def laptop(database_of_each: Database, request: pytest.FixtureRequest) -> AsyncIterator[asyncpg.Connection[Any]]:
    """The connection of a machine, to a mirror that has a row of another."""
    other = await _granted(database_of_each, "other", own_only=False)
    values = ", ".join({"text": "current_user", "bigint": "0"}[kind] for kind in HOSTS.types.values())
    await other.execute(f"INSERT INTO {SCHEMA}.host VALUES ($1::uuid, {values})", uuid.uuid4())  # noqa: S608 - our own names
    await other.close()
    connection = await _granted(database_of_each, "laptop", own_only=request.param == "reads its own")
    yield connection
    await connection.close()


async def test_a_machines_login_is_enough_to_mirror_its_ledger(books: Books, laptop: asyncpg.Connection[Any]) -> None:
    books.machine.create("tun0", is_physical=False)
    books.start()
    mirrored = MirroredLedger(books.path, laptop, touched=lambda: books.writer.touched.take())  # noqa: PLW0108 - each start has a writer

    for days in (0, 1, 3, 90):
        books.machine.wait(days * DAY + 700)
        books.machine.move("eth0", 1000, 10)
        books.machine.move("tun0", 5, 1)
        books.run(3)
        books.commit()
        Retention(books.writer, books.path).tidy(Keep(2 * DAY, 70 * DAY, 10**12), books.machine.seconds)
        await mirrored.round()
        assert (await mirrored.differences()).different == 0
        assert await mirrored.unequal_tables() == []

    mirrored.forget()
    await mirrored.round()
    assert (await mirrored.differences()).different == 0


async def test_a_ledger_of_another_is_not_taken_over(books: Books, database_of_each: Database) -> None:
    """A stolen machine with the identity of another writes nothing: the row of its host is another login's."""
    books.start()
    books.machine.move("eth0", 1000, 10)
    books.run(3)
    books.commit()
    victim = await _granted(database_of_each, "victim", own_only=False)
    thief = await _granted(database_of_each, "thief", own_only=False)
    mirrored = MirroredLedger(books.path, victim)
    await mirrored.round()

    with pytest.raises(OtherLoginError):
        await MirroredLedger(books.path, thief).round()

    assert (await mirrored.differences()).different == 0
    await asyncio.gather(victim.close(), thief.close())
