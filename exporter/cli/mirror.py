"""`netledger mirror`: its tables and rights, how the copy of the ledger stands, and whether it equals the ledger."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from functools import partial, update_wrapper
from typing import TYPE_CHECKING, Any

import click

from exporter.mirror import rights
from exporter.mirror.address import AddressError, masked, parse_address
from exporter.mirror.asking import MirrorFaultError, ask_mirror
from exporter.mirror.forgetting import find_host, forget_host
from exporter.mirror.group.hosts import UnknownHostError
from exporter.mirror.logins import granted_url
from exporter.session.mirror import row_count, service_state, verified
from exporter.session.reading import CommandAnswer, reading
from exporter.session.session import open_settings
from exporter.settings.loading import OWNER_VARIABLE
from exporter.terminal.amounts import count_text
from exporter.terminal.dates import time_text
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import json_option
from exporter.terminal.printing import TextTable, print_json, print_sentence, print_table
from exporter.terminal.progress import progress
from reports.text.amounts import human_duration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from exporter.mirror.forgetting import HeldHost
    from exporter.mirror.verifying import Difference, Verified
    from exporter.session.environment import Environment
    from exporter.session.session import Session

LONGEST_CELL = 60
ONCE = "This is shown once: set it as NETLEDGER_MIRROR_URL, or as mirror.url, on that machine alone."


def by_owner(work: Callable[..., None]) -> Any:
    """Options of a command that the mirror's owner calls; it is given the owner's address and the schema."""

    def callback(environment: Environment, /, *, url: str | None, **options: Any) -> None:
        settings = open_settings(environment)
        work(owner_url(environment, url, settings.mirror.url), settings.mirror.schema, **options)

    option = click.option(
        "--url",
        metavar="URL",
        help="Address of the database's owner; better NETLEDGER_MIRROR_OWNER_URL, which no history of a shell keeps, "
        "nor a list of processes. Without both, mirror.url.",
    )
    return option(json_option()(click.pass_obj(update_wrapper(callback, work))))


def owner_url(environment: Environment, given: str | None, of_settings: str | None) -> str:
    """The address that is given, else that of the environment, else that of the settings; ends the command without."""
    for name, url in (("--url", given), (OWNER_VARIABLE, environment.environ.get(OWNER_VARIABLE)), ("", of_settings)):
        if not url:
            continue
        try:
            parse_address(url)
        except AddressError as error:
            raise click.UsageError(f"{name} {error}") from None
        return url
    raise click.UsageError(f"set {OWNER_VARIABLE} to the address of the database's owner, or give --url")


def _done(url: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
    try:
        return ask_mirror(url, work)
    except (MirrorFaultError, rights.RightsError, UnknownHostError) as error:
        raise click.ClickException(str(error)) from error


@click.group(cls=HintingGroup)
def mirror() -> None:
    """The copy of the ledger in PostgreSQL, where several machines have theirs."""


@mirror.command(short_help="Make schema, tables, roles and rights.")
@by_owner
def init(url: str, schema: str, *, as_json: bool) -> None:
    """Make the mirror's schema, tables, groups of roles and row-level security, or complete them."""
    groups = _done(url, partial(rights.init, schema=schema))
    if as_json:
        print_json({"server": masked(url), "schema": schema, **groups._asdict()})
        return
    print_sentence(f"{masked(url)}: the schema {schema} is ready.")
    print_sentence(f"Machines are of {groups.machine}; {groups.reader} reads the rows of all.")


@mirror.command(short_help="Make a login for a machine.")
@click.argument("name")
@click.option("--own", "own_only", is_flag=True, help="It reads its own rows alone: no totals of all machines.")
@by_owner
def grant(url: str, schema: str, *, name: str, own_only: bool, as_json: bool) -> None:
    """Make a login for one machine, and print its address: the machine writes its own rows and reads those of all.

    Called again, the login gets a new password, and the old one ends.
    """
    made = _done(url, partial(granted_url, url=url, schema=schema, name=name, own_only=own_only))
    if as_json:
        print_json({"name": name, "url": made, "own_only": own_only})
        return
    click.echo(made)
    click.echo(ONCE, err=True)


@mirror.command(short_help="End a machine's login; its rows stay.")
@click.argument("name")
@by_owner
def revoke(url: str, schema: str, *, name: str, as_json: bool) -> None:
    """End the login of a machine; its rows stay."""
    _done(url, partial(rights.revoke, schema=schema, name=name))
    if as_json:
        print_json({"name": name})
    else:
        print_sentence(f"{name} may not log in any more; its rows stay.")


