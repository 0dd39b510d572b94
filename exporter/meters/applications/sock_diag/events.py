"""The last counters of TCP sockets, which Linux announces when it destroys them."""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
import sys
import time
from collections import deque
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.sock_diag.listing import NETLINK_SOCK_DIAG
from exporter.meters.applications.sock_diag.netlink import DiagError, SocketParser

if TYPE_CHECKING:
    from exporter.meters.applications.sock_diag.netlink import SocketFacts

BUFFER_BYTES = 16 * 1024 * 1024
"""Holds 10,000 events; the default of Linux, 212,992 bytes, holds 166."""
_GROUPS = 1 << 0 | 1 << 2
"""SKNLGRP_INET_TCP_DESTROY and SKNLGRP_INET6_TCP_DESTROY."""
_SO_RCVBUFFORCE = 33
_SO_MEMINFO = 55
_SO_COOKIE = 57
_MEMINFO = struct.Struct("=9I")
_MEMINFO_DROPS = 8
_EVENT_BYTES = 8192
_MOST_KEPT = 100_000
_PAUSE_SECONDS = 0.02
"""Between two rounds of the thread: the smallest buffer takes 8,000 events a second, and a round costs one wake-up."""


class ClosedSocket(NamedTuple):
    """A socket that is gone: its final counters, and how long ago it had received anything when it was destroyed."""

    cookie: int
    received: int
    sent: int
    facts: SocketFacts
    silent_milliseconds: int


class ClosedSockets:
    """Listens in the network namespace that it was made in; raises OSError where the system refuses.

    A thread empties a buffer that is too small for the events between two samples: without CAP_NET_ADMIN it is at
    most net.core.rmem_max.
    """

    def __init__(self, buffer_bytes: int = BUFFER_BYTES, enough_bytes: int = BUFFER_BYTES) -> None:
        self._parser = SocketParser()
        self._closed: deque[ClosedSocket] = deque()
        self._lock = Lock()
        self._end_reading, self._end_writing = -1, -1
        self._discarded = self._overruns = 0
        self._listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
        try:
            self._listening.settimeout(0)
            self.buffer_bytes = _widen(self._listening, buffer_bytes)
            self._listening.bind((0, _GROUPS))
        except OSError:
            self._listening.close()
            raise
        self._thread: Thread | None = None
        if self.buffer_bytes < enough_bytes:
            self._end_reading, self._end_writing = os.pipe()
            self._thread = Thread(target=self._keep_empty, name="closed-sockets", daemon=True)
            self._thread.start()

    def take(self) -> list[ClosedSocket]:
        """The sockets that were destroyed since the last call; never blocks. Raises OSError."""
        self._drain()
        with self._lock:
            taken = list(self._closed)
            self._closed.clear()
        return taken

    @property
    def lost(self) -> int:
        """Events that were thrown away until now, since they came faster than they were read."""
        try:
            drops = _MEMINFO.unpack(self._listening.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size))
        except (OSError, struct.error):
            # before Linux 4.12 it is known only that some were
            return self._overruns + self._discarded
        return int(drops[_MEMINFO_DROPS]) + self._discarded

    def close(self) -> None:
        """End the thread and close the socket."""
        if self._thread is not None:
            os.close(self._end_writing)
            self._thread.join()
            os.close(self._end_reading)
            self._thread = None
        self._listening.close()

    def _drain(self) -> None:
        with self._lock:
            for _ in range(_MOST_KEPT):
                try:
                    event = self._listening.recv(_EVENT_BYTES)
                except BlockingIOError:
                    return
                except OSError as error:
                    if error.errno != errno.ENOBUFS:
                        raise
                    self._overruns += 1
                else:
                    self._keep(event)

    def _keep(self, event: bytes) -> None:
        try:
            rows = self._parser.page(event, len(event), 0).rows
            for cookie, _, _, received, sent, offset in rows:
                silent = self._parser.silent_milliseconds(event, offset)
                closed = ClosedSocket(cookie, received, sent, self._parser.facts(event, offset), silent)
                if len(self._closed) < _MOST_KEPT:
                    self._closed.append(closed)
                else:
                    self._discarded += 1
        except DiagError:
            self._discarded += 1

    def _keep_empty(self) -> None:
        waiting = select.poll()
        waiting.register(self._listening, select.POLLIN)
        waiting.register(self._end_reading, select.POLLIN)
        while self._end_reading not in dict(waiting.poll()):
            try:
                self._drain()
            except OSError:
                # the next call of take() raises it
                return
            time.sleep(_PAUSE_SECONDS)


def announced_end() -> int:
    """End a TCP socket; returns its cookie. Ends that are announced before its own came before this call, as a rule.

    The kernel announces them a moment later, from work queues that a busy machine has wait.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as ending:
        return int.from_bytes(ending.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8), sys.byteorder)


def _widen(listening: socket.socket, size: int) -> int:
    """Make room for events, beyond net.core.rmem_max where CAP_NET_ADMIN allows it; returns the bytes granted."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except PermissionError:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    # Linux doubles what is asked for, for its own bookkeeping, and reports the double
    return listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
