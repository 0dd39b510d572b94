"""vnStat, by the form of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.sources.vnstat import database, document, dump

if TYPE_CHECKING:
    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

FILES = "vnStat (database, JSON, --dumpdb)"


def claims(file: ForeignFile) -> bool:
    """True for a file of any form."""
    return database.claims(file) or document.claims(file) or dump.claims(file)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history of a file that is claimed."""
    if file.tables is not None:
        return database.read(file, options)
    return dump.read(file, options) if file.document is None else document.read(file, options)
