"""Open the ledger for writing: set a damaged one aside, restore the newest good backup, migrate, carry forward."""

from __future__ import annotations

import contextlib
import logging
import platform
import sqlite3
import uuid
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.identity import host_name
from exporter.ledger.clock_repair.held_clock import held_reckoning
from exporter.ledger.clock_repair.strays import gather_strays
from exporter.ledger.files import LedgerError, choose_journal, connect_to_read, connect_to_write
from exporter.ledger.opening.history import read_first_day, read_history, read_notices
from exporter.ledger.opening.recovery import make_good
from exporter.ledger.opening.zones import adopt_zone, zone_of
from exporter.ledger.schema import SchemaError, version_of
from exporter.ledger.upkeep.backups import COPIED
from exporter.ledger.writing.statements import COUNTER_BASE
from exporter.metering.postings import Account, Checkpoint, MeterState, OpeningBalance, SubjectFacts
from exporter.metering.readings import NOTHING, Counts, Epoch, Subject
from exporter.metering.totals import Totals
from reports.ledger.shape import INTERFACE, SCHEMA_VERSION, SPECS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.ledger.shape import MeterSpec

log = logging.getLogger(__name__)

UNREADABLE = Epoch("unreadable", 0, 0)
"""Epoch of a checkpoint whose own has been damaged: no counter goes on from there."""


PUT_HOST = """
INSERT INTO host (id, name, system, zone) SELECT value, ?, ?, ? FROM state WHERE name = 'ledger_id'
ON CONFLICT (id) DO UPDATE SET name = excluded.name, system = excluded.system, zone = excluded.zone
"""


class Opened(NamedTuple):
    """What an opened ledger carries forward, the zone of its days, and what happened to it on the way.

    `problem` says why it can be read and not written at the moment; "" where it can.
    """

    opening: OpeningBalance
    zone: ZoneInfo
    ledger_id: str
    totals: Totals
    notices: tuple[str, ...] = ()
    problem: str = ""


def open_ledger(path: Path, meter: str, zone: ZoneInfo, specs: Sequence[MeterSpec] = SPECS) -> Opened:
    """Prepare the ledger for its writer; raises LedgerError with the reason and the next step.

    The caller holds the lock. Damage is never fatal: the file is set aside under its date, and the newest good backup
    put in its place. A ledger that can only be read (full disk, read-only file system, locked by others) is carried
    forward too, and written when it can be.
    """
    try:
        make_good(path, specs)
        choose_journal(path)
        with contextlib.closing(connect_to_write(path)) as connection:
            return _carry_forward(connection, meter, zone, specs)
    except SchemaError as error:
        raise LedgerError(str(error)) from error
    except sqlite3.OperationalError as error:
        return _read_only(path, meter, zone, str(error))


def _carry_forward(connection: sqlite3.Connection, meter: str, zone: ZoneInfo, specs: Sequence[MeterSpec]) -> Opened:
    name = zone_of(connection)
    if name != zone.key:
        adopt_zone(connection, zone, _zone(name), specs)
    if held_reckoning(connection, meter) is None:
        gather_strays(connection, zone, specs)
    connection.execute("INSERT OR IGNORE INTO state (name, value) VALUES ('ledger_id', ?)", (uuid.uuid4().hex,))
    connection.execute(PUT_HOST, (host_name(), platform.system(), zone.key))
    return _opened(connection, meter, zone)


def _opened(connection: sqlite3.Connection, meter: str, zone: ZoneInfo) -> Opened:
    ledger_id = connection.execute("SELECT value FROM state WHERE name = 'ledger_id'").fetchone()
    totals = Totals(zone)
    totals.load(read_history(connection), read_first_day(connection))
    return Opened(
        carried_forward(connection, meter),
        zone,
        ledger_id[0] if ledger_id else "",
        totals,
        read_notices(connection),
    )


def _read_only(path: Path, meter: str, zone: ZoneInfo, problem: str) -> Opened:
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            if version_of(connection) != SCHEMA_VERSION:
                raise LedgerError(f"cannot prepare {path}: {problem}; free or unlock it, or set ledger.path")
            name = zone_of(connection)
            return _opened(connection, meter, _zone(name) or zone)._replace(problem=problem)
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot open {path}: {error}; check the folder's owner and the disk, or set ledger.path"
        ) from error


