"""A copied ledger that is renewed: both machines have their own rows in the mirror, and nothing counts twice."""

from __future__ import annotations

import contextlib
import copy
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from exporter.ledger.files import connect_to_read
from exporter.ledger.upkeep.backups import backups_of, ledger_id_of, write_backup
from exporter.ledger.writing.statements import LEDGER_ID
from exporter.mirror.creating import complete
from exporter.mirror.group.own_rows import own_machine
from exporter.mirror.identity import IdentityError
from exporter.mirror.renewal import EVER, mirrored_since, renew
from reports.calendar.days import day_of
from reports.ledger.reader import LedgerReader
from tests.exporter.mirror.mirrored_books import SCHEMA, MirroredLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from exporter.mirror.renewal import Renewed
    from tests.worlds.books import Books
    from tests.worlds.postgresql import Database

HOUR, DAY = 3600, 86_400


@pytest.fixture
async def connection(fresh_database: Database) -> AsyncIterator[Any]:
    """To a mirror without rows."""
    connection = await asyncpg.connect(fresh_database.url, statement_cache_size=0)
    await complete(connection, SCHEMA)
    yield connection
    await connection.close(timeout=5)


class Machines(NamedTuple):
    """A machine and its clone, which has counted on its own since; both have a sender."""

    original: Books
    clone: Books
    sending: dict[str, MirroredLedger]


@pytest.fixture
async def cloned(books: Books, open_books: Callable[..., Books], connection: Any) -> Machines:
    """The whole machine was copied, its id included, after the original had sent."""
    books.start()
    _work(books, 3)
    sending = {"original": MirroredLedger(books.path, connection)}
    await sending["original"].round()
    books.stop()
    clone = open_books(copy.deepcopy(books.machine))
    _copy(books, clone)
    books.start()
    clone.start()
    sending["clone"] = MirroredLedger(clone.path, connection)
    for each in (books, clone):
        _work(each, 1)
    await sending["original"].round()
    return Machines(books, clone, sending)


def _copy(books: Books, other: Books) -> None:
    with (
        contextlib.closing(sqlite3.connect(books.path)) as ledger,
        contextlib.closing(sqlite3.connect(other.path)) as copied,
    ):
        ledger.backup(copied)


def _work(books: Books, days: int) -> int:
    """Bytes of each quarter day of some days, all different; the sum of what was received."""
    moved = 0
    for _ in range(4 * days):
        books.machine.wait(6 * HOUR)
        size = 1000 + books.machine.seconds // HOUR % 1000
        books.machine.move("eth0", size, 1)
        moved += size
        books.run(1)
        books.commit()
    return moved


def _renew(books: Books) -> Renewed:
    renewed: list[Renewed] = []
    connection = books.writer.connection
    books.writer.in_transaction(lambda: renewed.append(renew(connection, books.zone, books.machine.seconds)))
    return renewed[0]


