from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import psutil
import pytest

from exporter.ledger.files import connect_to_read, connect_to_write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("connect", [connect_to_read, connect_to_write])
def test_a_file_that_is_no_database_is_not_held_open(
    connect: Callable[[Path], sqlite3.Connection], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"garbage " * 99)

    with pytest.raises(sqlite3.DatabaseError):
        connect(path).execute("SELECT count(*) FROM sqlite_master")

    assert [file.path for file in psutil.Process().open_files() if file.path == str(path)] == []
