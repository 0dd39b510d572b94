"""What the request meter keeps besides usage: what is not merged yet, the log, batch ids, notes of doors, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.counter_bases import read_bases, write_bases
from exporter.meters.requests import past_rows_store, past_store
from exporter.meters.requests.log_store import STEP, RequestLog
from exporter.meters.requests.log_store import TABLES as LOG_TABLES
from exporter.meters.requests.service_keys import ServiceKey
from reports.calendar.days import DAY_SECONDS
from reports.ledger.cardinality import merged_distinct, readable
from reports.ledger.clients import client_counts
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from exporter.metering.postings import MeterCheckpoint
    from exporter.metering.samples import EventBounds
    from exporter.metering.subjects import Subject
    from exporter.meters.requests.clients import ClientRow
    from exporter.meters.requests.events import Event
    from exporter.meters.requests.service_keys import KeyChange

TABLES = (
    *LOG_TABLES,
    *past_rows_store.TABLES,
    # What a crash would lose of sketches and clients: one row a posting until they are merged into slots and days.
    "CREATE TABLE IF NOT EXISTS request_recent (number INTEGER PRIMARY KEY, merging BLOB NOT NULL) STRICT",
    # In the order in which they came: the oldest are pruned.
    """CREATE TABLE IF NOT EXISTS request_batch (
      number INTEGER PRIMARY KEY, service TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (service, id)
    ) STRICT""",
    "CREATE TABLE IF NOT EXISTS request_note (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    # Salts of privacy: no backup has them, and what is deleted is overwritten.
    "CREATE TABLE IF NOT EXISTS request_secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS request_key (
      id INTEGER PRIMARY KEY, service TEXT NOT NULL, right TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
      created INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0
    ) STRICT""",
    # By local day: a sketch of different clients, and the busiest ones with their counts, as privacy leaves them.
    """CREATE TABLE IF NOT EXISTS request_client (
      day INTEGER NOT NULL, service TEXT NOT NULL, clients BLOB NOT NULL, busiest TEXT NOT NULL,
      PRIMARY KEY (day, service)
    ) STRICT, WITHOUT ROWID""",
)
PUT_KEY = """
INSERT INTO request_key (id, service, right, hash, created, revoked) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET revoked = excluded.revoked
"""


GET_CLIENTS = "SELECT clients, busiest FROM request_client WHERE day = ? AND service = ?"
NEWEST_CLIENTS = """
SELECT day, service, clients FROM request_client WHERE day = (SELECT max(day) FROM request_client)
"""
OLD_CLIENTS = "SELECT day, service, clients FROM request_client WHERE day < ? AND busiest <> '' LIMIT ?"
DELETE_BATCHES = """
DELETE FROM request_batch WHERE number IN (SELECT number FROM request_batch ORDER BY number LIMIT ?)
AND (at < ? OR number <= (SELECT max(number) FROM request_batch) - ?)
"""
MOST_BATCHES = 100_000
"""Ids of batches that the ledger keeps of a day; of more, the newest."""

CLIENT_STEP = 50
"""Days of clients that are made coarse in one transaction."""


class LogLoss:
    """How many events a full disk has cost the request log: counted by the writer, read once its posting is in."""

    __slots__ = ("given_up", "unwritten")

    def __init__(self) -> None:
        """Begin with none."""
        self.unwritten = self.given_up = 0

    @property
    def events(self) -> int:
        """Events of the posting that are not in the log, and older ones that have left it for what is counted."""
        return self.unwritten + self.given_up


class HeldRequests(NamedTuple):
    """What the ledger holds: what is not merged yet, notes, keys, secrets, the clients of the newest day.

    Those are the day's number, the service, and the sketch.
    """

    recent: Sequence[bytes] = ()
    notes: Mapping[str, str] = {}
    keys: Sequence[ServiceKey] = ()
    secrets: Mapping[str, str] = {}
    clients: Sequence[tuple[int, str, bytes]] = ()
    bases: Mapping[Subject, tuple[int, ...]] = {}


class RequestCheckpoint(NamedTuple):
    """What goes into the ledger with a posting.

    `merging` is what the posting has not merged; with `is_merged` all that was held of the kind is merged. `at` is UTC
    seconds; the `log` goes on behind `number`. Notes and secrets of "" are deleted.
    """

    at: int
    merging: bytes = b""
    is_merged: bool = False
    number: int = 0
    log: Sequence[Event] = ()
    batches: Sequence[tuple[str, str]] = ()
    notes: Mapping[str, str] = {}
    key_changes: Sequence[KeyChange] = ()
    clients: Sequence[ClientRow] = ()
    secrets: Mapping[str, str] = {}
    loss: LogLoss | None = None
    bases: Mapping[Subject, tuple[int, ...]] = {}


