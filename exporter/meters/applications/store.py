"""What the application meter resumes from: who was busy lately, and where counters of /metrics began again."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.counter_bases import read_bases, write_bases
from reports.ledger.shape import APPLICATION, LOOPBACK

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from exporter.metering.postings import MeterCheckpoint
    from exporter.metering.subjects import Subject

NEWEST = "SELECT max(day) FROM application_day"
RECENT = """
SELECT k.application, u.day, sum(u.receive_bytes + u.transmit_bytes)
FROM application_day AS u JOIN application_subject AS k ON k.subject = u.subject
WHERE u.day BETWEEN ? - 1 AND ? AND k.scope <> ? GROUP BY 1, 2
"""


class HeldApplications(NamedTuple):
    """What the ledger holds: bytes by application of its newest `day` (a day's number) and of the day before it.

    `bases` are the lifetimes at which counters of /metrics began again.
    """

    day: int = 0
    today: Mapping[str, int] = {}
    yesterday: Mapping[str, int] = {}
    bases: Mapping[Subject, tuple[int, ...]] = {}


class ApplicationStore:
    """Keeps the bases; all else that is resumed from is usage."""

    spec = APPLICATION

    def statements(self) -> tuple[str, ...]:
        """No table of its own."""
        return ()

    def read(self, connection: sqlite3.Connection) -> HeldApplications:
        """What was written last. Days of the ledger's zone serve for those of UTC: they only rank."""
        bases = read_bases(connection, APPLICATION)
        newest = connection.execute(NEWEST).fetchone()[0]
        if newest is None:
            return HeldApplications(bases=bases)
        today: dict[str, int] = {}
        yesterday: dict[str, int] = {}
        for name, day, moved in connection.execute(RECENT, (newest, newest, LOOPBACK)):
            (today if day == newest else yesterday)[name] = moved
        return HeldApplications(newest, today, yesterday, bases)

    def write(
        self, connection: sqlite3.Connection, checkpoint: MeterCheckpoint, id_of: Callable[[Subject], int]
    ) -> None:
        """Write bases that are new."""
        if isinstance(checkpoint.state, HeldApplications):
            write_bases(connection, checkpoint.state.bases, id_of)

    def forget(self) -> None:
        """Nothing is remembered between transactions."""
