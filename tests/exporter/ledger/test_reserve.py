"""The reserve beside a ledger is whole, or not there."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.ledger.reserve import RESERVE_BYTES, hold_reserve, release_reserve, reserve_path

if TYPE_CHECKING:
    import pytest


def test_a_part_of_a_reserve_is_none(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    reserve_path(ledger).write_bytes(b"x" * 100)

    assert hold_reserve(ledger)
    assert reserve_path(ledger).stat().st_size == RESERVE_BYTES


def test_a_disk_that_fills_meanwhile_keeps_its_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, written = tmp_path / "ledger.db", Path.write_bytes

    def fill(path: Path, data: bytes) -> int:
        written(path, data[:4096])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", fill)

    assert not hold_reserve(ledger)
    assert not reserve_path(ledger).exists()


def test_a_reserve_is_made_once_and_given_away(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"

    assert hold_reserve(ledger)
    first = reserve_path(ledger).read_bytes()
    assert hold_reserve(ledger)
    assert reserve_path(ledger).read_bytes() == first
    release_reserve(ledger)
    release_reserve(ledger)
    assert not reserve_path(ledger).exists()
