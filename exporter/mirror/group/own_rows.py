"""The machine's own rows in a group: read from its ledger itself, so that all machines are never less than this one.

Temporary views of a connection have the names of the group's tables, and the rows of both files; a subject of the own
ledger has its number there, less than 0. All counted interfaces of the machine are the one subject that stands for it.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.files import connect_to_read
from exporter.mirror.renewal import EVER, MirroredSince, mirrored_since
from reports.ledger.reader import ALL_POSTED, LedgerReader, Unposted
from reports.ledger.shape import INTERFACE, SPECS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.ledger.rows import UnpostedRow
    from reports.ledger.shape import MeterSpec

GRAINS = ("slot", "day")
SLOTS_SINCE = "slots_since"
"""State of a group: quarter hours of all machines are kept from then on (UTC seconds)."""


OWN_SUBJECT = 1
"""The number of the subject that stands for the own machine, where it is one of the group."""


class OwnMachine(NamedTuple):
    """This machine in a group: its ledger, the name of the subject that stands for it, and since when it is one.

    What a renewed ledger holds of before is another machine's, too, which the mirror has.
    """

    ledger: Path
    device: str
    since: MirroredSince = EVER

    def unposted(self, held: Unposted) -> Unposted:
        """What the own ledger does not have yet, as rows of the group."""
        return Unposted([row for each in held.slots for row in self._row(each)]) if held.slots else ALL_POSTED

    def _row(self, row: UnpostedRow) -> Iterator[UnpostedRow]:
        if row.started < self.since.seconds:
            return
        if row.meter != INTERFACE.name:
            yield row
        elif row.is_counted:
            yield row._replace(key=(self.device,))


def connect_to_group(path: Path, own: OwnMachine | None) -> sqlite3.Connection:
    """Open a group read only, with the own machine's rows; raises sqlite3.Error."""
    connection = connect_to_read(path)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        if own is not None:
            _attach(connection, own.ledger)
            for name, view in _views(own.since).items():
                connection.execute(f"CREATE TEMP VIEW {name} AS {view}")
        undo.pop_all()
    return connection


def _attach(connection: sqlite3.Connection, ledger: Path) -> None:
    uri = ledger.absolute().as_uri()
    try:
        connection.execute("ATTACH ? AS own", (f"{uri}?mode=ro",))
        connection.execute("SELECT count(*) FROM own.sqlite_master")
    except sqlite3.OperationalError:  # on a disk that cannot be written, as connect_to_read has it
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("DETACH own")
        connection.execute("ATTACH ? AS own", (f"{uri}?mode=ro&immutable=1",))


def own_machine(ledger: Path, device: str) -> OwnMachine:
    """This machine as its ledger says it; raises sqlite3.Error."""
    with contextlib.closing(connect_to_read(ledger)) as connection:
        return OwnMachine(ledger, device, mirrored_since(LedgerReader(connection).state()))


def _views(since: MirroredSince) -> dict[str, str]:
    views = {"meter": "SELECT * FROM own.meter", "subject": _subjects(), "imported": _imported(since)}
    for spec in SPECS:
        if spec is not INTERFACE:
            names = ", ".join(spec.dimensions)
            views[spec.subjects] = (
                f"SELECT subject, {names} FROM main.{spec.subjects} UNION ALL "
                f"SELECT -subject, {names} FROM own.{spec.subjects}"
            )
        for grain in GRAINS:
            views[spec.table(grain)] = _rows(spec, grain, since)
            views[spec.view(grain)] = _by_grain(spec, grain, since)
    return views


def _subjects() -> str:
    columns = "id, meter, key, first_seen, last_seen"
    return f"""
        SELECT {columns} FROM main.subject WHERE id <> {OWN_SUBJECT}
        UNION ALL SELECT -id, meter, key, first_seen, last_seen FROM own.subject WHERE meter <> '{INTERFACE.name}'
        UNION ALL SELECT {OWN_SUBJECT}, '{INTERFACE.name}', (SELECT key FROM main.subject WHERE id = {OWN_SUBJECT}),
                         min(first_seen), max(last_seen)
                  FROM own.subject WHERE meter = '{INTERFACE.name}' GROUP BY meter
    """


def _imported(since: MirroredSince) -> str:
    amounts = ", ".join(("first_day", "last_day", *INTERFACE.sums))
    kept = f"first_day >= {since.day}"
    return f"""
        SELECT source, subject, {amounts} FROM main.imported
        UNION ALL SELECT source, {OWN_SUBJECT}, {amounts} FROM own.imported WHERE {COUNTED} AND {kept}
        UNION ALL SELECT source, -subject, {amounts} FROM own.imported
                  WHERE subject NOT IN (SELECT subject FROM own.{INTERFACE.subjects}) AND {kept}
    """


COUNTED = f"subject IN (SELECT subject FROM own.{INTERFACE.subjects} WHERE counted = 1)"


def _rows(spec: MeterSpec, grain: str, since: MirroredSince) -> str:
    columns = ", ".join((*spec.columns(grain), "posting"))
    number, those = (str(OWN_SUBJECT), COUNTED) if spec is INTERFACE else ("-subject", "1")
    table, kept = spec.table(grain), _since(grain, grain, since)
    return f"""
        SELECT {grain}, subject, {columns} FROM main.{table}
        UNION ALL SELECT {grain}, {number}, {columns} FROM own.{table} WHERE {those} {kept}
    """


def _by_grain(spec: MeterSpec, grain: str, since: MirroredSince) -> str:
    time, times = ("u.day", "day") if grain == "day" else (f"u.{grain} AS started", "started")
    measures = ", ".join(spec.columns(grain))
    held = ", ".join((times, *spec.dimensions, *spec.facts))
    if spec is INTERFACE:
        names, those = "m.device, 1 AS counted, 1 AS uplink", "k.counted = 1"
        join = f"CROSS JOIN main.{INTERFACE.subjects} AS m ON m.subject = {OWN_SUBJECT}"
    else:
        names, those, join = ", ".join(f"k.{name}" for name in spec.dimensions), "1", ""
    return f"""
        SELECT {held}, {measures} FROM main.{spec.view(grain)}
        UNION ALL SELECT {time}, {names}, {measures}
                  FROM own.{spec.table(grain)} AS u JOIN own.{spec.subjects} AS k ON k.subject = u.subject {join}
                  WHERE {those} {_since(grain, f"u.{grain}", since)}
    """


def _since(grain: str, column: str, since: MirroredSince) -> str:
    """Slots of the own machine, too, only from when those of all are kept."""
    own = f"AND {column} >= {since.first(grain)}"
    if grain == "day":
        return own
    return f"{own} AND {column} >= (SELECT CAST(value AS INTEGER) FROM main.state WHERE name = '{SLOTS_SINCE}')"
