"""What Linux says of its TCP sockets in sock_diag messages: pure parsing, no sockets.

Numbers and layouts are those of linux/netlink.h, linux/inet_diag.h and `struct tcp_info` of linux/tcp.h.
"""

from __future__ import annotations

import struct
import sys
from typing import NamedTuple

LISTEN = 10
PEER_HAS_ENDED = frozenset({8, 9, 11})
"""CLOSE_WAIT, LAST_ACK, CLOSING: the peer's FIN has arrived, and bytes_received counts it as a byte."""

_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_TCPDIAG_GETSOCK = 18
"""Asks for both address families in one walk through the kernel's table, where SOCK_DIAG_BY_FAMILY takes two. On an
idle machine that is most of the cost: 0.4 ms for 262,144 buckets."""
_SOCK_DIAG_BY_FAMILY = 20
_SOCKETS = (_TCPDIAG_GETSOCK, _SOCK_DIAG_BY_FAMILY)
"""Answers to the question, and events."""
_NLM_F_REQUEST_DUMP = 0x301
_WITH_TCP_INFO = 1 << 1

_TIME_WAIT, _SYN_RECV, _NEW_SYN_RECV = 6, 3, 12
_STATES = 0xFFFF & ~(1 << _TIME_WAIT | 1 << _SYN_RECV | 1 << _NEW_SYN_RECV)
"""The three left out are no whole sockets: they have no counters."""

_ATTRIBUTE_INFO = 2
_ATTRIBUTE_CGROUP_ID = 21

_HEADER = struct.Struct("=IH2xI4x")
_REQUEST = struct.Struct("=IHHI4xBxxB48xI4x")
"""A header and inet_diag_req: family, extensions, states."""
_ERROR = struct.Struct("=16xi")
_ATTRIBUTE = struct.Struct("=HH")
_SOCKET = struct.Struct("=16xxB42xQ16xI")
"""inet_diag_msg's state, cookie, inode."""
_FACTS = struct.Struct("=16xBxxxH2x16s16s")
"""inet_diag_msg's family, own port, own address, peer's address."""
_INFO = struct.Struct("=I128xQ64xQ")
"""An attribute's header, and tcp_info's bytes_received and bytes_sent."""
_SILENCE = struct.Struct("=4x52xII")
"""tcp_info's last_data_recv and last_ack_recv."""
_CGROUP = struct.Struct("=4xQ")
_AF_UNSPEC, _AF_INET = 0, 2
_MOST_PLACES = 64


class DiagError(Exception):
    """A message of sock_diag is not what the kernel sends; the text says where it breaks off."""


class RefusalError(DiagError):
    """The kernel refused to list sockets; `errno` says why."""

    def __init__(self, errno: int) -> None:
        super().__init__(f"the kernel refused to list sockets: error {errno}")
        self.errno = errno


CounterRow = tuple[int, int, int, int, int, int]
"""A TCP socket's cookie, state, inode (0: no process holds it), bytes of payload received and sent, and the offset of
its message. Received holds the peer's FIN as one byte; sent holds what was sent again, as an interface counts it."""


class Page(NamedTuple):
    """Sockets of one answer, and whether it was the last."""

    rows: list[CounterRow]
    is_last: bool


class SocketFacts(NamedTuple):
    """What stays: the own port in network order, both addresses (4 or 16 bytes), the cgroup's id (0: not given)."""

    port: int
    own: bytes
    peer: bytes
    cgroup: int


class _Place(NamedTuple):
    """Where attributes stand in messages of one length: tcp_info with its header, the cgroup's id; 0 for none."""

    info: int = 0
    info_header: int = 0
    cgroup: int = 0


def dump_request(sequence: int) -> bytes:
    """Ask for every TCP socket, of IPv4 and IPv6, with its tcp_info."""
    header = (_REQUEST.size, _TCPDIAG_GETSOCK, _NLM_F_REQUEST_DUMP, sequence)
    return _REQUEST.pack(*header, _AF_UNSPEC, _WITH_TCP_INFO, _STATES)


