"""Requests that other programs have counted, in tables of their own: they are read with ours, and taken back whole.

An import comes in parts, each in a transaction; answers have it once it is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.writing.statements import NEXT_POSTING, PUT_SUBJECT, put_facts
from exporter.meters.requests.clients import CLIENTS_KEY, new_key
from reports.calendar.days import day_from_number, day_start
from reports.ledger.cardinality import merged_distinct, readable
from reports.ledger.clients import client_counts
from reports.ledger.shape import REQUEST, key_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

    from exporter.meters.requests.clients import ClientRow

    UsageRows = Mapping[tuple[int, "Key"], tuple[int | bytes, ...]]
    """Sums, peaks and sketches by time and subject."""

GRAINS = ("slot", "day")
CLIENT_STEP = 50
"""Days of clients that are made coarse at once."""

LONGEST_DAY = 25 * 3600
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
      at INTEGER NOT NULL, parts INTEGER NOT NULL DEFAULT 0, is_whole INTEGER NOT NULL DEFAULT 0
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
OWN_SLOTS = """
SELECT k.service, min(u.slot) FROM request_slot AS u JOIN request_subject AS k USING (subject) GROUP BY k.service
"""
OWN_DAYS = """
SELECT k.service, min(u.day) FROM request_day AS u JOIN request_subject AS k USING (subject) GROUP BY k.service
"""
PUT_PAST = "INSERT INTO request_past (source, kind, identity, digest, at) VALUES (?, ?, ?, ?, ?) RETURNING id"
PUT_CLIENTS = "INSERT OR REPLACE INTO request_past_client VALUES (?, ?, ?, ?, ?)"
COUNT = """
UPDATE request_past_service SET requests = requests + :requests, errors = errors + :errors,
  first = min(ifnull(first, :first), :first), last = max(ifnull(last, :last), :last)
WHERE past = :past AND service = :service
"""
ALONE = """
SELECT subject FROM temp.taken_back WHERE subject NOT IN (SELECT subject FROM request_day)
AND subject NOT IN (SELECT subject FROM request_past_day) AND subject NOT IN (SELECT subject FROM request_log)
"""


class HeldPast(NamedTuple):
    """An import that is whole; `began` are the services with the time at which netledger began to count them."""

    id: int
    kind: str
    identity: str
    digest: str
    began: Mapping[str, int | None]


class ServiceSums(NamedTuple):
    """What a part has of one service; times are UTC microseconds."""

    service: str
    requests: int
    errors: int
    first: int
    last: int


Key = tuple[str, str, str, str]


def is_there(connection: sqlite3.Connection) -> bool:
    """True if the ledger has the tables, as one that an older netledger wrote last may not."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'request_past'").fetchone() is not None


def own_begins(connection: sqlite3.Connection, zone: ZoneInfo, slots_since: int) -> dict[str, int]:
    """When netledger began to count each service itself (UTC microseconds).

    Of a day before `slots_since` (UTC seconds) some slots are not kept any longer: all of it is its own.
    """
    slots = dict(connection.execute(OWN_SLOTS))
    found = {}
    for service, day in connection.execute(OWN_DAYS):
        start, slot = day_start(day_from_number(day), zone), slots.get(service)
        if slot is None or start < slots_since or slot - start >= LONGEST_DAY:
            slot = start
        found[service] = 1_000_000 * slot
    return found


def held_past(connection: sqlite3.Connection, source: str) -> HeldPast | None:
    """The import under this name that is whole."""
    query = "SELECT id, kind, identity, digest FROM request_past WHERE source = ? AND is_whole"
    row = connection.execute(query, (source,)).fetchone()
    if row is None:
        return None
    services = "SELECT service, began FROM request_past_service WHERE past = ?"
    number, kind, identity, digest = row
    return HeldPast(number, kind, identity, digest, dict(connection.execute(services, (number,))))


def sources_by_service(connection: sqlite3.Connection) -> dict[str, str]:
    """The source that has brought each service."""
    query = """
        SELECT service, source FROM request_past_service JOIN request_past ON id = past WHERE is_whole AND requests > 0
    """
    return dict(connection.execute(query))


def begin(
    connection: sqlite3.Connection, facts: tuple[str, str, str, str, int], began: Mapping[str, int | None]
) -> int:
    """Begin an import: source, kind, identity, digest, when (UTC seconds); returns its number."""
    for (number,) in connection.execute(
        "SELECT id FROM request_past WHERE source = ? AND NOT is_whole", facts[:1]
    ).fetchall():
        delete(connection, number)
    (number,) = connection.execute(PUT_PAST, facts).fetchone()
    connection.executemany(
        "INSERT INTO request_past_service (past, service, began) VALUES (?, ?, ?)",
        ((number, service, at) for service, at in began.items()),
    )
    return int(number)


def parts_of(connection: sqlite3.Connection, number: int) -> int | None:
    """How many parts of an import are in the ledger; None where there is no such import, or it is whole."""
    query = "SELECT parts FROM request_past WHERE id = ? AND NOT is_whole"
    row = connection.execute(query, (number,)).fetchone()
    return None if row is None else int(row[0])


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


def add_sums(connection: sqlite3.Connection, number: int, sums: Iterable[ServiceSums]) -> None:
    """Add to what an import has of services, and count the part."""
    connection.executemany(COUNT, ({"past": number, **each._asdict()} for each in sums))
    connection.execute("UPDATE request_past SET parts = parts + 1 WHERE id = ?", (number,))


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


def services_of(connection: sqlite3.Connection, number: int) -> set[str]:
    """The services of an import."""
    query = "SELECT service FROM request_past_service WHERE past = ?"
    return {service for (service,) in connection.execute(query, (number,))}


def sums_of(connection: sqlite3.Connection, number: int) -> list[ServiceSums]:
    """What an import has of services, without those of which it has nothing."""
    columns = ", ".join(ServiceSums._fields)
    query = f"SELECT {columns} FROM request_past_service WHERE past = ? AND requests > 0"  # noqa: S608 - our own names
    return [ServiceSums(*row) for row in connection.execute(query, (number,))]


def finish(connection: sqlite3.Connection, number: int) -> list[ServiceSums]:
    """Let answers have an import, in place of the one before it; returns what that had."""
    (source,) = connection.execute("SELECT source FROM request_past WHERE id = ?", (number,)).fetchone()
    held, before = held_past(connection, source), list[ServiceSums]()
    if held is not None:
        before = sums_of(connection, held.id)
        delete(connection, held.id)
    connection.execute("UPDATE request_past SET is_whole = 1 WHERE id = ?", (number,))
    return before


def delete(connection: sqlite3.Connection, number: int) -> int:
    """Delete an import, and subjects that it has brought alone; returns the number of its days' rows."""
    execute = connection.execute
    execute("CREATE TEMP TABLE IF NOT EXISTS taken_back (subject INTEGER PRIMARY KEY)")
    execute("DELETE FROM temp.taken_back")
    execute("INSERT INTO temp.taken_back SELECT DISTINCT subject FROM request_past_day WHERE past = ?", (number,))
    rows = execute("DELETE FROM request_past_day WHERE past = ?", (number,)).rowcount
    for table in ("request_past_slot", "request_past_client", "request_past_service"):
        execute(f"DELETE FROM {table} WHERE past = ?", (number,))  # noqa: S608 - tables of this file
    execute("DELETE FROM request_past WHERE id = ?", (number,))
    alone = execute(ALONE).fetchall()
    connection.executemany("DELETE FROM request_subject WHERE subject = ?", alone)
    connection.executemany("DELETE FROM subject WHERE id = ?", alone)
    return rows


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
