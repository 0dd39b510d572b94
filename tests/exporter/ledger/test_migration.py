"""A ledger of version 1 becomes one of version 2: whole, once, with the same answers, and with a copy kept."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from datetime import date
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.files import LedgerError
from exporter.ledger.opening.condition import Condition, condition_of
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.opening.recovery import make_good
from exporter.ledger.schema import apply_migrations
from exporter.ledger.upkeep.backups import backup_folder, backups_of, write_backup
from exporter.meters.registry import new_stores
from reports.ledger.shape import SCHEMA_VERSION
from tests.worlds.books import UTC
from tests.worlds.interrupted import STATEMENTS, is_killed, is_refused
from tests.worlds.version_1 import as_version_1, rows_of_views

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds.books import Books

DAY = 86_400


@pytest.fixture
def old(books: Books) -> Books:
    """Ten days of two interfaces with a gap and a clock that was set, in a ledger of version 1; stopped."""
    books.machine.create("tun0", is_physical=False)
    books.start()
    for number in range(10):
        books.machine.move("eth0", 1000 + number, 10)
        books.machine.move("tun0", 50)
        books.run(2)
        books.machine.wait(DAY)
        books.sample()
        books.commit()
    books.stop()
    books.machine.move("eth0", 77_777)
    books.machine.wait(3600)
    books.start()
    books.machine.set_clock(3 * DAY)
    books.machine.move("eth0", 5)
    books.run(30)
    books.commit()
    books.machine.set_clock(-3 * DAY)
    books.run(2)
    books.stop()
    assert books.rows("SELECT count(*) FROM interface_movable") > [(0,)]
    as_version_1(books.path)
    return books


def test_a_migrated_ledger_answers_as_before(old: Books) -> None:
    before = rows_of_views(old.path)
    assert min(map(len, before.values())) > 0

    open_ledger(old.path, new_stores(), UTC)

    assert _version(old.path) == SCHEMA_VERSION
    assert rows_of_views(old.path) == before
    assert old.faults() == []


def test_a_migrated_ledger_is_carried_forward(old: Books) -> None:
    total = old.lifetime_of_all()

    old.start()
    old.machine.move("eth0", 5)
    old.run(1)
    old.stop()

    assert old.lifetime_of_all() == (total[0] + 5, total[1])
    assert old.audit().difference == 0
    assert old.opened.notices == ()


def test_a_migrated_ledger_has_the_same_tables_as_a_new_one(old: Books, empty_ledger: Path, tmp_path: Path) -> None:
    old.start()
    old.stop()
    new = tmp_path / "new.db"
    shutil.copyfile(empty_ledger, new)
    open_ledger(new, new_stores(), UTC)

    assert condition_of(old.path) is Condition.GOOD
    assert _columns(old.path) == _columns(new)


def test_the_copy_of_the_older_version_is_kept(old: Books) -> None:
    before = rows_of_views(old.path)
    old.start()
    old.stop()

    for day in range(1, 5):
        write_backup(old.path, date(2026, 7, day), 1)

    copy = backup_folder(old.path) / f"{old.path.stem}-schema-1.db"
    assert _version(copy) == 1
    assert rows_of_views(copy) == before
    assert copy not in backups_of(old.path)


def test_a_backup_of_version_1_is_restored_and_migrated(old: Books) -> None:
    before = rows_of_views(old.path)
    write_backup(old.path, date(2026, 6, 12), 7)
    old.path.write_bytes(b"no database")

    open_ledger(old.path, new_stores(), UTC)

    assert _version(old.path) == SCHEMA_VERSION
    assert rows_of_views(old.path) == before


def test_a_kill_at_any_statement_leaves_one_version_or_the_other(old: Books, tmp_path: Path) -> None:
    before = rows_of_views(old.path)
    here, kept = old.path.parent, tmp_path / "kept"
    shutil.copytree(here, kept, ignore=shutil.ignore_patterns("kept"))
    step, versions = 0, set()

    while is_killed(lambda: make_good(old.path), step := step + 1, STATEMENTS):
        versions.add(_version(old.path))
        assert rows_of_views(old.path) == before, step
        make_good(old.path)

        assert _version(old.path) == SCHEMA_VERSION, step
        assert rows_of_views(old.path) == before, step
        assert list(here.glob("**/*.partial*")) == [], step
        for path in here.iterdir():
            if path != kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(kept, here, dirs_exist_ok=True)

    assert versions == {1, SCHEMA_VERSION}
    assert step > 50


def test_a_full_disk_leaves_version_1_and_says_so(old: Books) -> None:
    before = rows_of_views(old.path)
    step = 0

    while is_refused(lambda: open_ledger(old.path, new_stores(), UTC), step := step + 1, LedgerError):
        assert _version(old.path) == 1, step
        assert rows_of_views(old.path) == before, step

    assert _version(old.path) == SCHEMA_VERSION
    assert step > 1


def test_a_migration_takes_no_longer_for_a_long_history(old: Books) -> None:
    few = _steps(old.path)
    with contextlib.closing(sqlite3.connect(old.path)) as connection, connection:
        rows = ((slot, subject) for slot in range(0, 900 * 20_000, 900) for subject in (1, 2))
        connection.executemany("INSERT INTO slot (slot, subject, receive_bytes) VALUES (?, ?, 1)", rows)

    assert _steps(old.path) < 2 * few


def _steps(ledger: Path) -> int:
    """Hundreds of SQLite's instructions for the migration, which is rolled back."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.set_progress_handler(count, 100)
        connection.execute("BEGIN")
        apply_migrations(connection, 1)
        connection.execute("ROLLBACK")
    return steps


def _version(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _columns(ledger: Path) -> list[tuple[object, ...]]:
    query = "SELECT t.name, c.name, c.type FROM sqlite_master AS t, pragma_table_info(t.name) AS c ORDER BY 1, c.cid"
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return connection.execute(query).fetchall()
