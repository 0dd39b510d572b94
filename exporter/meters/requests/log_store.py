"""The request log in the ledger: written with postings, pruned by age and number in bounded steps."""

from __future__ import annotations

from heapq import merge
from itertools import chain, count, islice
from typing import TYPE_CHECKING

from exporter.metering.subjects import Subject
from reports.calendar.days import DAY_SECONDS
from reports.ledger.addresses import packed_client
from reports.ledger.shape import OTHER, REQUEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from exporter.metering.samples import EventBounds
    from exporter.meters.requests.events import Event

LOG, IMPORTED_LOG = "request_log", "request_past_log"

TABLES = (
    "CREATE TABLE IF NOT EXISTS request_service (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT",
    # `seen` is the last UTC day (its number) on which a request with it was written.
    """CREATE TABLE IF NOT EXISTS request_agent (
      id INTEGER PRIMARY KEY, agent TEXT NOT NULL UNIQUE, seen INTEGER NOT NULL
    ) STRICT""",
    # `subject` holds method, route and code; `path` is "" where it is the route; `at` and `duration` are microseconds;
    # `client` are bytes, as packed_client has them. An import's rows wait in a table of their own until it is whole.
    *(
        f"""CREATE TABLE IF NOT EXISTS {table} (
      service INTEGER NOT NULL, at INTEGER NOT NULL, number INTEGER NOT NULL, subject INTEGER NOT NULL,
      path TEXT NOT NULL, client ANY NOT NULL, duration INTEGER, request_bytes INTEGER NOT NULL,
      response_bytes INTEGER NOT NULL, agent INTEGER NOT NULL, user TEXT NOT NULL,
      PRIMARY KEY (service, at, number)
    ) STRICT, WITHOUT ROWID"""
        for table in (LOG, IMPORTED_LOG)
    ),
)
MOST_NAMES = 4096
"""Ids of agents that are remembered between postings."""

STEP = 2000
"""Rows that are deleted in one transaction: about 10 ms."""

COLUMNS, PUT_ROWS = 11, 32
"""Columns of the log, and rows that one statement puts: 32 at once take two thirds of the time of 32 statements."""

_ROW = f"({', '.join('?' * COLUMNS)})"
OLDEST = "SELECT at, number, service FROM request_log WHERE service = ? AND at < ? ORDER BY at, number LIMIT ?"
DELETE = "DELETE FROM request_log WHERE service = ? AND (at, number) <= (?, ?)"
NEVER = 2**62
FOLD = """
UPDATE {table} SET
  path = ifnull(nullif(path, ''), (SELECT route FROM request_subject AS k WHERE k.subject = {table}.subject)),
  subject = (SELECT target FROM temp.gone WHERE id = {table}.subject)
WHERE subject IN (SELECT id FROM temp.gone)
"""
DELETE_AGENTS = """
DELETE FROM request_agent WHERE id IN (SELECT id FROM request_agent WHERE seen < ? LIMIT ?)
"""
DELETE_SERVICES = """
DELETE FROM request_service WHERE NOT EXISTS (SELECT 1 FROM request_log WHERE service = request_service.id)
AND NOT EXISTS (SELECT 1 FROM request_past_log WHERE service = request_service.id)
"""


