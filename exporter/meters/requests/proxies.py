"""The client's address of a request that came through proxies, of which only those of the settings are believed."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from exporter.meters.requests.fields import address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from multidict import MultiMapping

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

FOR = re.compile(r'(?:^|;)\s*for\s*=\s*(?:"(?P<quoted>[^"]*)"|(?P<token>[^;\s]*))', re.IGNORECASE)
WITH_PORT = re.compile(r"\[(?P<v6>[0-9A-Fa-f:.]+)\](?::\d+)?|(?P<v4>[0-9.]+):\d+", re.ASCII)
MOST_PROXIES = 20
"""Entries of a header that are read, from the right."""


class Proxies:
    """Addresses and prefixes of the settings."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        """Such as 127.0.0.1 and 10.0.0.0/8."""
        self._prefixes = tuple(prefixes)

    def include(self, client: str) -> bool:
        """True for the address of a proxy."""
        return _is_trusted(address(client) or "", self._prefixes)


def client_of(peer: str, headers: MultiMapping[str], trusted: tuple[str, ...]) -> str:
    """The right-most address that is no trusted proxy's; the peer's without one, "" where that is no address.

    A proxy passes on the header that it does not write itself: where X-Forwarded-For and Forwarded name different
    clients, neither is believed.
    """
    nearest = address(peer) or ""
    if not trusted or not _is_trusted(nearest, trusted):
        return nearest
    listed = _entries(headers.getall("X-Forwarded-For", []))
    forwarded = [_for(entry) for entry in _entries(headers.getall("Forwarded", []))]
    found = {_right_most(chain, nearest, trusted) for chain in (listed, forwarded) if chain}
    return found.pop() if len(found) == 1 else nearest


def _entries(values: Sequence[str]) -> list[str]:
    return [entry.strip() for entry in ",".join(values).split(",") if entry.strip()][-MOST_PROXIES:]


def _for(entry: str) -> str:
    found = FOR.search(entry)
    return (found["quoted"] or found["token"] or "") if found else ""


def _right_most(chain: Sequence[str], nearest: str, trusted: tuple[str, ...]) -> str:
    client = nearest
    for entry in reversed(chain):
        found = WITH_PORT.fullmatch(entry)
        given = address((found["v6"] or found["v4"]) if found else entry)
        if given is None:  # hidden, or no address: what is further left cannot be believed
            return client
        client = given
        if not _is_trusted(client, trusted):
            break
    return client


@lru_cache(1024)
def _is_trusted(client: str, trusted: tuple[str, ...]) -> bool:
    if not client:
        return False
    found = ipaddress.ip_address(client)
    return any(found.version == network.version and found in network for network in _networks(trusted))


@lru_cache(8)
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    networks = []
    for text in trusted:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:  # no address or prefix: it trusts nothing
            continue
    return tuple(networks)
