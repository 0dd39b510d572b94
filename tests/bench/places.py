"""Where a service is measured: in a network namespace with as many interfaces as the figure needs, or right here."""

from __future__ import annotations

import socket
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tests.end_to_end.namespaces import Namespace
from tests.privileges import reason_against_namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
NAMESPACE_PORT = 7373
BATCH_SECONDS = 120
LONGEST_ANSWER_SECONDS = 30


class Place:
    """This machine as it is: its own interfaces, and whatever they carry."""

    prefix: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def connect(self, port: int) -> socket.socket:
        """Connect to a port of the loopback interface."""
        connected = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_ANSWER_SECONDS)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    def inside(self, call: Callable[[], T]) -> T:
        """Make a call that opens sockets in this place."""
        return call()

    def packet_socket(self) -> socket.socket | None:
        """A socket that can put frames on this place's own devices; None where there are none."""
        return None

    def free_port(self) -> int:
        """A port that nobody listens on."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            return int(listening.getsockname()[1])


class OwnNamespace(Place):
    """A network namespace with veth pairs of its own."""

    def __init__(self, namespace: Namespace, devices: tuple[str, ...]) -> None:
        self._namespace, self.devices = namespace, devices
        self.prefix = ("ip", "netns", "exec", namespace.name)

    def connect(self, port: int) -> socket.socket:
        return self._namespace.inside(lambda: Place.connect(self, port))

    def inside(self, call: Callable[[], T]) -> T:
        return self._namespace.inside(call)

    def packet_socket(self) -> socket.socket | None:
        return self._namespace.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))

    def free_port(self) -> int:
        return NAMESPACE_PORT


@contextmanager
def place_with(pairs: int) -> Iterator[Place]:
    """A place with this many veth pairs, all up; this machine as it is where none can be made."""
    if reason_against_namespaces():
        yield Place()
        return
    namespace = Namespace("bench")
    try:
        names = tuple((f"bench{number}a", f"bench{number}b") for number in range(pairs))
        _lay(namespace, names)
        yield OwnNamespace(namespace, tuple(name for pair in names for name in pair))
    finally:
        namespace.delete()


def _lay(namespace: Namespace, names: tuple[tuple[str, str], ...]) -> None:
    lines = [f"link add {near} up type veth peer name {far}\nlink set {far} up\n" for near, far in names]
    subprocess.run(
        ["ip", "-n", namespace.name, "-batch", "-"],
        input="".join(lines),
        text=True,
        timeout=BATCH_SECONDS,
        check=True,
    )
