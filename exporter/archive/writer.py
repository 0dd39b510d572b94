"""The process that writes reports: templates would stay in the memory of a service that runs for years."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import exporter
from exporter.archive.folder import file_name

if TYPE_CHECKING:
    from reports.calendar.period import Period
    from reports.ledger.host import Host
    from reports.wrapup.wrapup import WrapUpContext

# Python -m looks here first: the folder in which the service was started may have a package of the same name.
PACKAGES = Path(exporter.__file__).parents[1]


class ArchiveJob(NamedTuple):
    """What the process writes; it comes by a pipe."""

    ledger: Path
    folder: Path
    now: float
    host: Host
    context: WrapUpContext
    periods: list[Period]


async def run_job(job: ArchiveJob) -> None:
    """Start the process and wait for it; raises OSError with the last line of its errors."""
    import pickle  # noqa: PLC0415 - once a month

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporter.archive.writer"),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=PACKAGES,
    )
    try:
        _, errors = await process.communicate(pickle.dumps(job))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    lines = errors.decode(errors="replace").strip().splitlines()
    if process.returncode != 0:
        raise OSError(lines[-1] if lines else f"exit code {process.returncode}")


def write_reports(job: ArchiveJob) -> None:
    """Write each report whole or not at all; raises OSError and sqlite3.Error."""
    from exporter.ledger.files import connect_to_read  # noqa: PLC0415 - as below
    from reports.formats.html import write  # noqa: PLC0415 - memory that the service itself does not need
    from reports.ledger.reader import LedgerReader  # noqa: PLC0415
    from reports.wrapup.wrapup import wrapup  # noqa: PLC0415

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
    import pickle

    write_reports(pickle.load(sys.stdin.buffer))  # noqa: S301 - from the service that started it
