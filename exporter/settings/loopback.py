"""Which addresses only this machine can reach."""

from __future__ import annotations


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    if host == "localhost":
        return True
    import ipaddress  # noqa: PLC0415 - commands that serve nothing do without

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
