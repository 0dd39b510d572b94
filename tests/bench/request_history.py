"""A ledger with a month of one service's requests, as the request meter would have written it."""

from __future__ import annotations

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import tzlocal

from exporter.ledger.schema import migrate
from exporter.meters.requests.store import TABLES
from reports.calendar.days import day_number, day_of
from reports.ledger.addresses import packed_client
from reports.ledger.cardinality import Distinct
from reports.ledger.clients import ClientCounts
from reports.ledger.shape import ALL, COMPLEMENT, REQUEST, key_text
from reports.ledger.sketches import bucket_of, encoded, merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

DAYS, ROUTES, CODES = 29, 60, ("200", "404", "500")
"""Days before now; the request log keeps 30."""
SHARES = (0.95, 0.04, 0.01)
SERVICE, AGENTS, CLIENTS, DAILY_CLIENTS = "shop", 40, 20_000, 3_000
LOGGED = 1_000_000
TIMES, SKETCHES = 10_007, 50
"""Different times, log-normal with 5 ms in the median, and sketches of them, of which routes have one each day."""

SUMS = ", ".join((*REQUEST.sums, *REQUEST.peaks))


class RequestHistory(NamedTuple):
    """A written ledger: its first and last local day, and the oldest requests of its log as (microseconds, number)."""

    path: Path
    first: str
    last: str
    oldest: Sequence[tuple[int, int]]


def seed_requests(path: Path, events: int) -> RequestHistory:
    """Write a ledger of so many requests, a million or a multiple, of which the newest day's ends with this moment.

    The log has a million; of more, each of them stands for several in the sums, and sketches are those of several days.
    """
    migrate(path)
    zone, until, factor = tzlocal.get_localzone(), int(time.time()), events // LOGGED
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("day_of", 1, lambda at: day_number(day_of(at, zone)), deterministic=True)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        for table in TABLES:
            connection.execute(table)
        _name_subjects(connection, until)
        connection.executemany("INSERT INTO request_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _log(until))
        _add_up(connection, factor)
        days = [day for (day,) in connection.execute("SELECT DISTINCT day FROM request_day ORDER BY 1")]
        _write_sketches(connection, days, factor)
        _write_clients(connection, days)
        connection.execute("INSERT INTO state (name, value) VALUES ('timezone', ?)", (str(zone),))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        oldest = connection.execute("SELECT at, number FROM request_log ORDER BY at, number LIMIT 101").fetchall()
    return RequestHistory(path, _date(until - DAYS * 86_400, zone), _date(until, zone), oldest)


def _date(seconds: int, zone: ZoneInfo) -> str:
    return day_of(seconds, zone).isoformat()


def _keys() -> Iterator[tuple[str, str, str, str]]:
    """Subjects in the order of their numbers, from 1: codes of routes, sketches of routes, that of the service."""
    routes = [f"/route/{number}/{{id}}" for number in range(ROUTES)]
    yield from ((SERVICE, "GET", route, code) for route in routes for code in CODES)
    yield from ((SERVICE, "GET", route, ALL) for route in routes)
    yield (SERVICE, ALL, ALL, ALL)


def _name_subjects(connection: sqlite3.Connection, until: int) -> None:
    seen = (until - DAYS * 86_400, until)
    for number, key in enumerate(_keys(), 1):
        connection.execute("INSERT INTO subject VALUES (?, 'request', ?, ?, ?)", (number, key_text(key), *seen))
        connection.execute("INSERT INTO request_subject VALUES (?, ?, ?, ?, ?)", (number, *key))
    connection.execute("INSERT INTO request_service VALUES (1, ?)", (SERVICE,))
    agents = ((number, f"agent/{number}", until // 86_400) for number in range(1, AGENTS + 1))
    connection.executemany("INSERT INTO request_agent VALUES (?, ?, ?)", agents)


def _log(until: int) -> Iterator[tuple[object, ...]]:
    """A million rows, evenly spread."""
    chance, times = random.Random(12), _times()  # noqa: S311 - the same figures every time
    codes = chance.choices(range(len(CODES)), SHARES, k=LOGGED)
    step = DAYS * 86_400 * 1_000_000 // LOGGED
    start = until * 1_000_000 - step * LOGGED
    for number in range(LOGGED):
        route, client = number * 7 % ROUTES, number * 31 % CLIENTS
        subject = route * len(CODES) + codes[number] + 1
        yield (
            1,
            start + number * step,
            number + 1,
            subject,
            f"/route/{route}/{number % 1000}",
            packed_client(f"10.{client >> 8 & 255}.{client & 255}.0/24"),
            times[number % TIMES],
            120,
            2048,
            number % AGENTS + 1,
            "",
        )


def _add_up(connection: sqlite3.Connection, factor: int) -> None:
    """Sums of the log by slot, and of slots by day; of a route's subjects only the first is no error."""
    slots = f"""
        INSERT INTO request_slot (slot, subject, {SUMS})
        SELECT at / 900000000 * 900 AS slot, subject, :factor * count(*), :factor * count(*) * (subject % :codes <> 1),
          :factor * sum(request_bytes), :factor * sum(response_bytes), :factor * count(*), :factor * sum(duration),
          max(duration), :complement - min(duration)
        FROM request_log GROUP BY 1, 2
    """  # noqa: S608 - names of our schema
    days = f"""
        INSERT INTO request_day (day, subject, {SUMS})
        SELECT d.day, s.subject, {", ".join(f"sum(s.{name})" for name in REQUEST.sums)},
          {", ".join(f"max(s.{name})" for name in REQUEST.peaks)}
        FROM (SELECT slot, day_of(slot) AS day FROM (SELECT DISTINCT slot FROM request_slot)) AS d
        JOIN request_slot AS s ON s.slot = d.slot GROUP BY 1, 2
    """  # noqa: S608 - as above
    connection.execute(slots, {"factor": factor, "complement": COMPLEMENT, "codes": len(CODES)})
    connection.execute(days)


def _times() -> list[int]:
    chance = random.Random(13)  # noqa: S311 - the same figures every time
    return [int(5000 * chance.lognormvariate(0, 1)) + 1 for _ in range(TIMES)]


def _write_sketches(connection: sqlite3.Connection, days: Sequence[int], factor: int) -> None:
    """A sketch of each route and day, of as many times as it has, and theirs together as that of the service."""
    chance, buckets = random.Random(14), list(map(bucket_of, _times()))  # noqa: S311 - the same figures every time
    each = LOGGED * factor // DAYS // ROUTES
    sketches = [encoded(Counter(chance.choices(buckets, k=each))) for _ in range(SKETCHES)]
    first = len(CODES) * ROUTES + 1
    put = "INSERT INTO request_day (day, subject, duration_sketch) VALUES (?, ?, ?)"
    for day in days:
        chosen = chance.choices(sketches, k=ROUTES)
        rows = [(day, number, sketch) for number, sketch in enumerate(chosen, first)]
        connection.executemany(put, [*rows, (day, first + ROUTES, reduce(merged, chosen))])


def _write_clients(connection: sqlite3.Connection, days: Sequence[int]) -> None:
    chance = random.Random(15)  # noqa: S311 - the same figures every time
    hashes = [chance.getrandbits(32) for _ in range(CLIENTS)]
    for day in days:
        distinct = Distinct()
        distinct.update(chance.choices(hashes, k=DAILY_CLIENTS))
        busiest = ClientCounts({f"10.0.{number}.0/24": 500 - number for number in range(200)})
        row = (day, SERVICE, distinct.encoded(), busiest.text())
        connection.execute("INSERT INTO request_client VALUES (?, ?, ?, ?)", row)
