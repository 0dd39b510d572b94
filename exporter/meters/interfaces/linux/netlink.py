"""What Linux says of its links and routes in rtnetlink messages: pure parsing, no sockets.

Numbers and layouts are those of linux/netlink.h, linux/rtnetlink.h and linux/if_link.h.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.counters.readings import Counts

if TYPE_CHECKING:
    from collections.abc import Iterator

NLMSG_ERROR = 2
NLMSG_DONE = 3
RTM_NEWLINK = 16
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_NEWROUTE = 24
RTM_GETROUTE = 26

_NLM_F_REQUEST = 0x1
_NLM_F_DUMP = 0x300
_RTEXT_FILTER_SKIP_STATS = 8

_IFLA_ADDRESS = 1
_IFLA_IFNAME = 3
_IFLA_MTU = 4
_IFLA_LINK = 5
_IFLA_MASTER = 10
_IFLA_WIRELESS = 11
_IFLA_OPERSTATE = 16
_IFLA_LINKINFO = 18
_IFLA_STATS64 = 23
_IFLA_EXT_MASK = 29
_IFLA_LINK_NETNSID = 37
_IFLA_INFO_KIND = 1

_RTA_DST = 1
_RTA_OIF = 4
_RTA_GATEWAY = 5
_RTA_MULTIPATH = 9
_RTA_TABLE = 15
_RTA_VIA = 18

_IFF_UP = 0x1
_IFF_LOOPBACK = 0x8
_IFF_RUNNING = 0x40
_OPERSTATE_UNKNOWN = 0
_OPERSTATE_UP = 6
_TABLE_MAIN = 254
_TABLE_LOCAL = 255
_RTN_UNICAST = 1
_RTNH_F_DEAD = 1

_HEADER = struct.Struct("=IHHII")
_LINK_HEADER = struct.Struct("=BxHiII")
_ROUTE_HEADER = struct.Struct("=BBBBBBBBI")
_NEXT_HOP = struct.Struct("=HBBi")
_ATTRIBUTE = struct.Struct("=HH")
_NUMBER = struct.Struct("=I")
_STATS64 = struct.Struct("=16Q")
_ATTRIBUTE_TYPE_MASK = 0x3FFF


class Message(NamedTuple):
    """One netlink message without its header."""

    type: int
    sequence: int
    body: bytes


class LinkFacts(NamedTuple):
    """What a link message says beside the counts.

    `parent` and `master` are indexes in this namespace, 0 for none.
    """

    ifindex: int
    name: str
    kind: str
    hardware_type: int
    flags: int
    operational_state: int
    mtu: int
    address: str
    parent: int
    master: int

    @property
    def is_up(self) -> bool:
        """Drivers without a state machine of their own (tun, ppp) stay "unknown"; their flags decide."""
        if self.operational_state == _OPERSTATE_UNKNOWN:
            return self.flags & _IFF_UP != 0 and self.flags & _IFF_RUNNING != 0
        return self.operational_state == _OPERSTATE_UP

    @property
    def is_loopback(self) -> bool:
        """Whether all that is sent on it comes back to this machine."""
        return self.flags & _IFF_LOOPBACK != 0


class RouteMessage(NamedTuple):
    """An IPv4 route: prefix length, destination's first byte, and a next hop a device."""

    length: int
    first_byte: int
    is_unicast: bool
    next_hops: tuple[tuple[int, bool], ...]
    """(interface index, has a gateway)"""
    is_main: bool = True


def dump_request(sequence: int) -> bytes:
    """Ask for every link of the namespace, without counts: the events bring those."""
    attribute = _ATTRIBUTE.pack(8, _IFLA_EXT_MASK) + _NUMBER.pack(_RTEXT_FILTER_SKIP_STATS)
    return _request(RTM_GETLINK, sequence, _LINK_HEADER.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + attribute)


def route_dump_request(sequence: int) -> bytes:
    """Ask for every IPv4 route of the namespace, in all tables."""
    header = _ROUTE_HEADER.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
    return _request(RTM_GETROUTE, sequence, header)


def _request(kind: int, sequence: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, _NLM_F_REQUEST | _NLM_F_DUMP, sequence, 0) + body


def split_messages(datagram: bytes) -> Iterator[Message]:
    """Cut a datagram into its messages; raises ValueError where a length is impossible."""
    offset = 0
    while offset + _HEADER.size <= len(datagram):
        length, kind, _flags, sequence, _port = _HEADER.unpack_from(datagram, offset)
        if length < _HEADER.size or offset + length > len(datagram):
            raise ValueError(f"netlink message of {length} bytes at {offset} of {len(datagram)}")
        yield Message(kind, sequence, datagram[offset + _HEADER.size : offset + length])
        offset += (length + 3) & ~3


