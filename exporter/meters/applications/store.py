"""What the application meter resumes from: who was busy lately, and where counters of /metrics began again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.writing.statements import COUNTER_BASE, PUT_STATE
from exporter.metering.subjects import Subject
from reports.ledger.shape import APPLICATION, LOOPBACK

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping

    from exporter.metering.postings import MeterCheckpoint

NEWEST = "SELECT max(day) FROM application_day"
RECENT = """
SELECT k.application, u.day, sum(u.receive_bytes + u.transmit_bytes)
FROM application_day AS u JOIN application_subject AS k ON k.subject = u.subject
WHERE u.day BETWEEN ? - 1 AND ? AND k.scope <> ? GROUP BY 1, 2
"""
BASES = """
SELECT k.application, k.scope, k.protocol, b.value
FROM state AS b JOIN application_subject AS k ON b.name = ? || k.subject
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
        bases = {}
        for *key, value in connection.execute(BASES, (COUNTER_BASE,)):
            with contextlib.suppress(ValueError, TypeError):
                bases[Subject(APPLICATION.name, tuple(key))] = _amounts(value)
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
        if not isinstance(checkpoint.state, HeldApplications):
            return
        for subject, base in checkpoint.state.bases.items():
            with contextlib.suppress(ValueError):  # one that the ledger cannot hold
                connection.execute(PUT_STATE, (f"{COUNTER_BASE}{id_of(subject)}", " ".join(map(str, base))))

    def forget(self) -> None:
        """Nothing is remembered between transactions."""


def _amounts(text: str) -> tuple[int, ...]:
    amounts = tuple(map(int, text.split()))
    if len(amounts) != len(APPLICATION.sums):
        raise ValueError(f"{text!r} is no base")
    return amounts
