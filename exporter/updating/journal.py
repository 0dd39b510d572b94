"""The journal of an update beside the ledger: what is under way, for the one that comes after a power cut."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from exporter.ledger.clock_repair.placing import fsync_folder
from exporter.ledger.locks.locking import has_writer, is_locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Stage: TypeAlias = Literal["install", "start", "return", "failed"]
STAGES: dict[Stage, str] = {
    "install": "while {new} was installed",
    "start": "before {new} had shown that it works",
    "return": "while {old} was installed again",
    "failed": "",
}


class JournalError(Exception):
    """Another update is under way, or the journal cannot be written: the text has the reason."""


class UpdateEntry(msgspec.Struct, frozen=True):
    """An update from the old version to the new one: its stage, and what it needs to go back.

    `schema` is the version of the ledger's tables before it, 0 without a ledger; `reason` why the new version failed. A
    failed one is over: the old version is installed again.
    """

    stage: Stage
    old: str
    new: str
    schema: int = 0
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no version: it would become an argument of a command."""
        for version in (self.old, self.new):
            if not version[:1].isdigit() or not all(letter.isalnum() or letter in ".!+-_" for letter in version):
                raise ValueError(f"{version!r} is no version")

    @property
    def is_under_way(self) -> bool:
        """Whether it is to be finished."""
        return self.stage != "failed"

    @property
    def interrupted(self) -> str:
        """What was interrupted, as a sentence."""
        where = STAGES[self.stage].format(old=self.old, new=self.new)
        return f"the update from {self.old} to {self.new} was interrupted {where}"


def journal_path(ledger: Path) -> Path:
    """Path of the journal of a ledger's netledger."""
    return ledger.with_name(f"{ledger.name}.update")


def update_lock_path(ledger: Path) -> Path:
    """Path of the file that an update locks."""
    return ledger.with_name(f"{ledger.name}.update.lock")


def read_entry(ledger: Path) -> UpdateEntry | None:
    """The entry; None without one, and where it is none of ours or may not be read."""
    try:
        return msgspec.json.decode(journal_path(ledger).read_bytes(), type=UpdateEntry)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def write_entry(ledger: Path, entry: UpdateEntry) -> None:
    """Replace the entry; it is on the disk when this returns. Raises OSError."""
    path = journal_path(ledger)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "wb") as file:
        give_to_owner(partial, ledger)
        file.write(msgspec.json.encode(entry))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    fsync_folder(path.parent)


def clear_entry(ledger: Path) -> None:
    """Remove the entry: nothing is under way."""
    journal_path(ledger).unlink(missing_ok=True)
    fsync_folder(ledger.parent)


def give_to_owner(path: Path, ledger: Path) -> None:
    """Make a file that root wrote the property of the ledger's user, as all beside it."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        with contextlib.suppress(OSError):
            owner = (ledger if ledger.exists() else ledger.parent).stat()
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextlib.contextmanager
def one_update(ledger: Path) -> Iterator[None]:
    """Hold the lock of updates; raises JournalError where another has it, or its folder cannot be written."""
    path = update_lock_path(ledger)
    try:
        opened = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise JournalError(f"{path} cannot be written ({error.strerror})") from error
    try:
        give_to_owner(path, ledger)
        if not is_locked(opened):
            raise JournalError("another update is under way")
        yield
    finally:
        os.close(opened)


def is_update_running(ledger: Path) -> bool:
    """Whether a process holds the lock of updates."""
    try:
        opened = os.open(update_lock_path(ledger), os.O_RDONLY)
    except OSError:
        return False
    try:
        return has_writer(opened)
    except OSError:
        return False
    finally:
        os.close(opened)
