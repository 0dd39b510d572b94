"""`netledger ledger`: info, backup, verify, cleanup."""

from __future__ import annotations

import os
import sqlite3
import sys
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.ledger.files import LedgerError, size_on_disk
from exporter.ledger.opening.inspection import file_faults, ledger_faults, put_notices_away
from exporter.ledger.upkeep.backups import backups_of, write_backup
from exporter.ledger.upkeep.cleanup import clean_up_ledger
from exporter.ledger.upkeep.retention import Keep, aggressive
from exporter.ledger.writing.writer import Writer
from exporter.meters.registry import new_stores
from exporter.session.client import ServiceError
from exporter.session.reading import CommandAnswer, reading
from exporter.session.session import open_session
from exporter.terminal.dates import time_text
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import json_option
from exporter.terminal.printing import TextTable, print_json, print_sentence, print_table
from reports.calendar.days import iso
from reports.text.amounts import human_bytes, human_duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.ledger.reader import Incident

FACTS = {
    "path": "File",
    "size_bytes": "Size",
    "timezone": "Time zone",
    "since": "Since",
    "slots": "Quarter hours",
    "minutes": "Minutes",
    "days": "Days",
    "gaps": "Gaps",
    "incidents": "Incidents",
    "backups": "Backups",
}
NEWEST_INCIDENTS = 10


@click.group(cls=HintingGroup)
def ledger() -> None:
    """Look after the ledger."""


@ledger.command()
@reading("Print JSON.")
def info(session: Session) -> CommandAnswer:
    """What the ledger holds, since when, and what happened to it."""
    path = session.settings.ledger.path
    with session.read() as reader:
        rows, zone, since = reader.row_counts(), reader.zone, reader.first_seen()
        gaps, incidents = reader.gaps(0, int(session.now()) + 1), reader.incidents()
    facts: dict[str, str | int | None] = {
        "path": str(path.absolute()),
        "size_bytes": size_on_disk(path),
        "timezone": zone.key,
        "since": None if since is None else iso(since, zone),
        "slots": rows.slots,
        "minutes": rows.minutes,
        "days": rows.days,
        "gaps": len(gaps),
        "incidents": len(incidents),
        "backups": len(backups_of(path)),
    }
    listed = [incident._asdict() | {"at": iso(incident.at, zone)} for incident in incidents]
    notes = [_in_words(incident, zone) for incident in incidents[:NEWEST_INCIDENTS]]
    return CommandAnswer({**facts, "incident_list": listed}, partial(_print_info, facts, notes))


def _print_info(facts: Mapping[str, str | int | None], notes: list[str]) -> None:
    rows = [(name, _fact_text(facts[key])) for key, name in FACTS.items()]
    rows[1] = ("Size", human_bytes(int(facts["size_bytes"] or 0)))
    print_table(TextTable("Ledger", (), rows, left=frozenset({0, 1})), notes)


@ledger.command()
@click.pass_obj
def backup(environment: Environment) -> None:
    """Write today's backup now, while the service goes on."""
    session = open_session(environment)
    settings = session.settings.ledger
    with session.read_posted():  # what is no ledger must not replace a good backup
        pass
    before = os.umask(0o077)  # a backup is its user's own, as the ledger is
    try:
        target = write_backup(
            settings.path, datetime.fromtimestamp(environment.now(), UTC).date(), max(settings.backups, 1)
        )
    except OSError as error:
        raise click.ClickException(
            f"no backup was written: {error.filename or settings.path}: {error.strerror}"
        ) from error
    except sqlite3.Error as error:
        raise click.ClickException(f"no backup was written: {error}") from error
    finally:
        os.umask(before)
    click.echo(f"{target} ({human_bytes(target.stat().st_size)})")


