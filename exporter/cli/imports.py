"""`netledger import`: the history that other programs have counted; what was imported; taking it back."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from click.core import ParameterSource

from exporter.importing.cells import UNITS
from exporter.importing.foreign import ReadingOptions
from exporter.importing.headers import WORDS
from exporter.importing.printing import print_import, print_sources
from exporter.importing.reading import read
from exporter.importing.requests.answers import import_requests
from exporter.importing.requests.files import RequestOptions
from exporter.importing.requests.recognition import request_file
from exporter.importing.requests.values import UNITS as UNITS_OF_DURATIONS
from exporter.importing.sources.packetbuddy.settings import settings_of, yaml_of
from exporter.ledger.past.rows import ForeignFileError
from exporter.meters.requests.past import PastRequestsError
from exporter.session import past_imports
from exporter.session.reading import CommandAnswer, reading
from exporter.session.session import open_session
from exporter.terminal.options import json_option
from exporter.terminal.printing import print_json, printable
from exporter.terminal.question_options import DATE
from reports.formats.json import imports as shapes
from reports.ledger.past import imported_sources
from reports.ledger.past_requests import past_request_sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.session.environment import Environment
    from exporter.session.session import Session
    from reports.calendar.requests import IsoDate

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _names(_ctx: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    for text, (old, _, new) in zip(texts, pairs, strict=True):
        if not old or not new:
            raise click.BadParameter(f"{text!r} is refused: OLD=NEW, as in eth0=enp3s0")
    return {old: new for old, _, new in pairs}


def _columns(_ctx: click.Context, _parameter: click.Parameter, text: str | None) -> dict[str, str]:
    """By what they have; a name may have commas."""
    roles = "|".join(WORDS)
    pairs = [part.partition("=") for part in re.split(rf",(?=(?:{roles})=)", text or "") if part]
    for role, _, name in pairs:
        if role not in WORDS or not name:
            raise click.BadParameter(f"{text!r} is refused: date=NAME,received=NAME,sent=NAME,interface=NAME")
    return {role: name for role, _, name in pairs}


def _unit(_ctx: click.Context, _parameter: click.Parameter, name: str | None) -> int | None:
    if name is None:
        return None
    if name.lower() not in UNITS:
        raise click.BadParameter(f"{name!r} is refused: B, kB, MB, GB, TB or KiB, MiB, GiB, TiB")
    return UNITS[name.lower()]


def _zone(_ctx: click.Context, _parameter: click.Parameter, name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise click.BadParameter(f"{name!r} is no time zone, as Europe/Berlin is") from error


@click.command("import")
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--source", metavar="NAME", help="Keep it under this name; by default that of the program.")
@click.option(
    "--map", "names", metavar="OLD=NEW", multiple=True, callback=_names, help="An interface's or a service's name here."
)
@click.option("--timezone", "zone", metavar="ZONE", callback=_zone, help="Of the file's dates; else the ledger's.")
@click.option("--interface", metavar="NAME", help="Whose bytes they are, where the file does not say.")
@click.option("--columns", metavar="LIST", callback=_columns, help="A CSV's: date=NAME,received=NAME,sent=NAME.")
@click.option("--unit", metavar="UNIT", callback=_unit, help="Of a CSV's amounts: B, kB, MB, GB, KiB, MiB, GiB.")
@click.option("--from", "first", metavar="YYYY-MM-DD", type=DATE, help="First day of nlbwmon's period.")
@click.option("--to", "last", metavar="YYYY-MM-DD", type=DATE, help="Its last day, if it is no month.")
@click.option("--month-begins", metavar="DAY", type=click.IntRange(1, 28), default=1, help="As vnStat's MonthRotate.")
@click.option("--service", metavar="NAME", help="The service that requests are of, where the file has one alone.")
@click.option("--duration-unit", type=click.Choice(UNITS_OF_DURATIONS), help="Of the times that requests took.")
@click.option("--with-keys", is_flag=True, help="API Analytics' keys open their services here, too.")
@click.option("--dry-run", is_flag=True, help="Show by month what would come in, and change nothing.")
@json_option("Print JSON.")
@click.pass_obj
def import_command(  # noqa: PLR0913 - one for each option
    environment: Environment,
    *,
    file: Path,
    source: str | None,
    names: dict[str, str],
    zone: ZoneInfo | None,
    interface: str | None,
    columns: dict[str, str],
    unit: int | None,
    first: IsoDate | None,
    last: IsoDate | None,
    month_begins: int,
    service: str | None,
    duration_unit: str | None,
    with_keys: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Add the history that another program has counted.

    FILE is of vnStat (/var/lib/vnstat/vnstat.db, or what `vnstat --json` or --dumpdb prints), of PacketBuddy
    (~/.packetbuddy/packetbuddy.db, or its export as JSON or CSV), of Bandwidth Monitor, nlbwmon, DD-WRT or Tomato, or
    any CSV with columns for date, received and sent; of applications: AirTraffic (network_stats.db, state.json); or of
    requests: API Analytics (database, CSV), tom-draper/api-analytics (JSON of /api/data, CSV). The same file again
    changes nothing; what netledger has counted itself is never added twice. See also `import list` and `import remove`.

    Of PacketBuddy's config.toml the settings that are its equal are printed, and nothing is written.
    """
    if _print_settings(file, as_json=as_json):
        return
    session = open_session(environment)
    with session.read_posted() as reader:
        ledger_zone = reader.zone
    file_zone, now = zone or ledger_zone, datetime.fromtimestamp(session.now(), UTC)
    of_requests = RequestOptions(file_zone, now, service, names, duration_unit)
    days = (first.at if first else None, last.at if last else None)
    options = ReadingOptions(file_zone, month_begins, names, interface, columns, unit, *days)
    done: shapes.ImportAnswer | shapes.RequestImportAnswer
    try:
        if (requests := request_file(file, of_requests)) is not None:
            _require_use(file, options._replace(names={}), ReadingOptions(file_zone))
            done = import_requests(session, requests, source, ledger_zone, is_dry=dry_run, has_keys=with_keys)
        else:
            _require_use(file, (service, duration_unit, with_keys), (None, None, False))
            past = read(file, options)
            done = past_imports.put(session, source or past.kind, past, is_dry=dry_run)
    except (ForeignFileError, PastRequestsError) as error:
        raise click.ClickException(f"nothing is imported: {error}") from error
    print_import(done, as_json=as_json)


