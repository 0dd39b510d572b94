"""`netledger requests import`."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.importing.foreign import is_database
from exporter.ledger.files import LedgerError
from exporter.ledger.past.rows import ForeignFileError
from exporter.meters.requests.logs.formats.named import format_of
from exporter.meters.requests.logs.positions import PREFIX
from exporter.meters.requests.privacy import ClientPrivacy
from exporter.meters.requests.settings import SERVICE
from exporter.session.client import ServiceError
from exporter.session.live_imports import LiveRequests
from exporter.session.log_imports import ImportedLog, import_log
from exporter.session.offline_requests import offline_requests
from exporter.session.session import open_session
from exporter.settings.rules import RuleError
from exporter.terminal.options import json_option
from exporter.terminal.printing import print_json, printable
from exporter.terminal.progress import progress
from reports.errors import QuestionError
from reports.ledger.request_notes import request_notes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.requests.logs.formats.named import LogFormat
    from exporter.session.environment import Environment
    from exporter.session.log_imports import ImportTarget

LOG_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
NO_SAMPLE = "the ledger has no sample yet, or cannot be written: start `netledger run`"
BUSY = "netledger has the ledger, and does not answer: try again"


def _service(_ctx: click.Context, _parameter: click.Parameter, name: str) -> str:
    try:
        return str(SERVICE.read(name))
    except RuleError as error:
        raise click.BadParameter(str(error)) from error


def _format(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> LogFormat | None:
    try:
        return format_of(text) if text else None
    except QuestionError as error:
        raise click.BadParameter(str(error)) from error


def _is_database(path: Path) -> bool:
    """True for a database; what cannot be read says so when it is."""
    with contextlib.suppress(ForeignFileError):
        return is_database(path)
    return False


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=LOG_PATH)
@click.option("--service", metavar="NAME", required=True, callback=_service, help="The service that the log is of.")
@click.option("--format", "log_format", metavar="FORMAT", callback=_format, help="A name, or the server's own string.")
@json_option("Print JSON.")
@click.pass_obj
def import_command(
    environment: Environment, *, files: Sequence[Path], service: str, log_format: LogFormat | None, as_json: bool
) -> None:
    """Count the requests of access logs of nginx, Apache, Caddy or Traefik, each line once; .gz, too."""
    if databases := [path for path in files if _is_database(path)]:
        raise click.ClickException(f"{databases[0]} is a database, and no log: `netledger import FILE` reads those")
    session = open_session(environment)
    if session.holder is not None and session.client is None:
        raise click.ClickException(BUSY)
    with session.read_posted() as reader:
        zone, notes = reader.zone, {} if session.client is None else request_notes(reader, PREFIX)
    try:
        if session.client is not None:
            done = _import_all(files, service, log_format, LiveRequests(session.client, notes))
        else:
            settings = session.settings
            privacy = ClientPrivacy(settings.requests.privacy, settings.requests.service_privacy)
            with offline_requests(settings.ledger.path, zone, privacy) as target:
                if target is None:
                    raise click.ClickException(NO_SAMPLE)
                done = _import_all(files, service, log_format, target)
    except (ServiceError, LedgerError, OSError, sqlite3.Error) as error:
        raise click.ClickException(f"the import ended early, and goes on where it did: {error}") from error
    if as_json:
        print_json({"service": service, "files": [_document(each) for each in done]})
    else:
        for each in done:
            _print(each)
    if any(each.problem for each in done):
        sys.exit(1)


def _import_all(
    files: Sequence[Path], service: str, log_format: LogFormat | None, target: ImportTarget
) -> list[ImportedLog]:
    done, before = [], 0
    with progress("import", sum(path.stat().st_size for path in files)) as advance:
        for path in files:
            begun = before

            def add(size: int, begun: int = begun) -> None:
                advance(begun + size)

            done.append(import_log(path, service, log_format, target, add))
            before += path.stat().st_size
            advance(before)
    return done


def _document(done: ImportedLog) -> dict[str, object]:
    faults = [{"line": number, "reason": reason} for number, reason in done.faults]
    return {**done._asdict(), "faults": faults}


def _print(done: ImportedLog) -> None:
    path = printable(done.path)
    already = f", after {done.already:,} bytes that were counted before" if done.already else ""
    known = f" ({printable(done.format)})" if done.format else ""
    click.echo(f"{path}: {done.requests:,} requests{known}, {done.refused:,} lines that are none{already}")
    for number, reason in done.faults:
        click.echo(f"  line {number:,}: {reason}", err=True)
    if done.problem:
        click.echo(f"{path}: {done.problem}", err=True)
