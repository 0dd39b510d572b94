"""The database of vnStat 2. Facts: vnStat's source, and files that its 2.10 has written.

Resolution falls with age: 5 minutes are kept for 2 days, hours for 4, days for 62, months for 25, years for ever. Dates
are local, or UTC where vnstat.conf has UseUTC, which no file says. Neither does one say on which day of the month its
months begin (MonthRotate).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.foreign import amounts, database, moment
from exporter.importing.sources.vnstat.histories import PARTS, SPANS, InterfaceHistory, Record, past
from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

VERSION = "1"


def claims(file: ForeignFile) -> bool:
    """True for the tables of vnStat."""
    return file.tables is not None and {"info", "interface", "fiveminute", "month", "top"} <= set(file.tables)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in a database."""
    path = file.path
    with database(path) as connection:
        info = dict(connection.execute("SELECT name, value FROM info"))
        if (version := info.get("dbversion")) != VERSION:
            raise ForeignFileError(f"{path}: dbversion {version} of vnStat is not known, only {VERSION}")
        query = "SELECT id, name, created, updated, rxtotal, txtotal FROM interface ORDER BY name"
        histories = [
            InterfaceHistory(
                name,
                moment(created, path, f"interface {name}, created"),
                moment(updated, path, f"interface {name}, updated"),
                amounts(path, "interface, total", (received, sent)),
                {
                    table: [
                        Record(moment(at, path, f"{table}, row {row}"), *amounts(path, f"{table}, row {row}", moved))
                        for row, at, *moved in connection.execute(
                            f"SELECT id, date, rx, tx FROM {table} WHERE interface = ? ORDER BY date",  # noqa: S608 - our own names
                            (number,),
                        )
                    ]
                    for table in (*PARTS, *SPANS)
                },
            )
            for number, name, created, updated, received, sent in connection.execute(query)
        ]
    return past(path, histories, options.zone, options.month_begins)
