"""`ledger backup`, `verify` and `cleanup` on a good ledger, and what verify, audit and doctor say of wrong books."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.upkeep.backups import backups_of
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON, write_ledger

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ledger(tmp_path: Path, empty_ledger: Path) -> Path:
    write_ledger(tmp_path / "ledger.db", empty_ledger, NOON)
    return tmp_path / "ledger.db"


def test_a_good_ledger_is_whole(ledger: Path) -> None:
    done = Commands(ledger)("ledger", "verify")

    assert (done.exit_code, done.stdout) == (0, f"{ledger} is whole\n")


def test_a_notice_is_shown_once(ledger: Path) -> None:
    _change(ledger, "INSERT INTO incident (at, what, detail, seen) VALUES (0, 'ledger restored', 'from x', 0)")
    shown = [Commands(ledger)("ledger", "verify").stdout for _ in range(2)]

    assert ["ledger restored: from x" in text for text in shown] == [True, False]


def test_wrong_books_are_told_by_verify_audit_and_doctor(ledger: Path) -> None:
    _change(ledger, "UPDATE interface_day SET receive_bytes = receive_bytes + 7 WHERE subject = 1")
    fault = "eth0: its days and its last reading differ by"

    verified = Commands(ledger)("ledger", "verify")
    audited = Commands(ledger)("audit", "--json")
    examined = Commands(ledger)("doctor", "--json")

    assert [done.exit_code for done in (verified, audited, examined)] == [1, 1, 1]
    assert fault in verified.stderr
    assert fault in json.loads(audited.stdout)["faults"][0]
    assert any(fault in finding["text"] for finding in json.loads(examined.stdout)["findings"])


def test_a_backup_is_written_and_named(ledger: Path) -> None:
    done = Commands(ledger)("ledger", "backup")

    (backup,) = backups_of(ledger)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{backup} (")


def test_a_cleanup_deletes_no_day(ledger: Path) -> None:
    days = _count(ledger, "interface_day")

    done = Commands(ledger)("ledger", "cleanup", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["days_deleted"] == 0
    assert _count(ledger, "interface_day") == days


def _change(ledger: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        connection.execute(statement)
        connection.commit()


def _count(ledger: Path, table: str) -> int:
    with contextlib.closing(sqlite3.connect(ledger)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - a table of ours
