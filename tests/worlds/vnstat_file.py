"""Databases of vnStat 2.10: its own tables, with rows of a history that is known."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

# The columns of vnStat's database, as its 2.10 makes them.
ENTRIES = ("fiveminute", "hour", "day", "month", "year", "top")
TABLES = """
CREATE TABLE info (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, value TEXT NOT NULL);
CREATE TABLE interface (
  id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, alias TEXT, active INTEGER NOT NULL, created DATE NOT NULL,
  updated DATE NOT NULL, rxcounter INTEGER NOT NULL, txcounter INTEGER NOT NULL, rxtotal INTEGER NOT NULL,
  txtotal INTEGER NOT NULL
);
INSERT INTO info (name, value) VALUES ('btime', '1700000000'), ('dbversion', '1'), ('vnstatversion', '2.10');
"""
TABLE = """
CREATE TABLE {name} (
  id INTEGER PRIMARY KEY, interface INTEGER REFERENCES interface (id) ON DELETE CASCADE, date DATE NOT NULL,
  rx INTEGER NOT NULL, tx INTEGER NOT NULL, CONSTRAINT u UNIQUE (interface, date)
);
"""


class Moved(NamedTuple):
    """Bytes of an hour."""

    at: datetime
    received: int
    sent: int


def create(path: Path) -> None:
    """An empty database."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES + "".join(TABLE.format(name=name) for name in ENTRIES))


def add(
    path: Path,
    interface: str,
    moved: Iterable[Moved],
    *,
    days: int = 62,
    months: int = 25,
    hours: int = 4,
    month_begins: int = 1,
) -> list[Moved]:
    """Fill in an interface as vnStat that keeps so many days of hours, days and months; returns every hour."""
    every = list(moved)
    newest = every[-1].at + timedelta(hours=1)
    with closing(sqlite3.connect(path)) as connection:
        total = sum(each.received for each in every), sum(each.sent for each in every)
        row = (interface, "", 1, str(every[0].at), str(newest), 0, 0, *total)
        number = connection.execute("INSERT INTO interface VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row).lastrowid
        for table, since in (
            ("hour", newest - timedelta(days=hours)),
            ("day", newest - timedelta(days=days)),
            ("month", newest - timedelta(days=31 * months)),
            ("year", datetime.min),  # noqa: DTZ901 - vnStat's own clock
        ):
            for begin, received, sent in _added(table, every, month_begins):
                if datetime.fromisoformat(begin) >= since or table == "year":
                    query = f"INSERT INTO {table} (interface, date, rx, tx) VALUES (?, ?, ?, ?)"  # noqa: S608 - our own names
                    connection.execute(query, (number, begin, received, sent))
        connection.commit()
    return every


def hours_of(first: date, last: date, amount: int = 1_000_003) -> Iterator[Moved]:
    """Every hour of days, each with other bytes."""
    at = datetime(first.year, first.month, first.day)  # noqa: DTZ001 - vnStat's own clock
    number = 0
    while at.date() <= last:
        number += 1
        yield Moved(at, amount + 7 * number, amount // 9 + number)
        at += timedelta(hours=1)


def _added(table: str, moved: list[Moved], month_begins: int) -> list[tuple[str, int, int]]:
    sums: dict[str, list[int]] = {}
    for at, received, sent in moved:
        cycle = at if at.day >= month_begins else at.replace(day=1) - timedelta(days=1)
        begin = {
            "hour": f"{at:%Y-%m-%d %H:00:00}",
            "day": f"{at:%Y-%m-%d}",
            "month": f"{cycle:%Y-%m}-01",
            "year": f"{at:%Y}-01-01",
        }[table]
        found = sums.setdefault(begin, [0, 0])
        found[0] += received
        found[1] += sent
    return [(begin, received, sent) for begin, (received, sent) in sorted(sums.items())]
