"""Programs that move known bytes by TCP, each under a name of its own: a server, and clients that fork.

Run as a file, without netledger: `python -IS tests/worlds/transfers.py serve ADDRESS` or `fetch ADDRESS PORT`. A client
says in 16 bytes how much it sends and how much it is sent, so both ends' payload is known: `PAYLOAD_OF_A_REQUEST`.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import socket
import struct
import sys
import time
from threading import Thread

REQUEST = struct.Struct("!QQ")
PAYLOAD_OF_A_REQUEST = REQUEST.size
CHUNK = 65536
PR_SET_NAME = 15
LONGEST_SECONDS = 60


def name_this_process(name: str) -> None:
    """Set what /proc/PID/comm shows; at most 15 bytes. It is the name of the calling thread."""
    if ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0) != 0:
        raise OSError(f"prctl refused the name {name}")


def fetch(address: str, port: int, *, upload: int = 0, download: int = 0, hold_seconds: float = 0) -> None:
    """Connect, send `upload` bytes after the request, receive `download` bytes, wait, close."""
    with socket.create_connection((address, port), timeout=LONGEST_SECONDS) as connection:
        connection.sendall(REQUEST.pack(upload, download))
        _send(connection, upload)
        _receive(connection, download)
        time.sleep(hold_seconds)


def serve(listening: socket.socket) -> None:
    """Answer every connection, each on a thread, until the process ends."""
    while True:
        connection, _ = listening.accept()
        Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        request = connection.recv(REQUEST.size, socket.MSG_WAITALL)
        if len(request) == REQUEST.size:
            upload, download = REQUEST.unpack(request)
            _receive(connection, upload)
            _send(connection, download)
            # the client closes first, as most do
            connection.recv(1)


def _send(connection: socket.socket, count: int) -> None:
    chunk = bytes(CHUNK)
    while count:
        connection.sendall(chunk[: min(count, CHUNK)])
        count -= min(count, CHUNK)


def _receive(connection: socket.socket, count: int) -> None:
    while count:
        received = len(connection.recv(CHUNK))
        if not received:
            raise ConnectionError(f"{count} bytes are missing")
        count -= received


def _run_server(options: argparse.Namespace) -> None:
    """Print the port, then serve until standard input ends."""
    family = socket.AF_INET6 if ":" in options.address else socket.AF_INET
    with socket.create_server((options.address, options.port), family=family, backlog=1024) as listening:
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        Thread(target=serve, args=(listening,), daemon=True).start()
        sys.stdin.read()


def _run_client(options: argparse.Namespace) -> None:
    """Fetch once in each of `--times` processes, one after the other, or in this one with `--times 0`."""
    for _ in range(options.times):
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                _fetch_as(options)
                status = 0
            finally:
                os._exit(status)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0:
            raise SystemExit(1)
    if not options.times:
        _fetch_as(options)


def _fetch_as(options: argparse.Namespace) -> None:
    if options.name:
        name_this_process(options.name)
    fetch(
        options.address,
        options.port,
        upload=options.upload,
        download=options.download,
        hold_seconds=options.hold_seconds,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve")
    client = commands.add_parser("fetch")
    for command in (server, client):
        command.add_argument("address")
        command.add_argument("--name", default="", help="what the process is called")
    server.add_argument("--port", type=int, default=0)
    client.add_argument("port", type=int)
    client.add_argument("--times", type=int, default=0, help="processes; 0 is this one")
    client.add_argument("--upload", type=int, default=0)
    client.add_argument("--download", type=int, default=0)
    client.add_argument("--hold-seconds", type=float, default=0)
    options = parser.parse_args()
    if options.command == "serve":
        if options.name:
            name_this_process(options.name)
        _run_server(options)
    else:
        _run_client(options)


if __name__ == "__main__":
    main()
