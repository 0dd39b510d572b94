"""PacketBuddy's database, `~/.packetbuddy/packetbuddy.db`.

Days are the record; they are kept for a year, months for ever, samples for a week. It holds one device, this machine;
where others have been copied into it, theirs are not this machine's bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.foreign import amounts, database, moment
from exporter.importing.sources.packetbuddy.history import KIND, DatedBytes, MachineHistory, past
from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

USAGE = {"usage_logs": "timestamp", "daily_aggregates": "date", "monthly_aggregates": "month"}
"""The column of each table that says when its bytes were moved."""
COLUMNS = {
    "devices": {"device_id", "hostname"},
    **{table: {"device_id", "bytes_sent", "bytes_received", begin} for table, begin in USAGE.items()},
}
NAMES = ("bytes_received", "bytes_sent")


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history of one device; raises ForeignFileError where several are in it, and `--map` names none of them."""
    path, tables = file.path, file.tables or {}
    for table, columns in COLUMNS.items():
        if missing := sorted(columns - tables[table]):
            raise ForeignFileError(f"{path}: this version of PacketBuddy is not known: {table} has no {missing[0]}")
    with database(path) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version:
            raise ForeignFileError(f"{path}: user_version {version} of PacketBuddy is not known, only 0")
        number, interface, others = _device(path, connection, options)
        logs, days, months = (list(_usage(path, connection, table, number)) for table in USAGE)
    notes = [f"{', '.join(others)}: other devices of the file are left out"] if others else []
    return past(file, MachineHistory(number, days, months, logs, interface, notes=notes), options.zone)


def _device(path: Path, connection: sqlite3.Connection, options: ReadingOptions) -> tuple[str, str, list[str]]:
    """The id of the device to read, the name of its interface, and the names of other devices."""
    query = """
        SELECT device_id, ifnull(hostname, device_id) FROM (
          SELECT device_id FROM daily_aggregates UNION SELECT device_id FROM monthly_aggregates
        ) LEFT JOIN devices USING (device_id) ORDER BY device_id
    """
    hosts = {str(number): str(name) for number, name in connection.execute(query)}
    labels = {number: name if list(hosts.values()).count(name) == 1 else number for number, name in hosts.items()}
    if len(hosts) < 2:  # noqa: PLR2004 - one machine, as it should be
        return next(iter(hosts), ""), options.interface or KIND, []
    chosen = [number for number, label in labels.items() if label in options.names]
    if len(chosen) != 1:
        held = ", ".join(sorted(labels.values()))
        raise ForeignFileError(
            f"{path} has several devices, {held}: name the one that is this machine, as in "
            f"--map {min(labels.values())}={KIND}"
        )
    (number,) = chosen
    return number, labels[number], sorted(label for label in labels.values() if label != labels[number])


def _usage(path: Path, connection: sqlite3.Connection, table: str, device: str) -> Iterator[DatedBytes]:
    begin = USAGE[table]
    query = f"SELECT rowid, {begin}, {', '.join(NAMES)} FROM {table} WHERE device_id = ? ORDER BY {begin}"  # noqa: S608 - our own names
    for row, at, *moved in connection.execute(query, (device,)):
        place = f"{table}, row {row}"
        text = f"{at}-01" if begin == "month" else at
        yield DatedBytes(moment(text, path, place), *amounts(path, place, moved, NAMES))
