"""Steps carried out: files written and removed, programs of the system called."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

from exporter.installing.errors import InstallError
from exporter.installing.steps import CallProgram, RemovePath, Step, WriteFile, WriteLink

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

CALL_SECONDS = 700
"""A start may migrate the ledger: longer than the unit's TimeoutStartSec."""


def carry_out(steps: Sequence[Step], again: str) -> bool:
    """Carry steps out in their order; returns whether a file was changed.

    `again` is the command to call as root. Raises InstallError.
    """
    is_changed = False
    for step in steps:
        try:
            match step:
                case WriteFile():
                    is_changed |= _write(step)
                case WriteLink():
                    _link(step)
                case RemovePath():
                    _remove(step.path)
                case CallProgram():
                    if is_changed or not step.only_after_change:
                        _call(step)
        except PermissionError as error:
            raise InstallError(f"{error.filename} cannot be changed by this user", again) from error
        except OSError as error:
            raise InstallError(f"{error.filename}: {error.strerror}", "mend that, and call it again") from error
    return is_changed


def ask(call: CallProgram) -> str:
    """The output of a program; empty where it fails or is not there."""
    try:
        return subprocess.run(call.command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    except OSError:
        return ""


def _write(step: WriteFile) -> bool:
    data = step.text.encode(step.encoding)
    if step.path.is_file() and step.path.read_bytes() == data:
        return False
    step.path.parent.mkdir(parents=True, exist_ok=True)
    partial = step.path.with_name(f".{step.path.name}.partial")
    partial.write_bytes(data)
    partial.chmod(0o644)  # readable whatever the umask: systemd says so of a unit that is not
    partial.replace(step.path)
    return True


def _link(step: WriteLink) -> None:
    if not os.path.lexists(step.path):
        step.path.symlink_to(step.target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _call(step: CallProgram) -> None:
    line = shlex.join(step.command)
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, made of our own words and this machine's names
            step.command, capture_output=True, text=True, errors="replace", timeout=CALL_SECONDS, check=False
        )
    except FileNotFoundError as error:
        if step.remedy is not None:
            raise InstallError(f"{step.command[0]} is not installed", f"install it: {line}") from error
        return
    except subprocess.TimeoutExpired as error:
        raise InstallError(f"{line} does not end", step.remedy or "call it again") from error
    if done.returncode and step.remedy is not None:
        said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        raise InstallError(f"{line}: {said}", step.remedy)
