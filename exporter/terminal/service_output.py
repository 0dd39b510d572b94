"""Output and log of a service, written by a thread: a full pipe must not stop the counting."""

from __future__ import annotations

import logging
import os
import queue
import threading
from typing import Self

QUEUE_LINES = 1000
"""Lines that are kept for a blocked output; further ones are dropped."""

FLUSH_SECONDS = 1.0


class ServiceOutput(logging.Handler):
    """Writes log records to standard error and lines to standard output; drops what cannot be written."""

    def __init__(self, stdout: int = 1, stderr: int = 2) -> None:
        """Starts the thread, which does not keep the process alive."""
        super().__init__()
        self._stdout, self._stderr = stdout, stderr
        self._lines: queue.Queue[tuple[int, bytes] | None] = queue.Queue(QUEUE_LINES)
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    def write_line(self, text: str) -> None:
        """Queue a line for standard output."""
        self._put(self._stdout, text)

    def warn(self, text: str) -> None:
        """Queue a line for standard error."""
        self._put(self._stderr, text)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a log record."""
        self._put(self._stderr, self.format(record))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write the queue, for a second at most."""
        try:
            self._lines.put(None, timeout=FLUSH_SECONDS)
        except queue.Full:
            return
        self._thread.join(FLUSH_SECONDS)

    def _put(self, descriptor: int, text: str) -> None:
        try:
            self._lines.put_nowait((descriptor, f"{text}{os.linesep}".encode("utf-8", "backslashreplace")))
        except queue.Full:
            return

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            descriptor, data = line
            try:
                # No stream of Python: a thread that is stuck in one breaks the interpreter's exit
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError:
                continue
