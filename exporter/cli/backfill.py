"""`netledger backfill`: the ledger's past for Prometheus and VictoriaMetrics, under the series that /metrics has."""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from exporter.backfill.blocks import block_windows, write_blocks, write_samples
from exporter.backfill.planning import BackfillOptions, plan_backfill
from exporter.backfill.promtool import find_promtool
from exporter.backfill.summary import Summary, print_summary
from exporter.backfill.victoria import count_samples, require_arrival, send
from exporter.session.session import open_session
from exporter.terminal.output_files import replace_file, require_absent, write_errors
from exporter.terminal.progress import progress, with_progress
from exporter.terminal.question_options import CalendarValue
from exporter.terminal.signals import clean_termination
from reports.calendar.requests import Bound
from reports.formats.openmetrics import END, openmetrics
from reports.formats.victoriametrics import victoriametrics
from reports.past.samples import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.backfill.planning import Task
    from exporter.session.environment import Environment

FORMATS = ("openmetrics", "victoriametrics")
REFUSED = "cannot write {path} ({reason}): write as its owner, or elsewhere"


@click.command()
@click.option("--into", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Blocks for Prometheus.")
@click.option("--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Text; else to a pipe.")
@click.option("--to", metavar="URL", help="Send to a VictoriaMetrics.")
@click.option("--format", "form", type=click.Choice(FORMATS), default=FORMATS[0], show_default=True, help="Format.")
@click.option(
    "--label", "labels", metavar="NAME=VALUE", multiple=True, help="The target's labels: job, instance, more."
)
@click.option("--prometheus", metavar="URL", help="Ask this one how long it keeps, and where its live samples begin.")
@click.option("--from", "first", metavar="DATE", type=CalendarValue(Bound, strip=""), help="First day; all by default.")
@click.option(
    "--until",
    metavar="INSTANT",
    type=CalendarValue(Bound, strip=""),
    help="All samples are before it; else before the live ones, or now.",
)
@click.option("--promtool", metavar="PATH", type=click.Path(dir_okay=False, path_type=Path), help="Else on PATH.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Tell what was written as JSON.")
@click.pass_obj
def backfill(environment: Environment, /, **given: object) -> None:
    """The ledger's past for Prometheus or VictoriaMetrics, joined to the live series without a seam.

    Set the retention before blocks come into a Prometheus: it deletes what is older. Nothing is left half written.
    """
    options = BackfillOptions(**given)  # type: ignore[arg-type]
    options.require_consistent()
    write = _writer(options)
    session, now = open_session(environment), environment.now()
    with session.read_posted() as ledger, clean_termination():
        task = plan_backfill(options, session, ledger, now)
        for note in task.notes:
            click.echo(note, err=True)
        summary = write(options, task)
    print_summary(options, task, summary, now)


def _writer(options: BackfillOptions) -> Callable[[BackfillOptions, Task], Summary]:
    if options.into is not None:
        return _into_blocks
    if options.to is not None:
        return _to_server
    if options.output is not None:
        if not options.force:
            require_absent(options.output)
        return _to_file
    if sys.stdout.isatty():
        raise click.UsageError("millions of lines are no help here: give --into DIR, --output FILE, --to URL or a pipe")
    if options.as_json:
        raise click.UsageError("--json and the samples cannot share the pipe: give --output FILE")
    return _to_pipe


def _into_blocks(options: BackfillOptions, task: Task) -> Summary:
    folder = options.into or Path()
    program = find_promtool(options.promtool)
    with write_errors(folder, REFUSED):
        folder.mkdir(exist_ok=True)
        with progress("Writing", task.span.end - task.span.start) as advance:
            written = write_blocks(task.past, task.span, task.target, folder, program, advance)
    return Summary(written.samples, sum(block.size for block in written.blocks), written.blocks)


def _to_file(options: BackfillOptions, task: Task) -> Summary:
    path = options.output or Path()
    with write_errors(path, REFUSED), replace_file(path, is_replaceable=options.force) as file:
        samples = _write_text(file, options, task)
    return Summary(samples, path.stat().st_size)


def _to_pipe(options: BackfillOptions, task: Task) -> Summary:
    samples = _write_text(sys.stdout.buffer, options, task)
    sys.stdout.buffer.flush()
    return Summary(samples, 0)


def _to_server(_: BackfillOptions, task: Task) -> Summary:
    server = task.server
    assert server is not None, "the plan has it"  # noqa: S101 - for the type checker
    before = count_samples(server, task.target, task.span)
    with progress("Sending", task.span.end - task.span.start) as advance:
        sent = send(server, _half_years(task, advance))
    # Sent a second time, samples are there twice, or once where the server removes duplicates.
    require_arrival(server, task.target, task.span, max(sent, before))
    return Summary(sent, 0)


def _write_text(file: BinaryIO, options: BackfillOptions, task: Task) -> int:
    """Write all samples, family by family, as the formats require; returns their number."""
    with with_progress("Writing", task.past.families(task.span), FAMILIES) as families:
        if options.form == "victoriametrics":
            return write_samples(file, victoriametrics(families, task.target))
        return write_samples(file, chain(openmetrics(families, task.target), [(END, 0)]))


def _half_years(task: Task, advance: Callable[[float], None]) -> Iterator[tuple[bytes, int]]:
    """Samples in the order of time: a server that stores by month opens each month once."""
    for window in block_windows(task.span, ()):
        yield from victoriametrics(task.past.families(window.span), task.target)
        advance(window.span.end - task.span.start)
