"""Keys of services: an ingest key writes for its service, a read key reads it; only hashes are stored."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple, TypeAlias

Right: TypeAlias = Literal["ingest", "read", "both"]
RIGHTS: tuple[Right, ...] = ("ingest", "read", "both")


class ServiceKey(NamedTuple):
    """One key: what it opens, and when (UTC seconds) it was made and revoked (0: it is valid)."""

    id: int
    service: str
    right: Right
    hash: bytes
    created: int
    revoked: int = 0


class KeyChange(NamedTuple):
    """A key that is new, or was revoked: its row as it is to be."""

    key: ServiceKey


def hash_of(text: str) -> bytes:
    """The hash of a key. A key has 122 random bits: nothing slower is needed against guessing."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
