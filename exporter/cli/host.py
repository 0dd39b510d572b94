"""`netledger host`: whose rows the mirror has of this ledger; a new identity, or another machine's place."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

import click

from exporter.identity import host_name
from exporter.ledger.writing.statements import GENERATION, LEDGER_ID
from exporter.mirror.identity import read_machine_id
from exporter.mirror.renewal import EVER, mirrored_since
from exporter.session.identity import id_text, renew_identity, take_over_rows
from exporter.session.reading import CommandAnswer, reading
from exporter.session.session import open_session
from exporter.terminal.dates import time_text
from exporter.terminal.options import json_option
from exporter.terminal.printing import TextTable, print_json, print_sentence, print_table
from reports.calendar.days import iso

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.session.session import Session

ASKED = (
    "The mirror has this ledger under a new id then, from the next midnight on; what it has under the old one stays "
    "the other machine's. Answers of this machine keep all that its ledger holds."
)


@click.command()
@reading("Print JSON.")
def host(session: Session) -> CommandAnswer:
    """Whose rows a mirror has of this ledger: its id, name and generation, and whether the machine is known.

    `netledger host renew` makes a copied ledger one of its own, `netledger host take-over` goes on in the place of
    another machine.
    """
    with session.read_posted() as ledger:
        states, zone = ledger.state(), ledger.zone
    since = mirrored_since(states)
    document = {
        "device_id": states.get(LEDGER_ID, ""),
        "name": session.settings.mirror.name or host_name(),
        "generation": states.get(GENERATION, ""),
        "machine_known": bool(read_machine_id()),
        "mirrored_since": None if since == EVER else iso(since.seconds, zone),
    }
    return CommandAnswer(document, partial(_print, document))


def _print(document: dict[str, object]) -> None:
    since = document["mirrored_since"]
    rows = [
        ("Id", id_text(str(document["device_id"])) if document["device_id"] else "-"),
        ("Name", str(document["name"])),
        ("Generation", str(document["generation"] or "first")),
        ("Machine", "known by its id" if document["machine_known"] else "has no id of its own, as a container"),
        ("Mirrored", f"from {time_text(str(since))} on" if since else "whole"),
    ]
    print_table(TextTable("Host", (), rows, left=frozenset({0, 1})))


@click.command(short_help="Make a copied ledger one of its own.")
@click.option("--yes", is_flag=True, help="Do not ask: it asks first, and needs this in a script.")
@json_option()
@click.pass_obj
def renew(environment: Environment, *, yes: bool, as_json: bool) -> None:
    """Make a copied ledger one of its own: on the machine that it was copied to.

    It gets a new id, under which a mirror has it from the next midnight on: what it holds of before belongs to the
    machine that it was copied from as well, and would be counted twice. A running service goes on with the new id.
    """
    session = open_session(environment)
    session.require_ledger()
    if not yes:
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise click.UsageError(f"{ASKED} To do so from a script, give --yes")
        print_sentence(ASKED)
        click.confirm("Give it a new id?", abort=True)
    document = renew_identity(session)
    if as_json:
        print_json(document)
        return
    since = time_text(document["mirrored_since"])
    print_sentence(f"This ledger is {id_text(document['device_id'])} now; a mirror has what it counts from {since} on.")


@click.command(short_help="Go on in another machine's place.")
@json_option()
@click.pass_obj
def take_over(environment: Environment, *, as_json: bool) -> None:
    """Go on, once, with the rows that another machine has sent to the mirror under this ledger's id.

    For a ledger that has moved to another machine, or a machine that was set back to an older state: rows that only the
    other one had go from the mirror, and if it sends again, it is refused.
    """
    document = take_over_rows(open_session(environment))
    if as_json:
        print_json(document)
        return
    print_sentence(f"With the next copy, the rows of {id_text(document['device_id'])} are this machine's.")
