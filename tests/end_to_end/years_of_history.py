"""A ledger of many years in which the days are the sums of their quarter hours, where those are kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from reports.ledger.shape import INTERFACE
from tests.bench.seeding import DAY, History, seed

if TYPE_CHECKING:
    from pathlib import Path

SUMS = ", ".join(f"sum({name})" for name in INTERFACE.sums)


def seed_years(path: Path, devices: tuple[str, ...], days: int, *, slot_days: int) -> None:
    """In UTC; quarter hours of the last `slot_days` days, today's included."""
    seed(path, History(devices, days))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        first = "((SELECT max(slot) FROM interface_slot) / 86400 - :kept)"
        refill = (
            f"INSERT INTO interface_day (day, subject, {', '.join(INTERFACE.sums)}) "  # noqa: S608 - our own text
            f"SELECT slot / {DAY} AS number, subject, {SUMS} FROM interface_slot GROUP BY number, subject"
        )
        for statement in (
            f"DELETE FROM interface_slot WHERE slot < {first} * {DAY}",  # noqa: S608 - our own text
            "DELETE FROM interface_minute",
            f"DELETE FROM interface_day WHERE day >= {first}",  # noqa: S608 - our own text
            refill,
            "UPDATE state SET value = 'UTC' WHERE name = 'timezone'",
        ):
            connection.execute(statement, {"kept": slot_days} if ":kept" in statement else {})
