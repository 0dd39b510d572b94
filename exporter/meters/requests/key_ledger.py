"""Keys of services in a ledger that no service writes."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_write
from exporter.ledger.locks.lock import LedgerLock
from exporter.meters.requests.key_ring import KeyRing
from exporter.meters.requests.store import read_keys, write_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from exporter.meters.requests.service_keys import ServiceKey


def change_keys(path: Path, change: Callable[[KeyRing], Sequence[ServiceKey]]) -> None:
    """Write the rows that `change` makes of all keys, under the ledger's lock.

    Raises LedgerError, OSError or sqlite3.Error.
    """
    lock = LedgerLock(path)
    lock.acquire()
    try:
        with closing(connect_to_write(path)) as connection:
            if rows := change(KeyRing(read_keys(connection))):
                write_keys(connection, rows)
    finally:
        lock.release()
