"""The process that the archive starts: reads a job from standard input, writes its reports, and ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
from typing import TYPE_CHECKING

from exporter.archive.folder import file_name
from exporter.ledger.files import connect_to_read
from reports.formats.html import write
from reports.ledger.reader import LedgerReader
from reports.wrapup.wrapup import wrapup

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.archive.writer import ArchiveJob


def write_reports(job: ArchiveJob) -> None:
    """Write each report whole or not at all; raises OSError and sqlite3.Error."""
    job.folder.mkdir(mode=0o700, exist_ok=True)
    with contextlib.closing(connect_to_read(job.ledger)) as connection:
        for period in job.periods:
            with LedgerReader(connection).at_one_moment() as ledger:
                page = b"".join(write(wrapup(ledger, period, job.now, job.host, context=job.context)))
            _replace(job.folder / file_name(period), page, job.now)


def _replace(path: Path, content: bytes, now: float) -> None:
    new = path.with_name(f".{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.utime(new, (now, now))
        new.replace(path)  # a link itself, not the file that it leads to
    finally:
        new.unlink(missing_ok=True)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)
    write_reports(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the service that started it
