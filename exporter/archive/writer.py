"""The process that writes reports: templates would stay in the memory of a service that runs for years."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import exporter

if TYPE_CHECKING:
    from reports.calendar.period import Period
    from reports.ledger.host import Host
    from reports.wrapup.context import WrapUpContext

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
        *(sys.executable, "-m", "exporter.archive.child"),
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
