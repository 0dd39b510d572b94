"""The books are found again whatever was deleted, damaged or interrupted; they never begin anew in silence."""

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
from exporter.ledger.upkeep.backups import backup_folder, backup_path, backups_of, write_backup
from exporter.meters.registry import new_stores
from tests.worlds.books import UTC, Books
from tests.worlds.interrupted import is_killed, is_refused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

TODAY = date(2026, 6, 12)


@pytest.fixture
def worked(books: Books) -> Books:
    """Books of 1000 and 10 bytes with a backup of 900 and 9, stopped."""
    books.start()
    books.machine.move("eth0", 900, 9)
    books.run(1)
    books.commit()
    write_backup(books.path, TODAY, 7)
    books.machine.move("eth0", 100, 1)
    books.run(1)
    books.stop()
    return books


def _garbage(path: Path) -> None:
    path.write_bytes(b"garbage" * 3000)


def _foreign(path: Path) -> None:
    path.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE photo (name TEXT)")


def _deleted(path: Path) -> None:
    path.unlink()


def _newer(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 7")


def _without_our_tables(path: Path) -> None:
    _foreign(path)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


HARMS = pytest.mark.parametrize("harm", [_garbage, _foreign, _deleted, _without_our_tables])


@HARMS
def test_a_ledger_that_is_gone_or_no_ledger_is_restored_with_a_notice(
    worked: Books, harm: Callable[[Path], None]
) -> None:
    harm(worked.path)

    worked.start()

    assert worked.lifetime("eth0") == (1000, 10), "the same boot's counter still tells what came after"
    assert "ledger-0-2026-06-12.db was restored" in worked.opened.notices[0]
    assert worked.rows("SELECT what, seen FROM incident") == [("ledger restored", 0)]
    assert worked.audit().difference == 0


@pytest.mark.parametrize("harm", [_garbage, _deleted])
def test_a_start_that_is_killed_at_any_step_is_finished_by_the_next(
    worked: Books, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    harm(worked.path)
    here, kept = worked.path.parent, tmp_path / "kept"
    shutil.copytree(here, kept, ignore=shutil.ignore_patterns("kept"))
    step = 0

    while is_killed(lambda: make_good(worked.path), step := step + 1):
        make_good(worked.path)

        assert condition_of(worked.path) is Condition.GOOD, step
        assert _received(worked.path) == 900, step
        assert list(here.glob("*.restored*")) == [], step
        _put_back(kept, here)

    assert step > 20


@pytest.mark.parametrize("harm", [_garbage, _deleted])
def test_a_disk_that_is_full_at_any_step_costs_no_backup_and_no_ledger(
    worked: Books, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    harm(worked.path)
    here, kept = worked.path.parent, tmp_path / "kept"
    shutil.copytree(here, kept, ignore=shutil.ignore_patterns("kept"))
    step = 0

    while is_refused(lambda: make_good(worked.path), step := step + 1, LedgerError):
        make_good(worked.path)

        assert _received(worked.path) == 900, step
        assert list(here.glob("*.restored*")) == [], step
        _put_back(kept, here)

    assert step > 3


@pytest.mark.parametrize(
    "harm", [_garbage, _foreign, _newer, _without_our_tables, _folder, lambda path: path.write_bytes(b"")]
)
def test_a_backup_that_is_of_no_use_is_passed_over(worked: Books, harm: Callable[[Path], None]) -> None:
    harm(write_backup(worked.path, date(2026, 6, 13), 7))
    _garbage(worked.path)

    worked.start()

    assert "2026-06-12.db was restored" in worked.opened.notices[0]
    assert worked.lifetime("eth0") == (1000, 10)


def test_the_newest_backup_is_the_one_with_the_newest_posting(worked: Books) -> None:
    backup_path(worked.path, TODAY).rename(backup_path(worked.path, date(2036, 1, 1)))
    write_backup(worked.path, TODAY, 7)
    worked.machine.reboot()
    _deleted(worked.path)

    worked.start()

    assert "2026-06-12.db was restored" in worked.opened.notices[0]
    assert worked.lifetime("eth0") == (1000, 10)


def test_a_ledger_whose_backups_are_all_newer_is_refused(worked: Books) -> None:
    _newer(backup_path(worked.path, TODAY))
    _deleted(worked.path)

    with pytest.raises(LedgerError, match="newer netledger: install that version again, or move its backups away"):
        worked.start()

    assert not worked.path.exists()


def test_another_ledgers_backup_is_none_of_ours(worked: Books) -> None:
    (backup := backup_path(worked.path, TODAY)).rename(backup.with_name("ledger-0-of-my-other-2026-06-12.db"))
    backup.with_name("ledger-0-abcd-ef-gh.db").write_bytes(b"")

    assert backups_of(worked.path) == []


@pytest.mark.parametrize("name", ["wan[1].db", "a*b?.db", "ledger", "x y\u3000\u00e9.db", "-.db", "100%23.db"])
def test_a_ledger_of_any_name_finds_its_backups(
    machine: Machine, empty_ledger: Path, tmp_path: Path, name: str
) -> None:
    books = Books(machine, tmp_path / name, template=empty_ledger)
    books.start()
    machine.move("eth0", 70)
    books.run(1)
    books.stop()
    for day in (1, 2, 3):
        write_backup(books.path, date(2026, 6, day), 2)
    _garbage(books.path)
    machine.reboot()

    books.start()
    books.stop()

    assert len(backups_of(books.path)) == 2
    assert books.lifetime("eth0") == (70, 0)


def test_where_only_traces_are_left_the_new_beginning_is_told(worked: Books) -> None:
    shutil.rmtree(backup_folder(worked.path))
    worked.path.rename(worked.path.with_name(worked.path.name + ".damaged-2026-06-12T000000.000000Z"))

    worked.start()

    assert worked.rows("SELECT what, seen FROM incident") == [("ledger missing", 0)]
    assert "the ledger was gone; there was no good backup, so a new ledger begins" in worked.opened.notices[0]


def test_a_first_start_has_nothing_to_tell(tmp_path: Path) -> None:
    assert open_ledger(tmp_path / "ledger.db", new_stores(), UTC).notices == ()


def test_a_log_that_was_left_behind_is_not_taken_for_the_new_files(worked: Books) -> None:
    worked.start()
    worked.machine.move("eth0", 5)
    worked.run(1)
    worked.commit()
    log = worked.path.with_name(worked.path.name + "-wal")
    content = log.read_bytes()
    worked.crash()
    worked.path.unlink()
    log.write_bytes(content)

    worked.start()

    assert worked.lifetime("eth0") == (1005, 10)
    assert worked.audit().difference == 0


def test_what_an_interrupted_start_or_backup_left_is_cleaned(worked: Books) -> None:
    left = [
        worked.path.with_name(worked.path.name + ".restored"),
        worked.path.with_name(worked.path.name + ".restored-journal"),
        backup_path(worked.path, TODAY).with_name("ledger-0-2026-06-12.db.partial"),
        backup_path(worked.path, TODAY).with_name("ledger-0-2026-06-12.partial"),
    ]
    for path in left:
        path.write_bytes(b"half")

    worked.start()

    assert [path for path in left if path.exists()] == []
    assert worked.opened.notices == ()


def test_backups_that_a_wrong_clock_dated_go_first(worked: Books) -> None:
    for day in (date(2036, 1, 1), date(2036, 1, 2), date(2026, 6, 13), date(2026, 6, 14), date(1970, 1, 1)):
        write_backup(worked.path, day, 9)

    write_backup(worked.path, date(2026, 6, 15), 3)

    assert [path.stem[-10:] for path in backups_of(worked.path)] == ["2026-06-15", "2026-06-14", "2026-06-13"]


def test_a_backup_of_another_ledger_is_not_overwritten(worked: Books) -> None:
    held = backup_path(worked.path, TODAY).read_bytes()
    with contextlib.closing(sqlite3.connect(worked.path)) as connection:
        connection.execute("UPDATE state SET value = 'another' WHERE name = 'ledger_id'")
        connection.commit()

    with pytest.raises(LedgerError, match="is a backup of another ledger, and stays"):
        write_backup(worked.path, TODAY, 7)

    assert backup_path(worked.path, TODAY).read_bytes() == held
    assert [path.name for path in backup_folder(worked.path).iterdir()] == ["ledger-0-2026-06-12.db"]


def test_a_failed_backup_leaves_nothing(worked: Books) -> None:
    for step in range(1, 9):
        is_refused(lambda: write_backup(worked.path, date(2026, 6, 20), 7), step, OSError)
        assert list(backup_folder(worked.path).glob("*.partial*")) == []


def test_a_backup_of_a_ledger_that_is_gone_makes_none(worked: Books) -> None:
    _deleted(worked.path)

    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        write_backup(worked.path, date(2026, 6, 13), 7)

    assert not worked.path.exists()
    assert [path.stem[-10:] for path in backups_of(worked.path)] == ["2026-06-12"]


def _received(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT sum(receive_bytes) FROM interface_day").fetchone()[0])


def _put_back(kept: Path, here: Path) -> None:
    for path in here.iterdir():
        if path != kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, here, dirs_exist_ok=True)
