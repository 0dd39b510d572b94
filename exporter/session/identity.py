"""The identity of the ledger, for commands: through the running service, or in the file."""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from exporter.ledger.files import LedgerError
from exporter.ledger.upkeep.backups import write_backup
from exporter.mirror.renewal import renew, take_over
from exporter.session.client import ServiceError
from exporter.session.offline_ledger import changed_ledger
from reports.calendar.days import day_of, iso

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from exporter.session.session import Session

SECONDS_TO_RENEW = 120.0
"""A backup of a large ledger takes its time."""


def renew_identity(session: Session) -> dict[str, Any]:
    """Give the ledger a new id; what the API answers. Ends the command on errors."""
    if session.client is not None:
        return _posted(session, "/api/host/renew")
    with changed_ledger(session) as (connection, zone):
        renewed = renew(connection, zone, session.now())
    _back_up(session, zone)
    return {"device_id": renewed.id, "mirrored_since": iso(renewed.since, zone)}


def take_over_rows(session: Session) -> dict[str, Any]:
    """Let the ledger go on with another machine's rows; what the API answers. Ends the command on errors."""
    if session.client is not None:
        return _posted(session, "/api/host/take-over")
    with changed_ledger(session) as (connection, _):
        take_over(connection)
    with session.read_posted() as reader:
        return {"device_id": reader.state().get("ledger_id", "")}


def id_text(ledger_id: str) -> str:
    """An id as PostgreSQL shows it, too."""
    return str(UUID(ledger_id))


def _posted(session: Session, path: str) -> dict[str, Any]:
    try:
        return session.client.post(path, timeout=SECONDS_TO_RENEW) if session.client is not None else {}
    except ServiceError as error:
        raise click.ClickException(error.reason or str(error)) from error


def _back_up(session: Session, zone: ZoneInfo) -> None:
    """A ledger that is restored has the new id, too."""
    settings = session.settings.ledger
    if not settings.backups:
        return
    before = os.umask(0o077)
    try:
        write_backup(settings.path, day_of(session.now(), zone), settings.backups)
    except (OSError, sqlite3.Error, LedgerError) as error:
        click.echo(f"no backup was written: {error}", err=True)
    finally:
        os.umask(before)
