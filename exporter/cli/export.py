"""`netledger export`: days as a file, in the formats that the API has."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

import exporter
from exporter.console.books import open_books
from reports.amounts import human_bytes
from reports.export import BATCH_DAYS, Source, subject_of
from reports.formats.exports import FORMATS
from reports.ledger_reader import UnknownInterfaceError
from reports.periods import PeriodError
from reports.plans import PlanError
from reports.spans import CUSTOM, RANGES, Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

    from exporter.console.outside import Outside
    from reports.export import Export
    from reports.formats.exports import Format
    from reports.ledger_reader import LedgerReader

PATIENCE_SECONDS = 1.0
"""How long nobody needs to be told that something is going on."""


@click.command()
@click.option("--format", "name", type=click.Choice(list(FORMATS)), default="json", show_default=True, help="Format.")
@click.option("--range", "named", type=click.Choice([*RANGES, CUSTOM]), help="Which days; all by default.")
@click.option("--from", "first", metavar="YYYY-MM-DD", help="First day.")
@click.option("--to", "last", metavar="YYYY-MM-DD", help="Last day, included; today by default.")
@click.option("--interface", metavar="NAME", help="One interface instead of all that are counted.")
@click.option("--plan", metavar="NAME", help="The interfaces of a plan instead.")
@click.option(
    "--output", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Else to the terminal or pipe."
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.pass_obj
def export(  # noqa: PLR0913 - one for each option
    outside: Outside,
    *,
    name: str,
    named: str | None,
    first: str | None,
    last: str | None,
    interface: str | None,
    plan: str | None,
    output: Path | None,
    force: bool,
) -> None:
    """Days, months, records and interfaces for a spreadsheet, a script or a language model.

    An existing FILE is left alone (exit code 1) without --force, and is never half written.
    """
    if output is not None and not force:
        _require_free(output)
    form = FORMATS[name]
    told = _ask(outside, form, Asked(named, first, last), plan, interface)
    if told.notice:
        click.echo(told.notice, err=True)
    if output is None:
        for piece in form.write(told):
            click.echo(piece, nl=False)
        return
    with _refusals_in_words(output), replacing(output, is_replaceable=force) as file:
        for piece in told_of(form.write(told), pieces_of(told), PATIENCE_SECONDS):
            file.write(piece)
    click.echo(f"{output} ({told.days.size} days, {human_bytes(output.stat().st_size)})")


def _ask(outside: Outside, form: Format, asked: Asked, plan: str | None, interface: str | None) -> Export:
    books = open_books(outside)
    try:
        subject = subject_of([found.plan for found in books.settings.plans], plan, interface)
        with books.read() as ledger:
            return form.ask(ledger, asked, outside.now(), _source(ledger), subject)
    except (PeriodError, PlanError, UnknownInterfaceError) as error:
        raise click.UsageError(str(error)) from error


def _source(ledger: LedgerReader) -> Source:
    import platform  # noqa: PLC0415 - only this command names the system

    return Source(socket.gethostname(), ledger.state().get("ledger_id", ""), platform.system(), exporter.__version__)


def _require_free(path: Path) -> None:
    if path.exists() and not is_device(path):
        raise click.ClickException(f"{path} is already there: use --force to replace it")


@contextlib.contextmanager
def _refusals_in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror or error}") from error


@contextlib.contextmanager
def replacing(path: Path, *, is_replaceable: bool) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when all of it is on the disk; a device or pipe is written to as it is."""
    if is_device(path):
        with path.open("wb") as device:
            yield device
        return
    target = path.resolve()
    new = target.with_name(f".{target.name[:200]}.{os.getpid()}.new")
    try:
        with new.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not is_replaceable:
            _require_free(target)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def is_device(path: Path) -> bool:
    """Whether something is there that is no file, such as /dev/stdout or a named pipe."""
    return path.exists() and not path.is_file()


def pieces_of(told: Export) -> int:
    """How many pieces a format makes of it, about."""
    return -(-told.days.size // BATCH_DAYS) + 2


def told_of(pieces: Iterable[bytes], count: int, patience_seconds: float) -> Iterator[bytes]:
    """The pieces; when they take longer than that, a terminal is shown how many are done."""
    began, shown = time.monotonic(), None
    try:
        for number, piece in enumerate(pieces, start=1):
            yield piece
            if shown is None and sys.stderr.isatty() and time.monotonic() - began >= patience_seconds:
                shown = _Bar(count)
            if shown is not None:
                shown.advance(number)
    finally:
        if shown is not None:
            shown.close()


class _Bar:
    """A progress bar on standard error."""

    def __init__(self, count: int) -> None:
        from rich.console import Console  # noqa: PLC0415 - 20 ms that only a long export needs
        from rich.progress import Progress  # noqa: PLC0415

        self._progress = Progress(console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("Writing", total=count)
        self._progress.start()

    def advance(self, done: int) -> None:
        """So many pieces are done."""
        self._progress.update(self._task, completed=done)

    def close(self) -> None:
        """Take the bar away."""
        self._progress.stop()