def _print_settings(file: Path, *, as_json: bool) -> bool:
    """Print another program's settings as netledger's, where the file has some; returns whether it has."""
    try:
        found = settings_of(file)
    except ForeignFileError as error:
        raise click.ClickException(str(error)) from error
    if found is None:
        return False
    context = click.get_current_context()
    given = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if given - {"file", "as_json", "dry_run"}:
        raise click.UsageError(f"{file} has settings: no option is of use but --dry-run and --json")
    text = yaml_of(found)
    if as_json:
        print_json(shapes.ImportedSettings(settings=[shapes.SettingEqual(*each) for each in found], yaml=text))
    else:
        click.echo(f"# {printable(str(file))} as settings of netledger: nothing is written.")
        click.echo(text, nl=False)
    return True


def _require_use(file: Path, given: tuple[object, ...], unused: tuple[object, ...]) -> None:
    """Raise ForeignFileError where options were given that a file has no use for."""
    if given != unused:
        raise ForeignFileError(
            "--service, --duration-unit and --with-keys are of requests, --interface, --columns, --unit, --from, --to "
            f"and --month-begins of bytes: {file} has no use for what was given"
        )


@click.command("list")
@reading()
def list_imports(session: Session) -> CommandAnswer:
    """What was imported."""
    with session.read_posted() as reader:
        found = shapes.sources(imported_sources(reader), past_request_sources(reader), reader.zone)
    return CommandAnswer(found, partial(print_sources, found))


@click.command()
@click.argument("source")
@json_option("Print JSON.")
@click.pass_obj
def remove(environment: Environment, *, source: str, as_json: bool) -> None:
    """Take back what SOURCE has brought."""
    session = open_session(environment)
    try:
        done = past_imports.remove(session, source)
    except ForeignFileError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(done)
    else:
        click.echo(f"{printable(done.source)}: {done.rows:,} rows are taken back")
