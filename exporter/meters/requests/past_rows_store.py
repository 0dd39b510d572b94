"""Rows of imported requests: by quarter hour and by day, their clients, and single requests, each with its import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.writing.statements import NEXT_POSTING, PUT_SUBJECT, put_facts
from exporter.meters.requests.clients import CLIENTS_KEY, new_key
from exporter.meters.requests.log_store import IMPORTED_LOG, RequestLog
from reports.ledger.cardinality import merged_distinct, readable
from reports.ledger.clients import client_counts
from reports.ledger.shape import REQUEST, key_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.metering.subjects import Subject
    from exporter.meters.requests.clients import ClientRow
    from exporter.meters.requests.events import Event

    UsageRows = Mapping[tuple[int, "Key"], tuple[int | bytes, ...]]
    """Sums, peaks and sketches by time and subject."""

GRAINS = ("slot", "day")


LOG_BITS = 33
"""Of the number of a row in the request log."""


CLIENT_STEP = 50
"""Days of clients that are made coarse at once."""


_ADDED = {
    **{name: f"{name} + excluded.{name}" for name in REQUEST.sums},
    **{name: f"max({name}, excluded.{name})" for name in REQUEST.peaks},
    **{name: f"sketch_plus({name}, excluded.{name})" for name in REQUEST.sketches},
}


_TYPES = {name: "BLOB" if name in REQUEST.sketches else "INTEGER" for name in _ADDED}


_USAGE = ", ".join(f"{name} {kind} NOT NULL" for name, kind in _TYPES.items())


TABLES = (
    # What was imported; `began` of a service is when netledger began to count it itself (microseconds).
    """CREATE TABLE IF NOT EXISTS request_past (
      id INTEGER PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, identity TEXT NOT NULL, digest TEXT NOT NULL,
      at INTEGER NOT NULL, parts INTEGER NOT NULL DEFAULT 0, logged INTEGER NOT NULL DEFAULT 0,
      is_whole INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    """CREATE TABLE IF NOT EXISTS request_past_service (
      past INTEGER NOT NULL, service TEXT NOT NULL, began INTEGER, first INTEGER, last INTEGER,
      requests INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (past, service)
    ) STRICT, WITHOUT ROWID""",
    *(
        f"""CREATE TABLE IF NOT EXISTS request_past_{grain} (
      {grain} INTEGER NOT NULL, subject INTEGER NOT NULL, past INTEGER NOT NULL, {_USAGE}, posting INTEGER NOT NULL,
      PRIMARY KEY ({grain}, subject, past)
    ) STRICT, WITHOUT ROWID"""
        for grain in GRAINS
    ),
    """CREATE TABLE IF NOT EXISTS request_past_client (
      day INTEGER NOT NULL, service TEXT NOT NULL, past INTEGER NOT NULL, clients BLOB NOT NULL, busiest TEXT NOT NULL,
      PRIMARY KEY (day, service, past)
    ) STRICT, WITHOUT ROWID""",
)


PUT_CLIENTS = "INSERT OR REPLACE INTO request_past_client VALUES (?, ?, ?, ?, ?)"


Key = tuple[str, str, str, str]


def log_numbers(number: int) -> tuple[int, int]:
    """The numbers of an import's rows in the request log: above those of netledger's own, and exact in JSON."""
    return 2**52 + (number << LOG_BITS), 2**52 + ((number + 1) << LOG_BITS) - 1


def _key(subject: Subject) -> Key:
    service, method, route, code = subject.key
    return service, method, route, code


def add_usage(connection: sqlite3.Connection, number: int, grain: str, rows: UsageRows, ids: Mapping[Key, int]) -> None:
    """Add rows of a grain to those of an import."""
    posting = connection.execute(NEXT_POSTING).fetchone()[0]
    changes = ", ".join(f"{name} = {sum_}" for name, sum_ in _ADDED.items())
    marks = ", ".join("?" * (4 + len(_ADDED)))
    connection.executemany(
        f"INSERT INTO request_past_{grain} VALUES ({marks}) "  # noqa: S608 - names of the spec
        f"ON CONFLICT ({grain}, subject, past) DO UPDATE SET {changes}, posting = excluded.posting",
        ((time, ids[key], number, *measures, posting) for (time, key), measures in rows.items()),
    )


