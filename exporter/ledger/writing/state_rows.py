"""Rows of the table `state` that other packages keep in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.writing.statements import PUT_STATE

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping


def put_state(connection: sqlite3.Connection, rows: Iterable[tuple[str, str]]) -> None:
    """Insert or replace rows of (name, value)."""
    connection.executemany(PUT_STATE, rows)


def replace_state(connection: sqlite3.Connection, states: Mapping[str, str | None]) -> None:
    """Insert or replace rows, and delete those whose value is None."""
    for name, value in states.items():
        if value is None:
            delete_state(connection, name)
        else:
            put_state(connection, [(name, value)])


def delete_state(connection: sqlite3.Connection, name: str) -> None:
    """Delete one row, if it is there."""
    connection.execute("DELETE FROM state WHERE name = ?", (name,))


def delete_state_before(connection: sqlite3.Connection, prefix: str, seconds: int) -> None:
    """Delete the rows with this prefix whose value is an instant before `seconds` (UTC)."""
    query = "DELETE FROM state WHERE name GLOB ? AND CAST(value AS INTEGER) < ?"
    connection.execute(query, (f"{prefix}*", seconds))
