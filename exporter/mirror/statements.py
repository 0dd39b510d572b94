"""Statements that write a machine's rows into its mirror: a page of rows goes as one array a column."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from exporter.mirror.tables import HOSTS

if TYPE_CHECKING:
    from exporter.mirror.tables import MirrorTable


@cache
def upsert(table: MirrorTable, schema: str) -> str:
    """Insert or replace rows by their key; $1 is the host, then an array a column. A row that is the same is left."""
    listed, key = ", ".join(table.columns), ", ".join(("host", *table.key))
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(table.types.values(), start=2))
    replaced = ", ".join(f"{name} = excluded.{name}" for name in table.values)
    held, new = (", ".join(f"{side}.{name}" for name in table.values) for side in ("t", "excluded"))
    return (
        f"INSERT INTO {schema}.{table.name} AS t (host, {listed}) "  # noqa: S608 - names of the tables
        f"SELECT $1::uuid, u.* FROM unnest({arrays}) AS u({listed}) "
        f"ON CONFLICT ({key}) DO UPDATE SET {replaced} WHERE ({held}) IS DISTINCT FROM ({new})"
    )


@cache
def delete_others(table: MirrorTable, schema: str, *, is_first: bool, is_last: bool) -> str:
    """Delete a host's rows of a range of keys that are not among given ones.

    $1 is the host, then an array a column of the key; then, unless the range is the first one, the key that it begins
    after, and, unless it is the last one, the key that it ends with.
    """
    key, kinds = ", ".join(table.key), [table.types[name] for name in table.key]
    count = len(kinds)
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, start=2))
    same = " AND ".join(f"k.{name} = t.{name}" for name in table.key)
    bounds, place = "", 2 + count
    for sign, is_open in ((">", is_first), ("<=", is_last)):
        if not is_open:
            marks = ", ".join(f"${place + offset}::{kind}" for offset, kind in enumerate(kinds))
            bounds, place = f"{bounds} AND ({key}) {sign} ({marks})", place + count
    return (
        f"DELETE FROM {schema}.{table.name} AS t WHERE host = $1::uuid{bounds} "  # noqa: S608 - names of the tables
        f"AND NOT EXISTS (SELECT 1 FROM unnest({arrays}) AS k({key}) WHERE {same})"
    )


def delete_all(table: MirrorTable, schema: str) -> str:
    """Delete all rows of a host ($1)."""
    return f"DELETE FROM {schema}.{table.name} WHERE host = $1::uuid"  # noqa: S608 - as above


def delete_subjects(table: MirrorTable, schema: str) -> str:
    """Delete a host's ($1) rows of subjects ($2, an array)."""
    return f"DELETE FROM {schema}.{table.name} WHERE host = $1::uuid AND subject = ANY($2::bigint[])"  # noqa: S608 - as above


def delete_before(table: MirrorTable, schema: str) -> str:
    """Delete a host's ($1) rows of before a time ($2)."""
    return f"DELETE FROM {schema}.{table.name} WHERE host = $1::uuid AND {table.key[0]} < $2::bigint"  # noqa: S608 - as above


def oldest(table: MirrorTable, schema: str) -> str:
    """The oldest time of a host's ($1) rows."""
    return f"SELECT min({table.key[0]}) FROM {schema}.{table.name} WHERE host = $1::uuid"  # noqa: S608 - as above


def subjects(table: MirrorTable, schema: str) -> str:
    """The subjects of a host ($1)."""
    return f"SELECT subject FROM {schema}.{table.name} WHERE host = $1::uuid"  # noqa: S608 - as above


def rows(table: MirrorTable, schema: str) -> str:
    """A host's ($1) rows, all columns but the host, in the order of their keys."""
    key = ", ".join(f'{name} COLLATE "C"' if table.types[name] == "text" else name for name in table.key)
    return f"SELECT {', '.join(table.columns)} FROM {schema}.{table.name} WHERE host = $1::uuid ORDER BY {key}"  # noqa: S608 - as above


def claim(schema: str) -> str:
    """Insert a host's row unless there is one; $1 is the host, $2 what tells its machine from others."""
    names = [name for name in HOSTS.types if name not in ("role", "machine")]
    empty = {"text": "''", "bigint": "-1"}
    values = ", ".join(empty[HOSTS.types[name]] for name in names)
    return (
        f"INSERT INTO {schema}.host (host, role, machine, {', '.join(names)}) "  # noqa: S608 - as above
        f"VALUES ($1::uuid, current_user, $2::text, {values}) ON CONFLICT (host) DO NOTHING"
    )


def read_host(schema: str, *, to_write: bool = False) -> str:
    """A host's ($1) row, all columns but the host; `to_write`: if this login may write it, and locked from then on."""
    lock = " FOR UPDATE" if to_write else ""
    return f"SELECT {', '.join(HOSTS.columns)} FROM {schema}.host WHERE host = $1::uuid{lock}"  # noqa: S608 - as above


@cache
def replace_host(schema: str) -> str:
    """Replace all columns of a host's ($1) row but its role, where they have certain values; it is locked from then on.

    The new values are given in the order of the columns, then the former ones.
    """
    kinds = {name: kind for name, kind in HOSTS.types.items() if name != "role"}
    changes = (f"{name} = ${place}::{kind}" for place, (name, kind) in enumerate(kinds.items(), start=2))
    former = (f"{name} = ${place}::{kind}" for place, (name, kind) in enumerate(kinds.items(), start=2 + len(kinds)))
    return f"UPDATE {schema}.host SET {', '.join(changes)} WHERE host = $1::uuid AND {' AND '.join(former)}"  # noqa: S608 - as above
