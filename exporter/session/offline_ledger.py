"""The ledger of no service, for a command that changes it."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import click

from exporter.ledger.files import LedgerError, connect_to_write, transaction
from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.opening.opening import open_ledger
from exporter.meters.registry import new_stores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from exporter.session.session import Session


@contextmanager
def changed_ledger(session: Session) -> Iterator[tuple[sqlite3.Connection, ZoneInfo]]:
    """A connection that writes, and the zone of the ledger's days; all in one transaction.

    Ends the command where the file does not take it, or a service has the ledger.
    """
    path = session.settings.ledger.path
    with session.read_posted() as reader:
        zone = reader.zone
    lock = LedgerLock(path)
    try:
        lock.acquire()
        try:
            if problem := open_ledger(path, new_stores(), zone).problem:
                raise LedgerError(problem)
            with closing(connect_to_write(path)) as connection, transaction(connection):
                yield connection, zone
        finally:
            lock.release()
    except LedgerError as error:
        raise click.ClickException(str(error)) from error
    except (OSError, sqlite3.Error) as error:
        raise click.ClickException(f"the ledger may not be changed: {error}") from error
