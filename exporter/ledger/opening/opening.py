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
from exporter.ledger.files import LedgerError, choose_journal, connect_to_read, connect_to_write, version_of
from exporter.ledger.opening.carrying import carried_forward
from exporter.ledger.opening.history import read_first_day, read_history, read_imported, read_notices, read_period_sums
from exporter.ledger.opening.recovery import make_good
from exporter.ledger.opening.zones import adopt_zone, zone_of
from exporter.ledger.schema import SchemaError
from exporter.metering.totals import Totals
from reports.ledger.shape import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.metering.postings import Opening
    from exporter.metering.samples import MeterStore

log = logging.getLogger(__name__)

PUT_HOST = """
INSERT INTO host (id, name, system, zone) SELECT value, ?, ?, ? FROM state WHERE name = 'ledger_id'
ON CONFLICT (id) DO UPDATE SET name = excluded.name, system = excluded.system, zone = excluded.zone
"""


class Opened(NamedTuple):
    """What an opened ledger carries forward, the zone of its days, and what happened to it on the way.

    `problem` says why it can be read and not written at the moment; "" where it can.
    """

    opening: Opening
    zone: ZoneInfo
    ledger_id: str
    totals: Totals
    notices: tuple[str, ...] = ()
    problem: str = ""


def open_ledger(path: Path, stores: Sequence[MeterStore], zone: ZoneInfo) -> Opened:
    """Prepare the ledger for its writer; raises LedgerError with the reason and the next step.

    The caller holds the lock. Damage is never fatal: the file is set aside under its date, and the newest good backup
    put in its place. A ledger that can only be read (full disk, read-only file system, locked by others) is carried
    forward too, and written when it can be.
    """
    try:
        make_good(path, [store.spec for store in stores])
        choose_journal(path)
        with contextlib.closing(connect_to_write(path)) as connection:
            return _carry_forward(connection, stores, zone)
    except SchemaError as error:
        raise LedgerError(str(error)) from error
    except sqlite3.OperationalError as error:
        return _read_only(path, stores, zone, str(error))


def _carry_forward(connection: sqlite3.Connection, stores: Sequence[MeterStore], zone: ZoneInfo) -> Opened:
    specs = [store.spec for store in stores]
    for store in stores:
        for statement in store.statements():
            connection.execute(statement)
    name = zone_of(connection)
    if name != zone.key:
        adopt_zone(connection, zone, _zone(name), specs)
    if held_reckoning(connection) is None:
        gather_strays(connection, zone, specs)
    connection.execute("INSERT OR IGNORE INTO state (name, value) VALUES ('ledger_id', ?)", (uuid.uuid4().hex,))
    connection.execute(PUT_HOST, (host_name(), platform.system(), zone.key))
    return _opened(connection, stores, zone)


def _opened(connection: sqlite3.Connection, stores: Sequence[MeterStore], zone: ZoneInfo) -> Opened:
    ledger_id = connection.execute("SELECT value FROM state WHERE name = 'ledger_id'").fetchone()
    totals = Totals(zone)
    specs = [store.spec for store in stores]
    totals.sums.load(*read_period_sums(connection, specs))
    totals.load(read_history(connection, specs), read_first_day(connection, specs))
    totals.imported = read_imported(connection)
    return Opened(
        carried_forward(connection, stores),
        zone,
        ledger_id[0] if ledger_id else "",
        totals,
        read_notices(connection),
    )


def _read_only(path: Path, stores: Sequence[MeterStore], zone: ZoneInfo, problem: str) -> Opened:
    try:
        with contextlib.closing(connect_to_read(path)) as connection:
            if version_of(connection) != SCHEMA_VERSION:
                raise LedgerError(f"cannot prepare {path}: {problem}; free or unlock it, or set ledger.path")
            name = zone_of(connection)
            return _opened(connection, stores, _zone(name) or zone)._replace(problem=problem)
    except sqlite3.Error as error:
        raise LedgerError(
            f"cannot open {path}: {error}; check the folder's owner and the disk, or set ledger.path"
        ) from error


def _zone(name: str) -> ZoneInfo | None:
    """The zone that the days are cut in; None in a new ledger, or for a name that is unknown here."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        log.error("the days of the ledger are cut in %r, which is no time zone here: they stay as they are", name)  # noqa: TRY400 - no traceback
        return None
