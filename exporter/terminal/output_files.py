"""Output files of commands: written whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


def require_absent(path: Path) -> None:
    """End the command where the file exists; a device or pipe may."""
    with write_errors(path):
        is_there = path.exists() and not is_device(path)
    if is_there:
        raise click.ClickException(f"{path} is already there: use --force to replace it")


@contextlib.contextmanager
def write_errors(path: Path, text: str = "cannot write {path}: {reason}") -> Iterator[None]:
    """End the command with this text where the system refuses to write."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(text.format(path=path, reason=error.strerror or error)) from error


@contextlib.contextmanager
def replace_file(path: Path, *, is_replaceable: bool) -> Iterator[BinaryIO]:
    """A temporary file that replaces `path` once it is on the disk; a device or pipe is written directly."""
    if is_device(path):
        with path.open("wb") as device:
            yield device
        return
    target = _target(path)
    new = target.with_name(f".{target.name[:200]}.{os.getpid()}.new")
    try:
        with new.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not is_replaceable:
            require_absent(target)
        new.replace(target)
    finally:
        new.unlink(missing_ok=True)


def _target(path: Path) -> Path:
    """The file of a link, existing or not; raises OSError for links in a circle."""
    with contextlib.suppress(FileNotFoundError):
        path.stat()  # resolve() raises RuntimeError for a circle, and from Python 3.13 on nothing
    return path.resolve()


def is_device(path: Path) -> bool:
    """Whether the path is no regular file, such as /dev/stdout or a named pipe."""
    return path.exists() and not path.is_file()
