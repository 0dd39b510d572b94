"""Imported history in the ledger: one source is replaced as a whole, in one transaction, and taken back as a whole."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.past.rows import ForeignFileError, PastRow
from exporter.ledger.past.settling import Counted, OtherRow, Settled, settled
from exporter.ledger.writing.statements import PUT_STATE, PUT_SUBJECT, put_facts
from reports.calendar.days import ONE_DAY, day_from_number, day_number, day_of, day_start
from reports.ledger.past import SOURCE_STATE
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    import sqlite3
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.ledger.past.rows import Past

LONGEST_SOURCE = 64
VIRTUAL = re.compile(r"lo\d*$|docker|br-|veth|virbr|vnet|tun|tap|wg|tailscale|zt|utun|bond|team|dummy")
"""Beginnings of names of interfaces whose bytes cross another one, too, or never leave the machine."""


class Imported(NamedTuple):
    """What an import adds; `rows` are in the ledger, or would be. `is_same`: it changed nothing."""

    source: str
    rows: tuple[PastRow, ...]
    own_bytes: int
    notes: tuple[str, ...]
    is_same: bool


class OwnRows:
    """Bytes of an interface, or of the machine, that netledger has counted, by day or by slot."""

    def __init__(self, connection: sqlite3.Connection, grain: str, interface: str | None) -> None:
        """`interface` None: of all that count."""
        self._connection, self._device = connection, interface
        among = "k.counted = 1" if interface is None else "k.device = :device"
        table = INTERFACE.table(grain)
        self._rows = f"{table} AS u JOIN interface_subject AS k USING (subject) WHERE {among}"
        self._seen = f"subject AS s JOIN interface_subject AS k ON k.subject = s.id WHERE {among}"
        self._grain = grain

    @property
    def first(self) -> int | None:
        """The time of the oldest row."""
        first: int | None
        (first,) = self._ask(f"SELECT min(u.{self._grain}) FROM {self._rows}")  # noqa: S608 - names of the spec
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
        found: tuple[Any, ...] = self._connection.execute(query, {"device": self._device, **bounds}).fetchone()
        return found


class PastLedger:
    """Imported rows of a ledger, over a connection that may write; the caller has the transaction."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo) -> None:
        """`zone` is that of the ledger's days."""
        self.connection, self.zone = connection, zone

    def put(self, source: str, past: Past, now: int, *, is_dry: bool = False) -> Imported:
        """Have the history of a file as this source; raises ForeignFileError where the source is another file's.

        A dry run writes nothing.
        """
        _check_name(source)
        held = self._facts(source)
        if held is not None and (held["kind"], held["identity"]) != (past.kind, past.identity):
            raise ForeignFileError(
                f"source {source} holds another {held['kind']}'s history: give this one a name with --source NAME"
            )
        found = self._settled(source, past._replace(read_until=min(past.read_until, now)))
        before = self._rows(source)
        is_same = held is not None and before == sorted(found.rows)
        done = Imported(source, found.rows, found.own_bytes, found.notes, is_same)
        if is_same or is_dry:
            return done
        self._delete(source)
        ids = {name: self._subject(name, now) for name in sorted({row.interface for row in found.rows})}
        self.connection.executemany(
            "INSERT INTO imported (source, subject, first_day, last_day, receive_bytes, transmit_bytes) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    f"{source}/{_resolution(row)}",
                    ids[row.interface],
                    day_number(row.first),
                    day_number(row.last),
                    row.received,
                    row.sent,
                )
                for row in found.rows
            ),
        )
        facts = {"kind": past.kind, "identity": past.identity, "at": now, "machine": list(past.machine)}
        self.connection.execute(PUT_STATE, (SOURCE_STATE + source, json.dumps(facts)))
        return done

    def remove(self, source: str) -> list[PastRow]:
        """Take a source back; returns its rows. Raises ForeignFileError for one that is not there."""
        if self._facts(source) is None:
            known = ", ".join(self.sources()) or "none"
            raise ForeignFileError(f"nothing was imported as {source!r}; known sources: {known}")
        rows = self._rows(source)
        self._delete(source)
        self.connection.execute("DELETE FROM state WHERE name = ?", (SOURCE_STATE + source,))
        return rows

    def _settled(self, source: str, past: Past) -> Settled:
        until = past.read_until
        machine = frozenset(past.machine)
        known: dict[str, Counted | None] = {}

        def counted(interface: str) -> Counted | None:
            if interface not in known:
                known[interface] = self._counted(None if interface in machine else interface, until)
            return known[interface]

        return settled(past, self.zone, counted, self._taken(source))

    def _counted(self, interface: str | None, until: int) -> Counted | None:
        """What netledger has counted of an interface (None: of the machine), up to an instant."""
        days, slots = (OwnRows(self.connection, grain, interface) for grain in ("day", "slot"))
        last = day_of(until, self.zone)
        first = days.first
        if first is None:
            return None
        day = day_from_number(first)
        start, slot = day_start(day, self.zone), slots.first
        within = [at for at in (slots.seen, slot) if at is not None and day_of(at, self.zone) == day]

        def moved(begin: date, end: date) -> tuple[int, int]:
            received, sent = days.moved(day_number(begin), min(day_number(end), day_number(last) - 1))
            if begin <= last <= end:
                more = slots.moved(day_start(last, self.zone), until)
                return received + more[0], sent + more[1]
            return received, sent

        return Counted(max(within, default=start), moved)

    def _taken(self, source: str) -> list[OtherRow]:
        found: list[OtherRow] = []
        for name in self.sources():
            if name != source:
                machine = (self._facts(name) or {}).get("machine", ())
                found.extend(OtherRow(row, row.interface in machine) for row in self._rows(name))
        return found

    def _rows(self, source: str) -> list[PastRow]:
        query = """
            SELECT k.device, i.first_day, i.last_day, i.receive_bytes, i.transmit_bytes
            FROM imported AS i JOIN interface_subject AS k USING (subject)
            WHERE substr(i.source, 1, length(:source) + 1) = :source || '/'
        """
        return sorted(
            PastRow(device, day_from_number(first), day_from_number(last), received, sent)
            for device, first, last, received, sent in self.connection.execute(query, {"source": source})
        )

    def _delete(self, source: str) -> None:
        query = "DELETE FROM imported WHERE substr(source, 1, length(:source) + 1) = :source || '/'"
        self.connection.execute(query, {"source": source})

    def _subject(self, interface: str, now: int) -> int:
        """The id of an interface; one that netledger has never met counts unless its bytes cross another one."""
        query = "SELECT subject FROM interface_subject WHERE device = ?"
        if (found := self.connection.execute(query, (interface,)).fetchone()) is None:
            self.connection.execute(PUT_SUBJECT, (INTERFACE.name, interface, now, now))
            (number,) = self.connection.execute(
                "SELECT id FROM subject WHERE meter = ? AND key = ?", (INTERFACE.name, interface)
            ).fetchone()
            self.connection.execute(put_facts(INTERFACE), (number, interface, int(counts(interface)), 0))
            return int(number)
        return int(found[0])

    def sources(self) -> list[str]:
        """The names of sources, in their order."""
        query = "SELECT name FROM state WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name"
        rows = self.connection.execute(query, {"prefix": SOURCE_STATE})
        return [name.removeprefix(SOURCE_STATE) for (name,) in rows]

    def _facts(self, source: str) -> dict[str, Any] | None:
        found = self.connection.execute("SELECT value FROM state WHERE name = ?", (SOURCE_STATE + source,)).fetchone()
        return None if found is None else dict(json.loads(found[0]))


def counts(interface: str) -> bool:
    """Whether an interface that only another program knew is in the machine's total."""
    return VIRTUAL.match(interface) is None


def _resolution(row: PastRow) -> str:
    """As in "day", "month" or "17 days": with the first day, it is of one span."""
    if row.first == row.last:
        return "day"
    begins, ends = row.first.day == 1, (row.last + ONE_DAY).day == 1
    if begins and ends and (row.first.year, row.first.month) == (row.last.year, row.last.month):
        return "month"
    if begins and ends and (row.first.month, row.last.month) == (1, 12) and row.first.year == row.last.year:
        return "year"
    return f"{(row.last - row.first).days + 1} days"


def _check_name(source: str) -> None:
    if not source or len(source) > LONGEST_SOURCE or "/" in source or not source.isprintable():
        raise ForeignFileError(f"source: {source!r} is refused: 1 to {LONGEST_SOURCE} printable characters without /")
