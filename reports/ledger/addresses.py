"""Addresses of clients as the ledger keeps them: whole ones, networks, or hashes."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

LONGEST_BITS = len("128")


class ClientNetwork(NamedTuple):
    """An address or a prefix: its bytes, and how many of its bits are those of the network."""

    packed: bytes
    length: int

    def has(self, other: ClientNetwork) -> bool:
        """True if another one lies in it."""
        if len(self.packed) != len(other.packed) or self.length > other.length:
            return False
        shift = 8 * len(self.packed) - self.length
        return int.from_bytes(self.packed, "big") >> shift == int.from_bytes(other.packed, "big") >> shift


def address_within(client: str, chosen: str) -> int:
    """1 if a client is the chosen one, or lies in the chosen prefix; 0 otherwise.

    A client of which only the network is kept is found by each address in it.
    """
    if client == chosen:
        return 1
    kept, wanted = parse_network(client), parse_network(chosen)
    if kept is None or wanted is None:
        return 0
    is_address = wanted.length == 8 * len(wanted.packed)
    return int(kept.has(wanted) if is_address else wanted.has(kept))


@lru_cache(maxsize=4096)
def parse_network(text: str) -> ClientNetwork | None:
    """An address as a network of one, or a prefix; None of a hash, and of anything else."""
    address, _, bits = text.partition("/")
    if "%" in address or "\0" in address:
        return None
    try:
        packed = inet_pton(AF_INET6 if ":" in address else AF_INET, address)
    except (OSError, UnicodeError):
        return None
    size = 8 * len(packed)
    if not bits:
        return None if "/" in text else ClientNetwork(packed, size)
    is_length = len(bits) <= LONGEST_BITS and bits.isascii() and bits.isdecimal() and int(bits) <= size
    return ClientNetwork(packed, int(bits)) if is_length else None
