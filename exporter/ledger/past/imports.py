"""Imported history in the ledger: one source is replaced as a whole, in one transaction, and taken back as a whole."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.past.own_rows import counted_rows
from exporter.ledger.past.rows import ForeignFileError, PastRow
from exporter.ledger.past.settling import OtherRow, Settled, settled
from exporter.ledger.writing.statements import PUT_STATE, PUT_SUBJECT, put_facts
from reports.calendar.days import ONE_DAY, day_from_number, day_number
from reports.ledger.past import SOURCE_STATE
from reports.ledger.shape import APPLICATION, IMPORTED, INTERFACE, key_text

if TYPE_CHECKING:
    import sqlite3
    from zoneinfo import ZoneInfo

    from exporter.ledger.past.rows import Past
    from exporter.ledger.past.settling import Counted

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


class PastLedger:
    """Imported rows of a ledger, over a connection that may write; the caller has the transaction."""

    def __init__(self, connection: sqlite3.Connection, zone: ZoneInfo) -> None:
        """`zone` is that of the ledger's days."""
        self._connection, self._zone = connection, zone

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
        ids = {name: self._subject(past.meter, name, now) for name in sorted({row.name for row in found.rows})}
        self._connection.executemany(
            "INSERT INTO imported (source, subject, first_day, last_day, receive_bytes, transmit_bytes) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    f"{source}/{_resolution(row)}",
                    ids[row.name],
                    day_number(row.first),
                    day_number(row.last),
                    row.received,
                    row.sent,
                )
                for row in found.rows
            ),
        )
        facts = {
            "kind": past.kind,
            "identity": past.identity,
            "at": now,
            "machine": list(past.machine),
            "meter": past.meter,
        }
        self._connection.execute(PUT_STATE, (SOURCE_STATE + source, json.dumps(facts)))
        return done

    def remove(self, source: str) -> list[PastRow]:
        """Take a source back; returns its rows. Raises ForeignFileError for one that is not there."""
        if self._facts(source) is None:
            known = ", ".join(self.sources()) or "none"
            raise ForeignFileError(f"nothing was imported as {source!r}; known sources: {known}")
        rows = self._rows(source)
        self._delete(source)
        self._connection.execute("DELETE FROM state WHERE name = ?", (SOURCE_STATE + source,))
        gone = "scope = ? AND subject NOT IN (SELECT subject FROM imported) RETURNING subject"
        subjects = self._connection.execute(f"DELETE FROM application_subject WHERE {gone}", (IMPORTED,)).fetchall()  # noqa: S608 - our own condition
        self._connection.executemany("DELETE FROM subject WHERE id = ?", subjects)
        return rows

    def _settled(self, source: str, past: Past) -> Settled:
        until = past.read_until
        machine = frozenset(past.machine)
        known: dict[str, Counted | None] = {}

        def counted(name: str) -> Counted | None:
            if name not in known:
                own = None if name in machine else name
                known[name] = counted_rows(self._connection, past.meter, own, until, self._zone)
            return known[name]

        return settled(past, self._zone, counted, self._taken(source, past.meter))

    def _taken(self, source: str, meter: str) -> list[OtherRow]:
        found: list[OtherRow] = []
        for name in self.sources():
            facts = self._facts(name) or {}
            if name != source and facts.get("meter", INTERFACE.name) == meter:
                machine = facts.get("machine", ())
                found.extend(OtherRow(row, row.name in machine) for row in self._rows(name))
        return found

    def _rows(self, source: str) -> list[PastRow]:
        query = """
            SELECT ifnull(k.device, a.application), i.first_day, i.last_day, i.receive_bytes, i.transmit_bytes
            FROM imported AS i LEFT JOIN interface_subject AS k USING (subject)
            LEFT JOIN application_subject AS a USING (subject)
            WHERE substr(i.source, 1, length(:source) + 1) = :source || '/'
        """
        return sorted(
            PastRow(name, day_from_number(first), day_from_number(last), received, sent)
            for name, first, last, received, sent in self._connection.execute(query, {"source": source})
        )

    def _delete(self, source: str) -> None:
        query = "DELETE FROM imported WHERE substr(source, 1, length(:source) + 1) = :source || '/'"
        self._connection.execute(query, {"source": source})

    def _subject(self, meter: str, name: str, now: int) -> int:
        """The id of a subject; an interface that netledger has never met counts unless its bytes cross another one."""
        spec, facts = (INTERFACE, (int(counts(name)), 0)) if meter == INTERFACE.name else (APPLICATION, ())
        key = (name, *(IMPORTED,) * (len(spec.dimensions) - 1))
        query = "SELECT id FROM subject WHERE meter = ? AND key = ?"
        place = (spec.name, key_text(key))
        if (found := self._connection.execute(query, place).fetchone()) is None:
            self._connection.execute(PUT_SUBJECT, (*place, now, now))
            (number,) = found = self._connection.execute(query, place).fetchone()
            self._connection.execute(put_facts(spec), (number, *key, *facts))
        return int(found[0])

    def sources(self) -> list[str]:
        """The names of sources, in their order."""
        query = "SELECT name FROM state WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name"
        rows = self._connection.execute(query, {"prefix": SOURCE_STATE})
        return [name.removeprefix(SOURCE_STATE) for (name,) in rows]

    def _facts(self, source: str) -> dict[str, Any] | None:
        found = self._connection.execute("SELECT value FROM state WHERE name = ?", (SOURCE_STATE + source,)).fetchone()
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
