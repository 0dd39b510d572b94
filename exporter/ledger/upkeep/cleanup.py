"""Clean-up of a ledger that no service writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.upkeep.retention import Retention
from exporter.ledger.writing.writer import Writer

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.ledger.upkeep.retention import Keep, Removed


def clean_up_ledger(
    path: Path, zone: ZoneInfo, keep: Keep, now: int, *, is_aggressive: bool, is_vacuumed: bool
) -> Removed:
    """Delete old minutes and slots under the ledger's lock; raises LedgerError, OSError or sqlite3.Error."""
    lock = LedgerLock(path)
    lock.acquire()
    writer = Writer(path, zone)
    try:
        retention = Retention(writer, path)
        removed = retention.clean_up(keep, now, is_aggressive=is_aggressive)
        if is_vacuumed:
            retention.vacuum()
        return removed
    finally:
        writer.close()
        lock.release()
