"""What a supervisor hears of the service: systemd's notification protocol, sd_notify(3), in a few lines.

A supervisor without it, or none, hears nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from typing import TYPE_CHECKING, Self

from exporter.service.turns import every

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.service.service import Service

STATUS_SECONDS = 10.0
"""Between two status lines, where there is no watchdog."""

LONGEST_CHANGE_SECONDS = 600.0
"""A reload that takes longer hangs; it may migrate a ledger."""


class NotificationSocket:
    """The datagram socket of NOTIFY_SOCKET: a path, or an abstract name after `@`."""

    def __init__(self, address: str) -> None:
        """Nothing is sent where the address is empty, or no socket of this system."""
        self.is_there = address.startswith(("/", "@")) and hasattr(socket, "AF_UNIX")
        self._address = address.replace("@", "\0", 1) if address.startswith("@") else address

    def send(self, *lines: str) -> None:
        """Send assignments as one datagram; a supervisor that does not read it must not stop the service."""
        if self.is_there:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
                opened.settimeout(0)
                opened.sendto("\n".join(lines).encode(), self._address)


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float:
    """Seconds within which systemd wants a sign of this process; 0 without a watchdog."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return 0.0
    microseconds = environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 1e6 if microseconds.isdecimal() else 0.0


class Supervision:
    """Reports a service from its start to its end, and that it goes on: the event loop turns, and the meters sample."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Nothing is sent before the first service is ready."""
        self._socket = NotificationSocket(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog = watchdog_seconds(environ, os.getpid())
        self._service: Service | None = None
        self._url = self._status = ""
        self._changing_since = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self._socket.is_there:
            # Half of the watchdog's time, as sd_watchdog_enabled(3) recommends.
            self._task = every(self._watchdog / 2 or STATUS_SECONDS, self._turn)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def note_ready(self, service: Service, url: str) -> None:
        """A service listens on this address."""
        self._service, self._url = service, url
        self._status = self._status_text()
        self._socket.send("READY=1", f"STATUS={self._status}")

    def note_reload(self) -> None:
        """Another service follows."""
        self._note_change("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=starts anew")

    def note_stop(self) -> None:
        """The service stops for good."""
        self._note_change("STOPPING=1", "STATUS=posts the last sample")

    def report(self) -> None:
        """Send a sign that it goes on, if it does, and its status where that is another."""
        lines = ["WATCHDOG=1"] if self._watchdog and self._goes_on() else []
        status = self._status_text()
        if self._service is not None and status != self._status:
            self._status = status
            lines.append(f"STATUS={status}")
        if lines:
            self._socket.send(*lines)

    async def _turn(self) -> None:
        self.report()

    def _note_change(self, *lines: str) -> None:
        self._service, self._changing_since = None, time.monotonic()
        self._socket.send(*lines)

    def _goes_on(self) -> bool:
        if self._service is None or self._service.context is None:
            return time.monotonic() - self._changing_since < LONGEST_CHANGE_SECONDS
        return not self._service.context.is_late

    def _status_text(self) -> str:
        """One line: the address, and the problems."""
        context = None if self._service is None else self._service.context
        problems = context.problems() if context is not None else []
        return " ".join("; ".join([f"listens on {self._url}", *problems]).split())
