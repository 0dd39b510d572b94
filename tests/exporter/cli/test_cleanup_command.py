"""What is deleted for ever is asked for."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import DAY, NOON

if TYPE_CHECKING:
    from pathlib import Path


def age(ledger: Path) -> None:
    """A hundred days of quarter hours, one a day."""
    with contextlib.closing(sqlite3.connect(ledger)) as connection, connection:
        (subject,) = connection.execute("SELECT min(id) FROM subject").fetchone()
        began = [(NOON // DAY * DAY - days * DAY, subject) for days in range(1, 101)]
        connection.executemany("INSERT INTO interface_slot (slot, subject, receive_bytes) VALUES (?, ?, 1)", began)


def slots(ledger: Path) -> int:
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return int(connection.execute("SELECT count(*) FROM interface_slot").fetchone()[0])


def test_an_aggressive_cleanup_in_a_script_is_refused_with_what_it_would_delete(ledger: Path) -> None:
    age(ledger)
    before = slots(ledger)

    done = Commands(ledger)("ledger", "cleanup", "--aggressive")

    assert (done.exit_code, done.stdout) == (2, "")
    assert "This deletes for ever every minute older than 3 d and every quarter hour older than 62 d." in done.stderr
    assert "--yes" in done.stderr
    assert slots(ledger) == before


def test_it_does_so_where_it_is_told_to(ledger: Path) -> None:
    age(ledger)
    before = slots(ledger)

    done = Commands(ledger)("ledger", "cleanup", "--aggressive", "--yes")

    assert (done.exit_code, done.stderr) == (0, "")
    assert slots(ledger) == before - 39  # those of 62 to 100 days ago


def test_a_usual_cleanup_asks_nothing(commands: Commands) -> None:
    assert commands("ledger", "cleanup").exit_code == 0


def test_a_mirror_follows_by_its_next_copy(ledger: Path) -> None:
    age(ledger)

    done = Commands(ledger, NETLEDGER_MIRROR_URL="postgresql://me@db/fleet")(
        "ledger", "cleanup", "--aggressive", "--yes"
    )

    assert done.stdout.endswith("the mirror follows with its next copy\n")
