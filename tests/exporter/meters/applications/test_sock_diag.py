"""The source sock_diag against a real kernel: known bytes of real programs between two namespaces."""

from __future__ import annotations

import os
import socket
import sys
import time
import warnings
from collections import Counter
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.settings import Applications
from exporter.meters.applications.sock_diag.events import BUFFER_BYTES, ClosedSockets, announced_end
from exporter.meters.applications.sock_diag.source import LIMITS, ONLY_OWN_NAMES, SockDiagSource
from exporter.meters.applications.sources import open_source
from exporter.meters.applications.traffic import SHORT_LIVED, UNKNOWN, HasLostEvents
from exporter.settings.tree import Settings
from tests.end_to_end.world import eventually
from tests.privileges import has_many_users, reason_against_namespaces
from tests.worlds.namespace_pair import (
    INTERNET_ADDRESS,
    INTERNET_ADDRESS_6,
    LAN_ADDRESS,
    LAN_ADDRESS_6,
    NEAR_ADDRESS,
    NEAR_ADDRESS_6,
    NamespacePair,
)
from tests.worlds.transfers import PAYLOAD_OF_A_REQUEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.meters.applications.traffic import Owner, Traffic

pytestmark = [
    pytest.mark.namespaces,
    pytest.mark.skipif(bool(reason_against_namespaces()), reason=reason_against_namespaces()),
]

SMALL_BUFFER = 4096
DEFAULT_BUFFER = 106_496
"""Half of what Linux grants without a privilege: it doubles what is asked for."""
NOBODY = 65534
_MOST_READS = 1000
OWN_NAME = Path("/proc/self/comm")


class Moved(NamedTuple):
    receive: int
    transmit: int


class Readings:
    """All that a source has reported, by name and scope."""

    def __init__(self, source: SockDiagSource) -> None:
        self.source = source
        self._receive: Counter[tuple[str, str]] = Counter()
        self._transmit: Counter[tuple[str, str]] = Counter()

    def read(self) -> None:
        for traffic in self.source.read():
            assert traffic.protocol == "tcp"
            assert min(traffic.receive_bytes, traffic.transmit_bytes) >= 0
            key = (_name(traffic), traffic.scope)
            self._receive[key] += traffic.receive_bytes
            self._transmit[key] += traffic.transmit_bytes

    def of(self, name: str, scope: str) -> Moved:
        return Moved(self._receive[name, scope], self._transmit[name, scope])

    def names(self) -> set[str]:
        return {name for (name, _), count in (self._receive + self._transmit).items() if count}

    def await_bytes(self, enough: int) -> None:
        """Read until this much was sent: the kernel announces the end of sockets a moment later."""

        def has_enough() -> bool:
            self.read()
            return sum(self._transmit.values()) >= enough

        eventually(has_enough, f"{enough} bytes are sent, and counted")


def _name(traffic: Traffic) -> str:
    return traffic.owner.special or traffic.owner.command


@pytest.fixture(scope="module")
def pair() -> Iterator[NamespacePair]:
    with NamespacePair() as made:
        yield made


@contextmanager
def measured(
    pair: NamespacePair, closed: Callable[[], ClosedSockets] = ClosedSockets, *, networks: Scopes | None = None
) -> Iterator[Readings]:
    scopes = networks or Scopes({})
    source = pair.near.inside(lambda: SockDiagSource(scopes.of, closed=closed()))
    try:
        yield Readings(source)
    finally:
        source.close()


@contextmanager
def connections(pair: NamespacePair, count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Pairs of connected sockets of this process, over the loopback of the near namespace."""
    with ExitStack() as kept:
        listening = kept.enter_context(pair.near.inside(lambda: socket.create_server(("127.0.0.1", 0), backlog=count)))
        made = []
        for _ in range(count):
            client = pair.near.inside(lambda: socket.create_connection(listening.getsockname()))
            made.append((kept.enter_context(client), kept.enter_context(listening.accept()[0])))
        yield made


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        (LAN_ADDRESS, "lan"),
        (LAN_ADDRESS_6, "lan"),
        (INTERNET_ADDRESS, "internet"),
        (INTERNET_ADDRESS_6, "internet"),
    ],
)
def test_a_download_is_counted_to_the_byte_for_its_program(pair: NamespacePair, address: str, scope: str) -> None:
    server = pair.serve(pair.far, address)
    with measured(pair) as readings:
        client = pair.fetch(
            pair.near, address, server.port, name="download", upload=1000, download=30_000_000, hold_seconds=1
        )
        while client.process.poll() is None:
            readings.read()
            time.sleep(0.1)
        readings.await_bytes(PAYLOAD_OF_A_REQUEST + 1000)

        received, sent = readings.of("download", scope)
        assert sent == PAYLOAD_OF_A_REQUEST + 1000
        assert 0 <= received - 30_000_000 <= 1
        assert readings.names() == {"download"}


def test_five_hundred_short_processes_are_counted_whole(pair: NamespacePair) -> None:
    server = pair.serve(pair.far, INTERNET_ADDRESS)
    with measured(pair) as readings:
        clients = pair.fetch(pair.near, INTERNET_ADDRESS, server.port, name="short", times=500, download=2048)
        clients.wait()
        readings.await_bytes(500 * PAYLOAD_OF_A_REQUEST)

        received, sent = readings.of(SHORT_LIVED, "internet")
        assert sent == 500 * PAYLOAD_OF_A_REQUEST
        assert 0 <= received - 500 * 2048 <= 500
        assert readings.names() == {SHORT_LIVED}
        assert readings.source.lost_events == 0
        assert len(readings.source._table) == 0


@pytest.mark.parametrize(("own", "peer"), [(NEAR_ADDRESS, "lan"), (NEAR_ADDRESS_6, "lan")])
def test_a_server_is_named_by_its_port(pair: NamespacePair, own: str, peer: str) -> None:
    server = pair.serve(pair.near, own, name="web")
    with measured(pair) as readings:
        pair.fetch(pair.far, own, server.port, times=100, upload=100, download=5000).wait()
        readings.await_bytes(100 * 5000)
        server.end()

        received, sent = readings.of("web", peer)
        assert sent == 100 * 5000
        assert 0 <= received - 100 * (PAYLOAD_OF_A_REQUEST + 100) <= 100
        assert readings.names() == {"web"}


def test_a_socket_is_of_the_network_that_the_settings_name(pair: NamespacePair) -> None:
    from ipaddress import ip_network  # noqa: PLC0415 - of this test alone

    server = pair.serve(pair.far, INTERNET_ADDRESS)
    with measured(pair, networks=Scopes({"office": [ip_network("11.22.0.0/16")]})) as readings:
        pair.fetch(pair.near, INTERNET_ADDRESS, server.port, download=10).wait()
        readings.await_bytes(PAYLOAD_OF_A_REQUEST)

        assert readings.of(SHORT_LIVED, "office").transmit == PAYLOAD_OF_A_REQUEST


def test_what_moved_before_the_start_is_not_counted(pair: NamespacePair) -> None:
    with connections(pair, 2) as made, measured(pair) as _:
        for client, server in made:
            client.sendall(bytes(100_000))
            server.recv(100_000, socket.MSG_WAITALL)
        (open_client, open_server), (closed_client, closed_server) = made
        with measured(pair) as readings:
            readings.read()
            assert not readings.names()

            open_client.sendall(bytes(700))
            open_server.recv(700, socket.MSG_WAITALL)
            closed_client.close()
            closed_server.close()
            readings.await_bytes(700)

            (name,) = readings.names()
            received, sent = readings.of(name, "loopback")
            assert sent == 700
            assert 700 <= received <= 702


def test_a_process_that_is_renamed_is_the_new_one_from_the_next_refresh_on(pair: NamespacePair) -> None:
    with connections(pair, 1) as ((client, server),), measured(pair) as readings:
        client.sendall(bytes(100))
        server.recv(100, socket.MSG_WAITALL)
        readings.await_bytes(100)
        (name,) = readings.names()

        OWN_NAME.write_text("renamed (1) x", encoding="ascii")
        try:
            readings.source.refresh()
            readings.read()
            client.sendall(bytes(200))
            server.recv(200, socket.MSG_WAITALL)
            readings.await_bytes(300)
        finally:
            OWN_NAME.write_text(name, encoding="ascii")

        assert readings.of(name, "loopback") == (100, 100)
        assert readings.of("renamed (1) x", "loopback") == (200, 200)


def test_the_settings_choose_it(pair: NamespacePair) -> None:
    settings = Settings(applications=Applications(meter="sock_diag"))

    source = pair.near.inside(lambda: open_source(settings))

    assert source.backend.name == "sock_diag"
    assert source.backend.limits[:3] == LIMITS
    assert isinstance(source, HasLostEvents)
    source.close()


def test_an_end_that_is_announced_after_the_start_but_came_before_is_not_counted(pair: NamespacePair) -> None:
    for _ in range(20):
        with connections(pair, 5) as made:
            for client, server in made:
                client.sendall(bytes(1000))
                server.recv(1000, socket.MSG_WAITALL)  # what is still on its way would rightly be counted
        with measured(pair) as readings:
            for _ in range(3):
                readings.read()
                time.sleep(0.01)

            assert not readings.names()


def test_the_end_of_the_mark_is_announced(pair: NamespacePair) -> None:
    closed = pair.near.inside(ClosedSockets)
    mark = pair.near.inside(announced_end)

    eventually(lambda: mark in {each.cookie for each in closed.take()}, "the mark is announced")

    closed.close()


def test_a_connection_to_an_own_address_is_loopback(pair: NamespacePair) -> None:
    server = pair.serve(pair.near, NEAR_ADDRESS, name="own")
    with measured(pair) as readings:
        pair.fetch(pair.near, NEAR_ADDRESS, server.port, download=3000).wait()
        readings.await_bytes(3000 + PAYLOAD_OF_A_REQUEST)
        server.end()

        assert readings.of("own", "loopback").transmit == 3000
        assert readings.of(SHORT_LIVED, "loopback").transmit == PAYLOAD_OF_A_REQUEST


def test_a_socket_that_is_connected_again_begins_anew(pair: NamespacePair) -> None:
    server = pair.serve(pair.far, LAN_ADDRESS)
    with measured(pair) as readings:
        client = pair.near.inside(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        for size in (3000, 500):
            client.connect((LAN_ADDRESS, server.port))
            client.sendall(PAYLOAD_OF_A_REQUEST.to_bytes(8, "big") + bytes(8) + bytes(size))
            eventually(
                lambda: client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)[24:28] == bytes(4), "all sent"
            )
            readings.read()
            _disconnect(client)
            readings.read()
        client.close()
        readings.await_bytes(2 * PAYLOAD_OF_A_REQUEST + 3500)

        assert sum(readings._transmit.values()) == 2 * PAYLOAD_OF_A_REQUEST + 3500


def _unacknowledged(connected: socket.socket) -> int:
    """tcpi_unacked of struct tcp_info."""
    return int.from_bytes(connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)[24:28], sys.byteorder)


def _disconnect(connected: socket.socket) -> None:
    """connect(2) to AF_UNSPEC, which the module socket has no words for."""
    import ctypes  # noqa: PLC0415 - of this test alone

    ctypes.CDLL(None).connect(connected.fileno(), bytes(16), 16)


def test_events_that_are_lost_are_reported_and_nothing_is_invented(pair: NamespacePair) -> None:
    with connections(pair, 300) as made:
        closed = pair.near.inside(lambda: ClosedSockets(buffer_bytes=SMALL_BUFFER, enough_bytes=0))
        with measured(pair, lambda: closed) as readings:
            for client, server in made:
                client.sendall(bytes(10))
                client.close()
                server.close()
            eventually(lambda: closed.lost > 0, "events are lost")
            readings.read()

            assert readings.source.lost_events > 0
            assert "closed sockets are missing" in readings.source.backend.limits[-1]
            assert sum(readings._transmit.values()) <= 300 * 10
            eventually(lambda: _sockets_left(readings) == 1, "what is gone is dropped; the listener lives")


def _sockets_left(readings: Readings) -> int:
    readings.read()
    return len(readings.source._table)


def test_a_thread_empties_the_buffer_of_an_ordinary_user(pair: NamespacePair) -> None:
    with connections(pair, 500) as made:
        closed = pair.near.inside(lambda: ClosedSockets(buffer_bytes=DEFAULT_BUFFER))
        with measured(pair, lambda: closed) as readings:
            for number, (client, server) in enumerate(made, 1):
                client.sendall(bytes(10))
                client.close()
                server.close()
                if number % 50 == 0:
                    eventually(partial(_has_kept, closed, 2 * number), "the thread has taken what fits into the buffer")
            readings.read()

            assert readings.source.lost_events == 0
            assert sum(readings._transmit.values()) == 500 * 10


def _has_kept(closed: ClosedSockets, count: int) -> bool:
    return len(closed._closed) >= count


def test_a_thousand_ends_at_once_fit_into_the_buffer_of_root(pair: NamespacePair) -> None:
    with measured(pair) as readings, connections(pair, 500) as made:
        if readings.source._closed.buffer_bytes < BUFFER_BYTES:
            pytest.skip("a buffer of 16 MB needs CAP_NET_ADMIN outside of user namespaces")
        for client, server in made:
            client.sendall(bytes(10))
            client.close()
            server.close()
        readings.await_bytes(500 * 10)

        assert readings.source.lost_events == 0
        assert sum(readings._transmit.values()) == 500 * 10


@pytest.mark.skipif(not has_many_users(), reason="there is no other user here")
def test_an_ordinary_user_counts_all_and_names_its_own(pair: NamespacePair) -> None:
    server = pair.serve(pair.far, LAN_ADDRESS)
    with measured(pair) as readings:
        client = pair.fetch(pair.near, LAN_ADDRESS, server.port, name="roots", download=100, hold_seconds=60)
        readings.await_bytes(PAYLOAD_OF_A_REQUEST)
    lines = _answer_of_a_child(lambda: pair.near.inside(_as_nobody)).splitlines()
    client.end()

    assert lines == [UNKNOWN, ONLY_OWN_NAMES]


def _answer_of_a_child(call: Callable[[], str]) -> str:
    """What `call` returns in a forked process, which may give its privileges away."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            os.write(writing, call().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


def _as_nobody() -> str:
    """The commands that a source of nobody finds for the sockets of others, and its last limit."""
    os.setresuid(NOBODY, NOBODY, NOBODY)
    source = SockDiagSource(Scopes({}).of)
    names: set[Owner | None] = {None}
    # a search that a busy machine interrupts does not count, and the next read goes on with it
    for _ in range(_MOST_READS):
        source.read()
        names = {source._table._owner(tracked) for tracked in source._table._sockets.values()}
        if names and None not in names:
            break
    source.close()
    return "\n".join([*(name.command or UNKNOWN for name in names if name), source.backend.limits[-1]])
