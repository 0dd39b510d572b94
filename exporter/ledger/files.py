"""The ledger as files: names beside it, opening connections, and the lock that keeps it to one writer."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import sys
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

BUSY_SECONDS = 5
"""How long one attempt waits for another process's lock; the posting is tried again at the next commit."""


CACHE = "PRAGMA cache_size = -512"
"""KiB of pages that a connection keeps: SQLite's own 2 MB each would be a twentieth of the service."""


PASSING = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
NO_SHARED_MEMORY = frozenset(
    {
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)


class LedgerError(Exception):
    """The ledger cannot be used; the text says which file, why, and what to do."""


class Holder(NamedTuple):
    """Who writes a ledger: process id and, once it listens, its address."""

    pid: int
    url: str = ""


class LedgerLock:
    """An advisory lock beside the ledger; the file tells who holds it, and the kernel frees it at any end."""

    def __init__(self, ledger: Path) -> None:
        """The lock is not taken yet."""
        self._ledger = ledger
        self._path = lock_path(ledger)
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock; raises LedgerError that names the holder and the ledger."""
        file = self._path.open("a+", encoding="utf-8")
        if not _try_lock(file):
            holder = _read_holder(file)
            file.close()
            who = f"process {holder.pid}" if holder else "another process"
            raise LedgerError(f"{who} already writes {self._ledger}: stop it, or give this one another ledger.path")
        self._file = file
        self.tell(Holder(os.getpid()))

    def tell(self, holder: Holder) -> None:
        """Write down who holds the lock, for the command line."""
        if self._file is None:
            return
        self._file.seek(0)
        self._file.truncate()
        json.dump(holder._asdict(), self._file)
        self._file.flush()

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()
            self._file = None


def lock_path(ledger: Path) -> Path:
    """Where the lock of a ledger is."""
    return ledger.with_name(ledger.name + ".lock")


def find_holder(ledger: Path) -> Holder | None:
    """Who writes this ledger now; None when nobody does."""
    try:
        file = lock_path(ledger).open("r+", encoding="utf-8")
    except PermissionError:
        return _holder_by_reading(ledger)
    except OSError:
        return None
    with file:
        return None if _try_lock(file) else _read_holder(file)


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open for the one writer: every commit is on the disk before it is reported. A missing file is not made."""
    return _connected(path, "mode=rw", "PRAGMA synchronous = FULL", CACHE)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open read only; where the log's index cannot be shared with a writer, without one.

    A disk that cannot be written has no writer: the log that a crash left is read with its index in memory, and a
    ledger without a log as the unchanging file that it then is.
    """
    ask = "SELECT count(*) FROM sqlite_master"
    ways: list[tuple[str, ...]] = [("mode=ro", ask, CACHE)]
    if sys.platform != "win32" and is_there(log_path(path)):
        ways.append(("mode=ro&vfs=unix-none", "PRAGMA locking_mode = EXCLUSIVE", ask, CACHE))
    for way in ways:
        with contextlib.suppress(sqlite3.OperationalError):
            return _connected(path, *way)
    return _connected(path, "mode=ro&immutable=1", ask, CACHE)


def _connected(path: Path, way: str, *statements: str) -> sqlite3.Connection:
    """A connection after these statements; it is closed where one of them fails."""
    uri = f"{path.absolute().as_uri()}?{way}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
    connection.text_factory = _text
    try:
        for statement in statements:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _text(value: bytes) -> str:
    """Damage in a text is shown as such, and ends nothing."""
    return value.decode("utf-8", "replace")


def choose_journal(path: Path) -> None:
    """Have a write-ahead log, or a rollback journal where the file system shares no memory (FUSE, NFS)."""
    try:
        with contextlib.closing(connect_to_write(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in NO_SHARED_MEMORY:
            raise
        with contextlib.closing(connect_to_write(path)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # a log that a crash left is read without its index
            connection.execute("PRAGMA journal_mode = DELETE")
            connection.execute("SELECT count(*) FROM sqlite_master")


def is_passing(error: Exception) -> bool:
    """Whether a failure is about what is around the file (locks, rights, disk, memory), and may pass by itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in PASSING


def is_corrupt(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the file itself is broken, or no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_there(path: Path) -> bool:
    """Whether there is such a file, as far as this user may see."""
    try:
        return path.exists()
    except OSError:
        return False


def log_path(ledger: Path) -> Path:
    """Where the write-ahead log of a ledger is."""
    return ledger.with_name(ledger.name + "-wal")


def size_on_disk(path: Path) -> int:
    """Bytes of the ledger and its write-ahead log."""
    total = 0
    for name in (path.name, path.name + "-wal"):
        try:
            total += path.with_name(name).stat().st_size
        except FileNotFoundError:
            continue
    return total


def _read_holder(file: IO[str]) -> Holder | None:
    file.seek(0)
    try:
        told = json.load(file)
        return Holder(int(told["pid"]), str(told["url"]))
    except (ValueError, KeyError, TypeError):
        return None


def _holder_by_reading(ledger: Path) -> Holder | None:
    """For a user who may read the lock but not take it: the holder, if that process lives."""
    try:
        with lock_path(ledger).open(encoding="utf-8") as file:
            holder = _read_holder(file)
    except OSError:
        return None
    if holder is None:
        return None
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return holder
    return holder


if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30
    """Windows locks bytes against reading too: one far beyond the text keeps the holder readable."""

    def _try_lock(file: IO[str]) -> bool:
        file.seek(_FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            file.seek(0)
        return True

else:
    import fcntl

    def _try_lock(file: IO[str]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