def add_clients(connection: sqlite3.Connection, number: int, rows: Iterable[ClientRow]) -> None:
    """Merge clients into those that an import has."""
    query = "SELECT clients, busiest FROM request_past_client WHERE day = ? AND service = ? AND past = ?"
    for day, service, clients, busiest in rows:
        sketch, counts = clients, busiest
        held = connection.execute(query, (day, service, number)).fetchone()
        if held is not None:
            sketch = merged_distinct([held[0], sketch]).encoded()
            counts = client_counts(held[1]).plus(counts)
        connection.execute(PUT_CLIENTS, (day, service, number, sketch, counts.text()))


def add_log(
    connection: sqlite3.Connection, number: int, events: Sequence[Event], ids: Mapping[Key, int], now: int
) -> None:
    """Add single requests to those of an import that wait until it is whole."""
    query = "SELECT logged FROM request_past WHERE id = ?"
    (logged,) = connection.execute(query, (number,)).fetchone()
    first, _ = log_numbers(number)
    RequestLog(IMPORTED_LOG).write(connection, now, first + logged - 1, events, lambda subject: ids[_key(subject)])
    connection.execute("UPDATE request_past SET logged = logged + ? WHERE id = ?", (len(events), number))


def subject_ids(connection: sqlite3.Connection, keys: Iterable[Key], now: int) -> dict[Key, int]:
    """The ids of subjects; those that the ledger has never met are new (`now` is UTC seconds)."""
    query, found = "SELECT id FROM subject WHERE meter = ? AND key = ?", {}
    for key in keys:
        row = connection.execute(query, (REQUEST.name, key_text(key))).fetchone()
        if row is None:
            connection.execute(PUT_SUBJECT, (REQUEST.name, key_text(key), now, now))
            row = connection.execute(query, (REQUEST.name, key_text(key))).fetchone()
            connection.execute(put_facts(REQUEST), (row[0], *key))
        found[key] = int(row[0])
    return found


def known_routes(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Routes of services that have rows."""
    found: dict[str, set[str]] = {}
    for service, route in connection.execute("SELECT DISTINCT service, route FROM request_subject"):
        found.setdefault(service, set()).add(route)
    return found


def fold(connection: sqlite3.Connection) -> None:
    """Let rows of folded subjects (temp.gone: id, target) be of the subject in their place."""
    columns = ", ".join(_ADDED)
    changes = ", ".join(f"{name} = {sum_}" for name, sum_ in _ADDED.items())
    for grain in GRAINS:
        table = f"request_past_{grain}"
        connection.execute(
            f"INSERT INTO {table} ({grain}, subject, past, {columns}, posting) "  # noqa: S608 - tables of this file
            f"SELECT u.{grain}, g.target, u.past, {', '.join(f'u.{name}' for name in _ADDED)}, ({NEXT_POSTING}) "
            f"FROM {table} AS u JOIN temp.gone AS g ON g.id = u.subject WHERE true "
            f"ON CONFLICT ({grain}, subject, past) DO UPDATE SET {changes}, posting = excluded.posting"
        )
        connection.execute(f"DELETE FROM {table} WHERE subject IN (SELECT id FROM temp.gone)")  # noqa: S608 - as above


def delete_slots(connection: sqlite3.Connection, before: int) -> int:
    """Delete slots of before an instant (UTC seconds); returns how many."""
    return connection.execute("DELETE FROM request_past_slot WHERE slot < ?", (before,)).rowcount


def clients_key(connection: sqlite3.Connection) -> str:
    """The key of all sketches of the ledger's clients."""
    connection.execute("INSERT OR IGNORE INTO request_note (name, value) VALUES (?, ?)", (CLIENTS_KEY, new_key()))
    (key,) = connection.execute("SELECT value FROM request_note WHERE name = ?", (CLIENTS_KEY,)).fetchone()
    return str(key)


def coarsen_clients(connection: sqlite3.Connection, before: int) -> int:
    """Make a bounded number of clients of days before one (its number) coarse; returns of how many days."""
    query = """
        SELECT day, service, past, clients FROM request_past_client WHERE day < ? AND busiest <> '' LIMIT ?
    """
    old = connection.execute(query, (before, CLIENT_STEP)).fetchall()
    for day, service, past, sketch in old:
        distinct = readable(sketch)
        distinct.coarsen()
        connection.execute(PUT_CLIENTS, (day, service, past, distinct.encoded(), ""))
    return len(old)
