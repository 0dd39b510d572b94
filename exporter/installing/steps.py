"""Steps of installing and uninstalling, as values: files that are written or removed, programs that are called."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path


class WriteFile(NamedTuple):
    """Write a text; a file that holds it already is left as it is."""

    path: Path
    text: str
    encoding: str = "utf-8"


class WriteLink(NamedTuple):
    """Make a symbolic link, where nothing is at its path."""

    path: Path
    target: Path


class RemovePath(NamedTuple):
    """Remove a file, a link, or a folder with all that is in it; what is not there is no fault."""

    path: Path


class CallProgram(NamedTuple):
    """Call a program of the system; `remedy` is the next step where it fails, None where a failure is no fault.

    `only_after_change`: not where every file was there already.
    """

    command: tuple[str, ...]
    remedy: str | None = "the line above says why"
    only_after_change: bool = False


Step: TypeAlias = WriteFile | WriteLink | RemovePath | CallProgram


def summary(step: Step) -> str:
    """What a step does, on one line."""
    match step:
        case WriteFile():
            return f"writes {step.path}"
        case WriteLink():
            return f"links {step.path} to {step.target}"
        case RemovePath():
            return f"removes {step.path}"
        case CallProgram():
            return f"runs {shlex.join(step.command)}"


def script(step: Step) -> str:
    """A step in full: the text of a file below its path, or the line of a command."""
    if isinstance(step, WriteFile):
        return f"# {step.path}\n{step.text}"
    return f"# {summary(step)}\n"
