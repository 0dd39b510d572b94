"""What a service prints and logs: written by a thread, since a pipe that nobody empties would hold up the counting."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Self

MOST_WAITING = 1000
"""Lines that wait for an output that takes nothing; further ones are dropped."""

LAST_SECONDS = 1.0


class ServiceOutput(logging.Handler):
    """Writes log records to standard error, and lines to standard output; what cannot be written is dropped."""

    def __init__(self, stdout: int = 1, stderr: int = 2) -> None:
        """The thread runs at once, and keeps no process alive."""
        super().__init__()
        self._stdout, self._stderr = stdout, stderr
        self._lines: queue.Queue[tuple[int, bytes] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    def write_line(self, text: str) -> None:
        """Print a line, some time."""
        self._put(self._stdout, text)

    def warn(self, text: str) -> None:
        """Print a line to standard error, some time."""
        self._put(self._stderr, text)

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record, some time."""
        self._put(self._stderr, self.format(record))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write what waits, if that takes no longer than a moment."""
        try:
            self._lines.put(None, timeout=LAST_SECONDS)
        except queue.Full:
            return
        self._thread.join(LAST_SECONDS)

    def _put(self, descriptor: int, text: str) -> None:
        try:
            self._lines.put_nowait((descriptor, f"{text}{os.linesep}".encode("utf-8", "backslashreplace")))
        except queue.Full:
            return

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            descriptor, data = line
            try:
                # Not by way of Python's own streams: a thread that is stuck in one breaks the interpreter's end
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:
                continue
