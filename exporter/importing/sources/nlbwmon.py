"""nlbwmon of OpenWrt: what `nlbw -c json` and `nlbw -c csv` print. Facts: nlbwmon's source (client.c) and README.

A row is what a client of the router has received from beyond, and sent there, by protocol or by what it is grouped by:
together they are what crossed the router. They are of one accounting period, by default a month, which the file does
not name. It has no days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exporter.importing.foreign import amounts
from exporter.importing.spans import Span, end, month, until
from exporter.importing.tables import header, rows
from exporter.ledger.past.rows import ForeignFileError, Past, PastRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "nlbwmon"
FILES = "nlbwmon (JSON, CSV)"
AMOUNTS = ("rx_bytes", "tx_bytes")
COLUMNS = {"conns", "rx_pkts", "tx_pkts", *AMOUNTS}
"""Of every output, whatever it is grouped by."""


def claims(file: ForeignFile) -> bool:
    """True for a table with all columns that every output of nlbw has."""
    names: Any = header(file.text)[0]
    if file.document is not None:
        names = file.document.get("columns") if isinstance(file.document, dict) else None
    return isinstance(names, list) and COLUMNS.issubset(map(str, names))


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The sum of all clients in the period; raises ForeignFileError where the user has not said which that is."""
    if options.first is None:
        raise ForeignFileError(
            f"{file.path} does not say of which days it is: give the first day of its period with --from 2026-11-01, "
            "as `nlbw -c list` has it"
        )
    named = Span(options.first, options.last or month(options.first, options.first.day).last)
    if named.last < named.first:
        raise ForeignFileError(f"--from {named.first} --to {named.last}: a period does not end before it begins")
    moved = list(_document(file.path, file.document) if file.document is not None else _table(file))
    first, last = until(named, file.modified, options.zone)
    received, sent = (sum(each[side] for each in moved) for side in (0, 1))
    return Past(
        kind=KIND,
        identity=str(named.first),
        read_until=min(file.modified, end(named.last, options.zone)),
        rows=[PastRow(options.subject(KIND), first, last, received, sent)],
        machine=options.machine(KIND),
    )


def _document(path: Path, document: Any) -> Iterator[tuple[int, int]]:
    columns, data = document["columns"], document.get("data")
    if not isinstance(data, list):
        raise ForeignFileError(f"{path} is no whole output of nlbw: it has no data")
    for number, row in enumerate(data, start=1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise ForeignFileError(f"{path}, data, row {number}: not of {len(columns)} columns")
        yield amounts(path, f"data, row {number}", [row[columns.index(name)] for name in AMOUNTS], AMOUNTS)


def _table(file: ForeignFile) -> Iterator[tuple[int, int]]:
    columns, delimiter = header(file.text)
    places = [columns.index(name) for name in AMOUNTS]
    for number, cells in rows(file, delimiter):
        texts = [cells[place] for place in places]
        values = [int(text) if text.isascii() and text.isdecimal() else text for text in texts]
        yield amounts(file.path, f"line {number}", values, AMOUNTS)
