"""`netledger requests key`: keys of services, through the running service or in the ledger."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from exporter.ledger.files import LedgerError
from exporter.meters.requests.key_ledger import change_keys
from exporter.session.client import ServiceError
from exporter.session.session import open_session
from exporter.terminal.dates import time_text
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import json_option
from exporter.terminal.printing import TextTable, print_json, print_table
from reports.calendar.days import iso
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from zoneinfo import ZoneInfo

    from exporter.meters.requests.key_ring import KeyRing
    from exporter.meters.requests.service_keys import ServiceKey
    from exporter.session.environment import Environment
    from exporter.session.session import Session

COLUMNS = ("Key", "Service", "Right", "Created", "Revoked")
ONCE = "This is shown once: netledger keeps only its hash."


@click.group(cls=HintingGroup)
def key() -> None:
    """Keys with which services report and read their requests."""


@key.command(short_help="Make a key of a service.")
@click.argument("service")
@click.option("--read", "right", flag_value="read", help="It reads the service's requests.")
@click.option("--both", "right", flag_value="both", help="It writes and reads them.")
@json_option()
@click.pass_obj
def create(environment: Environment, *, service: str, right: str | None, as_json: bool) -> None:
    """Make a key of SERVICE, which writes its requests; --read or --both for other rights. It is shown once."""
    session, chosen = open_session(environment), right or "ingest"

    def change(ring: KeyRing, now: float) -> tuple[str, list[ServiceKey]]:
        text, made = ring.new(service, chosen, now)
        return text, [made]

    _show_new(_changed(session, f"?service={quote(service, safe='')}&right={chosen}", change), as_json=as_json)


@key.command("list", short_help="Every key, without what it is.")
@json_option()
@click.pass_obj
def list_keys(environment: Environment, *, as_json: bool) -> None:
    """Every key: its service and right, when it was made and revoked; never the key."""
    session = open_session(environment)
    rows = _listed(session)
    if as_json:
        print_json({"keys": rows})
        return
    table = [
        (str(row["id"]), row["service"], row["right"], _minute(row["created"]), _minute(row["revoked"])) for row in rows
    ]
    print_table(TextTable("Keys of services", COLUMNS, table, left=frozenset({1, 2, 3, 4})))


@key.command()
@click.argument("id_", metavar="ID", type=click.IntRange(1))
@json_option()
@click.pass_obj
def revoke(environment: Environment, *, id_: int, as_json: bool) -> None:
    """End the key with this number of the list."""

    def change(ring: KeyRing, now: float) -> tuple[str, list[ServiceKey]]:
        return "", [ring.numbered(id_)._replace(revoked=int(now))]

    row = _changed(open_session(environment), f"/{id_}/revoke", change)
    if as_json:
        print_json(row)
    else:
        click.echo(f"key {id_} of {row['service']} opens nothing any more")


@key.command(short_help="Make a key in place of one that ends.")
@click.argument("id_", metavar="ID", type=click.IntRange(1))
@json_option()
@click.pass_obj
def rotate(environment: Environment, *, id_: int, as_json: bool) -> None:
    """Make a key in place of the one with this number of the list, which ends. It is shown once."""

    def change(ring: KeyRing, now: float) -> tuple[str, list[ServiceKey]]:
        old = ring.numbered(id_)
        text, made = ring.new(old.service, old.right, now)
        return text, [made, old._replace(revoked=int(now))]

    _show_new(_changed(open_session(environment), f"/{id_}/rotate", change), as_json=as_json)


def _changed(
    session: Session, path: str, change: Callable[[KeyRing, float], tuple[str, list[ServiceKey]]]
) -> dict[str, Any]:
    """The row of the first key that is changed, with the key where it is new; ends the command on errors."""
    if session.client is not None:
        try:
            return session.client.post(f"/api/requests/keys{path}")
        except ServiceError as error:
            raise click.ClickException(error.reason or str(error)) from error
    with session.read_posted() as reader:
        zone = reader.zone
    found: dict[str, Any] = {}

    def rows_of(ring: KeyRing) -> Sequence[ServiceKey]:
        text, rows = change(ring, session.now())
        found.update(_row(rows[0], zone), **({"key": text} if text else {}))
        return rows

    _write(session, rows_of)
    return found


def _listed(session: Session) -> list[dict[str, Any]]:
    if session.client is not None:
        try:
            return list(session.client.get("/api/requests/keys")["keys"])
        except ServiceError as error:
            raise click.ClickException(error.reason or str(error)) from error
    with session.read_posted() as reader:
        zone = reader.zone
    rows: list[dict[str, Any]] = []

    def list_rows(ring: KeyRing) -> Sequence[ServiceKey]:
        rows.extend(_row(each, zone) for each in ring.keys)
        return ()

    _write(session, list_rows)
    return rows


def _write(session: Session, change: Callable[[KeyRing], Sequence[ServiceKey]]) -> None:
    try:
        change_keys(session.settings.ledger.path, change)
    except QuestionError as error:
        raise click.UsageError(str(error)) from error
    except LedgerError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"the ledger may not be changed: {error.filename}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise click.ClickException(f"the ledger cannot be changed: {error}") from error


def _row(row: ServiceKey, zone: ZoneInfo) -> dict[str, Any]:
    revoked = iso(row.revoked, zone) if row.revoked else None
    return {
        "id": row.id,
        "service": row.service,
        "right": row.right,
        "created": iso(row.created, zone),
        "revoked": revoked,
    }


def _show_new(row: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    click.echo(row["key"])
    click.echo(ONCE, err=True)


def _minute(text: str | None) -> str:
    return "-" if text is None else time_text(text)
