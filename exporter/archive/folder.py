"""The folder of an archive and the reports in it."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from reports.calendar.days import DAY_SECONDS, months

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from reports.calendar.period import Period

REPORT_NAME = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>0[1-9]|1[0-2]))?\.html", re.ASCII)
FOLDER, USUAL_LEDGER = "reports", "ledger.db"
SQLITE_MAGIC = b"SQLite format 3\0"


def archive_folder(ledger: Path) -> Path:
    """The folder of a ledger's archive: one for each ledger, as two may lie in one folder."""
    return ledger.with_name(FOLDER if ledger.name == USUAL_LEDGER else f"{FOLDER}-{ledger.name}")


def adopt_former_archive(ledger: Path) -> None:
    """Rename the folder that all ledgers once shared, where no other ledger can have written it."""
    folder, former = archive_folder(ledger), ledger.with_name(FOLDER)
    with contextlib.suppress(OSError):
        if not folder.exists() and former.is_dir() and not _other_databases(ledger):
            former.rename(folder)


def _other_databases(ledger: Path) -> list[Path]:
    """Other databases in the ledger's folder; names of the ledger's own files begin with its name."""
    return [path for path in ledger.parent.iterdir() if not path.name.startswith(ledger.name) and _is_database(path)]


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC


def file_name(period: Period) -> str:
    """As in "2026.html" or "2026-11.html"."""
    return f"{period.name}.html"


def is_report(path: Path) -> bool:
    """True for a file with the name of a report; a link is none, as it may lead out of the folder."""
    return REPORT_NAME.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def report_names(folder: Path) -> list[str]:
    """Names of the reports in the folder, newest first, a year before its months; empty without a folder."""
    try:
        found = [path.name for path in folder.iterdir() if is_report(path)]
    except OSError:
        return []
    return sorted(found, key=lambda name: name.removesuffix(".html").ljust(7, "~"), reverse=True)


def missing_reports(periods: Iterable[Period], folder: Path, now: float) -> list[Period]:
    """Periods without a report, or with one whose mtime is before their end or in the future: the clock was wrong.

    Any other file of that name stays.
    """
    written = {name: (folder / name).stat().st_mtime for name in report_names(folder)}
    return [one for one in periods if not one.end <= written.get(file_name(one), 0) <= now + DAY_SECONDS]


def forget_reports(ledger: Path, rows: Iterable[tuple[str, date, date, int, int]]) -> None:
    """Delete the reports of months and years that imported rows are of: they are written anew within the hour."""
    folder = archive_folder(ledger)
    touched = {f"{year:04}-{month:02}" for _, first, last, *_ in rows for year, month in months(first, last)}
    for name in report_names(folder):
        if name.removesuffix(".html") in touched | {month[:4] for month in touched}:
            (folder / name).unlink(missing_ok=True)
