"""Sockets that are older than the programs get their owners from outside, where that is allowed."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.traffic import UNKNOWN
from tests.end_to_end.namespaces import Moved
from tests.exporter.meters.applications.ebpf.conftest import Seen, counting
from tests.exporter.meters.applications.ebpf.metering import Metering
from tests.worlds.own_line import OURS
from tests.worlds.programs import ACCEPT, CONNECT, SECONDS, Program, program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces
SIZE = 1_000_000


PAUSE = """
import socket, sys
address, port, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with socket.create_connection((address, port)) as connection:
    print("connected", flush=True)
    sys.stdin.readline()
    connection.sendall(bytes(size))
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)
"""
"""Arguments: address, port, size. Connects, and sends when it reads a line."""


def test_a_server_that_ran_before_owns_its_connections(line: Line, tmp_path: Path) -> None:
    client, server = program(tmp_path, "connect"), program(tmp_path, "accept")
    with (
        server.serving(line.far, ACCEPT, line.network.far, str(SIZE), "send") as port,
        counting(line.network.scopes) as source,
    ):
        seen = Seen(source)
        _, before = line.counters()
        client.run(line.near, CONNECT, line.network.far, port, str(SIZE), "take")
        moved = line.counters()[1] - before

        assert seen.of(UNKNOWN, OURS) == Moved()
        assert seen.of(server.command) == moved


@contextlib.contextmanager
def waiting_connection(line: Line, client: Program, server: Program) -> Iterator[Callable[[], None]]:
    """A connection that is open; what is yielded sends over it and ends it."""
    with (
        server.serving(line.far, ACCEPT, line.network.far, str(SIZE), "take") as port,
        client.start(line.near, PAUSE, line.network.far, port, str(SIZE)) as connected,
    ):
        assert connected.stdout is not None
        assert connected.stdout.readline() == "connected\n"

        def go_on() -> None:
            connected.communicate("go on\n", timeout=SECONDS)
            assert connected.returncode == 0

        yield go_on


def test_a_connection_that_was_open_before_goes_on_under_its_name(line: Line, tmp_path: Path) -> None:
    client, server = program(tmp_path, "connect"), program(tmp_path, "accept")
    with waiting_connection(line, client, server) as go_on, counting(line.network.scopes) as source:
        seen = Seen(source)
        near, far = line.counters()
        go_on()
        now_near, now_far = line.counters()

        assert seen.of(UNKNOWN, OURS) == Moved()
        assert seen.of(client.command) == now_near - near
        assert seen.of(server.command) == now_far - far


def test_without_cap_sys_ptrace_old_sockets_are_unknown_and_the_limit_says_so(line: Line, tmp_path: Path) -> None:
    client, server = program(tmp_path, "connect"), program(tmp_path, "accept")
    without = ("setpriv", "--bounding-set", "-sys_ptrace")
    with (
        waiting_connection(line, client, server) as go_on,
        contextlib.closing(Metering(line.network.texts, without)) as metering,
    ):
        if metering.error:
            pytest.skip(metering.error)
        seen = Seen(metering)
        near, far = line.counters()
        go_on()
        now_near, now_far = line.counters()

        assert any("CAP_SYS_PTRACE" in limit for limit in metering.limits)
        assert seen.of(client.command) == seen.of(server.command) == Moved()
        assert seen.of(UNKNOWN, OURS) == (now_near - near) + (now_far - far)
