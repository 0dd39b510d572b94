"""Which program a file is of, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.importing import foreign
from exporter.importing.sources import vnstat
from exporter.ledger.past.rows import ForeignFileError, Past, check, renamed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo


class ReadingOptions(NamedTuple):
    """What a file does not say: the zone of its dates, the day on which its months begin, names of interfaces."""

    zone: ZoneInfo
    month_begins: int = 1
    names: Mapping[str, str] = {}


def read(path: Path, options: ReadingOptions) -> Past:
    """The history of a file; raises ForeignFileError where it is of no known program, not whole, or contradictory."""
    past = _read(path, options)
    check(past, str(path))
    return renamed(past, options.names)


def _read(path: Path, options: ReadingOptions) -> Past:
    if foreign.is_database(path):
        with foreign.database(path) as connection:
            columns = foreign.tables(connection)
        if vnstat.is_database(columns):
            return vnstat.read_database(path, options.zone, options.month_begins)
        raise ForeignFileError(
            f"{path} is a database of no program that is known: it has the tables {', '.join(columns)}"
        )
    content = foreign.text(path)
    if content.lstrip().startswith(("{", "[")):
        document = foreign.document(path, content)
        if vnstat.is_json(document):
            return vnstat.read_json(path, document, options.zone, options.month_begins)
    raise ForeignFileError(f"{path} is of no program that is known; known are vnStat 2 (database, JSON)")
