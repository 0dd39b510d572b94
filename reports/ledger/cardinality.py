"""Sketches of different things: how many there were, as bytes that a ledger holds and merges.

HyperLogLog (Flajolet, Fusy, Gandouet, Meunier: AofA 2007) over keyed hashes of 32 bits, with 2^14 registers and the
improved estimator of Ertl (arXiv 1702.01284, algorithm 6): its standard error is 0.8 %. Up to MOST_EXACT hashes are
kept as they are, and counted exactly.
"""

from __future__ import annotations

import math
import struct
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_EXACT = 256
"""Two of 256 things have the same hash once in 130,000 days."""

_INDEX_BITS, _HASH_BYTES = 14, 4
_REST_BITS = 8 * _HASH_BYTES - _INDEX_BITS
_REGISTERS = 1 << _INDEX_BITS
_REST = (1 << _REST_BITS) - 1
_EXACT, _DENSE = b"\x01", b"\x02"
_RANKS = bytes(range(_REST_BITS + 2))
_HIGH_BITS = int.from_bytes(b"\x80" * _REGISTERS, "big")
_ALPHA = 0.5 / math.log(2)


def keyed_hash(text: str, key: bytes) -> int:
    """The hash that a sketch takes; the key is the same for sketches that are merged."""
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES, key=key).digest()
    return int.from_bytes(digest, "big")


class Distinct:
    """Different hashes: themselves while they are few, registers of their leading zeros from then on."""

    __slots__ = ("_hashes", "_registers")

    def __init__(self, sketch: bytes = b"") -> None:
        """Begin with what a sketch holds; raises ValueError on bytes that are none."""
        self._hashes: set[int] = set()
        self._registers: bytearray | None = None
        if sketch[:1] == _EXACT and len(sketch) % _HASH_BYTES == 1:
            self.update(struct.unpack(f">{len(sketch) // _HASH_BYTES}I", sketch[1:]))
        elif sketch[:1] == _DENSE:
            self._registers = _inflated(sketch[1:])
        elif sketch:
            raise ValueError("these bytes are no sketch of different things")

    @property
    def is_exact(self) -> bool:
        """True while every hash is known."""
        return self._registers is None

    def update(self, hashes: Iterable[int]) -> None:
        """Add hashes of 32 bits."""
        if self._registers is None:
            self._hashes.update(hashes)
            if len(self._hashes) <= MOST_EXACT:
                return
            self.coarsen()
        else:
            _register(self._registers, hashes)

    def coarsen(self) -> None:
        """Keep registers only: who has the key, too, can no longer reckon the hashes' texts from them."""
        if self._registers is None:
            self._registers = bytearray(_REGISTERS)
            _register(self._registers, self._hashes)
            self._hashes = set()

    def merge(self, other: Distinct) -> None:
        """Add all that another one has."""
        if other._registers is None:
            self.update(other._hashes)
            return
        self.coarsen()
        self._registers = _higher(self._registers or bytearray(_REGISTERS), other._registers)

    def estimate(self) -> int:
        """How many different hashes there were."""
        if self._registers is None:
            return len(self._hashes)
        return round(_estimate([self._registers.count(rank) for rank in range(_REST_BITS + 2)]))

    def encoded(self) -> bytes:
        """The bytes of the sketch; equal sketches have equal bytes."""
        if self._registers is not None:
            return _DENSE + zlib.compress(self._registers, 1)
        hashes = sorted(self._hashes)
        return _EXACT + struct.pack(f">{len(hashes)}I", *hashes) if hashes else b""


def merged_distinct(sketches: Iterable[bytes]) -> Distinct:
    """All of these sketches together; damaged bytes count as an empty one, as they must not end an answer."""
    whole = Distinct()
    for sketch in sketches:
        whole.merge(readable(sketch))
    return whole


def readable(sketch: bytes) -> Distinct:
    """What a sketch holds; nothing where its bytes are damaged."""
    try:
        return Distinct(sketch)
    except ValueError:
        return Distinct()


def _register(registers: bytearray, hashes: Iterable[int]) -> None:
    for each in hashes:
        place, rank = each >> _REST_BITS, _REST_BITS + 1 - (each & _REST).bit_length()
        if rank > registers[place]:  # noqa: PLR1730 - max() takes twice as long
            registers[place] = rank


def _higher(first: bytearray, second: bytearray) -> bytearray:
    """The higher of each two registers, all at once as one number: 20 times as fast as one by one."""
    a, b = int.from_bytes(first, "big"), int.from_bytes(second, "big")
    is_higher = ((a | _HIGH_BITS) - b) & _HIGH_BITS  # no byte borrows of the next: ranks are below 128
    mask = is_higher - (is_higher >> 7)
    return bytearray((a & mask | b & ~mask).to_bytes(_REGISTERS, "big"))


def _inflated(packed: bytes) -> bytearray:
    inflater = zlib.decompressobj()
    try:
        registers = bytearray(inflater.decompress(packed, _REGISTERS + 1))
    except zlib.error as error:
        raise ValueError(f"the registers of a sketch cannot be unpacked: {error}") from error
    if len(registers) != _REGISTERS or not inflater.eof or registers.translate(None, _RANKS):
        raise ValueError(f"a sketch holds {_REGISTERS} registers of at most {_REST_BITS + 1}")
    return registers


def _estimate(counts: list[int]) -> float:
    """Ertl's improved raw estimate of the numbers of registers by rank."""
    z = _REGISTERS * _tau(1 - counts[-1] / _REGISTERS)
    for count in reversed(counts[1:-1]):
        z = 0.5 * (z + count)
    z += _REGISTERS * _sigma(counts[0] / _REGISTERS)
    return _ALPHA * _REGISTERS * _REGISTERS / z


def _sigma(x: float) -> float:
    if x == 1.0:
        return math.inf
    y, z, before = 1.0, x, -1.0
    while z != before:
        x *= x
        before = z
        z += x * y
        y += y
    return z


def _tau(x: float) -> float:
    if x in {0.0, 1.0}:
        return 0.0
    y, z, before = 1.0, 1 - x, -1.0
    while z != before:
        x = math.sqrt(x)
        before = z
        y *= 0.5
        z -= (1 - x) ** 2 * y
    return z / 3
