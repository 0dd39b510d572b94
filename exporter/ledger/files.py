"""The ledger as files: opening connections, and their size."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from typing import TYPE_CHECKING

from reports.ledger.sketches import EMPTY, SumOfSketches, decoded, merged, subtracted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 5
"""One attempt waits so long for another process's lock; the posting is tried again at the next commit."""


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


def connect_to_write(path: Path) -> sqlite3.Connection:
    """Open for the one writer: every commit is on the disk before it is reported. A missing file is not made."""
    # What is deleted within a page is overwritten, as far as that takes no writing of its own.
    return _connected(path, "mode=rw", "PRAGMA synchronous = FULL", "PRAGMA secure_delete = FAST", CACHE)


def connect_to_read(path: Path) -> sqlite3.Connection:
    """Open read only; where the log's index cannot be shared with a writer, without one.

    A disk that cannot be written has no writer: the log that a crash left is read with its index in memory, and a
    ledger without a log as the unchanging file that it then is.
    """
    probe = "SELECT count(*) FROM sqlite_master"
    ways: list[tuple[str, ...]] = [("mode=ro", probe, CACHE)]
    if sys.platform != "win32" and is_there(log_path(path)):
        ways.append(("mode=ro&vfs=unix-none", "PRAGMA locking_mode = EXCLUSIVE", probe, CACHE))
    for way in ways:
        with contextlib.suppress(sqlite3.OperationalError):
            return _connected(path, *way)
    return _connected(path, "mode=ro&immutable=1", probe, CACHE)


def _connected(path: Path, way: str, *statements: str) -> sqlite3.Connection:
    """A connection after these statements; it is closed where one of them fails."""
    uri = f"{path.absolute().as_uri()}?{way}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
    connection.text_factory = _text
    add_functions(connection)
    with contextlib.ExitStack() as undo:
        undo.callback(connection.close)
        for statement in statements:
            connection.execute(statement)
        undo.pop_all()
    return connection


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that writes, rolled back whole when anything in it fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of an open ledger; 0 is a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def add_functions(connection: sqlite3.Connection) -> None:
    """Let SQL merge sketches: sketch_plus(a, b), sketch_minus(a, b), and the aggregate sketch_sum(a).

    Damaged bytes count as an empty sketch: they must not end a posting.
    """
    connection.create_function("sketch_plus", 2, _plus, deterministic=True)
    connection.create_function("sketch_minus", 2, _minus, deterministic=True)
    connection.create_aggregate("sketch_sum", 1, SketchSum)  # type: ignore[arg-type]  # its methods take any number


class SketchSum:
    """The aggregate that merges sketches."""

    def __init__(self) -> None:
        self._sum = SumOfSketches()

    def step(self, sketch: bytes) -> None:
        """Merge one more."""
        with contextlib.suppress(ValueError):
            self._sum.add(sketch)

    def finalize(self) -> bytes:
        """The sketch of all."""
        return self._sum.encoded()


def _plus(first: bytes, second: bytes) -> bytes:
    try:
        return merged(first, second)
    except ValueError:
        return merged(_whole(first), _whole(second))


def _minus(whole: bytes, part: bytes) -> bytes:
    try:
        return subtracted(whole, part)
    except ValueError:
        return subtracted(_whole(whole), _whole(part))


def _whole(sketch: bytes) -> bytes:
    try:
        decoded(sketch)
    except ValueError:
        return EMPTY
    return sketch


def _text(value: bytes) -> str:
    """Text of the ledger; damaged bytes become U+FFFD, and raise nothing."""
    return value.decode("utf-8", "replace")


def choose_journal(path: Path) -> None:
    """Choose a write-ahead log, or a rollback journal where the file system shares no memory (FUSE, NFS)."""
    try:
        with contextlib.closing(connect_to_write(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError as error:
        if not lacks_shared_memory(error):
            raise
        # An exclusive connection needs no index in shared memory, and reads the log that a crash has left.
        alone = ("PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = DELETE")
        _connected(path, "mode=rw", *alone, "SELECT count(*) FROM sqlite_master").close()


def is_passing(error: Exception) -> bool:
    """True if a failure has its cause outside the file (locks, rights, disk, memory), and may pass by itself."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in PASSING


def is_full(error: sqlite3.Error) -> bool:
    """True if the disk had no room."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def lacks_shared_memory(error: sqlite3.Error) -> bool:
    """True if the file system shares no memory, which the index of a write-ahead log needs."""
    return getattr(error, "sqlite_errorcode", None) in NO_SHARED_MEMORY


def is_corrupt(error: sqlite3.Error) -> bool:
    """True if SQLite says that the file itself is broken, or no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def is_there(path: Path) -> bool:
    """True if the file exists and this user may know it."""
    try:
        return path.exists()
    except OSError:
        return False


def log_path(ledger: Path) -> Path:
    """Path of a ledger's write-ahead log."""
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


def last_sample(path: Path) -> int | None:
    """Time of the last sample (UTC seconds), None before the first; raises sqlite3.Error."""
    with contextlib.closing(connect_to_read(path)) as connection:
        wall = connection.execute("SELECT max(wall) FROM meter").fetchone()[0]
    return None if wall is None else int(wall) // 1_000_000_000
