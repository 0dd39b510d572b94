"""The netledger that is installed now, as a fresh process finds it, held against its wheel file by file."""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import exporter
from exporter.installing.facts import program

if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS = 120
PLACE = "import importlib.metadata as m; d = m.distribution('netledger'); print(d.version); print(d.locate_file(''))"


class WheelRecord(NamedTuple):
    """SHA-256 of each file of a wheel, by its path below site-packages."""

    digests: Mapping[str, bytes]


def record_of(wheel: bytes) -> WheelRecord:
    """The digests of a wheel's files. Without data files, which tools put elsewhere, and without RECORD."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        return WheelRecord(
            {
                name: hashlib.sha256(archive.read(name)).digest()
                for name in names
                if ".data/" not in name and not name.endswith(".dist-info/RECORD")
            }
        )


class Installed(NamedTuple):
    """The version that a fresh process runs; empty, with the reason, where none does."""

    version: str
    problem: str = ""


def installed_now() -> Installed:
    """What a fresh process says of itself."""
    done = _run((*program(), "--version"))
    words = done.stdout.split()
    if done.returncode or not words:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Installed("", f"netledger does not start: {lines[-1]}")
    return Installed(words[-1])


def difference(record: WheelRecord) -> str:
    """The first file of the wheel that is not installed as it is in there; empty where all are."""
    lines = _run((sys.executable, "-c", PLACE)).stdout.splitlines()
    if not lines:
        return "netledger is not installed any more"
    folder = Path(lines[-1])
    for name, digest in record.digests.items():
        try:
            found = hashlib.sha256((folder / name).read_bytes()).digest()
        except OSError as error:
            return f"{name}: {error.strerror}"
        if found != digest:
            return f"{name} is not the one of the verified wheel"
    return ""


def drop_broken_records() -> None:
    """Remove notes of netledger that have no list of files: a tool that was interrupted left them.

    Pip 24 and later would uninstall by them, and refuse.
    """
    for folder in Path(exporter.__file__).parents[2].glob("netledger-*.dist-info"):
        if not (folder / "RECORD").is_file():
            shutil.rmtree(folder, ignore_errors=True)


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", str(error))
