"""Messages of sock_diag as Linux 6.18 lays them out."""

from __future__ import annotations

import struct


def _attribute(kind: int, value: bytes) -> bytes:
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def socket_message(  # noqa: PLR0913 - a test names the values that it is about
    *,
    cookie: int,
    received: int,
    sent: int,
    sequence: int = 1,
    state: int = 1,
    family: int = 2,
    port: int = 80,
    own: bytes = b"\x0a\0\0\1",
    peer: bytes = b"\x0a\0\0\2",
    inode: int = 77,
    cgroup: int | None = 5,
    silent: tuple[int, int] = (0, 0),
    info_bytes: int = 280,
) -> bytes:
    """One socket of a dump (`cgroup` is left out in an event)."""
    body = struct.pack("=BBBB", family, state, 0, 0) + struct.pack("!HH", port, 443)
    body += own.ljust(16, b"\0") + peer.ljust(16, b"\0") + struct.pack("=IQ", 0, cookie) + bytes(16)
    body += struct.pack("=I", inode)
    info = bytearray(info_bytes)
    struct.pack_into("=II", info, 52, *silent)
    struct.pack_into("=QQ", info, 120, (sent + 1) % 2**64, received)
    if info_bytes >= 208:
        struct.pack_into("=Q", info, 200, sent)
    body += _attribute(8, b"\0") + _attribute(15, bytes(4))
    if cgroup is not None:
        body += _attribute(21, struct.pack("=Q", cgroup)) + _attribute(22, bytes(2))
    body += _attribute(2, bytes(info))
    return struct.pack("=IHHII", 16 + len(body), 20, 2, sequence, 0) + body


def done_message(sequence: int = 1) -> bytes:
    return struct.pack("=IHHIIi", 20, 3, 2, sequence, 0, 0)


def error_message(errno: int, sequence: int = 1) -> bytes:
    return struct.pack("=IHHIIi", 36, 2, 0, sequence, 0, -errno) + bytes(16)