class RequestLog:
    """Writes and prunes the log, within transactions of the ledger."""

    def __init__(self, table: str = LOG) -> None:
        """Remember nothing."""
        self._put_one, self._put_many = (
            f"INSERT INTO {table} VALUES {', '.join([_ROW] * rows)}"  # noqa: S608 - marks of values
            for rows in (1, PUT_ROWS)
        )
        self.forget()

    def forget(self) -> None:
        """Names get their ids anew, and rows are counted anew."""
        self._services: dict[str, int] = {}
        self._agents: dict[str, int] = {"": 0}
        self._day = 0
        self._rows: int | None = None

    def count_anew(self) -> None:
        """Count rows anew: some have come or gone otherwise."""
        self._rows = None

    def write(
        self,
        connection: sqlite3.Connection,
        at: int,
        last: int,
        log: Sequence[Event],
        id_of: Callable[[Subject], int],
    ) -> None:
        """Write events at `at` (UTC seconds), numbered behind `last`."""
        if at // DAY_SECONDS != self._day:
            self._agents, self._day = {"": 0}, at // DAY_SECONDS
        if log:
            self._put(connection, list(self._rows_of(connection, last, log, id_of)))

    def _rows_of(
        self, connection: sqlite3.Connection, last: int, log: Sequence[Event], id_of: Callable[[Subject], int]
    ) -> Iterable[tuple[object, ...]]:
        """Rows of the table, made column by column: names that come again and again are asked for once."""
        services, at, methods, routes, codes, durations, received, sent, paths, clients, agents, users = zip(
            *log, strict=True
        )
        keys = list(zip(services, methods, routes, codes, strict=True))
        service_ids = {name: self._service(connection, name) for name in dict.fromkeys(services)}
        agent_ids = {name: self._agent(connection, name) for name in dict.fromkeys(agents)}
        subjects, others = {}, set()
        for key in dict.fromkeys(keys):
            subjects[key], is_other = _subject(id_of, (*key[:3], str(key[3])))
            if is_other:
                others.add(key)
        if others:
            paths = tuple(path or (key[2] if key in others else "") for path, key in zip(paths, keys, strict=True))
        return zip(
            map(service_ids.__getitem__, services),
            at,
            count(last + 1),
            map(subjects.__getitem__, keys),
            paths,
            map(packed_client, clients),
            durations,
            received,
            sent,
            map(agent_ids.__getitem__, agents),
            users,
        )

    def _put(self, connection: sqlite3.Connection, rows: list[tuple[object, ...]]) -> None:
        full = len(rows) - len(rows) % PUT_ROWS
        values = chain.from_iterable(rows[:full])
        many = (tuple(islice(values, COLUMNS * PUT_ROWS)) for _ in range(full // PUT_ROWS))
        connection.executemany(self._put_many, many)
        connection.executemany(self._put_one, rows[full:])
        if self._rows is not None:
            self._rows += len(rows)

    def tidy(self, connection: sqlite3.Connection, now: int, bounds: EventBounds, *, is_full: bool) -> bool:
        """Delete STEP rows at most, oldest first; True if there are more to delete."""
        services = [number for (number,) in connection.execute("SELECT id FROM request_service")]
        deleted = self._delete(connection, services, (now - bounds.seconds) * 1_000_000, STEP)
        if deleted < STEP:
            excess = STEP + 1 if is_full else self._count(connection) - bounds.rows
            deleted = self._delete(connection, services, NEVER, min(excess, STEP))
            if not deleted or (deleted == excess and not is_full):
                return self._prune_names(connection, now, services)
        return True

    def give_up(self, connection: sqlite3.Connection) -> int:
        """Delete the oldest rows, STEP at most, as the disk is full; returns how many."""
        services = [number for (number,) in connection.execute("SELECT id FROM request_service")]
        return self._delete(connection, services, NEVER, STEP)

    def fold(self, connection: sqlite3.Connection) -> None:
        """Let rows of folded subjects (temp.gone: id, target) be of the subject in their place; their path stays."""
        for table in (LOG, IMPORTED_LOG):
            connection.execute(FOLD.format(table=table))

    def _delete(self, connection: sqlite3.Connection, services: Sequence[int], before: int, most: int) -> int:
        """Delete the oldest rows of before an instant (UTC microseconds); returns how many."""
        by_service = [connection.execute(OLDEST, (service, before, most)) for service in services if most > 0]
        deleted, last = 0, dict[int, tuple[int, int]]()
        for at, number, service in islice(merge(*by_service), most if by_service else 0):
            last[service] = (at, number)
            deleted += 1
        connection.executemany(DELETE, ((service, *row) for service, row in last.items()))
        if self._rows is not None:
            self._rows -= deleted
        return deleted

    def _prune_names(self, connection: sqlite3.Connection, now: int, services: Sequence[int]) -> bool:
        """Delete agents and services that no row names: an event is a day older than its posting at most."""
        oldest = [connection.execute(OLDEST, (service, NEVER, 1)).fetchone() for service in services]
        first = min((row[0] // 1_000_000 for row in oldest if row), default=now)
        deleted = connection.execute(DELETE_AGENTS, (min(first, now) // DAY_SECONDS - 1, STEP)).rowcount
        gone = connection.execute(DELETE_SERVICES).rowcount
        if deleted or gone:
            self._services, self._agents = {}, {"": 0}
        return deleted >= STEP

    def _count(self, connection: sqlite3.Connection) -> int:
        if self._rows is None:
            self._rows = int(connection.execute("SELECT count(*) FROM request_log").fetchone()[0])
        return self._rows

    def _service(self, connection: sqlite3.Connection, name: str) -> int:
        if name in self._services:
            return self._services[name]
        connection.execute("INSERT OR IGNORE INTO request_service (name) VALUES (?)", (name,))
        row = connection.execute("SELECT id FROM request_service WHERE name = ?", (name,)).fetchone()
        if len(self._services) >= MOST_NAMES:
            self._services.clear()
        self._services[name] = row[0]
        return int(row[0])

    def _agent(self, connection: sqlite3.Connection, agent: str) -> int:
        if agent in self._agents:
            return self._agents[agent]
        row = connection.execute("SELECT id, seen FROM request_agent WHERE agent = ?", (agent,)).fetchone()
        if row is None:
            put = "INSERT INTO request_agent (agent, seen) VALUES (?, ?) RETURNING id, seen"
            row = connection.execute(put, (agent, self._day)).fetchone()
        elif row[1] < self._day:
            connection.execute("UPDATE request_agent SET seen = ? WHERE id = ?", (self._day, row[0]))
        if len(self._agents) >= MOST_NAMES:
            self._agents.clear()
            self._agents[""] = 0
        self._agents[agent] = row[0]
        return int(row[0])


def _subject(id_of: Callable[[Subject], int], key: tuple[str, ...]) -> tuple[int, bool]:
    """The id of a row's subject, and whether it is one of those beyond the most, which are counted as OTHER."""
    try:
        return id_of(Subject(REQUEST.name, key)), False
    except ValueError:
        return id_of(Subject(REQUEST.name, (OTHER,) * len(key))), True