def _next_day(books: Books) -> None:
    """Past midnight, with a sample on both sides: no byte is spread over it."""
    until = (books.machine.seconds // DAY + 1) * DAY
    books.machine.wait(until - books.machine.seconds - 1)
    books.run(1)
    books.machine.wait(2)
    books.run(1)
    books.commit()


async def _ever(connection: Any) -> dict[UUID, int]:
    query = f"SELECT host, receive_bytes FROM {SCHEMA}.host_month WHERE month = 0"  # noqa: S608 - our own
    return dict(await connection.fetch(query))


def _lifetime(books: Books) -> int:
    with contextlib.closing(connect_to_read(books.path)) as connection:
        return LedgerReader(connection).lifetime().received


async def _sent(ledger: MirroredLedger) -> None:
    await ledger.round()
    found = await ledger.differences()
    assert (found.different, found.behind) == (0, 0), found.examples


async def test_a_clone_that_was_renewed_counts_from_the_next_day_on(cloned: Machines, connection: Any) -> None:
    with pytest.raises(IdentityError, match="netledger host renew"):
        await cloned.sending["clone"].round()

    renewed = _renew(cloned.clone)
    held = _lifetime(cloned.clone)
    await _sent(cloned.sending["clone"])  # the process goes on: the next round has the new id
    empty = await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.interface_day WHERE host = $1", renewed.id)  # noqa: S608 - our own
    _next_day(cloned.clone)
    moved = _work(cloned.clone, 2)
    for ledger in cloned.sending.values():
        await _sent(ledger)

    ever = await _ever(connection)
    original = next(number for host, number in ever.items() if host.hex != renewed.id)
    own = next(number for host, number in ever.items() if host.hex == renewed.id)
    assert empty == 0
    assert len(ever) == 2
    assert (original, own) == (_lifetime(cloned.original), moved)
    assert _lifetime(cloned.clone) == held + moved
    for grain, first in (("slot", renewed.since), ("day", renewed.since // DAY)):
        query = f"SELECT min({grain}), sum(receive_bytes) FROM {SCHEMA}.interface_{grain} WHERE host = $1"  # noqa: S608 - our own
        oldest, received = await connection.fetchrow(query, renewed.id)
        assert (oldest >= first, received) == (True, moved)


async def test_a_renewed_ledger_is_copied_whole_again(cloned: Machines, connection: Any) -> None:
    _renew(cloned.clone)
    _next_day(cloned.clone)
    _work(cloned.clone, 1)
    await _sent(cloned.sending["clone"])
    ever = await _ever(connection)
    await connection.execute(f"DELETE FROM {SCHEMA}.interface_slot")  # noqa: S608 - our own
    await connection.execute(f"UPDATE {SCHEMA}.host SET posting = -1")  # noqa: S608 - as above

    for ledger in cloned.sending.values():
        ledger.forget()
        await _sent(ledger)

    assert await _ever(connection) == ever


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
async def test_days_of_another_zone_are_never_older_than_the_renewal(
    cloned: Machines, connection: Any, zone: str
) -> None:
    renewed = _renew(cloned.clone)
    _next_day(cloned.clone)
    moved = _work(cloned.clone, 2)
    cloned.clone.stop()
    cloned.clone.zone = ZoneInfo(zone)
    cloned.clone.start()
    ledger = cloned.sending["clone"]
    ledger.forget()

    await _sent(ledger)

    ever = await _ever(connection)
    assert 0 < next(number for host, number in ever.items() if host.hex == renewed.id) <= moved


async def test_what_is_imported_of_before_is_not_copied(cloned: Machines, connection: Any) -> None:
    renewed = _renew(cloned.clone)
    _next_day(cloned.clone)
    moved = _work(cloned.clone, 1)
    with contextlib.closing(sqlite3.connect(cloned.clone.path, isolation_level=None)) as ledger:
        ledger.execute(
            "INSERT INTO imported (source, subject, first_day, last_day, receive_bytes) "
            "SELECT 'vnstat/1', min(id), 18000, 18000, 12345 FROM subject"
        )

    await _sent(cloned.sending["clone"])

    ever = await _ever(connection)
    assert next(number for host, number in ever.items() if host.hex == renewed.id) == moved
    assert _lifetime(cloned.clone) > moved + 12_345


def test_backups_of_a_renewed_ledger_take_the_place_of_those_before(books: Books) -> None:
    books.start()
    today = day_of(books.machine.seconds, books.zone)
    before = write_backup(books.path, today, 7)
    former = ledger_id_of(before)

    renewed = [_renew(books) for _ in range(2)][-1]
    write_backup(books.path, today, 7)

    assert backups_of(books.path) == [before]
    assert ledger_id_of(before) == renewed.id != former


def test_a_ledger_that_was_never_renewed_is_mirrored_whole(books: Books) -> None:
    books.start()
    with contextlib.closing(connect_to_read(books.path)) as connection:
        states = LedgerReader(connection).state()

    assert mirrored_since(states) == EVER
    assert own_machine(books.path, "desk").since == EVER
    _renew(books)
    assert own_machine(books.path, "desk").since.seconds > books.machine.seconds
    assert states[LEDGER_ID] != ledger_id_of(books.path)
