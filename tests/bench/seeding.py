"""A ledger with a long history, written in the order of time as the service would have written it."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from itertools import cycle, product
from typing import TYPE_CHECKING, NamedTuple

import tzlocal

from exporter.ledger.schema import migrate
from reports.calendar.days import day_number, day_of
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

DAY, SLOT, MINUTE = 86_400, 900, 60
SLOT_DAYS, MINUTE_DAYS = 400, 30
AMOUNTS = 10_007
"""Different amounts that are used in turn: a prime, so that no device gets the same ones every day."""


class History(NamedTuple):
    """What a seeded ledger tells of: devices, and days before now; slots and minutes as long as they are kept."""

    devices: tuple[str, ...]
    days: int
    slot_days: int = SLOT_DAYS


def seed(path: Path, history: History, now: float | None = None) -> Path:
    """Write a new ledger in which every minute of every device moved something; returns its path."""
    migrate(path)
    until = int(time.time() if now is None else now)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        subjects = [_subject(connection, name, until, history.days) for name in history.devices]
        _fill(connection, "day", DAY, subjects, (until // DAY - history.days, until // DAY))
        slot_days = min(history.slot_days, history.days)
        _fill(connection, "slot", SLOT, subjects, _range(until, slot_days, SLOT))
        _fill(connection, "minute", MINUTE, subjects, _range(until, min(MINUTE_DAYS, slot_days), MINUTE))
        connection.execute(
            "INSERT INTO state (name, value) VALUES ('timezone', ?)", (tzlocal.get_localzone_name() or "UTC",)
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def add_up_days(path: Path, zone: ZoneInfo) -> None:
    """Make every day of a seeded ledger what its slots have in this zone, as the service would have written it."""
    counts, speeds = INTERFACE.sums[:4], ("peak_receive_speed", "peak_transmit_speed", "peak_speed")
    sums = ", ".join([*(f"sum({name})" for name in counts), *(f"max({name})" for name in speeds)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.create_function("day_of", 1, lambda slot: day_number(day_of(slot, zone)), deterministic=True)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute("DELETE FROM interface_day")
        connection.execute(
            f"INSERT INTO interface_day (day, subject, {', '.join(counts + speeds)}) "  # noqa: S608 - names of our schema
            f"SELECT day_of(slot) AS day, subject, {sums} FROM interface_slot GROUP BY 1, 2"
        )
        connection.execute("UPDATE state SET value = ? WHERE name = 'timezone'", (zone.key,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _subject(connection: sqlite3.Connection, name: str, until: int, days: int) -> int:
    cursor = connection.execute(
        "INSERT INTO subject (meter, key, first_seen, last_seen) VALUES ('interface', ?, ?, ?)",
        (name, until - days * DAY, until),
    )
    subject = int(cursor.lastrowid or 0)
    connection.execute("INSERT INTO interface_subject VALUES (?, ?, 1, 1)", (subject, name))
    return subject


def _range(until: int, days: int, step: int) -> tuple[int, int]:
    return (until - days * DAY) // step, until // step


def _fill(
    connection: sqlite3.Connection, table: str, step: int, subjects: Sequence[int], numbers: tuple[int, int]
) -> None:
    counts = INTERFACE.sums[:2] if table == "minute" else INTERFACE.sums[:4]
    columns = (table, "subject", *counts, "peak_receive_speed", "peak_transmit_speed", "peak_speed")
    unit = 1 if table == "day" else step
    times = (number * unit for number in range(*numbers))
    rows = ((*key, *_row(amount, len(counts))) for key, amount in zip(product(times, subjects), _amounts(step)))  # noqa: B905 - amounts never end
    connection.executemany(
        f"INSERT INTO interface_{table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - names of our schema
        rows,
    )


def _row(amount: int, counts: int) -> tuple[int, ...]:
    """Received, transmitted, packets of both where they are kept, and three peaks."""
    told = (amount, amount // 7, amount // 900, amount // 2000)
    speed = amount // 20
    return (*told[:counts], speed, speed // 7, speed + speed // 7)


def _amounts(step: int) -> Iterator[int]:
    """Bytes as a home line moves them in this many seconds: log-normal, 30 kB/s in the median."""
    chance = random.Random(step)  # noqa: S311 - the same figures every time
    return cycle([int(step * 30_000 * chance.lognormvariate(0, 1.5)) for _ in range(AMOUNTS)])