@mirror.command(short_help="Remove a machine that is gone.")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask: it asks first, and needs this in a script.")
@by_owner
def forget(url: str, schema: str, *, name: str, yes: bool, as_json: bool) -> None:
    """Remove a machine that is gone, by its name or id: its rows go from the mirror, and from all answers of it.

    One that still sends comes back, with all that its ledger has: revoke its login first.
    """
    found = _done(url, partial(find_host, schema=schema, word=name))
    if not yes:
        text = f"This deletes all rows of {found.label} from the mirror, which has last heard of it {_when(found)}."
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise click.UsageError(f"{text} To do so from a script, give --yes")
        print_sentence(text)
        click.confirm("Delete them?", abort=True)
    rows = _done(url, partial(forget_host, schema=schema, host=found.host))
    if as_json:
        print_json({"id": found.host.hex, "name": found.label, "rows": rows})
        return
    print_sentence(f"The mirror has no rows of {found.label} any more: {count_text(rows)} were deleted.")


def _when(found: HeldHost) -> str:
    return f"on {datetime.fromtimestamp(found.sent_at, UTC):%Y-%m-%d}" if found.sent_at > 0 else "never"


@mirror.command(short_help="How the copy stands, as the service says.")
@reading("Print JSON.")
def status(session: Session) -> CommandAnswer:
    """How the copy stands, as the running service says (exit code 1: the last one failed)."""
    state = service_state(session)
    return CommandAnswer(state, partial(_print_state, state), int(state["error"] is not None))


def _print_state(state: Mapping[str, Any]) -> None:
    rows = [
        ("Server", str(state["server"])),
        ("Schema", str(state["schema"])),
        ("State", "copies" if state["up"] else "behind" if state["error"] else "begins"),
        ("Last copy", time_text(state["last_success"]) if state["last_success"] else "-"),
        ("Lag", "-" if state["lag_seconds"] is None else human_duration(state["lag_seconds"])),
        ("Rows behind", count_text(state["rows_behind"])),
        ("Rows sent", count_text(state["rows_sent"])),
    ]
    error = state["error"]
    print_table(
        TextTable("Mirror", (), rows, left=frozenset({0, 1})), [f"! {_sentence(error['text'])}"] if error else []
    )


@mirror.command(short_help="Compare it with the ledger, row by row.")
@reading("Print JSON.")
def verify(session: Session) -> CommandAnswer:
    """Compare the mirror with the ledger, row by row.

    Exit code 1: rows differ; 2: the mirror cannot be asked. The service may go on meanwhile: what it has posted since
    the last copy is behind, and no difference.
    """
    with progress("Comparing", row_count(session)) as advance:
        found = verified(session, advance)
    document = found._asdict() | {"examples": [_document(each) for each in found.examples]}
    return CommandAnswer(document, partial(_print_verified, found), int(bool(found.different)))


def _document(difference: Difference) -> dict[str, object]:
    sides = {"ledger": difference.ledger, "mirror": difference.mirror}
    rows = {name: None if row is None else [_plain(value) for value in row] for name, row in sides.items()}
    return {"table": difference.table, "key": list(difference.key), **rows}


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _print_verified(found: Verified) -> None:
    counts = (("compared", found.rows), ("behind", found.behind), ("different", found.different))
    facts = [f"Rows: {', '.join(f'{count_text(count)} {word}' for word, count in counts)}."]
    if not found.different:
        print_sentence(f"{facts[0]} The mirror equals the ledger{' of its last copy' if found.behind else ''}.")
        return
    rows = [
        (each.table, _cell(each.key), _values(each, each.ledger), _values(each, each.mirror)) for each in found.examples
    ]
    more = found.different - len(rows)
    facts += [f"{count_text(more)} more are not listed."] if more else []
    table = TextTable("Differences", ("Table", "Key", "Ledger", "Mirror"), rows, left=frozenset({0, 1, 2, 3}))
    print_table(table, facts)


def _values(difference: Difference, row: tuple[object, ...] | None) -> str:
    return "-" if row is None else _cell(row[len(difference.key) :])


def _cell(values: tuple[object, ...]) -> str:
    text = " ".join(str(_plain(value)) for value in values)
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 3]}..."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
