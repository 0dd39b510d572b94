"""Datagrams of known size between two namespaces, and steady traffic in the background."""

from __future__ import annotations

import random
import socket
import time
from contextlib import ExitStack, contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.namespaces import Namespace

SINK_PORT = 9
ETHERNET_IP_UDP_HEADERS = 14 + 20 + 8
LONGEST_BACKGROUND_SECONDS = 180
# A veth hands datagrams to a queue of 1000; the receiver needs the processor now and then.
BURST = 200


class Sink:
    """A bound socket in a namespace, so that datagrams to it are swallowed and never answered."""

    def __init__(self, namespace: Namespace, address: str) -> None:
        self.address = (address, SINK_PORT)
        self._socket = namespace.datagram_socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._socket.bind(self.address)

    def close(self) -> None:
        self._socket.close()


def send(source: Namespace, sink: Sink, *, count: int, size: int) -> int:
    """Send `count` datagrams of `size` payload bytes; returns the payload sent."""
    payload = bytes(size)
    with source.datagram_socket() as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        for number in range(count):
            sender.sendto(payload, sink.address)
            if number % BURST == BURST - 1:
                time.sleep(0.001)
    return count * size


@contextmanager
def steady(pairs: list[tuple[Namespace, Sink]], *, seed: int = 1) -> Iterator[None]:
    """Send datagrams of changing sizes along all pairs until the block ends, links up or down."""
    stopped = Event()
    with ExitStack() as open_sockets:
        enter = open_sockets.enter_context
        routes = [(enter(source.datagram_socket()), sink.address) for source, sink in pairs]
        sender = Thread(target=_send_until, args=(stopped, routes, random.Random(seed)))  # noqa: S311
        sender.start()
        try:
            yield
        finally:
            stopped.set()
            sender.join()


def _send_until(stopped: Event, routes: list[tuple[socket.socket, tuple[str, int]]], chance: random.Random) -> None:
    ends = time.monotonic() + LONGEST_BACKGROUND_SECONDS
    while not stopped.wait(0.004) and time.monotonic() < ends:
        for sender, address in routes:
            # A link that is down or gone has no route; the traffic goes on when it is back.
            with suppress(OSError):
                sender.sendto(bytes(chance.randrange(1, 1400)), address)
