"""Files of other programs: databases that are read and never written, text, JSON, and what they have in common."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import zlib
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.past.rows import FIRST_YEAR, LAST_YEAR, ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from zoneinfo import ZoneInfo

LARGEST = 256 << 20
"""Bytes of a file that is read as a whole."""
DATABASE, GZIP = b"SQLite format 3\x00", b"\x1f\x8b"


class ReadingOptions(NamedTuple):
    """What a file does not say.

    The zone of its dates, the day on which its months begin, names of interfaces; whose bytes they are where it names
    no interface; which columns of a table have what, and the unit (bytes) of their amounts; the first day of the
    period that a file has one sum of, and its last one.
    """

    zone: ZoneInfo
    month_begins: int = 1
    names: Mapping[str, str] = {}
    interface: str | None = None
    columns: Mapping[str, str] = {}
    unit: int | None = None
    first: date | None = None
    last: date | None = None

    def subject(self, kind: str) -> str:
        """The interface of a file that names none: as the user says, or of its program's name."""
        return self.interface or kind

    def machine(self, kind: str) -> list[str]:
        """The same, where it stands for the whole machine: the user names no interface."""
        return [] if self.interface else [kind]


class ForeignFile(NamedTuple):
    """A file whose program is not known yet: the columns of its tables, or its content, as text, and that as JSON.

    `modified` (UTC seconds) is when it was last written. The content of a file of gzip is unpacked.
    """

    path: Path
    modified: int
    tables: Mapping[str, set[str]] | None = None
    content: bytes = b""
    text: str = ""
    document: Any = None


def opened(path: Path) -> ForeignFile:
    """What a file is by its form; raises ForeignFileError where it cannot be read, is damaged, or is half JSON."""
    if is_database(path):
        with database(path) as connection:
            return ForeignFile(path, _modified(path), tables(connection))
    content = _unpacked(path, _content(path))
    try:
        words = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        words = ""
    is_json = words.lstrip().startswith(("{", "["))
    return ForeignFile(path, _modified(path), None, content, words, document(path, words) if is_json else None)


def _modified(path: Path) -> int:
    return int(path.stat().st_mtime)


@contextmanager
def database(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is only read; raises ForeignFileError for what is none, or damaged."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if state != "ok":
                raise ForeignFileError(f"{path} is damaged: {state}")
            yield connection
    except (sqlite3.Error, UnicodeDecodeError) as error:
        raise ForeignFileError(f"{path} cannot be read as a database: {error}") from error


def is_database(path: Path) -> bool:
    """True if a file begins as a database of SQLite does; raises ForeignFileError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(len(DATABASE)) == DATABASE
    except OSError as error:
        raise ForeignFileError(f"{path} cannot be read: {error.strerror}") from error


def tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """The names of the columns of each table."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    query = "SELECT name FROM pragma_table_info(?)"
    return {name: {column for (column,) in connection.execute(query, (name,))} for name in names}


def text(path: Path) -> str:
    """The text of a file; raises ForeignFileError where it cannot be read, or is none."""
    try:
        return _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ForeignFileError(f"{path} is no text in UTF-8: byte {error.start}") from error


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ForeignFileError(f"{path} is larger than {LARGEST >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise ForeignFileError(f"{path} cannot be read: {error.strerror}") from error


def _unpacked(path: Path, content: bytes) -> bytes:
    """What a file of gzip has in it; any other as it is."""
    if not content.startswith(GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(LARGEST + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ForeignFileError(f"{path} is no whole file of gzip: {error}") from error
    if len(unpacked) > LARGEST:
        raise ForeignFileError(f"{path} is larger than {LARGEST >> 20} MiB")
    return unpacked


def document(path: Path, content: str) -> Any:
    """The JSON of a file; raises ForeignFileError for half of it."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ForeignFileError(f"{path} is not whole JSON: {error}") from error


def moment(value: object, path: Path, place: str) -> datetime:
    """A date or a time as text, by the file's clock; raises ForeignFileError for none, and for one that is damage."""
    try:
        found = datetime.fromisoformat(str(value)).replace(tzinfo=None)
        if FIRST_YEAR <= found.year <= LAST_YEAR:
            return found
        reason = f"{value!r} is not of {FIRST_YEAR} to {LAST_YEAR}"
    except ValueError:
        reason = f"{value!r} is no date"
    raise ForeignFileError(f"{path}: {place}: {reason}")


def amounts(path: Path, place: str, moved: Sequence[object], names: Sequence[str] = ("rx", "tx")) -> tuple[int, int]:
    """Bytes received and sent; raises ForeignFileError for what is no number of bytes."""
    for name, amount in zip(names, moved, strict=True):
        if not isinstance(amount, int) or isinstance(amount, bool) or amount < 0:
            raise ForeignFileError(f"{path}: {place}: {name} is {amount!r}, and not a number of bytes")
    received, sent = moved
    return int(str(received)), int(str(sent))
