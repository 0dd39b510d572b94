"""Kinds of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


def is_loopback(host: str) -> bool:
    """True if only this machine can reach an address to listen on."""
    address = None if host == "localhost" else _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_ipv6(text: str) -> bool:
    """True for an IPv6 address."""
    address = _address(text) if ":" in text else None
    return address is not None and address.version == 6  # noqa: PLR2004 - IPv6


def _address(text: str) -> IPv4Address | IPv6Address | None:
    import ipaddress  # noqa: PLC0415 - 3 ms; most commands read no address but a name

    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
