"""Addresses that a monitor may ask: those of the internet, and others only where the settings allow it.

A URL of the settings is trusted; the name in it is resolved by a stranger, who could make a check a request to this
machine or its network.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    IpAddress = IPv4Address | IPv6Address

NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses of IPv4 behind a translator (RFC 6052)."""

MOST_ADDRESSES = 4
"""Of one name that are asked one after the other."""


class RefusedAddressError(Exception):
    """No address of a name may be asked; the text has the reason."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, in the order of the system; blocks. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_own(address: str) -> bool:
    """True for an address of this machine: what is sent there would be sent from it. Nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False  # there is no way to it: a connection will say so
        return ip_address(str(probe.getsockname()[0])) == ip_address(address)


def permitted(addresses: Sequence[str], *, allow_private: bool, is_own: Callable[[str], bool] = is_own) -> list[str]:
    """Those of the addresses that may be asked; raises RefusedAddressError where none may."""
    if allow_private:
        return list(addresses[:MOST_ADDRESSES])
    found = [each for each in addresses if is_public(ip_address(each)) and not is_own(each)]
    if addresses and not found:
        raise RefusedAddressError("its address is of this machine or of a private network: allow_private permits that")
    return found[:MOST_ADDRESSES]


def is_public(address: IpAddress) -> bool:
    """True for an address of the internet, as the registries of IANA have it; of an IPv4 in IPv6 as of itself."""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local or address.scope_id:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 that packets to an IPv6 end at."""
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour
