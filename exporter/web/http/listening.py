"""Listening: sockets that are bound before anything is written, and no more connections than there may be."""

from __future__ import annotations

import asyncio
import errno
import logging
import math
import os
import socket
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

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
"""Descriptors for the ledger, the counters, backups and processes of our own."""


def bind(host: str, port: int) -> list[socket.socket]:
    """A socket for each address of the host, taken and not listening yet; raises OSError. Port 0 takes a free one."""
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
    try:
        if os.name == "posix":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003 - the library's own
        made.bind(address)
    except BaseException:
        made.close()
        raise
    return made


def close(sockets: Sequence[socket.socket]) -> None:
    """Give the addresses back."""
    for one in sockets:
        one.close()


def most_connections() -> int:
    """How many connections leave enough descriptors for everything else."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return MOST_CONNECTIONS
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(FEWEST_CONNECTIONS, min(MOST_CONNECTIONS, soft - RESERVED))


class Guest(NamedTuple):
    """A connection from an address, and its way to become one."""

    address: str
    arrival: asyncio.Task[None]


class Guests:
    """The connections of one service. A new one is always let in: with all places taken, another has to go."""

    def __init__(self, most: int) -> None:
        """Nobody is here."""
        self._most = most
        self._here: dict[Protocol, Guest] = {}

    def let_in(self, protocol: Protocol, guest: Guest) -> None:
        """Whoever has most places gives one up: the one with which least is lost, and of those the oldest."""
        if len(self._here) >= self._most:
            leaving = self._next_to_go()
            self._here.pop(leaving).arrival.cancel()
            leaving.cut_off()
        self._here[protocol] = guest

    def see_off(self, protocol: Protocol) -> None:
        """Its place is free."""
        self._here.pop(protocol, None)

    def _next_to_go(self) -> Protocol:
        address, _ = Counter(guest.address for guest in self._here.values()).most_common(1)[0]
        theirs = (protocol for protocol, guest in self._here.items() if guest.address == address)
        return min(theirs, key=lambda protocol: protocol.patience)


class Listener:
    """Accepts connections on some sockets until it is closed."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        guests: Guests,
        make: Callable[[], Protocol],
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """Listen from now on; raises OSError. `make` gives the protocol of one connection."""
        self._sockets, self._guests, self._make, self._ssl = sockets, guests, make, ssl_context
        self._logged_at = -math.inf
        for one in sockets:
            one.listen(WAITING_CONNECTIONS)
        self._tasks = [asyncio.create_task(self._accept(one)) for one in sockets]
        self._arrivals: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """Host and port, as in a URL."""
        host, port, *_ = self._sockets[0].getsockname()
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self) -> None:
        """Stop listening; who has come in stays."""
        tasks = (*self._tasks, *self._arrivals)
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
                self._tell(error)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            connection.setblocking(False)  # noqa: FBT003 - the library's own
            protocol = self._make()
            arrival = asyncio.create_task(self._arrive(connection, protocol))
            self._arrivals.add(arrival)
            arrival.add_done_callback(self._arrivals.discard)
            self._guests.let_in(protocol, Guest(address[0], arrival))
            await asyncio.sleep(0)  # whoever has to go leaves before the next comes in

    async def _arrive(self, connection: socket.socket, protocol: Protocol) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: protocol,
                connection,
                ssl=self._ssl,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if self._ssl else None,
            )
        except BaseException as error:
            self._guests.see_off(protocol)
            if not isinstance(error, OSError):  # a handshake that failed; TimeoutError is one
                raise

    def _tell(self, error: OSError) -> None:
        """Once a minute: strangers fill no log."""
        now = asyncio.get_running_loop().time()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            log.error("no further connection can be taken: %s", error)
