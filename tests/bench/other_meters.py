"""Applications beside interfaces: what the rows of another meter cost a question about interfaces."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from statistics import median
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.ledger.files import connect_to_read
from exporter.ledger.schema import migrate
from reports.calendar.days import Span
from reports.calendar.period import Period
from reports.ledger.reader import LedgerReader
from reports.ledger.shape import APPLICATION, INTERFACE, key_text
from reports.usage.applications import applications
from reports.usage.hours import hours
from reports.usage.percentile import percentile
from reports.usage.series import series
from tests.bench.rows import Row
from tests.bench.seeding import DAY, SLOT, History, seed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.bench.settings import Bench

DAYS = 30
DAYS_OF_APPLICATIONS = 3652
"""Days are kept for ever, quarter hours as those of the interfaces."""
MOST_PERCENT = 10
SUBJECTS = [
    (f"application {number}", scope, protocol)
    for number, scope, protocol in product(range(60), ("loopback", "lan", "internet"), ("tcp", "udp", "other"))
]
QUESTIONS: dict[str, Callable[[LedgerReader, int, Span], object]] = {
    "hours": hours,
    "percentile": lambda ledger, now, span: percentile(ledger, now, span, Decimal(95)),
    "series by the hour": lambda ledger, now, span: series(ledger, now, span, "1h"),
}


def measure(bench: Bench) -> list[Row]:
    """By how many percent each question of 30 days takes longer beside ten years of 540 subjects; and theirs."""
    now = int(time.time()) // SLOT * SLOT
    alone = seed(bench.folder / "alone.db", History(("eth0", "eth1"), DAYS, DAYS), now)
    beside = seed(bench.folder / "beside.db", History(("eth0", "eth1"), DAYS, DAYS), now)
    _add_subjects(beside, now)
    more: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    for _ in range(bench.rounds):
        for name, question in QUESTIONS.items():
            # In turn, so that whatever else the machine does slows both.
            pairs = [(_seconds(alone, question, now), _seconds(beside, question, now)) for _ in range(bench.requests)]
            first, second = (median(times) for times in zip(*pairs, strict=True))
            more[name].append(100 * (second / first - 1))
    own = [
        Row(f"60 applications x 3 scopes x 3 protocols: {name}", "ms", None, _times(beside, bench, period, now))
        for name, period in _periods(now).items()
    ]
    return own + [
        Row(f"interfaces beside 60 applications x 3 scopes x 3 protocols: {name}", "% more", MOST_PERCENT, tuple(found))
        for name, found in more.items()
    ]


def _periods(now: int) -> dict[str, Period]:
    today = datetime.fromtimestamp(now, UTC).date()
    zone = ZoneInfo("UTC")
    return {
        "by application, of a day": Period.day(today, zone),
        "by application, of a month": Period.days(today - timedelta(days=30), today, zone),
        "by application, of a year": Period.days(today - timedelta(days=364), today, zone),
    }


def _times(path: Path, bench: Bench, period: Period, now: int) -> tuple[float, ...]:
    """Milliseconds of each round."""
    return tuple(
        1000 * _seconds(path, lambda ledger, now, _span: applications(ledger, period, now), now)
        for _ in range(bench.rounds)
    )


def _add_subjects(path: Path, now: int) -> None:
    migrate(path, [INTERFACE, APPLICATION])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        numbers = [_add_subject(connection, key, now) for key in SUBJECTS]
        _fill(connection, "day", range(now // DAY - DAYS_OF_APPLICATIONS, now // DAY + 1), numbers)
        _fill(connection, "slot", range(now - DAYS * DAY, now, SLOT), numbers)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _add_subject(connection: sqlite3.Connection, key: tuple[str, ...], now: int) -> int:
    row = (APPLICATION.name, key_text(key), now - DAYS * DAY, now)
    cursor = connection.execute("INSERT INTO subject (meter, key, first_seen, last_seen) VALUES (?, ?, ?, ?)", row)
    connection.execute(f"INSERT INTO {APPLICATION.subjects} VALUES (?, ?, ?, ?)", (cursor.lastrowid, *key))  # noqa: S608 - names of the spec
    return int(cursor.lastrowid or 0)


def _fill(connection: sqlite3.Connection, grain: str, times: range, numbers: Sequence[int]) -> None:
    columns = f"{grain}, subject, receive_bytes, transmit_bytes"
    insert = f"INSERT INTO {APPLICATION.table(grain)} ({columns}) VALUES (?, ?, 9000, 800)"  # noqa: S608 - names of the spec
    connection.executemany(insert, product(times, numbers))


def _seconds(path: Path, question: Callable[[LedgerReader, int, Span], object], now: int) -> float:
    with closing(connect_to_read(path)) as connection, LedgerReader(connection).at_one_moment() as ledger:
        began = time.perf_counter()
        question(ledger, now, Span(now - DAYS * DAY, now))
        return time.perf_counter() - began