class RequestStore:
    """Writes a checkpoint, and reads what is resumed from."""

    spec = REQUEST

    def __init__(self) -> None:
        """Remember nothing."""
        self._log = RequestLog()
        self._given_up = 0
        self._pasts: tuple[int, int] = (0, 0)

    def statements(self) -> tuple[str, ...]:
        """The meter's own tables."""
        return TABLES

    def read(self, connection: sqlite3.Connection) -> HeldRequests:
        """What was written last."""
        execute = connection.execute
        held = {name for (name,) in execute("SELECT name FROM sqlite_master WHERE name LIKE 'request%'")}
        if "request_secret" not in held:  # a ledger that can only be read, of an older netledger
            return HeldRequests()
        return HeldRequests(
            [row[0] for row in execute("SELECT merging FROM request_recent ORDER BY number")],
            dict(execute("SELECT name, value FROM request_note")),
            read_keys(connection),
            dict(execute("SELECT name, value FROM request_secret")),
            execute(NEWEST_CLIENTS).fetchall(),
            read_bases(connection, REQUEST),
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
        connection.executemany("INSERT OR IGNORE INTO request_batch (service, id, at) VALUES (?, ?, ?)", rows)
        _put_texts(connection, "request_note", state.notes)
        if state.secrets:
            connection.execute("PRAGMA secure_delete = ON")
            _put_texts(connection, "request_secret", state.secrets)
            connection.execute("PRAGMA secure_delete = FAST")
        connection.executemany(PUT_KEY, (change.key for change in state.key_changes))
        write_bases(connection, state.bases, id_of)
        for row in state.clients:
            _merge_clients(connection, row)
        self._log.write(connection, state.at, state.number, state.log, id_of)
        if state.loss is not None:
            state.loss.given_up, self._given_up = state.loss.given_up + self._given_up, 0
            if state.log:
                state.loss.unwritten = 0

    def forget(self) -> None:
        """Names get their ids anew."""
        self._log.forget()

    def tidy(self, connection: sqlite3.Connection, now: int, bounds: EventBounds, *, is_full: bool) -> bool:
        """Delete a bounded part of what the log and ids of batches hold too long; True if there is more.

        The busiest clients are kept as long as the log is; so are hashes of single clients.
        """
        if (pasts := past_store.marks(connection)) != self._pasts:
            self._log.count_anew()
            self._pasts = pasts
        is_more = self._log.tidy(connection, now, bounds, is_full=is_full)
        deleted = connection.execute(DELETE_BATCHES, (STEP, now - DAY_SECONDS, MOST_BATCHES)).rowcount
        first_day = (now - bounds.seconds) // DAY_SECONDS - 1
        old = connection.execute(OLD_CLIENTS, (first_day, CLIENT_STEP)).fetchall()
        for day, service, sketch in old:
            distinct = readable(sketch)
            distinct.coarsen()
            change = "UPDATE request_client SET clients = ?, busiest = '' WHERE day = ? AND service = ?"
            connection.execute(change, (distinct.encoded(), day, service))
        of_past = past_rows_store.coarsen_clients(connection, first_day)
        return is_more or deleted >= STEP or max(len(old), of_past) >= CLIENT_STEP

    def has_events(self, connection: sqlite3.Connection) -> bool:
        """True if the log has a row."""
        return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM request_log)").fetchone()[0])

    def give_up(self, connection: sqlite3.Connection) -> int:
        """Delete the oldest rows of the log, as the disk is full; returns how many."""
        deleted = self._log.give_up(connection)
        self._given_up += deleted
        return deleted

    def fold(self, connection: sqlite3.Connection) -> None:
        """Subjects (temp.gone: id, target) are folded together."""
        self._log.fold(connection)
        past_rows_store.fold(connection)

    def delete_slots(self, connection: sqlite3.Connection, before: int) -> int:
        """Delete imported slots of before an instant."""
        return past_rows_store.delete_slots(connection, before)

    def lighter(self, checkpoint: MeterCheckpoint) -> MeterCheckpoint:
        """The checkpoint without the rows of the request log; itself where it has none."""
        state = checkpoint.state
        if not isinstance(state, RequestCheckpoint) or not state.log:
            return checkpoint
        if state.loss is not None:
            state.loss.unwritten = len(state.log)
        return checkpoint._replace(state=state._replace(log=()))


def read_keys(connection: sqlite3.Connection) -> list[ServiceKey]:
    """Every key of a ledger."""
    rows = connection.execute("SELECT id, service, right, hash, created, revoked FROM request_key")
    return [ServiceKey(*row) for row in rows]


def write_keys(connection: sqlite3.Connection, keys: Sequence[ServiceKey]) -> None:
    """Write rows of keys, all or none, into a ledger that no service writes."""
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(PUT_KEY, keys)
    connection.execute("COMMIT")


def _put_texts(connection: sqlite3.Connection, table: str, texts: Mapping[str, str]) -> None:
    for name, value in texts.items():
        if value:
            connection.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (name, value))  # noqa: S608 - a table of this file
        else:
            connection.execute(f"DELETE FROM {table} WHERE name = ?", (name,))  # noqa: S608 - as above


def _merge_clients(connection: sqlite3.Connection, row: ClientRow) -> None:
    """Merge clients into those that the ledger has of the service and day; damaged ones count as none."""
    sketch, busiest = row.clients, row.busiest
    held = connection.execute(GET_CLIENTS, (row.day, row.service)).fetchone()
    if held is not None:
        sketch = merged_distinct([held[0], sketch]).encoded()
        busiest = client_counts(held[1]).plus(busiest)
    values = (row.day, row.service, sketch, busiest.text())
    connection.execute("INSERT OR REPLACE INTO request_client VALUES (?, ?, ?, ?)", values)
