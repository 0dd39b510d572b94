"""Files of access logs: plain or compressed by gzip, read line by line from a position on."""

from __future__ import annotations

import gzip
import os
import re
import stat
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from exporter.meters.requests.logs import positions
from exporter.meters.requests.logs.positions import COMPARED, Position

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LONGEST_LINE = 64 * 1024
"""Bytes; a longer line is no request."""

COUNTED_BYTES = 1 << 20
GZIP = b"\x1f\x8b"
TOO_LONG = f"it is longer than {LONGEST_LINE} bytes"


class Lines(NamedTuple):
    """Lines that were read: without their ends, too long ones as b"" with their numbers, and the position after.

    `head` and `tail` are the bytes that this position's digests are of.
    """

    lines: list[bytes]
    too_long: list[int]
    before: int
    after: Position
    head: bytes
    tail: bytes


class LogFile:
    """An open log of a service, and how far it is read. Calls raise OSError; EOFError and zlib.error if it is damaged.

    `name` is that of its position's note; `identity` is of the file (device and inode).
    """

    def __init__(self, path: Path, service: str, notes: Mapping[str, str]) -> None:
        """Open it, and find the position in it among the notes."""
        self.path = path
        self._zipped: BinaryIO | None = None
        self._unzipped: gzip.GzipFile | None = None
        self._number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_BINARY", 0))
        try:
            self._open(service, notes)
        except BaseException:
            self.close()
            raise

    def _open(self, service: str, notes: Mapping[str, str]) -> None:
        status = self.status()
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is no file")
        self.identity = (status.st_dev, status.st_ino)
        self.is_compressed = os.pread(self._number, len(GZIP), 0) == GZIP
        self._last, self._read_to, self._written = b"", 0, status.st_mtime_ns
        self._was_empty = not status.st_size
        if self.is_compressed:
            self._zipped = os.fdopen(os.dup(self._number), "rb")
            self._unzipped = gzip.GzipFile(fileobj=self._zipped)
        found = positions.found_in(notes, service, self.read_at)
        self.name, position = found or (positions.new_name(), Position(service))
        self._head = self.read_at(0, position.compared)
        self._tail = self.read_at(position.offset - position.compared, position.compared)
        self.position = position

    def close(self) -> None:
        """Close the file."""
        if self._zipped is not None:
            self._zipped.close()
        os.close(self._number)

    def status(self) -> os.stat_result:
        """Its status now."""
        return os.fstat(self._number)

    @property
    def bytes_done(self) -> int:
        """Bytes of the file itself that were read, compressed as they are."""
        return self.position.offset if self._zipped is None else os.lseek(self._number, 0, os.SEEK_CUR)

    def lines_before(self) -> int:
        """The number of lines before the position."""
        end = self.position.offset
        starts = range(0, end, COUNTED_BYTES)
        return sum(self.read_at(start, min(COUNTED_BYTES, end - start)).count(b"\n") for start in starts)

    def read_at(self, offset: int, size: int) -> bytes:
        """Bytes of the log from an offset on, as many as wanted or as there are."""
        if self._unzipped is not None:
            return self._unzip(self._unzipped, offset, size)
        return os.pread(self._number, size, offset)

    def _unzip(self, unzipped: gzip.GzipFile, offset: int, size: int) -> bytes:
        """The same of a compressed file, which keeps what was read last: it would go back to its beginning."""
        began = self._read_to - len(self._last)
        if began <= offset <= self._read_to:
            kept = self._last[offset - began :]
        else:
            self._read_to = unzipped.seek(offset)
            kept = b""
        more = unzipped.read(size - len(kept)) if len(kept) < size else b""
        self._last, self._read_to = kept + more, self._read_to + len(more)
        return self._last[:size]

    def is_cut(self) -> bool:
        """Whether what was read is not there any more: the file was truncated, and perhaps written again."""
        if self.is_compressed:
            return False
        position = self.position
        if not position.offset:  # only its time shows it, and that goes by ticks of some milliseconds
            status = self.status()
            return status.st_mtime_ns != self._written or (self._was_empty and status.st_size > 0)
        return self.read_at(position.offset - len(self._tail), len(self._tail)) != self._tail

    def read(self, size: int, *, is_whole: bool = False) -> Lines | None:
        """The next lines, of so many bytes at most; None where none has ended, or there is none.

        With `is_whole`, the last one needs no end. `move_to` moves on.
        """
        position = self.position
        data = self.read_at(position.offset, max(size, LONGEST_LINE + 1))
        end = data.rfind(b"\n") + 1
        is_long = False
        if not end and (len(data) > LONGEST_LINE or (data and position.skips)):
            end, is_long = len(data), True
        elif is_whole and end < len(data) <= LONGEST_LINE:
            end = len(data)
        if not end:
            return None
        lines = data[:end].split(b"\n")
        if not lines[-1]:
            lines.pop()
        too_long = [number for number, line in enumerate(lines) if len(line) > LONGEST_LINE]
        for number in too_long:
            lines[number] = b""
        if position.skips:
            lines[0] = b""
            too_long = [number for number in too_long if number]
        return self._read(lines, too_long, data[:end], skips=is_long)

    def move_to(self, read: Lines) -> None:
        """Go on behind these lines."""
        self._head, self._tail, self.position = read.head, read.tail, read.after

    def _read(self, lines: list[bytes], too_long: list[int], data: bytes, *, skips: bool) -> Lines:
        position = self.position
        head, tail = (self._head + data)[:COMPARED], (self._tail + data)[-COMPARED:]
        digests, seen = (positions.digest(head), positions.digest(tail)), self.status().st_mtime_ns
        after = Position(position.service, position.offset + len(data), *digests, seen, skips)
        return Lines(lines, too_long, position.offset, after, head, tail)


def rotated_from(path: Path, since: int) -> list[Path]:
    """What a log of this path became by rotation, written at `since` (nanoseconds since 1970) or later, oldest first.

    By logrotate (access.log.1, access.log-20260301.gz, access-20260301.log), or by Caddy
    (access-2026-03-01T12-00-00.000.log).
    """
    stem, ending = re.escape(path.stem), re.escape(path.suffix)
    number = r"[.-][0-9][0-9T:._-]*"
    pattern = re.compile(rf"{stem}(?:{ending}{number}|{number}{ending})(?:\.gz)?", re.ASCII)
    found = []
    for entry in os.scandir(path.parent):
        if pattern.fullmatch(entry.name):
            written = entry.stat().st_mtime_ns
            if written >= since:
                found.append((written, path.with_name(entry.name)))
    return [each for _, each in sorted(found)]


DAMAGE = (EOFError, zlib.error, gzip.BadGzipFile)
"""What a damaged compressed log raises."""
