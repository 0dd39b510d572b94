"""Where bytes went, by the peer's address: loopback, the local network, networks of the settings, the internet.

All addresses are 128 bits here: IPv4 stands in ::ffff:0:0/96 (RFC 4291, 2.5.5.2), as an IPv6 socket shows it too.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_network
from typing import TYPE_CHECKING

from reports.ledger.shape import BUILT_IN_SCOPES, INTERNET, LAN, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exporter.settings.networks import Network

RANGES = {
    LOOPBACK: (
        "127.0.0.0/8",  # RFC 1122, 3.2.1.3
        "::1/128",  # RFC 4291, 2.5.3
    ),
    LAN: (
        "0.0.0.0/8",  # RFC 1122, 3.2.1.3: this host on this network, the source of a DHCP request
        "10.0.0.0/8",  # RFC 1918
        # RFC 6598, 7: shared by a provider and its customers, and not routed between providers; Tailscale numbers its
        # machines from it (https://tailscale.com/kb/1015/100.x-addresses).
        "100.64.0.0/10",
        "169.254.0.0/16",  # RFC 3927: link-local
        "172.16.0.0/12",  # RFC 1918
        "192.168.0.0/16",  # RFC 1918
        "224.0.0.0/4",  # RFC 5771: multicast
        "255.255.255.255/32",  # RFC 919: broadcast
        "::/128",  # RFC 4291, 2.5.2: no address, the source of a duplicate address detection
        "fc00::/7",  # RFC 4193: unique local
        "fe80::/10",  # RFC 4291, 2.5.6: link-local
        "ff00::/8",  # RFC 4291, 2.7: multicast
    ),
    # With both, every address has a scope, and ::/0 of the settings says nothing of IPv4.
    INTERNET: ("0.0.0.0/0", "::/0"),
}
BITS, IPV4_BITS = 128, 32
IPV4_MAPPED = bytes(10) + b"\xff\xff"
# More than a machine has peers in a minute; a miss costs 4 us, and 12 us with 4,096 prefixes of 113 lengths.
MOST_CACHED = 4096


class Scopes:
    """The scope of any address: the longest prefix that holds it; networks of the settings win over built-in ones."""

    def __init__(self, networks: Mapping[str, Sequence[Network]]) -> None:
        self.names = (*BUILT_IN_SCOPES, *networks)
        ranges = {name: [ip_network(text) for text in texts] for name, texts in RANGES.items()}
        self._numbers = {
            _prefix(network): self.names.index(name)
            for mapping in (ranges, networks)
            for name, listed in mapping.items()
            for network in listed
        }
        self._lengths = sorted({length for _, length in self._numbers}, reverse=True)
        self._find = lru_cache(MOST_CACHED)(self._longest)

    def of(self, packed: bytes) -> str:
        """The scope of an address of 4 or 16 bytes in network order; raises ValueError for others."""
        return self._find(packed)

    def prefixes(self) -> Iterable[tuple[bytes, int, int]]:
        """Every prefix, sorted: 16 bytes, its length in bits of these, and the number of its scope in `names`."""
        for (first, length), number in sorted(self._numbers.items()):
            yield first.to_bytes(16, "big"), length, number

    def _longest(self, packed: bytes) -> str:
        if len(packed) not in {4, 16}:
            raise ValueError(f"an address of {len(packed)} bytes")
        address = int.from_bytes(packed if len(packed) > IPV4_BITS // 8 else IPV4_MAPPED + packed, "big")
        for length in self._lengths:
            number = self._numbers.get((_cut(address, length), length))
            if number is not None:
                return self.names[number]
        raise AssertionError("::/0 holds every address")


def _prefix(network: Network) -> tuple[int, int]:
    """The first address, and the length, of a prefix in 128 bits."""
    packed = network.network_address.packed
    if len(packed) == BITS // 8:
        return int.from_bytes(packed, "big"), network.prefixlen
    return int.from_bytes(IPV4_MAPPED + packed, "big"), network.prefixlen + BITS - IPV4_BITS


def _cut(address: int, length: int) -> int:
    return address >> (BITS - length) << (BITS - length)
