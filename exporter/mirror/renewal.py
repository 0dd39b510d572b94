"""A ledger that was copied to another machine becomes one of its own: a new id, and what of it a mirror gets.

What it holds of before belongs to the machine that it was copied from as well, which has it in the mirror. Hence a
renewed ledger is mirrored from the next midnight on: whole rows alone, so that days are the sums of their quarter hours
on both sides, and no row is counted twice. Its own answers keep all of it.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from exporter.ledger.tables import views_of
from exporter.ledger.writing.state_rows import replace_state
from exporter.ledger.writing.statements import FORMER_IDS, LEDGER_ID, MIRROR_TOKENS
from exporter.mirror.identity import TAKE_OVER
from exporter.mirror.tables import GRAINS, IMPORTS
from reports.calendar.days import day_number, day_of, day_start
from reports.ledger.shape import SPECS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

MIRROR_SINCE = "mirror_since"
"""State of a renewed ledger: since when it is mirrored (UTC seconds)."""

TIMEZONE = "timezone"


class MirroredSince(NamedTuple):
    """Quarter hours are mirrored from `seconds` on (UTC), days from `day` on (its number)."""

    seconds: int
    day: int

    def first(self, grain: str) -> int:
        """The first time of a grain that is mirrored."""
        return self.day if grain == "day" else self.seconds


EVER = MirroredSince(0, -(2**31))


class Renewed(NamedTuple):
    """The new id, and since when the ledger is mirrored (UTC seconds)."""

    id: str
    since: int


def mirrored_since(states: Mapping[str, str]) -> MirroredSince:
    """What of a ledger is mirrored, by its states; days that another zone cuts otherwise begin later, never earlier."""
    if MIRROR_SINCE not in states:
        return EVER
    seconds, zone = int(states[MIRROR_SINCE]), ZoneInfo(states[TIMEZONE])
    day = day_of(seconds, zone)
    return MirroredSince(seconds, day_number(day) + (day_start(day, zone) < seconds))


def restrict(connection: sqlite3.Connection, states: Mapping[str, str]) -> None:
    """Let a connection see of usage and imports what is mirrored: temporary views stand before the tables."""
    since = mirrored_since(states)
    if since == EVER:
        return
    views = {IMPORTS.name: f"SELECT * FROM main.{IMPORTS.name} WHERE first_day >= {since.day}"}  # noqa: S608 - names of the specs, and numbers
    for spec in SPECS:
        for grain in GRAINS:
            table = spec.table(grain)
            views[table] = f"SELECT * FROM main.{table} WHERE {grain} >= {since.first(grain)}"  # noqa: S608 - as above
    for name, view in views.items():
        connection.execute(f"CREATE TEMP VIEW IF NOT EXISTS {name} AS {view}")
    for spec in SPECS:
        for grain in GRAINS:
            statement = views_of(spec)[spec.view(grain)]
            connection.execute(statement.replace("CREATE VIEW", "CREATE TEMP VIEW IF NOT EXISTS", 1))


def renew(connection: sqlite3.Connection, zone: ZoneInfo, now: float) -> Renewed:
    """Give a ledger a new id; `connection` is within a transaction that writes, `now` in UTC seconds."""
    states = dict(connection.execute("SELECT name, value FROM state"))
    former = states.get(LEDGER_ID, "")
    renewed = Renewed(uuid.uuid4().hex, day_start(day_of(now, zone) + timedelta(days=1), zone))
    replace_state(
        connection,
        {
            LEDGER_ID: renewed.id,
            FORMER_IDS: f"{states.get(FORMER_IDS, '')} {former}".strip(),
            MIRROR_SINCE: str(renewed.since),
            MIRROR_TOKENS: None,
            TAKE_OVER: None,
        },
    )
    connection.execute("UPDATE host SET id = ? WHERE id = ?", (renewed.id, former))
    return renewed


def take_over(connection: sqlite3.Connection) -> None:
    """Let a ledger go on, once, with what another machine has sent under its id."""
    replace_state(connection, {TAKE_OVER: "1"})
