"""Programs with names of their own that move known bytes in a namespace: real processes, real sockets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.end_to_end.namespaces import Namespace

SECONDS = 60
INTERPRETER = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
"""The interpreter without its virtual environment: a link to it runs by the link's name."""

SERVE = """
import socket, sys
family, address, size = getattr(socket, sys.argv[1]), sys.argv[2], int(sys.argv[3])
with socket.create_server((address, 0), family=family, backlog=512) as server:
    print(server.getsockname()[1], flush=True)
    body = bytes(1 << 16)
    while True:
        connection, _ = server.accept()
        with connection:
            wanted = connection.recv(64)
            left = size
            while left > 0:
                left -= connection.send(body[:left])
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(64):
                pass
"""
"""Sends so many bytes to each client that asks with a byte; prints its port."""

FETCH = """
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
with socket.create_connection((address, port)) as connection:
    connection.sendall(b"?")
    received = 0
    while part := connection.recv(1 << 16):
        received += len(part)
print(received)
"""


class Program(NamedTuple):
    """An interpreter under a name of its own, at most 15 characters, which no other process has."""

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


def program(folder: Path, role: str) -> Program:
    """A program of this role, "load" as "load-1f3a5c"."""
    path = folder / f"{role}-{token_hex(3)}"
    path.symlink_to(INTERPRETER)
    return Program(path)
