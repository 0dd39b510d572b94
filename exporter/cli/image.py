"""`netledger image`: a picture of usage, for a README, a wiki or a home page."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exporter.session.period_tables import list_options
from exporter.session.pictures import picture
from exporter.session.session import open_session
from exporter.terminal.amounts import bytes_text
from exporter.terminal.options import output_options
from exporter.terminal.output_files import replace_file, require_absent, write_errors
from exporter.terminal.png import to_png
from exporter.terminal.question_options import filter_options
from reports.pictures.periods import MOST_PERIODS
from reports.pictures.pictures import PICTURES
from reports.pictures.theme import AUTO, LIGHT, THEMES
from reports.usage.period_list import PeriodListRequest

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from reports.calendar.requests import Bound
    from reports.usage.scopes import UsageFilter

PIPE = Path("-")
SVG, PNG = ".svg", ".png"


@click.command()
@click.argument("name", metavar="PICTURE", type=click.Choice(PICTURES))
@partial(list_options, most=MOST_PERIODS)
@filter_options
@click.option(
    "--theme",
    type=click.Choice(THEMES),
    default=AUTO,
    show_default=True,
    help="Colours; auto is as the reader's system has them.",
)
@output_options("NAME.svg or NAME.png; else netledger_NAME.svg in this folder; - is the terminal or pipe.")
@click.pass_obj
def image(  # noqa: PLR0913 - one for each option
    environment: Environment,
    *,
    name: str,
    number: int | None,
    first: Bound | None,
    last: Bound | None,
    usage_filter: UsageFilter,
    theme: str,
    output: Path | None,
    force: bool,
) -> None:
    """A picture of usage as an SVG or PNG file, for a README, a wiki or a home page.

    PICTURE is summary, minutes, hours, days, months, years or top: it shows what the command of its name lists, and
    needs no network. An existing FILE is left alone (exit code 1) without --force.
    """
    path = output or Path(f"netledger_{name}.svg")
    kind = SVG if path == PIPE else path.suffix.lower()
    if kind not in {SVG, PNG}:
        raise click.UsageError(f"output: {str(path)!r} is refused; use a name that ends in {SVG} or {PNG}")
    if path != PIPE and not force:
        require_absent(path)
    bounds = PeriodListRequest(number=number, first=first, last=last)
    if kind == PNG and theme == AUTO:
        theme = LIGHT  # a PNG asks no reader
    svg = picture(open_session(environment), name, bounds, usage_filter, theme)
    drawn = to_png(svg) if kind == PNG else svg.encode()
    if path == PIPE:
        click.echo(drawn, nl=False)
        return
    with write_errors(path), replace_file(path, is_replaceable=force) as file:
        file.write(drawn)
    click.echo(f"{path} ({bytes_text(len(drawn))})")
