"""Requests that other programs have counted, in tables of their own: they are read with ours, and taken back whole.

An import comes in parts, each in a transaction; answers have it once it is whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.log_store import IMPORTED_LOG, LOG
from exporter.meters.requests.past_rows_store import log_numbers
from reports.calendar.days import day_from_number, day_start

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from zoneinfo import ZoneInfo

LONGEST_DAY = 25 * 3600


OWN_SLOTS = """
SELECT k.service, min(u.slot) FROM request_slot AS u JOIN request_subject AS k USING (subject) GROUP BY k.service
"""


OWN_DAYS = """
SELECT k.service, min(u.day) FROM request_day AS u JOIN request_subject AS k USING (subject) GROUP BY k.service
"""


PUT_PAST = "INSERT INTO request_past (source, kind, identity, digest, at) VALUES (?, ?, ?, ?, ?) RETURNING id"


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


def names(connection: sqlite3.Connection) -> list[str]:
    """The names of imports that are whole."""
    return [name for (name,) in connection.execute("SELECT source FROM request_past WHERE is_whole")]


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


def add_sums(connection: sqlite3.Connection, number: int, sums: Iterable[ServiceSums]) -> None:
    """Add to what an import has of services, and count the part."""
    connection.executemany(COUNT, ({"past": number, **each._asdict()} for each in sums))
    connection.execute("UPDATE request_past SET parts = parts + 1 WHERE id = ?", (number,))


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
    among = log_numbers(number)
    connection.execute("INSERT INTO request_log SELECT * FROM request_past_log WHERE number BETWEEN ? AND ?", among)
    connection.execute("DELETE FROM request_past_log WHERE number BETWEEN ? AND ?", among)
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
    for table in (LOG, IMPORTED_LOG):
        execute(f"DELETE FROM {table} WHERE number BETWEEN ? AND ?", log_numbers(number))  # noqa: S608 - as above
    execute("DELETE FROM request_past WHERE id = ?", (number,))
    alone = execute(ALONE).fetchall()
    connection.executemany("DELETE FROM request_subject WHERE subject = ?", alone)
    connection.executemany("DELETE FROM subject WHERE id = ?", alone)
    return rows


def marks(connection: sqlite3.Connection) -> tuple[int, int]:
    """What changes with every import that is whole, or is taken back."""
    count, newest = connection.execute(
        "SELECT count(*), ifnull(max(id), 0) FROM request_past WHERE is_whole"
    ).fetchone()
    return count, newest
