"""Whose bytes they are: of the program that connects or accepts, and before that of the one that makes the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.namespaces import Moved
from tests.worlds.programs import ACCEPT, CONNECT, WAYS, Program, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.meters.applications.ebpf.conftest import Seen
    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces
SIZE = 1_000_000
NOTHING = Moved()

LISTEN = """
import os, socket, subprocess, sys
address, *command = sys.argv[1:]
with socket.create_server((address, 0)) as server:
    print(server.getsockname()[1], flush=True)
    subprocess.run([*command, str(server.fileno())], pass_fds=[server.fileno()])
"""
"""Arguments: address, command. Listens, and lets the command accept, as systemd does for a service."""

ACCEPT_ONE = (
    WAYS
    + """
import ctypes, signal
signal.alarm(60)
size, has_address, descriptor = map(int, sys.argv[1:])
if has_address:
    connection, _ = socket.socket(fileno=descriptor).accept()
else:
    connection = socket.socket(fileno=ctypes.CDLL(None).accept(descriptor, None, None))
connection.recv(64)
send(connection, size)
connection.shutdown(socket.SHUT_WR)
take(connection)
"""
)
"""Arguments: size, whether to ask for the peer's address, descriptor."""

BEGIN = """
import os, socket, subprocess, sys
how, address, port, *command = sys.argv[1:]
connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
if "connect" in how:
    connection.connect((address, int(port)))
connection.set_inheritable(True)
command.append(str(connection.fileno()))
if "fork" in how:
    done = subprocess.run(command, pass_fds=[connection.fileno()])
    connection.close()
    sys.exit(done.returncode)
os.execv(command[0], command)
"""
"""Arguments: how, address, port, command. Makes a socket, may connect it, and becomes or starts the command."""

GO_ON = (
    WAYS
    + """
how, address, port, descriptor = sys.argv[1:]
connection = socket.socket(fileno=int(descriptor))
if "connect" not in how:
    connection.connect((address, int(port)))
connection.sendall(b"?")
print(take(connection))
# Python asks a socket that is left open for its peer's name, and who asks for that takes it over.
connection.close()
"""
)
"""Arguments: how, address, port, descriptor. Connects if nobody did, and takes all."""


@pytest.mark.parametrize("has_address", [True, False])
def test_an_activated_service_owns_what_it_accepts_with_an_address(
    line: Line, seen: Seen, tmp_path: Path, *, has_address: bool
) -> None:
    client, listening, accepting = (program(tmp_path, role) for role in ("connect", "listen", "accept"))
    _, before = line.counters()
    command = (str(accepting.path), "-S", "-c", ACCEPT_ONE, str(SIZE), str(int(has_address)))
    with listening.serving(line.far, LISTEN, line.network.far, *command) as port:
        client.run(line.near, CONNECT, line.network.far, port, str(SIZE), "take")
    moved = line.counters()[1] - before

    owning, other = (accepting, listening) if has_address else (listening, accepting)
    # The handshake, and what arrives before accept(), is the listener's.
    assert moved.transmit - 400 <= seen.of(owning.command).transmit <= moved.transmit
    assert seen.of(other.command).bytes <= 400
    assert seen.of(owning.command) + seen.of(other.command) == moved


@pytest.mark.parametrize(
    ("how", "owner"),
    [("exec", "second"), ("fork", "second"), ("connect, exec", "first"), ("connect, fork", "first")],
)
def test_the_program_that_connects_owns_the_connection(
    line: Line, seen: Seen, tmp_path: Path, how: str, owner: str
) -> None:
    programs: dict[str, Program] = {role: program(tmp_path, role) for role in ("first", "second")}
    server = program(tmp_path, "accept")
    before, _ = line.counters()
    with server.serving(line.far, ACCEPT, line.network.far, str(SIZE), "send") as port:
        asked = (how, line.network.far, port)
        second = (str(programs["second"].path), "-S", "-c", GO_ON, *asked)
        fetched = programs["first"].run(line.near, BEGIN, *asked, *second)
    moved = line.counters()[0] - before

    assert fetched == f"{SIZE}\n"
    bytes_by = {role: seen.of(each.command) for role, each in programs.items()}
    assert bytes_by.pop(owner) == moved
    assert list(bytes_by.values()) == [NOTHING]
