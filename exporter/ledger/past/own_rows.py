"""What netledger has counted itself of what an import has, too: of an interface, of the machine, of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.ledger.past.settling import Counted
from reports.calendar.days import day_from_number, day_number, day_of, day_start
from reports.ledger.shape import APPLICATION, IMPORTED, INTERFACE, LOOPBACK

if TYPE_CHECKING:
    import sqlite3
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.ledger.shape import MeterSpec


class OwnRows:
    """Rows of a grain, and bytes of some of them; what of them is counted began with the first."""

    def __init__(self, connection: sqlite3.Connection, spec: MeterSpec, grain: str, name: str | None) -> None:
        """`name` None: of all interfaces that count. Applications are measured all at once, or none is."""
        self._connection, self._name, self._grain = connection, name, grain
        rows = f"{spec.table(grain)} AS u JOIN {spec.subjects} AS k USING (subject) WHERE"
        if spec is APPLICATION:  # what is imported has no such rows
            self._rows = f"{rows} k.application = :name AND k.scope <> :loopback"
            self._begun, seen = f"{spec.table(grain)} AS u", "k.scope <> :imported"
        else:
            seen = "k.counted = 1" if name is None else "k.device = :name"
            self._begun = self._rows = f"{rows} {seen}"
        self._seen = f"subject AS s JOIN {spec.subjects} AS k ON k.subject = s.id WHERE {seen}"

    @property
    def first(self) -> int | None:
        """The time of the oldest row."""
        first: int | None
        (first,) = self._ask(f"SELECT min(u.{self._grain}) FROM {self._begun}")  # noqa: S608 - names of the spec
        return first

    @property
    def seen(self) -> int | None:
        """When it was first seen (UTC seconds)."""
        seen: int | None
        (seen,) = self._ask(f"SELECT min(s.first_seen) FROM {self._seen}")  # noqa: S608 - our own condition
        return seen

    def moved(self, first: int, last: int) -> tuple[int, int]:
        """Bytes received and sent of the rows from `first` to `last`."""
        sums = "ifnull(sum(u.receive_bytes), 0), ifnull(sum(u.transmit_bytes), 0)"
        within = f"u.{self._grain} BETWEEN :first AND :last"
        received, sent = self._ask(f"SELECT {sums} FROM {self._rows} AND {within}", first=first, last=last)  # noqa: S608 - as above
        return received, sent

    def _ask(self, query: str, **bounds: int) -> tuple[Any, ...]:
        values = {"name": self._name, "loopback": LOOPBACK, "imported": IMPORTED, **bounds}
        found: tuple[Any, ...] = self._connection.execute(query, values).fetchone()
        return found


def counted_rows(
    connection: sqlite3.Connection, meter: str, name: str | None, until: int, zone: ZoneInfo
) -> Counted | None:
    """What netledger has counted of a name (None: of the machine), up to an instant; None if nothing ever."""
    spec = INTERFACE if meter == INTERFACE.name else APPLICATION
    days, slots = (OwnRows(connection, spec, grain, name) for grain in ("day", "slot"))
    last = day_of(until, zone)
    first = days.first
    if first is None:
        return None
    day = day_from_number(first)
    start, slot = day_start(day, zone), slots.first
    within = [at for at in (slots.seen, slot) if at is not None and day_of(at, zone) == day]

    def moved(begin: date, end: date) -> tuple[int, int]:
        received, sent = days.moved(day_number(begin), min(day_number(end), day_number(last) - 1))
        if begin <= last <= end:
            more = slots.moved(day_start(last, zone), until)
            return received + more[0], sent + more[1]
        return received, sent

    return Counted(max(within, default=start), moved)
