"""The sockets on which Linux announces links and routes: non-blocking, open to every user."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.interfaces.linux.netlink import (
    NLMSG_DONE,
    NLMSG_ERROR,
    Message,
    dump_request,
    is_route_of_interest,
    route_dump_request,
    split_messages,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_NETLINK_ROUTE = 0
_GROUP_LINK = 0x1
_GROUP_IPV4_ROUTE = 0x40
_GROUP_IPV6_ROUTE = 0x400
_SO_NETNS_COOKIE = 71
_SO_RCVBUFFORCE = 33
_LINK_BUFFER_BYTES = 4 * 1024 * 1024
_DATAGRAM_BYTES = 65536
_ROUTE_HEAD_BYTES = 64
"""Enough for both headers; the kernel cuts the rest off."""
_MOST_DATAGRAMS = 10_000


LOST_LINKS = "links came or went too fast: all were listed anew; of those that went, the last second may be missing"
LOST_ROUTES = "routes came or went too fast: all were listed anew, and nothing is missing"


class Drained(NamedTuple):
    """What waited on the link socket; after an overrun the kernel has thrown messages away."""

    messages: list[Message]
    is_overrun: bool


class LinkListener:
    """Listens for links and routes of the namespace it was made in; raises OSError where the system refuses.

    Links and routes have a socket each, so that a router's storm of routes can't push out the end of a link:
    of routes it matters only that they changed.
    """

    def __init__(self, *, link_buffer_bytes: int = _LINK_BUFFER_BYTES) -> None:
        self._sequence = 0
        self._losses: set[str] = set()
        self._links = _subscribe(_GROUP_LINK)
        try:
            self._routes = _subscribe(_GROUP_IPV4_ROUTE | _GROUP_IPV6_ROUTE)
            _widen(self._links, link_buffer_bytes)
        except OSError:
            self._links.close()
            raise
        self.namespace = _namespace_cookie(self._links)

    def drain(self) -> Drained:
        """Take all link messages that wait; never blocks."""
        messages: list[Message] = []
        is_overrun = False
        for _ in range(_MOST_DATAGRAMS):
            try:
                messages.extend(split_messages(self._links.recv(_DATAGRAM_BYTES)))
            except BlockingIOError:
                return Drained(messages, is_overrun)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                is_overrun = True
                self._losses.add(LOST_LINKS)
        return Drained(messages, is_overrun=True)

    def dump_links(self) -> list[Message]:
        """Every link, with events mixed in as they happened; raises OSError on an overrun."""
        self._sequence += 1
        self._links.send(dump_request(self._sequence))
        return list(_until_done(self._links, self._sequence))

    def dump_routes(self) -> list[Message]:
        """Every IPv4 route, with all next hops, which /proc/net/route does not show; raises OSError."""
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE) as asking:
            asking.settimeout(0)
            asking.send(route_dump_request(1))
            return list(_until_done(asking, 1))

    def routes_changed(self) -> bool:
        """Whether, since the last call, a route came or went that can change the uplinks; never blocks."""
        has_changed = False
        for _ in range(_MOST_DATAGRAMS):
            try:
                has_changed |= is_route_of_interest(self._routes.recv(_ROUTE_HEAD_BYTES))
            except BlockingIOError:
                return has_changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                has_changed = True
                self._losses.add(LOST_ROUTES)
        return True

    def losses(self) -> tuple[str, ...]:
        """Sentences about what the kernel dropped since the last call."""
        lost, self._losses = self._losses, set()
        return tuple(sorted(lost))

    def close(self) -> None:
        """Close both sockets."""
        self._links.close()
        self._routes.close()


def _subscribe(groups: int) -> socket.socket:
    listening = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_ROUTE)
    try:
        listening.settimeout(0)
        listening.bind((0, groups))
    except OSError:
        listening.close()
        raise
    return listening


def _widen(listening: socket.socket, size: int) -> None:
    """Make room for the events of a second; only root may exceed net.core.rmem_max."""
    try:
        listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
    except PermissionError:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


def _namespace_cookie(listening: socket.socket) -> int:
    """The kernel's number for the network namespace (since Linux 5.14), else 0."""
    try:
        cookie = listening.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
    except OSError:
        return 0
    return int(struct.unpack("=Q", cookie)[0]) if len(cookie) == 8 else 0  # noqa: PLR2004 - a u64


def _until_done(asking: socket.socket, sequence: int) -> Iterator[Message]:
    while True:
        for message in split_messages(asking.recv(_DATAGRAM_BYTES)):
            if message.sequence == sequence and message.type == NLMSG_DONE:
                return
            if message.sequence == sequence and message.type == NLMSG_ERROR:
                raise OSError(
                    -int.from_bytes(message.body[:4], sys.byteorder, signed=True), "the kernel refused to list"
                )
            yield message