def _zone(name: str) -> ZoneInfo | None:
    """The zone that the days are cut in; None in a new ledger, or where its name means nothing here."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.error("the days of the ledger are cut in %r, which is no time zone here: they stay as they are", name)  # noqa: TRY400 - no traceback
        return None


def carried_forward(connection: sqlite3.Connection, meter: str) -> OpeningBalance:
    """Read the last look of a meter and the account of every subject that may be met again."""
    row = connection.execute(
        "SELECT posting, boot_id, namespace, wall, elapsed FROM meter WHERE name = ?", (meter,)
    ).fetchone()
    state = None
    if row is not None:
        posting, boot_id, namespace, wall, elapsed = row
        known = connection.execute("SELECT value FROM state WHERE name = ?", (f"known:{meter}",)).fetchone()
        indexes = frozenset(int(number) for number in known[0].split() if number.isdecimal()) if known else frozenset()
        state = MeterState(posting, boot_id, namespace, wall, elapsed, indexes, held_reckoning(connection, meter))
    gap_seconds = connection.execute(
        "SELECT ifnull(sum(max(ended - began, 0)), 0) FROM gap WHERE meter = ?", (meter,)
    ).fetchone()[0]
    is_copy = connection.execute("SELECT count(*) FROM state WHERE name = ?", (COPIED,)).fetchone()[0] > 0
    return OpeningBalance(state, _accounts(connection), gap_seconds, is_copy)


def _accounts(connection: sqlite3.Connection) -> dict[Subject, Account]:
    sums = ", ".join(f"sum({name})" for name in INTERFACE.sums)
    lifetimes = {
        row[0]: Counts(*row[1:])
        for row in connection.execute(f"SELECT subject, {sums} FROM interface_day GROUP BY subject")  # noqa: S608 - our own names
    }
    bases = _counter_bases(connection)
    counts = ", ".join(f"c.{name}" for name in INTERFACE.sums)
    query = f"""
        SELECT s.id, k.device, k.counted, k.uplink, s.first_seen, s.last_seen, c.epoch, c.counter_bits, {counts},
               c.began_at, c.base_receive_bytes, c.base_transmit_bytes, c.ledger_receive_bytes,
               c.ledger_transmit_bytes, c.discarded_receive_bytes, c.discarded_transmit_bytes, c.read_at
        FROM interface_subject AS k JOIN subject AS s ON s.id = k.subject
          LEFT JOIN interface_checkpoint AS c ON c.subject = s.id
        ORDER BY s.id
    """  # noqa: S608 - names of our own schema
    accounts = {}
    for subject_id, name, counted, uplink, first_seen, last_seen, *checkpoint in connection.execute(query):
        facts = SubjectFacts(bool(counted), bool(uplink), first_seen, last_seen)
        lifetime = lifetimes.get(subject_id, Counts())
        base = bases.get(subject_id, NOTHING)
        accounts[Subject(INTERFACE.name, name)] = Account(lifetime, facts, _checkpoint(checkpoint), base)
    return accounts


def _counter_bases(connection: sqlite3.Connection) -> dict[int, Counts]:
    rows = connection.execute("SELECT name, value FROM state WHERE name LIKE ? || '%'", (COUNTER_BASE,))
    bases = {}
    for name, value in rows:
        with contextlib.suppress(ValueError, TypeError):
            bases[int(name.removeprefix(COUNTER_BASE))] = Counts(*map(int, value.split()))
    return bases


def _checkpoint(columns: list[str | int | None]) -> Checkpoint | None:
    epoch, *numbers = columns
    if epoch is None:
        return None
    bits, *rest = (int(number or 0) for number in numbers)
    counts, (began_at, *sides), read_at = Counts(*rest[:8]), rest[8:15], rest[15]
    base, ledger, discarded = (sides[0], sides[1]), (sides[2], sides[3]), (sides[4], sides[5])
    return Checkpoint(_epoch(str(epoch)), counts, bits, began_at, base, ledger, discarded, read_at)


def _epoch(text: str) -> Epoch:
    try:
        return Epoch.parse(text)
    except ValueError:
        return UNREADABLE
