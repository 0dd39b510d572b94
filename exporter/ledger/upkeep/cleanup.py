"""Clean-up of a ledger that no service writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.upkeep.retention import Retention

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.ledger.upkeep.retention import Keep, Removed
    from exporter.ledger.writing.writer import Writer


def clean_up_ledger(
    writer: Writer, path: Path, keep: Keep, now: int, *, is_aggressive: bool, is_vacuumed: bool
) -> Removed:
    """Delete old minutes and slots under the ledger's lock, and close the writer.

    Raises LedgerError, OSError or sqlite3.Error.
    """
    lock = LedgerLock(path)
    lock.acquire()
    try:
        retention = Retention(writer, path)
        removed = retention.clean_up(keep, now, is_aggressive=is_aggressive)
        if is_vacuumed:
            retention.vacuum()
        return removed
    finally:
        writer.close()
        lock.release()
