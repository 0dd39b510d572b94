"""Databases of API Analytics, with the tables that its models make."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TABLES = """
CREATE TABLE api_keys (id INTEGER PRIMARY KEY, api_key VARCHAR(64) NOT NULL UNIQUE);
CREATE TABLE api_logs (
  id INTEGER PRIMARY KEY, created_at DATETIME NOT NULL, method VARCHAR NOT NULL, endpoint VARCHAR NOT NULL, ip VARCHAR,
  process_time FLOAT NOT NULL, status_code INTEGER NOT NULL, api_key_id INTEGER REFERENCES api_keys (id)
);
"""


class Log(NamedTuple):
    """A row of api_logs without its id; `process_time` is milliseconds."""

    created_at: str
    method: str = "GET"
    endpoint: str = "/items/7"
    ip: str | None = "192.0.2.1"
    process_time: float = 20.0
    status_code: int = 200
    api_key_id: int | None = 1


def create(path: Path, logs: Iterable[Log], keys: int = 1, first_key: int = 0) -> Path:
    """A database of so many keys."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(TABLES)
        for number in range(1, keys + 1):
            key = f"00000000-0000-4000-8000-{first_key + number:012x}"
            connection.execute("INSERT INTO api_keys VALUES (?, ?)", (number, key))
    return add(path, logs)


def add(path: Path, logs: Iterable[Log]) -> Path:
    """Log more requests."""
    columns = ", ".join(Log._fields)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(f"INSERT INTO api_logs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", logs)  # noqa: S608 - our own names
    return path
