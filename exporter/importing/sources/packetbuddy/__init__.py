"""PacketBuddy: its database, and what it exports as JSON and as CSV. Facts: files that its 1.4 has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.importing.sources.packetbuddy import database, exports

if TYPE_CHECKING:
    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

FILES = "PacketBuddy (database, JSON, CSV)"


def claims(file: ForeignFile) -> bool:
    """True for the tables of PacketBuddy, and for what it exports."""
    if file.tables is not None:
        return set(database.COLUMNS) <= set(file.tables)
    return exports.claims(file)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in a database or an export."""
    return database.read(file, options) if file.tables is not None else exports.read(file, options)
