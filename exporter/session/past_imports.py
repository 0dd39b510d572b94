"""Imports of history, by the running service or, without one, in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import click
import msgspec

from exporter.archive.folder import forget_reports
from exporter.ledger.past.imports import PastLedger
from exporter.meters.requests.past import take_back
from exporter.session.client import ServiceError
from exporter.session.offline_ledger import changed_ledger
from reports.formats.json import imports as shapes

if TYPE_CHECKING:
    from exporter.ledger.past.rows import Past
    from exporter.session.client import ServiceClient
    from exporter.session.session import Session

PATH = "/api/imports"
SECONDS = 60.0
"""A service that posts and settles the rows of years takes one or two."""


def put(session: Session, source: str, past: Past, *, is_dry: bool) -> shapes.ImportAnswer:
    """Import; raises ForeignFileError, and ClickException where neither service nor file take it."""
    if session.client is not None:
        body = msgspec.json.encode({"source": source, "past": past, "dry_run": is_dry})
        return msgspec.convert(_post(session.client, PATH, body), shapes.ImportAnswer)
    with changed_ledger(session) as (connection, zone):
        done = PastLedger(connection, zone).put(source, past, int(session.now()), is_dry=is_dry)
    if not (done.is_same or is_dry):
        forget_reports(session.settings.ledger.path, done.rows)
    return shapes.import_answer(
        done.source, done.rows, done.own_bytes, done.notes, meter=past.meter, is_same=done.is_same, is_dry_run=is_dry
    )


def remove(session: Session, source: str) -> shapes.RemovedImport:
    """Take a source back; raises as `put`."""
    if session.client is not None:
        return msgspec.convert(
            _post(session.client, f"{PATH}/remove?source={quote(source)}", b""), shapes.RemovedImport
        )
    with changed_ledger(session) as (connection, zone):
        removed = take_back(connection, zone, source)
    forget_reports(session.settings.ledger.path, removed.touched)
    return shapes.RemovedImport(source=source, rows=removed.rows)


def _post(client: ServiceClient, path: str, body: bytes) -> dict[str, object]:
    try:
        return client.post(path, body, timeout=SECONDS)
    except ServiceError as error:
        raise click.ClickException(error.reason or str(error)) from error
