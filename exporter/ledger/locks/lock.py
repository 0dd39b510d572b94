"""The lock that keeps a ledger to one writer, and its files from other users."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import stat
import sys
from typing import TYPE_CHECKING

from exporter.ledger.files import LedgerError
from exporter.ledger.locks.holder import READING, Holder, lock_path, read_note, write_note
from exporter.ledger.locks.locking import CANNOT_LOCK, is_locked

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

CANNOT_WRITE = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT})
NO_FILE = frozenset({errno.ELOOP, errno.EISDIR, errno.ENXIO})
WRITING = os.O_RDWR | os.O_CREAT | READING
OTHERS, ALL_BUT_OWNER = 0o007, 0o077


class LedgerLock:
    """An advisory lock on a file beside the ledger, which has the holder's note, and on the ledger's own file.

    Both, since the file beside it can be deleted, and the ledger's own is missing at the first start.
    """

    def __init__(self, ledger: Path) -> None:
        """The lock is not taken yet."""
        self._ledger, self._path = ledger, lock_path(ledger)
        self._note: int | None = None
        self._own: int | None = None
        self._holder = Holder(os.getpid())

    def acquire(self) -> None:
        """Take the lock; raises LedgerError that names the holder and the ledger, or OSError."""
        with contextlib.ExitStack() as undo:
            undo.callback(self._close_files)
            self._note = self._lock_note()
            self.hold_ledger()
            undo.pop_all()
        keep_private(self._ledger)
        self.write_holder(Holder(os.getpid()))

    def hold_ledger(self) -> None:
        """Lock the ledger's own file as soon as it is there, and anew where another has taken its place.

        Only the file that was replaced is closed: to close the one that is in use would give up SQLite's locks on it.
        """
        if sys.platform != "linux":  # elsewhere this lock would keep SQLite out
            return
        if self._own is not None and _is_at(self._own, self._ledger.stat):
            return
        try:
            opened = os.open(self._ledger, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return
        if self._own is not None:
            os.close(self._own)
        self._own = opened
        if not self._is_locked(opened):
            raise self._is_written_by(None)

    def write_holder(self, holder: Holder) -> None:
        """Write the holder's note, for the command line."""
        self._holder = holder
        if self._note is not None:
            write_note(self._note, holder)

    def keep(self) -> None:
        """Lock again, and write the note again, where one of the files was deleted or replaced."""
        try:
            self.hold_ledger()
            if self._note is None or _is_at(self._note, self._path.lstat):
                return
            fresh = self._lock_note()
        except (LedgerError, OSError) as error:
            log.warning("the ledger cannot be locked again: %s", error)
            return
        os.close(self._note)
        self._note = fresh
        self.write_holder(self._holder)

    def release(self) -> None:
        """Give the lock back."""
        if self._note is not None:
            write_note(self._note, None)
        self._close_files()

    def _close_files(self) -> None:
        for opened in (self._note, self._own):
            if opened is not None:
                os.close(opened)
        self._note = self._own = None

    def _lock_note(self) -> int | None:
        """Lock the file beside the ledger; None where it cannot exist, and the ledger's own is enough."""
        while True:
            opened = self._open_note()
            if opened is None:
                return None
            if self._is_locked(opened):
                if _is_at(opened, self._path.lstat):
                    return opened
                os.close(opened)  # it was deleted or replaced before it was locked
                continue
            holder = read_note(opened)
            os.close(opened)
            raise self._is_written_by(holder)

    def _is_locked(self, opened: int) -> bool:
        try:
            return is_locked(opened)
        except OSError as error:
            if error.errno not in CANNOT_LOCK:
                raise
            if opened != self._own:
                log.warning("%s cannot be locked here (%s): run one service on it", self._ledger, error.strerror)
            return True

    def _open_note(self) -> int | None:
        try:
            opened = os.open(self._path, WRITING, 0o600)
        except OSError as error:
            return self._open_to_read(error)
        status = os.fstat(opened)
        if not stat.S_ISREG(status.st_mode):
            os.close(opened)
            self._warn_without_note("it is no file")
            return None
        if status.st_mode & ALL_BUT_OWNER and sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.fchmod(opened, 0o600)
        return opened

    def _open_to_read(self, error: OSError) -> int | None:
        """A file system that cannot be written can still lock what is there."""
        if error.errno in CANNOT_WRITE:
            with contextlib.suppress(OSError):
                return os.open(self._path, READING)
            self._warn_without_note(str(error.strerror))
        elif error.errno in NO_FILE:
            self._warn_without_note("it is no file")
        elif isinstance(error, PermissionError) and os.access(self._ledger, os.W_OK):
            self._warn_without_note("it is another user's")  # in a folder that every user may write to
        else:
            raise error
        return None

    def _warn_without_note(self, reason: str) -> None:
        log.warning("%s is not used (%s): commands do not find this service", self._path, reason)

    def _is_written_by(self, holder: Holder | None) -> LedgerError:
        writer = f"process {holder.pid}" if holder else "another process"
        return LedgerError(f"{writer} already writes {self._ledger}: stop it, or give this one another ledger.path")


def keep_private(ledger: Path) -> None:
    """Close the ledger's files to users outside its group: a user who may read them may lock them, too."""
    file = type(ledger)(os.path.realpath(ledger))
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        _close_to_others(file.with_name(name))


def _close_to_others(path: Path) -> None:
    with contextlib.suppress(OSError):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & OTHERS:
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def _is_at(opened: int, status: Callable[[], os.stat_result]) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), status())
    except OSError:
        return False
