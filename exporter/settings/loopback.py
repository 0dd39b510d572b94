"""Kinds of addresses, and prefixes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address
    from types import ModuleType

    from exporter.settings.networks import Network

# ::ffff:0:0/96 (RFC 4291, 2.5.5.2).
IPV4_MAPPED_BITS = 96


def is_loopback(host: str) -> bool:
    """True if only this machine can reach an address to listen on."""
    address = None if host == "localhost" else _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_ipv6(text: str) -> bool:
    """True for an IPv6 address."""
    address = _address(text) if ":" in text else None
    return address is not None and address.version == 6  # noqa: PLR2004 - IPv6


def prefix(text: str, *, strict: bool = True) -> Network:
    """The prefix of an address with a length, as `ip_network`, without a zone; IPv4 that is written as IPv6 is IPv4."""
    if "%" in text:
        raise ValueError("a zone")
    ipaddress = _ipaddress()
    network: Network = ipaddress.ip_network(text, strict=strict)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is None or network.prefixlen < IPV4_MAPPED_BITS:
        return network
    return ipaddress.ip_network((mapped, network.prefixlen - IPV4_MAPPED_BITS))  # type: ignore[no-any-return]


def _ipaddress() -> ModuleType:
    import ipaddress  # noqa: PLC0415 - 3 ms; most commands read no address but a name

    return ipaddress


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return _ipaddress().ip_address(text)  # type: ignore[no-any-return]
    except ValueError:
        return None
