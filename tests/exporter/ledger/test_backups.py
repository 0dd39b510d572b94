"""A damaged ledger is set aside, the newest good backup takes its place, and nobody sees a traceback."""

from __future__ import annotations

import random
import sqlite3
from datetime import date
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.opening.condition import Condition, condition_of
from exporter.ledger.upkeep.backups import backups_of, write_backup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.books import Books

TODAY = date(2026, 6, 12)


def _garbage(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(50_000))  # noqa: S311 - any bytes will do


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


def _damaged_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 5000] = random.Random(2).randbytes(5000)  # noqa: S311 - any bytes will do
    path.write_bytes(content)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = pytest.mark.parametrize("damage", [_garbage, _truncated, _damaged_pages, _empty])


def _worked_books(books: Books) -> None:
    """A ledger of two days, of which the last hour is not in the backup."""
    books.start()
    for _ in range(200):
        books.machine.wait(800)
        books.machine.move("eth0", 1000, 10)
        books.sample()
    books.commit()
    write_backup(books.path, TODAY, 7)
    books.machine.move("eth0", 44, 4)
    books.run(1)
    books.stop()


@DAMAGES
def test_a_damaged_ledger_is_set_aside_and_the_backup_restored(books: Books, damage: Callable[[Path], None]) -> None:
    _worked_books(books)
    damage(books.path)
    broken = books.path.read_bytes()

    books.start()

    (aside,) = (path for path in books.path.parent.glob("*.damaged-*") if path.suffix not in {"-wal", "-shm"})
    assert aside.read_bytes() == broken
    assert books.rows("SELECT what, seen FROM incident") == [("ledger restored", 0)]
    assert aside.name in books.opened.notices[0]
    assert books.lifetime("eth0") == (200_044, 2004), "the same boot's counter still tells what came after"
    assert books.audit().difference == 0


@DAMAGES
def test_without_a_backup_the_books_begin_anew_and_say_so(books: Books, damage: Callable[[Path], None]) -> None:
    _worked_books(books)
    for backup in backups_of(books.path):
        backup.unlink()
    damage(books.path)

    books.start()

    assert books.rows("SELECT what, seen FROM incident") == [("ledger damaged", 0)]
    assert books.lifetime("eth0") == (0, 0)


@DAMAGES
def test_a_damaged_backup_is_passed_over(books: Books, damage: Callable[[Path], None]) -> None:
    _worked_books(books)
    write_backup(books.path, date(2026, 6, 13), 7)
    damage(backups_of(books.path)[0])
    _garbage(books.path)

    books.start()

    assert "2026-06-12" in books.opened.notices[0]
    assert books.lifetime("eth0") == (200_044, 2004)


@pytest.mark.parametrize("seed", range(40))
def test_damage_anywhere_is_survived(books: Books, seed: int) -> None:
    _worked_books(books)
    chance = random.Random(seed)  # noqa: S311 - any bytes will do
    content = bytearray(books.path.read_bytes())
    start = chance.randrange(100, len(content) - 600)
    content[start : start + 512] = chance.randbytes(512)
    books.path.write_bytes(content)

    books.start()
    books.stop()

    assert condition_of(books.path) is Condition.GOOD


def test_a_backup_is_whole_and_the_oldest_go(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 77)
    books.run(1)
    books.commit()

    for day in range(1, 6):
        write_backup(books.path, date(2026, 6, day), 3)

    kept = backups_of(books.path)
    assert [path.stem[-10:] for path in kept] == ["2026-06-05", "2026-06-04", "2026-06-03"]
    assert all(condition_of(path) is Condition.GOOD for path in kept)
    with sqlite3.connect(kept[0]) as copy:
        assert copy.execute("SELECT sum(receive_bytes) FROM interface_day").fetchone() == (77,)
    copy.close()


def test_backups_do_not_disturb_the_writer(books: Books) -> None:
    books.start()
    write_backup(books.path, TODAY, 3)
    books.machine.move("eth0", 5)
    books.run(1)
    books.commit()

    assert books.lifetime("eth0") == (5, 0)
