"""Programs with names of their own that move known bytes in a namespace: real processes, real sockets."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.namespaces import Namespace

SECONDS = 60
INTERPRETER = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
"""The interpreter without its virtual environment: a link to it runs by the link's name."""

WAYS = """
import os, socket, struct, sys, time

def send(connection, size):
    body = bytes(1 << 16)
    while size > 0:
        size -= connection.send(body[:size])

def _file(size):
    file = os.memfd_create("body")
    os.truncate(file, size)
    return file

def sendfile(connection, size):
    file = _file(size)
    while size > 0:
        size -= os.sendfile(connection.fileno(), file, None, size)

def splice(connection, size):
    file, (behind, front) = _file(size), os.pipe()
    while size > 0:
        left = os.splice(file, front, min(size, 1 << 16))
        size -= left
        while left > 0:
            left -= os.splice(behind, connection.fileno(), left)

def take(connection):
    received = 0
    while part := connection.recv(1 << 16):
        received += len(part)
    return received

def take_and_peek(connection):
    received = 0
    while connection.recv(1 << 12, socket.MSG_PEEK):
        received += len(connection.recv(1 << 16))
    return received

def take_by_splice(connection):
    received, (behind, front) = 0, os.pipe()
    nothing = os.open(os.devnull, os.O_WRONLY)
    while count := os.splice(connection.fileno(), front, 1 << 16):
        received += count
        while count > 0:
            count -= os.splice(behind, nothing, count)
    return received

def take_late(connection):
    time.sleep(0.5)  # until the buffer is full
    return take(connection)

def segments(connection):  # struct tcp_info: tcpi_segs_out, tcpi_segs_in
    return struct.unpack_from("<II", connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), 136)
"""

ACCEPT = (
    WAYS
    + """
address, size, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
with socket.create_server((address, 0), family=family, backlog=512) as server:
    print(server.getsockname()[1], flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            if way.startswith("take"):
                globals()[way](connection)
                continue
            connection.recv(64)
            globals()[way](connection, size)
            connection.shutdown(socket.SHUT_WR)
            take(connection)
"""
)
"""Arguments: address, size, way. Sends so many bytes to who asks, or takes all; prints its port first."""

CONNECT = (
    WAYS
    + """
address, port, size, way = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with socket.create_connection((address, port)) as connection:
    if way.startswith("take"):
        connection.sendall(b"?")
        print(globals()[way](connection))
    else:
        globals()[way](connection, size)
        connection.shutdown(socket.SHUT_WR)
        take(connection)
        print(size)
    print(*segments(connection))
"""
)
"""Arguments: address, port, size, way. Prints the bytes moved, and the segments sent and received."""


class Program(NamedTuple):
    """A program under a name of its own, at most 15 characters, which no other process has."""

    path: Path

    @property
    def command(self) -> str:
        """What the kernel calls its processes."""
        return self.path.name

    def start(self, namespace: Namespace, code: str, *arguments: str) -> subprocess.Popen[str]:
        """A process in a namespace."""
        command = ("ip", "netns", "exec", namespace.name, str(self.path), "-S", "-c", code, *arguments)
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, namespace: Namespace, code: str, *arguments: str) -> str:
        """What a process prints; raises where it fails."""
        with self.start(namespace, code, *arguments) as process:
            printed, _ = process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        return printed

    @contextmanager
    def serving(self, namespace: Namespace, code: str, *arguments: str) -> Iterator[str]:
        """A process that runs within the block, and the first line that it prints: its port."""
        with self.start(namespace, code, *arguments) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().strip()
            finally:
                process.kill()


def program(folder: Path, role: str, of: Path = INTERPRETER) -> Program:
    """A program of this role, "load" as "load-1f3a5c": the interpreter, or another file."""
    path = folder / f"{role}-{token_hex(3)}"
    path.symlink_to(of)
    return Program(path)
