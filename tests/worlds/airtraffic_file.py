"""Files of AirTraffic: the database of its Python version, and the state of its Swift version."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

# The table of AirTraffic's database, as its Python version makes it.
TABLE = """
CREATE TABLE network_stats (
  id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp DATETIME, app_name TEXT, bytes_sent REAL, bytes_recv REAL,
  connections INTEGER
);
CREATE INDEX idx_timestamp ON network_stats (timestamp);
CREATE INDEX idx_app_name ON network_stats (app_name);
"""
SWIFT_EPOCH = datetime(2001, 1, 1, tzinfo=UTC)


def create(path: Path, rates: Mapping[str, tuple[float, float]], first: date, last: date, minutes: int = 30) -> None:
    """A database of so many minutes of each day, in which each application receives and sends at its rate."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLE)
        for number in range((last - first).days + 1):
            midnight = datetime.combine(first + timedelta(days=number), datetime.min.time())
            connection.executemany(
                "INSERT INTO network_stats VALUES (NULL, ?, ?, ?, ?, 4)",
                (
                    (str(midnight + timedelta(minutes=minute)), name, sent, received)
                    for minute in range(minutes)
                    for name, (received, sent) in rates.items()
                ),
            )
        connection.commit()


def write_state(
    path: Path, today: datetime, month: Mapping[str, tuple[int, int]], day: Mapping[str, tuple[int, int]]
) -> dict[str, Any]:
    """A state whose day began at `today`, an instant: bytes received and sent of its month, and of that day alone."""
    document = {
        "collectorStart": seconds(today - timedelta(days=40)),
        "lastUpdate": seconds(today + timedelta(hours=10)),
        "todayStart": seconds(today),
        "todayByApp": _accounts(day),
        "lastSnapshot": {},
        "monthStart": seconds(today.replace(day=1)),
        "monthByApp": _accounts(month),
        "limits": {},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return document


def seconds(at: datetime) -> float:
    """A date as Swift writes it."""
    return (at - SWIFT_EPOCH).total_seconds()


def _accounts(moved: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    return {name: {"bytesIn": received, "bytesOut": sent} for name, (received, sent) in moved.items()}
