"""Databases of PacketBuddy 1.4: its own tables, with rows of a history that is known."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from pathlib import Path

    from tests.worlds.vnstat_file import Moved

LAPTOP = "00000000-0000-4000-8000-000000000001"
KEPT_DAYS, KEPT_SAMPLES = timedelta(days=360), timedelta(days=7)

# The tables and columns of PacketBuddy's database, as its 1.4 makes them.
TABLES = """
CREATE TABLE devices (device_id TEXT PRIMARY KEY, os_type TEXT, hostname TEXT, created_at TIMESTAMP);
CREATE TABLE usage_logs (
  id INTEGER PRIMARY KEY, device_id TEXT, timestamp TIMESTAMP, bytes_sent INTEGER, bytes_received INTEGER,
  synced BOOLEAN
);
CREATE TABLE daily_aggregates (
  device_id TEXT, date DATE, bytes_sent INTEGER, bytes_received INTEGER, peak_speed INTEGER,
  PRIMARY KEY (device_id, date)
);
CREATE TABLE monthly_aggregates (
  device_id TEXT, month TEXT, bytes_sent INTEGER, bytes_received INTEGER, PRIMARY KEY (device_id, month)
);
"""


def create(path: Path) -> None:
    """An empty database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES)


def add(path: Path, moved: Iterable[Moved], device: str = LAPTOP, hostname: str = "laptop") -> list[Moved]:
    """Fill in a device whose samples are of each hour, kept as PacketBuddy keeps them; returns every hour."""
    every = list(moved)
    newest = every[-1].at + timedelta(minutes=59, seconds=58, microseconds=651_536)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO devices VALUES (?, 'Linux', ?, ?)", (device, hostname, str(every[0].at)))
        for each in every:
            sampled = each.at + (newest - every[-1].at)
            if sampled > newest - KEPT_SAMPLES:
                _sample(connection, device, sampled, each)
            if each.at.date() > (newest - KEPT_DAYS).date():
                _add_up(connection, "daily_aggregates (device_id, date,", device, each.at.date(), each)
            _add_up(connection, "monthly_aggregates (device_id, month,", device, f"{each.at:%Y-%m}", each)
        connection.commit()
    return every


def _sample(connection: sqlite3.Connection, device: str, at: datetime, moved: Moved) -> None:
    query = "INSERT INTO usage_logs VALUES (NULL, ?, ?, ?, ?, 0)"
    connection.execute(query, (device, str(at), moved.sent, moved.received))


def _add_up(connection: sqlite3.Connection, begin: str, device: str, at: date | str, moved: Moved) -> None:
    query = f"""
        INSERT INTO {begin} bytes_sent, bytes_received) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET bytes_sent = bytes_sent + excluded.bytes_sent,
                                  bytes_received = bytes_received + excluded.bytes_received
    """  # noqa: S608 - our own names
    connection.execute(query, (device, str(at), moved.sent, moved.received))


def export_json(path: Path, every: Iterable[Moved]) -> dict[str, Any]:
    """Its export of days and months, as `/api/export?format=json` gives it."""
    moved = list(every)
    days, months = _summed(moved, "%Y-%m-%d"), _summed(moved, "%Y-%m")
    document = {
        "metadata": {
            "exported_at": f"{moved[-1].at + timedelta(hours=1)}".replace(" ", "T"),
            "device": {"hostname": "laptop", "os_type": "Linux", "device_id": LAPTOP},
            "tracking_period": {"first_date": days[0][0], "last_date": days[-1][0], "total_days": len(days)},
        },
        "summary": {"peak_day": None},
        "monthly_data": [{"month": month, **_entry(*amounts)} for month, *amounts in months],
        "daily_data": [
            {"date": day, **_entry(*amounts)} for day, *amounts in days if day > f"{moved[-1].at - KEPT_DAYS}"
        ],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return document


def export_csv(path: Path, every: Iterable[Moved]) -> str:
    """Its export of days, as `/api/export?format=csv` gives it."""
    rows = [f"{day},{sent},{received},{sent + received},1000" for day, received, sent in _summed(every, "%Y-%m-%d")]
    return _write(path, ["date,bytes_sent,bytes_received,total_bytes,peak_speed", *rows])


def export_samples(path: Path, every: Iterable[Moved]) -> str:
    """The samples of its command, as `pb export --format csv` writes them."""
    rows = [f"{each.at + timedelta(minutes=59, microseconds=536)},{each.sent},{each.received}" for each in every]
    return _write(path, ["timestamp,bytes_sent,bytes_received", *rows])


def _write(path: Path, lines: list[str]) -> str:
    text = "".join(f"{line}\r\n" for line in lines)
    path.write_bytes(text.encode())
    return text


def _entry(received: int, sent: int) -> dict[str, int]:
    return {"bytes_sent": sent, "bytes_received": received, "total_bytes": sent + received, "peak_speed": 1000}


def _summed(every: Iterable[Moved], form: str) -> list[tuple[str, int, int]]:
    sums: dict[str, list[int]] = {}
    for at, received, sent in every:
        found = sums.setdefault(f"{at:{form}}", [0, 0])
        found[0] += received
        found[1] += sent
    return [(begin, received, sent) for begin, (received, sent) in sums.items()]