class SocketParser:
    """Parses sockets of dumps and of events. It remembers where tcp_info stands in messages of one length."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}

    def page(self, answer: bytes | bytearray, size: int, sequence: int) -> Page:
        """Sockets in the first `size` bytes, of the answer to `sequence` (0: an event); raises DiagError."""
        rows: list[CounterRow] = []
        offset = 0
        while offset + _HEADER.size <= size:
            length, kind, own_sequence = _HEADER.unpack_from(answer, offset)
            if not _HEADER.size <= length <= size - offset:
                raise DiagError(f"netlink message of {length} bytes at {offset} of {size}")
            if own_sequence == sequence:
                if kind in _SOCKETS:
                    self._append(rows, answer, offset, length)
                elif kind == _NLMSG_DONE:
                    return Page(rows, is_last=True)
                elif kind == _NLMSG_ERROR:
                    raise _refusal(answer, offset, length)
            offset += (length + 3) & ~3
        return Page(rows, is_last=False)

    def _append(self, rows: list[CounterRow], answer: bytes | bytearray, offset: int, length: int) -> None:
        """Add the socket at `offset`; one without counters is left out."""
        header = received = sent = 0
        place = self._places.get(length)
        if place is not None:
            header, received, sent = _INFO.unpack_from(answer, offset + place.info)
        if place is None or header != place.info_header:
            place = _place(answer, offset, length)
            if not place.info:
                return
            self._remember(length, place)
            _, received, sent = _INFO.unpack_from(answer, offset + place.info)
        state, cookie, inode = _SOCKET.unpack_from(answer, offset)
        rows.append((cookie, state, inode, received, sent, offset))

    def facts(self, answer: bytes | bytearray, offset: int) -> SocketFacts:
        """What else the message of a row says; `answer` is the one that `page` returned it from."""
        family, port, own, peer = _FACTS.unpack_from(answer, offset)
        place = self._place_again(answer, offset)
        cgroup = _CGROUP.unpack_from(answer, offset + place.cgroup)[0] if place.cgroup else 0
        if family == _AF_INET:
            own, peer = own[:4], peer[:4]
        return SocketFacts(port, own, peer, cgroup)

    def silent_milliseconds(self, answer: bytes | bytearray, offset: int) -> int:
        """How long ago the socket of a row last received data or an acknowledgement."""
        place = self._place_again(answer, offset)
        return int(min(_SILENCE.unpack_from(answer, offset + place.info)))

    def _place_again(self, answer: bytes | bytearray, offset: int) -> _Place:
        """The place of a message that `page` has read: what it remembers, where the cgroup's id stands there too."""
        length = _HEADER.unpack_from(answer, offset)[0]
        place = self._places.get(length)
        if place is not None and place.cgroup and _has(answer, offset + place.cgroup, _ATTRIBUTE_CGROUP_ID):
            return place
        return _place(answer, offset, length)

    def _remember(self, length: int, place: _Place) -> None:
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[length] = place


def _has(answer: bytes | bytearray, offset: int, kind: int) -> bool:
    size, found = _ATTRIBUTE.unpack_from(answer, offset)
    return bool(found == kind and size == _CGROUP.size)


def _place(answer: bytes | bytearray, offset: int, length: int) -> _Place:
    """Walk the attributes of the message at `offset`; raises DiagError where one is cut off or too short."""
    if length < _SOCKET.size:
        raise DiagError(f"socket of {length} bytes at {offset}")
    info = info_header = cgroup = 0
    position = _SOCKET.size
    while position + _ATTRIBUTE.size <= length:
        size, kind = _ATTRIBUTE.unpack_from(answer, offset + position)
        if not _ATTRIBUTE.size <= size <= length - position:
            raise DiagError(f"attribute of {size} bytes at {position} of {length}")
        if kind == _ATTRIBUTE_INFO:
            if size < _INFO.size:
                raise DiagError(f"tcp_info of {size} bytes: Linux counts what a socket sent since 4.19")
            info, info_header = position, size | kind << 16 if sys.byteorder == "little" else size << 16 | kind
        elif kind == _ATTRIBUTE_CGROUP_ID and size == _CGROUP.size:
            cgroup = position
        position += (size + 3) & ~3
    return _Place(info, info_header, cgroup)


def _refusal(answer: bytes | bytearray, offset: int, length: int) -> DiagError:
    if length < _ERROR.size:
        return DiagError(f"error of {length} bytes at {offset}")
    return RefusalError(-int(_ERROR.unpack_from(answer, offset)[0]))
