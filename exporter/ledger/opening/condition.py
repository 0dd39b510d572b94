"""The condition of a file: a good ledger, a damaged one, one of a newer netledger, or another program's."""

from __future__ import annotations

import contextlib
import sqlite3
from enum import Enum
from typing import TYPE_CHECKING
from zlib import crc32

from exporter.ledger.files import CACHE, is_passing, version_of
from exporter.ledger.schema import apply_migrations
from reports.ledger.shape import INTERFACE, SCHEMA_VERSION, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# How a table is quoted and spaced that was renamed, or lost a column, is up to the version of SQLite that did it.
DEFINITIONS = """
SELECT type, name, tbl_name, replace(replace(replace(sql, '"', ''), ' ', ''), char(10), '') FROM sqlite_master
WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\'
"""
# CRC-32 of each definition of this version. They spare every start and backup 13 ms and 1 MB, which migrations in
# memory take. Another version of SQLite may word a definition differently: then migrations decide.
CHECKSUMS_TEXT = """
    059601CC 0C0F6835 1DD8ABE9 23DC261D 32381441 397D45E1 3F3D20A6 52A579D8
    52A7C11F 5D8D5F2C 67E8CA34 7E062E0B 816A8CE2 930F928E 9515F7C8 A9EC64E1
    B5E03EC1 C6F9B9FE C76022CC C93B2E6D CCF64594 D2E7CBEA E21B5FA8 E3A18DD6
"""
CHECKSUMS = frozenset(CHECKSUMS_TEXT.split())
TABLES = "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_%' ESCAPE '\\'"


class Condition(Enum):
    """GOOD: whole, and with our tables. NEW: a database without a table. The value describes each."""

    GOOD = "a good ledger"
    NEW = "a database without tables"
    NEWER = "written by a newer netledger"
    FOREIGN = "no ledger of netledger"
    DAMAGED = "damaged"


def condition_of(path: Path) -> Condition:
    """Read every page of the file (0.2 s for 20 MB); raises sqlite3.OperationalError where disk or locks prevent it.

    An empty file is a damaged one: none is ever written.
    """
    if path.stat().st_size == 0:
        return Condition.DAMAGED
    try:
        uri = f"{path.absolute().as_uri()}?mode=rw"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute(CACHE)
            return _condition_in(connection)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the error quotes the damage
        if is_passing(error):
            raise
        return Condition.DAMAGED


def _condition_in(connection: sqlite3.Connection) -> Condition:
    version = version_of(connection)
    if version > SCHEMA_VERSION:
        return Condition.NEWER
    if connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
        return Condition.DAMAGED
    if version == 0:
        return Condition.FOREIGN if connection.execute(TABLES).fetchone()[0] else Condition.NEW
    if not _has_definitions(connection, version):
        return Condition.FOREIGN
    held = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    tables = {"day": INTERFACE} if version == 1 else {spec.table("day"): spec for spec in SPECS}
    for days, spec in tables.items():
        if days in held:  # a sum that is too large ends here, and not every question later
            sums = ", ".join(f"sum({name})" for name in spec.sums)
            connection.execute(f"SELECT subject, {sums} FROM {days} GROUP BY subject").fetchall()  # noqa: S608 - our own names
    return Condition.GOOD


def _has_definitions(connection: sqlite3.Connection, version: int) -> bool:
    held = set(connection.execute(DEFINITIONS))
    if version == SCHEMA_VERSION and checksums(held) >= CHECKSUMS:
        return True
    return definitions(version) <= held


def checksums(rows: Iterable[tuple[str, ...]]) -> set[str]:
    """CRC-32 of each definition."""
    return {f"{crc32(str(row).encode()):08X}" for row in rows}


def definitions(version: int) -> set[tuple[str, ...]]:
    """The tables and views of a version: the check of pages does not read their text."""
    with contextlib.closing(sqlite3.connect(":memory:")) as ours:
        apply_migrations(ours, 0, version)
        return set(ours.execute(DEFINITIONS))
