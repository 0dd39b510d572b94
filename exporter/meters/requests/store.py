"""What the request meter keeps besides usage: what is not merged yet, the log, batch ids, notes of doors, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.subjects import Subject
from exporter.meters.requests.service_keys import ServiceKey
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from exporter.metering.postings import MeterCheckpoint
    from exporter.meters.requests.events import Event
    from exporter.meters.requests.service_keys import KeyChange

TABLES = (
    # What a crash would lose of sketches and clients: one row a posting until they are merged into slots and days.
    "CREATE TABLE IF NOT EXISTS request_recent (number INTEGER PRIMARY KEY, merging BLOB NOT NULL) STRICT",
    """CREATE TABLE IF NOT EXISTS request_batch (
      service TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (service, id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE TABLE IF NOT EXISTS request_note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS request_key (
      id INTEGER PRIMARY KEY, service TEXT NOT NULL, right TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
      created INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    "CREATE TABLE IF NOT EXISTS request_service (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE IF NOT EXISTS request_agent (id INTEGER PRIMARY KEY, agent TEXT NOT NULL UNIQUE) STRICT",
    # `subject` holds method, route and code; `path` is "" where it is the route; `at` and `duration` are microseconds.
    """CREATE TABLE IF NOT EXISTS request_log (
      service INTEGER NOT NULL, at INTEGER NOT NULL, number INTEGER NOT NULL, subject INTEGER NOT NULL,
      path TEXT NOT NULL, client TEXT NOT NULL, duration INTEGER, request_bytes INTEGER NOT NULL,
      response_bytes INTEGER NOT NULL, agent INTEGER NOT NULL, user TEXT NOT NULL,
      PRIMARY KEY (service, at, number)
    ) STRICT, WITHOUT ROWID""",
    # By local day: a sketch of different clients, and the busiest ones with their counts, as privacy leaves them.
    """CREATE TABLE IF NOT EXISTS request_client (
      day INTEGER NOT NULL, service TEXT NOT NULL, clients BLOB NOT NULL, busiest TEXT NOT NULL,
      PRIMARY KEY (day, service)
    ) STRICT, WITHOUT ROWID""",
)
MOST_NAMES = 10_000
"""Ids of services and agents that are remembered between postings."""

PUT_LOG = "INSERT INTO request_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
PUT_KEY = """
INSERT INTO request_key (id, service, right, hash, created, revoked) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET revoked = excluded.revoked
"""


class HeldRequests(NamedTuple):
    """What the ledger holds: what is not merged yet, the newest number of the log, notes, keys."""

    recent: Sequence[bytes] = ()
    number: int = 0
    notes: Mapping[str, str] = {}
    keys: Sequence[ServiceKey] = ()


class RequestCheckpoint(NamedTuple):
    """What goes into the ledger with a posting.

    `merging` is what the posting has not merged; with `is_merged` all that was held of the kind is merged. `at` is UTC
    seconds; the `log` goes on behind `number`.
    """

    at: int
    merging: bytes = b""
    is_merged: bool = False
    number: int = 0
    log: Sequence[Event] = ()
    batches: Sequence[tuple[str, str]] = ()
    notes: Mapping[str, str] = {}
    key_changes: Sequence[KeyChange] = ()


class RequestStore:
    """Writes a checkpoint, and reads what is resumed from."""

    spec = REQUEST

    def __init__(self) -> None:
        """Remember nothing."""
        self._services: dict[str, int] = {}
        self._agents: dict[str, int] = {"": 0}

    def statements(self) -> tuple[str, ...]:
        """The meter's own tables."""
        return TABLES

    def read(self, connection: sqlite3.Connection) -> HeldRequests:
        """What was written last."""
        execute = connection.execute
        held = {name for (name,) in execute("SELECT name FROM sqlite_master WHERE name LIKE 'request%'")}
        if "request_key" not in held:  # a ledger that can only be read, of an older netledger
            return HeldRequests()
        return HeldRequests(
            [row[0] for row in execute("SELECT merging FROM request_recent ORDER BY number")],
            execute("SELECT ifnull(max(number), 0) FROM request_log").fetchone()[0],
            dict(execute("SELECT name, value FROM request_note")),
            [ServiceKey(*row) for row in execute("SELECT id, service, right, hash, created, revoked FROM request_key")],
        )

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        """Write a checkpoint."""
        state = checkpoint.state
        if not isinstance(state, RequestCheckpoint):
            return
        if state.is_merged:
            connection.execute("DELETE FROM request_recent")
        if state.merging:
            connection.execute("INSERT INTO request_recent (merging) VALUES (?)", (state.merging,))
        rows = ((service, batch, state.at) for service, batch in state.batches)
        connection.executemany("INSERT OR IGNORE INTO request_batch VALUES (?, ?, ?)", rows)
        for name, value in state.notes.items():
            if value:
                connection.execute("INSERT OR REPLACE INTO request_note VALUES (?, ?)", (name, value))
            else:
                connection.execute("DELETE FROM request_note WHERE name = ?", (name,))
        connection.executemany(PUT_KEY, (change.key for change in state.key_changes))
        self._write_log(connection, state.number, state.log, id_of)

    def forget(self) -> None:
        """Names get their ids anew."""
        self._services.clear()
        self._agents = {"": 0}

    def _write_log(
        self, connection: sqlite3.Connection, last: int, log: Sequence[Event], id_of: Callable[[Subject], int]
    ) -> None:
        subjects: dict[tuple[str, str, str, int], tuple[int, int]] = {}
        agents = self._agents
        rows = []
        for number, event in enumerate(log, last + 1):
            service, at, method, route, code, duration, received, sent, path, client, agent, user = event
            ids = subjects.get((service, method, route, code))
            if ids is None:
                subject = id_of(Subject(REQUEST.name, (service, method, route, str(code))))
                service_id = self._services.get(service) or self._id(connection, "service", "name", service)
                ids = subjects[service, method, route, code] = (service_id, subject)
            agent_id = agents.get(agent)
            if agent_id is None:
                agent_id = self._id(connection, "agent", "agent", agent)
            rows.append((ids[0], at, number, ids[1], path, client, duration, received, sent, agent_id, user))
        connection.executemany(PUT_LOG, rows)

    def _id(self, connection: sqlite3.Connection, table: str, column: str, text: str) -> int:
        known = self._services if table == "service" else self._agents
        query = f"SELECT id FROM request_{table} WHERE {column} = ?"  # noqa: S608 - names of this file
        row = connection.execute(query, (text,)).fetchone()
        if row is None:
            put = f"INSERT INTO request_{table} ({column}) VALUES (?) RETURNING id"  # noqa: S608 - as above
            row = connection.execute(put, (text,)).fetchone()
        if len(known) > MOST_NAMES:
            known.clear()
        known[text] = row[0]
        return int(row[0])
