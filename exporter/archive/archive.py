"""The report archive: a wrap-up of each month and year that is over, as a file in the data folder.

They are written by a process of their own, since templates would stay in the memory of a service that runs for years.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import exporter
from exporter.settings.dashboards import wrapup_context
from reports.calendar.periods import DAY_SECONDS, Period, day_of, months

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.settings.tree import Settings
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader
    from reports.wrapup.wrapup import WrapUpContext

log = logging.getLogger(__name__)

NAME = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>0[1-9]|1[0-2]))?\.html", re.ASCII)
MOST_AT_ONCE = 12
"""Reports that are written in one round: after an import of ten years, the rest waits for the next ones."""

ARCHIVE_SECONDS = 600.0
"""From one round to the next."""

GRACE_SECONDS = 1800
"""After its end, until what was counted in a period is in the ledger: a commit may take ten minutes, and fail once."""

FOLDER, USUAL_LEDGER = "reports", "ledger.db"
SQLITE = b"SQLite format 3\0"
DECEMBER = 12
PACKAGES = Path(exporter.__file__).parents[1]
"""Where -m finds the package first: the folder that somebody started the service in may have one of this name."""


class Order(NamedTuple):
    """What the writing process is told, by a pipe."""

    ledger: Path
    folder: Path
    now: float
    host: Host
    context: WrapUpContext
    periods: list[Period]


def archive_folder(ledger: Path) -> Path:
    """Where the archive of a ledger is: of its own, as two ledgers may lie in one folder."""
    return ledger.with_name(FOLDER if ledger.name == USUAL_LEDGER else f"{FOLDER}-{ledger.name}")


def adopt_former_archive(ledger: Path) -> None:
    """Take over the folder that every ledger once had, where this is the only ledger that may have written it."""
    folder, former = archive_folder(ledger), ledger.with_name(FOLDER)
    with contextlib.suppress(OSError):
        if not folder.exists() and former.is_dir() and not _others_beside(ledger):
            former.rename(folder)


def _others_beside(ledger: Path) -> list[Path]:
    """Other databases in the ledger's folder; what belongs to the ledger has its name in front."""
    return [path for path in ledger.parent.iterdir() if not path.name.startswith(ledger.name) and _is_database(path)]


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE


def file_name(period: Period) -> str:
    """As in "2026.html" or "2026-11.html"."""
    return f"{period.name}.html"


def is_report(path: Path) -> bool:
    """Whether it is a report by its name, and a file: a link may lead to what is nobody's business."""
    return NAME.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def archived(folder: Path) -> list[str]:
    """The names of the reports that are there, newest first, a year before its months; others' files are none."""
    try:
        found = [path.name for path in folder.iterdir() if is_report(path)]
    except OSError:
        return []
    return sorted(found, key=lambda name: name.removesuffix(".html").ljust(7, "~"), reverse=True)


def finished(began: date, now: float, zone: ZoneInfo) -> Iterator[Period]:
    """The months and years from the day that counting began that are over, newest first."""
    today = day_of(now - GRACE_SECONDS, zone)
    for year, month in reversed(list(months(began, today))):
        found = Period.month(year, month, zone)
        if found.last >= today:
            continue
        if month == DECEMBER:
            yield Period.year(year, zone)
        yield found


def missing(periods: Iterable[Period], folder: Path, now: float) -> list[Period]:
    """Those that are not in the folder, or were written by a wrong clock: before their end, or in time to come.

    Another file that has their name is left alone, as long as its time is not such a one.
    """
    written = {name: (folder / name).stat().st_mtime for name in archived(folder)}
    return [one for one in periods if not one.end <= written.get(file_name(one), 0) <= now + DAY_SECONDS]


class ReportArchive:
    """Keeps the archive of one ledger complete."""

    def __init__(
        self, *, settings: Settings, host: Host, now: Callable[[], float], sure: Callable[[], float] | None = None
    ) -> None:
        """Nothing is written where the settings say so; a period is over by `sure`, the time that nobody doubts."""
        self._settings, self._host, self._now, self._sure = settings, host, now, sure or now
        self._folder = archive_folder(settings.ledger.path)
        adopt_former_archive(settings.ledger.path)

    async def go_round(self, ask: Callable[[Callable[[LedgerReader], list[Period]]], Awaitable[list[Period]]]) -> None:
        """Write what is missing, some at a time: a failure is logged, and the next round tries again."""
        if not self._settings.reports.archive:
            return
        now, sure = self._now(), self._sure()
        try:
            due = await ask(lambda ledger: missing(told(ledger, min(now, sure)), self._folder, now))
            if due:
                await _have_written(self._order(now, due[:MOST_AT_ONCE]))
        except (sqlite3.Error, OSError) as error:
            log.warning("could not write reports into %s, and will try again: %s", self._folder, error)

    def _order(self, now: float, periods: list[Period]) -> Order:
        ledger, context = self._settings.ledger.path.absolute(), wrapup_context(self._settings)
        return Order(ledger, self._folder.absolute(), now, self._host, context, periods)


def told(ledger: LedgerReader, now: float) -> list[Period]:
    """The months and years that are over, of which the ledger has days, newest first."""
    from reports.ledger.intervals import first_day  # noqa: PLC0415 - a service without a finished month needs it late

    began = first_day(ledger)
    return [] if began is None else list(finished(began, now, ledger.zone))


async def _have_written(order: Order) -> None:
    """Have a process write the reports; raises OSError with the last line of what it says is wrong."""
    import pickle  # noqa: PLC0415 - once a month

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter.archive.archive"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=PACKAGES,
    )
    try:
        _, errors = await process.communicate(pickle.dumps(order))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = errors.decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        raise OSError(lines[-1] if lines else f"exit code {process.returncode}")


def write_reports(order: Order) -> None:
    """Write each of them whole or not at all; raises OSError and sqlite3.Error."""
    from exporter.ledger.files import connect_to_read  # noqa: PLC0415 - as below
    from reports.formats.html import write  # noqa: PLC0415 - what the service itself is spared
    from reports.ledger.reader import LedgerReader  # noqa: PLC0415
    from reports.wrapup.wrapup import wrapup  # noqa: PLC0415

    order.folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.closing(connect_to_read(order.ledger)) as connection:
        for period in order.periods:
            with LedgerReader(connection).at_one_moment() as ledger:
                page = b"".join(write(wrapup(ledger, period, order.now, order.host, None, order.context)))
            _replace(order.folder / file_name(period), page, order.now)


def _replace(path: Path, content: bytes, now: float) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.utime(new, (now, now))
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)
    import pickle

    write_reports(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the service that started it
