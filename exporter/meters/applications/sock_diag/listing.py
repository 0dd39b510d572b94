"""Lists the TCP sockets of the network namespace that it was made in."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from exporter.meters.applications.sock_diag.netlink import DiagError, SocketParser, dump_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.applications.sock_diag.netlink import CounterRow, SocketFacts

NETLINK_SOCK_DIAG = 4
_ANSWER_BYTES = 65536
"""The kernel fills at most 32 kB at a time."""
_LONGEST_WAIT_SECONDS = 10
_MOST_ANSWERS = 1_000_000
_SEQUENCES = 2**31


class SocketListing:
    """Asks the kernel over one kept socket; raises OSError where the system refuses."""

    def __init__(self) -> None:
        self._parser = SocketParser()
        self._answer = bytearray(_ANSWER_BYTES)
        self._sequence = 0
        self._asking = _asking_socket()

    def pages(self) -> Iterator[list[CounterRow]]:
        """All sockets, answer by answer; `facts` is valid until the next one. Raises OSError and DiagError."""
        try:
            yield from self._answers()
        except (OSError, DiagError):
            # the rest of a dump that broke off would stand in the way of the next one
            self._asking.close()
            self._asking = _asking_socket()
            raise

    def facts(self, row: CounterRow) -> SocketFacts:
        """What else the kernel says of a socket of the last page."""
        return self._parser.facts(self._answer, row[5])

    def close(self) -> None:
        """Close the socket."""
        self._asking.close()

    def _answers(self) -> Iterator[list[CounterRow]]:
        self._sequence = self._sequence % _SEQUENCES + 1
        self._asking.send(dump_request(self._sequence))
        for _ in range(_MOST_ANSWERS):
            size = self._asking.recv_into(self._answer)
            rows, is_last = self._parser.page(self._answer, size, self._sequence)
            yield rows
            if is_last:
                return
        raise DiagError(f"no end after {_MOST_ANSWERS} answers")


def _asking_socket() -> socket.socket:
    asking = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)
    asking.settimeout(_LONGEST_WAIT_SECONDS)
    return asking