@ledger.command(short_help="Check file and sums, and put notices away.")
@click.pass_obj
def verify(environment: Environment) -> None:
    """Check the file and its sums, show what happened to it, and put the notices away (exit code 1: damaged).

    The file is read page by page. Each day is compared with its quarter hours, and the days of each interface with its
    last reading.
    """
    session = open_session(environment)
    path = session.settings.ledger.path
    session.require_ledger()
    if faults := file_faults(path):
        click.echo(f"{path} is damaged: " + "; ".join(faults), err=True)
        click.echo(
            "Stop the service and start it again: it sets the file aside and restores the newest backup.",
            err=True,
        )
        sys.exit(1)
    with session.read_posted() as reader:
        notices, zone = reader.incidents(only_unseen=True), reader.zone
        faults = ledger_faults(path)
    if faults:
        click.echo(f"{path} is whole, but contradicts itself: " + "; ".join(faults), err=True)
        click.echo(
            "Totals are wrong by that much. To go back to the newest backup, stop the service, move the ledger away, "
            "and start it again.",
            err=True,
        )
        sys.exit(1)
    click.echo(f"{path} is whole")
    for notice in notices:
        click.echo(_in_words(notice, zone))
    if notices:
        _put_away(session)


@ledger.command(short_help="Delete old minutes and quarter hours; never a day.")
@click.option("--aggressive", is_flag=True, help="Keep only a tenth of the minutes and slots; days are never deleted.")
@click.option("--vacuum/--no-vacuum", default=True, help="Give the space back to the file system.")
@click.option("--yes", is_flag=True, help="Do not ask: an aggressive cleanup asks first, and needs this in a script.")
@json_option()
@click.pass_obj
def cleanup(environment: Environment, *, aggressive: bool, vacuum: bool, yes: bool, as_json: bool) -> None:
    """Delete minutes and quarter hours that are older than they are kept for; never a day."""
    session = open_session(environment)
    if aggressive and not yes:
        _confirm(session)
    if session.client is not None:
        query = f"aggressive={str(aggressive).lower()}&vacuum={str(vacuum).lower()}"
        try:
            local = session.client.post(f"/api/storage/cleanup?{query}")["local"]
        except ServiceError as error:
            raise click.ClickException(str(error)) from error
        minutes, slots = local["logs_deleted"], local["slots_deleted"]
    else:
        minutes, slots = _clean_up_alone(session, is_aggressive=aggressive, is_vacuumed=vacuum)
    if as_json:
        print_json({"minutes_deleted": minutes, "slots_deleted": slots, "days_deleted": 0})
    else:
        click.echo(f"{minutes} minute rows and {slots} quarter hours deleted; days are kept for ever")
        if slots and session.settings.mirror.url:
            click.echo("the mirror follows with its next copy")


def _confirm(session: Session) -> None:
    """Describe what is deleted, and ask; raises UsageError without a terminal."""
    minutes, slots = (human_duration(seconds) for seconds in aggressive(Keep.of(session.settings))[:2])
    text = (
        f"This deletes for ever every minute older than {minutes} and every quarter hour older than {slots}. "
        "Hours, percentiles, short steps of series and free hours of earlier days are not known any more; days stay."
    )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError(f"{text} To do so from a script, give --yes")
    print_sentence(text)
    click.confirm("Delete them?", abort=True)


def _fact_text(fact: str | int | None) -> str:
    return f"{fact:,}" if isinstance(fact, int) else fact or "-"


def _in_words(incident: Incident, zone: ZoneInfo) -> str:
    parts = (time_text(iso(incident.at, zone)), incident.subject, f"{incident.what}:")
    moved = f"{incident.bytes:,} bytes" if incident.bytes else ""
    return " ".join(filter(None, (*parts, moved, incident.detail))).rstrip(":")


def _clean_up_alone(session: Session, *, is_aggressive: bool, is_vacuumed: bool) -> tuple[int, int]:
    with session.read() as reader:
        zone = reader.zone
    path, now = session.settings.ledger.path, int(session.now())
    try:
        writer, keep = Writer(path, zone, new_stores()), Keep.of(session.settings)
        removed = clean_up_ledger(writer, path, keep, now, is_aggressive=is_aggressive, is_vacuumed=is_vacuumed)
    except LedgerError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the ledger may not be changed: {error.filename}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise click.ClickException(f"the ledger could not be cleaned: {error}") from error
    return removed.minutes, removed.slots


def _put_away(session: Session) -> None:
    try:
        if session.client is not None:
            session.client.post("/api/notices/seen")
        else:
            put_notices_away(session.settings.ledger.path)
    except (ServiceError, sqlite3.Error) as error:
        click.echo(f"the notice stays: {error}", err=True)
