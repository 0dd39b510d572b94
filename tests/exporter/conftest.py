"""Worlds for tests without a kernel: a machine in memory, and a service's life over a real ledger file."""

from __future__ import annotations

import contextlib
import sqlite3
from itertools import count
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.schema import migrate
from tests.worlds.books import UTC, Books
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A migrated ledger without a row, to be copied, and never opened to be written: its id would be that of all."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    migrate(path)
    yield path
    with contextlib.closing(sqlite3.connect(path)) as ledger:
        states = ledger.execute("SELECT name FROM state").fetchall()
    assert states == [], "a test has written into the template of all ledgers"


@pytest.fixture
def machine() -> Machine:
    """A machine that has been up for a while, with an uplink that has history on its counter."""
    made = Machine()
    made.create("eth0", is_uplink=True)
    made.move("eth0", 5_000_000_000, 700_000_000)
    return made


@pytest.fixture
def open_books(empty_ledger: Path, tmp_path: Path) -> Iterator[Callable[..., Books]]:
    """Make books for a machine, each with a ledger of its own; closed with the test."""
    made: list[Books] = []
    numbers = count()

    def make(machine: Machine, zone: ZoneInfo = UTC) -> Books:
        books = Books(machine, tmp_path / f"ledger-{next(numbers)}.db", template=empty_ledger, zone=zone)
        made.append(books)
        return books

    yield make
    for books in made:
        if books.running:
            books.crash()


@pytest.fixture
def books(machine: Machine, open_books: Callable[..., Books]) -> Books:
    """The books of the machine, in UTC, not started."""
    return open_books(machine)
