"""Proxies that may name the client of a request."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

REMEMBERED = 4096


class Proxies:
    """Addresses and prefixes of the settings."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        """Such as 127.0.0.1 and 10.0.0.0/8."""
        self._prefixes = tuple(prefixes)

    def include(self, address: str) -> bool:
        """True for the address of a proxy."""
        return bool(self._prefixes) and _is_within(address, self._prefixes)


@lru_cache(REMEMBERED)
def _is_within(address: str, prefixes: tuple[str, ...]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in ipaddress.ip_network(prefix, strict=False) for prefix in prefixes)
