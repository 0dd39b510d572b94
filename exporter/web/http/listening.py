"""Listening sockets, and a limit of connections that always admits a new one."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import os
import socket
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence

    from exporter.web.http.protocol import Protocol

log = logging.getLogger(__name__)

WAITING_CONNECTIONS = 128
HANDSHAKE_SECONDS = 10.0
PAUSE_SECONDS = 1.0
LOG_SECONDS = 60.0

MOST_CONNECTIONS = 512
FEWEST_CONNECTIONS = 16
RESERVED = 128
"""File descriptors for the ledger, the counters, backups and child processes."""


def bind(host: str, port: int) -> list[socket.socket]:
    """A bound socket for each address of the host, not listening yet; raises OSError. Port 0 takes a free one."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    problem: OSError | None = None
    for family, address in dict.fromkeys((family, address) for family, _, _, _, address in found):
        place = (address[0], bound[0].getsockname()[1] if bound else address[1], *address[2:])
        try:
            bound.append(_bound(family, place))
        except OSError as error:
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                close(bound)
                raise
            problem = error  # a name may have an address of a kind that is switched off here
    if not bound and problem:
        raise problem
    return bound


def _bound(family: int, address: Any) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    with contextlib.ExitStack() as undo:
        undo.callback(made.close)
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003 - the library's own
        made.bind(address)
        undo.pop_all()
    return made


def close(sockets: Sequence[socket.socket]) -> None:
    """Close the sockets."""
    for one in sockets:
        one.close()


def most_connections() -> int:
    """The number of connections that leaves enough file descriptors for everything else."""
    if sys.platform == "win32":
        return MOST_CONNECTIONS
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, soft - RESERVED))


class OpenConnection(NamedTuple):
    """The address of a client, and the task that accepts it (TLS handshake included)."""

    address: str
    accepting: asyncio.Task[None]


class ConnectionLimit:
    """The open connections of one service, at most `most`; beyond, a new one replaces another."""

    def __init__(self, most: int) -> None:
        """Begin without a connection."""
        self._most = most
        self._open: dict[Protocol, OpenConnection] = {}

    def admit(self, protocol: Protocol, connection: OpenConnection) -> None:
        """Add a connection; at the limit, one of the address that has most of them is aborted."""
        if len(self._open) >= self._most:
            evicted = self._next_to_evict()
            self._open.pop(evicted).accepting.cancel()
            evicted.abort()
        self._open[protocol] = connection

    def remove(self, protocol: Protocol) -> None:
        """Remove a connection that has ended."""
        self._open.pop(protocol, None)

    def _next_to_evict(self) -> Protocol:
        """The connection with which least is lost, and of those the oldest."""
        address, _ = Counter(connection.address for connection in self._open.values()).most_common(1)[0]
        candidates = (protocol for protocol, connection in self._open.items() if connection.address == address)
        return min(candidates, key=lambda protocol: protocol.eviction_cost)


class Listener:
    """Accepts connections on some sockets until it is closed."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        connections: ConnectionLimit,
        make: Callable[[], Protocol],
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Start to listen; raises OSError. `make` returns the protocol of a connection."""
        self._sockets, self._connections, self._make, self._ssl = sockets, connections, make, ssl_context
        self._logged_at = -math.inf
        for one in sockets:
            one.listen(WAITING_CONNECTIONS)
        self._tasks = [asyncio.create_task(self._accept(one)) for one in sockets]
        self._accepting: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Host and port, as in a URL."""
        host, port, *_ = self._sockets[0].getsockname()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening; open connections stay."""
        tasks = (*self._tasks, *self._accepting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        close(self._sockets)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                self._log(error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            connection.setblocking(False)  # noqa: FBT003 - the library's own
            protocol = self._make()
            accepting = asyncio.create_task(self._connect(connection, protocol))
            self._accepting.add(accepting)
            accepting.add_done_callback(self._accepting.discard)
            self._connections.admit(protocol, OpenConnection(address[0], accepting))
            await asyncio.sleep(0)  # an evicted connection ends before the next is accepted

    async def _connect(self, connection: socket.socket, protocol: Protocol) -> None:
        # OSError: a handshake that failed; TimeoutError is one.
        with contextlib.suppress(OSError), contextlib.ExitStack() as undo:
            undo.callback(self._connections.remove, protocol)
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._ssl,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if self._ssl else None,
            )
            undo.pop_all()

    def _log(self, error: OSError) -> None:
        """Log once a minute: clients cannot fill the log."""
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            log.error("no further connection can be taken: %s", error)