def _attributes(body: bytes, offset: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    end = len(body)
    while offset + 4 <= end:
        length, kind = _ATTRIBUTE.unpack_from(body, offset)
        if length < _ATTRIBUTE.size or offset + length > end:
            raise ValueError(f"netlink attribute of {length} bytes at {offset} of {end}")
        found[kind & _ATTRIBUTE_TYPE_MASK] = body[offset + 4 : offset + length]
        offset += (length + 3) & ~3
    return found


def parse_link(body: bytes) -> tuple[LinkFacts, Counts | None] | None:
    """Read a link message, or None where it is not about the link itself; raises ValueError when malformed.

    A bridge speaks of its ports as family AF_BRIDGE (and "deletes" them when they leave it), wireless drivers
    report scans with IFLA_WIRELESS: neither says that a device came, went or changed.
    """
    if len(body) < _LINK_HEADER.size:
        raise ValueError(f"link message of {len(body)} bytes")
    family, hardware_type, index, flags, _change = _LINK_HEADER.unpack_from(body)
    if family != socket.AF_UNSPEC:
        return None
    found = _attributes(body, _LINK_HEADER.size)
    name = found.get(_IFLA_IFNAME)
    if name is None or _IFLA_WIRELESS in found:
        return None
    facts = LinkFacts(
        ifindex=index,
        name=_text(name),
        kind=_info_kind(found.get(_IFLA_LINKINFO, b"")),
        hardware_type=hardware_type,
        flags=flags,
        operational_state=(found.get(_IFLA_OPERSTATE) or b"\0")[0],
        mtu=_number(found.get(_IFLA_MTU)),
        address=found.get(_IFLA_ADDRESS, b"").hex(":"),
        # an index of another namespace means another device here
        parent=0 if _IFLA_LINK_NETNSID in found else _number(found.get(_IFLA_LINK)),
        master=_number(found.get(_IFLA_MASTER)),
    )
    return facts, _counts(found.get(_IFLA_STATS64, b""))


def _info_kind(link_info: bytes) -> str:
    return _text(_attributes(link_info, 0).get(_IFLA_INFO_KIND, b""))


def _text(value: bytes) -> str:
    # as psutil reads /proc/net/dev, so that both name an interface alike
    return value.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _number(value: bytes | None) -> int:
    return int(_NUMBER.unpack_from(value)[0]) if value and len(value) >= _NUMBER.size else 0


def _counts(stats: bytes) -> Counts | None:
    """The columns of /proc/net/dev: drops include what the hardware missed (net/core/net-procfs.c)."""
    if len(stats) < _STATS64.size:
        return None
    column = _STATS64.unpack_from(stats)
    return Counts(
        receive_bytes=column[2],
        transmit_bytes=column[3],
        receive_packets=column[0],
        transmit_packets=column[1],
        receive_errors=column[4],
        transmit_errors=column[5],
        receive_drops=column[6] + column[15],
        transmit_drops=column[7],
    )


def is_route_of_interest(datagram: bytes) -> bool:
    """Whether a (perhaps truncated) route event can change the uplinks.

    Those are default routes, the halves that OpenVPN sets beside them, and host routes such as the one to a
    VPN's server; not the kernel's own entries in the local table.
    """
    if len(datagram) < _HEADER.size + _ROUTE_HEADER.size:
        return False
    header: tuple[int, ...] = _ROUTE_HEADER.unpack_from(datagram, _HEADER.size)
    family, length, _, _, table, _, _, kind, _ = header
    if table == _TABLE_LOCAL:
        return False
    host_length = 32 if family == socket.AF_INET else 128
    return length <= 4 or (length == host_length and kind == _RTN_UNICAST)  # noqa: PLR2004 - 2000::/3, 2000::/4


def parse_route(body: bytes) -> RouteMessage | None:
    """Read an IPv4 route message, or None in the kernel's own local table; raises ValueError when malformed."""
    if len(body) < _ROUTE_HEADER.size:
        raise ValueError(f"route message of {len(body)} bytes")
    _family, length, _, _, table, _, _, kind, _ = _ROUTE_HEADER.unpack_from(body)
    found = _attributes(body, _ROUTE_HEADER.size)
    table = _number(found.get(_RTA_TABLE)) or table
    if table == _TABLE_LOCAL:
        return None
    if _RTA_MULTIPATH in found:
        hops = tuple(_next_hops(found[_RTA_MULTIPATH]))
    else:
        hops = ((_number(found.get(_RTA_OIF)), _RTA_GATEWAY in found or _RTA_VIA in found),)
    destination = found.get(_RTA_DST) or b"\0"
    return RouteMessage(length, destination[0], kind == _RTN_UNICAST, hops, is_main=table == _TABLE_MAIN)


def _next_hops(value: bytes) -> Iterator[tuple[int, bool]]:
    offset = 0
    while offset + _NEXT_HOP.size <= len(value):
        length, flags, _weight, index = _NEXT_HOP.unpack_from(value, offset)
        if length < _NEXT_HOP.size or offset + length > len(value):
            raise ValueError(f"next hop of {length} bytes at {offset} of {len(value)}")
        found = _attributes(value[: offset + length], offset + _NEXT_HOP.size)
        if not flags & _RTNH_F_DEAD:
            yield index, _RTA_GATEWAY in found or _RTA_VIA in found
        offset += (length + 3) & ~3
