"""Migrations are forward only and recorded; the views carry the documented names."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.files import LedgerError
from exporter.ledger.locks.holder import Holder, find_holder
from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.migrations import version_1
from exporter.ledger.opening import condition
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.schema import SchemaError, apply_migrations, migrate, prepare
from exporter.ledger.writing.writer import Writer
from exporter.meters.registry import new_stores
from reports.ledger.shape import INTERFACE, SCHEMA_VERSION
from tests.worlds.books import UTC

if TYPE_CHECKING:
    from tests.conftest import Golden
    from tests.worlds.books import Books

SPEEDS = ("peak_receive_speed", "peak_transmit_speed", "peak_speed")
USAGE = (*INTERFACE.sums, "estimated_bytes", *SPEEDS)


@pytest.mark.parametrize(
    ("view", "columns"),
    [
        ("usage_by_slot", ("started", "started_utc", "kind", "device", "counted", *USAGE)),
        (
            "usage_by_minute",
            ("started", "started_utc", "kind", "device", "counted", *INTERFACE.sums[:2], *SPEEDS),
        ),
        ("usage_by_day", ("day", "date", "kind", "device", "counted", *USAGE)),
        (
            "usage_by_month",
            ("month", "kind", "device", "counted", *INTERFACE.sums, "estimated_bytes", "peak_speed", "days"),
        ),
        ("interface", ("device", "counted", "uplink", "first_seen", "last_seen", *USAGE)),
    ],
)
def test_views_have_the_documented_columns(empty_ledger: Path, view: str, columns: tuple[str, ...]) -> None:
    with contextlib.closing(sqlite3.connect(empty_ledger)) as connection:
        told = connection.execute(f"SELECT * FROM {view}").description  # noqa: S608 - a view of the table above

    assert tuple(column[0] for column in told) == columns


def test_the_migration_is_on_record_and_runs_once(empty_ledger: Path) -> None:
    migrate(empty_ledger)

    with contextlib.closing(sqlite3.connect(empty_ledger)) as connection:
        assert connection.execute("SELECT name FROM _sqlite_migrations").fetchall() == [("version_1",), ("version_2",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_every_table_is_strict(empty_ledger: Path) -> None:
    with contextlib.closing(sqlite3.connect(empty_ledger)) as connection:
        rows = connection.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table'").fetchall()

    ours = {name: strict for name, strict in rows if not name.startswith(("sqlite_", "_"))}
    assert len(ours) == 22
    assert all(ours.values())


@pytest.mark.parametrize("prepare", [migrate, lambda path: open_ledger(path, new_stores(), UTC)])
def test_a_newer_ledger_is_refused_with_its_version(books: Books, prepare: object) -> None:
    with contextlib.closing(sqlite3.connect(books.path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    held = books.path.read_bytes()

    with pytest.raises((SchemaError, LedgerError), match="schema version 99"):
        prepare(books.path)  # type: ignore[operator]  # either of two functions

    assert books.path.read_bytes() == held


def test_a_new_ledger_is_made_by_opening_it(tmp_path: Path) -> None:
    opened = open_ledger(tmp_path / "new.db", new_stores(), UTC)

    assert opened.opening.clock is None
    assert opened.problem == ""


def test_a_second_writer_is_refused_and_told_who_and_which(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    first, second = LedgerLock(ledger), LedgerLock(ledger)
    first.acquire()
    first.write_holder(Holder(os.getpid(), "http://127.0.0.1:7373"))

    with pytest.raises(LedgerError, match=rf"process {os.getpid()} already writes .*ledger\.db"):
        second.acquire()
    assert find_holder(ledger) == Holder(os.getpid(), "http://127.0.0.1:7373")

    first.release()
    assert find_holder(ledger) is None
    second.acquire()
    second.release()


def test_a_posting_applied_twice_changes_nothing(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 500, 5)
    books.run(1)
    posting = books.sampler.take()
    assert posting is not None

    books.writer.post(posting)
    books.writer.post(posting)
    again = Writer(books.path, UTC, new_stores())
    again.post(posting)
    again.close()

    assert books.lifetime_of_all() == books.lifetime_by_slots() == (500, 5)


def test_a_torn_transaction_rolls_back_whole(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 500, 5)
    books.run(1)
    posting = books.sampler.take()
    assert posting is not None
    held = books.rows("SELECT * FROM interface_checkpoint"), books.rows("SELECT posting FROM meter")
    execute = books.writer.connection.execute
    execute("CREATE TRIGGER full BEFORE UPDATE ON meter BEGIN SELECT RAISE (ABORT, 'torn'); END")

    with pytest.raises(sqlite3.IntegrityError, match="torn"):
        books.writer.post(posting)

    assert books.lifetime_of_all() == books.lifetime_by_slots() == (0, 0)
    assert (books.rows("SELECT * FROM interface_checkpoint"), books.rows("SELECT posting FROM meter")) == held
    execute("DROP TRIGGER full")
    books.writer.post(posting)
    assert books.lifetime_of_all() == (500, 5)


def test_a_locked_ledger_costs_no_byte(books: Books) -> None:
    books.start()
    for _ in range(3):
        books.machine.move("eth0", 100, 1)
        books.run(1)
        books.commit_while_locked()
        assert books.lifetime("eth0")[0] % 100 == 0
    books.commit()

    assert books.lifetime("eth0") == (300, 3)
    assert books.audit().difference == 0


def test_a_released_schema_never_changes(golden: Golden) -> None:
    """A ledger whose tables differ from these is taken for a damaged one: a change is a new migration."""
    golden("schema-1.sql", version_1.SCRIPT)
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        apply_migrations(connection, 0, 2)
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE name NOT LIKE '%sqlite_%' ORDER BY rowid")
        golden("schema-2.sql", "".join(f"{sql};\n" for (sql,) in rows))


def test_a_folder_that_has_a_package_of_our_name_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exporter").mkdir()
    (tmp_path / "exporter" / "__init__.py").write_text("raise SystemExit('somebody else')\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    ledger = Path("ledger.db")

    prepare(ledger)

    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_the_checksums_are_those_of_the_definitions() -> None:
    assert condition.checksums(condition.definitions(SCHEMA_VERSION)) == condition.CHECKSUMS


def test_definitions_that_are_worded_differently_are_held_against_the_migrations(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(books.path)
    monkeypatch.setattr(condition, "CHECKSUMS", frozenset(["of another version of SQLite"]))

    assert condition.condition_of(books.path) is condition.Condition.GOOD
