"""Addresses of clients as the ledger keeps them: whole ones, networks, or hashes.

The request log has bytes of them, which are of another length for each kind, and of nothing else text.
"""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

LONGEST_BITS = len("128")
LENGTHS = {3: 24, 4: 32, 6: 48, 16: 128}
"""Bits of a network or an address by the bytes that the request log has of it."""
HASH_BYTES, IPV4_BYTES, IPV6_BYTES = 8, 4, 16
_MAPPED = bytes(10) + b"\xff\xff"
"""Before an IPv4 address within IPv6."""


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


def packed_address(text: str) -> bytes | None:
    """The 4 or 16 bytes of an address, IPv4 within IPv6 as IPv4; None of another text, also of one with a zone."""
    packed = _packed(text)
    return packed[12:] if packed is not None and packed.startswith(_MAPPED) else packed


def _packed(text: str) -> bytes | None:
    if "%" in text:
        return None
    try:
        return inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):  # ValueError: a null character or a lone surrogate
        return None


@lru_cache(maxsize=4096)
def packed_client(text: str) -> str | bytes:
    """A client as the request log keeps it: bytes where they say all that the text does."""
    try:
        packed = bytes.fromhex(text) if len(text) == 2 * HASH_BYTES and text.isalnum() else _packed_network(text)
    except ValueError:
        return text
    return packed if client_text(packed) == text else text


def client_text(kept: str | bytes) -> str:
    """The text of a client that the request log has; of bytes of no known length, as a hash."""
    if isinstance(kept, str):
        return kept
    if len(kept) not in LENGTHS:
        return kept.hex()
    size = IPV4_BYTES if len(kept) <= IPV4_BYTES else IPV6_BYTES
    address = inet_ntop(AF_INET if size == IPV4_BYTES else AF_INET6, kept.ljust(size, b"\0"))
    return address if len(kept) == size else f"{address}/{LENGTHS[len(kept)]}"


def address_within(kept: str | bytes, chosen: str) -> int:
    """1 if a client, as the request log has it, is the chosen one, or lies in the chosen prefix; 0 otherwise.

    A client of which only the network is kept is found by each address in it.
    """
    if kept in {chosen, packed_client(chosen)}:
        return 1
    own, wanted = _network_of(kept), parse_network(chosen)
    if own is None or wanted is None:
        return 0
    is_address = wanted.length == 8 * len(wanted.packed)
    return int(own.has(wanted) if is_address else wanted.has(own))


def _network_of(kept: str | bytes) -> ClientNetwork | None:
    if isinstance(kept, str):
        return parse_network(kept)
    bits = LENGTHS.get(len(kept))
    size = IPV4_BYTES if len(kept) <= IPV4_BYTES else IPV6_BYTES
    return None if bits is None else ClientNetwork(kept.ljust(size, b"\0"), bits)


def _packed_network(text: str) -> bytes:
    network = parse_network(text)
    if network is None:
        raise ValueError("this is no network")
    return network.packed[: network.length // 8]


@lru_cache(maxsize=4096)
def parse_network(text: str) -> ClientNetwork | None:
    """An address as a network of one, or a prefix; None of a hash, and of anything else."""
    address, slash, bits = text.partition("/")
    packed = _packed(address) if slash else packed_address(address)
    if packed is None:
        return None
    size = 8 * len(packed)
    if not slash:
        return ClientNetwork(packed, size)
    is_length = len(bits) <= LONGEST_BITS and bits.isascii() and bits.isdecimal() and int(bits) <= size
    return ClientNetwork(packed, int(bits)) if is_length else None
