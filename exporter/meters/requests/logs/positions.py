"""Positions in access logs: how far a log is read, kept by what it says, and not by its name.

A log that was renamed, compressed or copied is found again by its first bytes and those before the position. Each is a
note of the ledger, written in the transaction of the requests before it.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

COMPARED = 1024
"""Bytes at the beginning, and before the position."""

PREFIX = "log:"
MOST_POSITIONS = 1000
"""Positions of a service; the one that was read longest ago makes room."""


class Position(NamedTuple):
    """How far a log of a service is read.

    `head` and `tail` are the first bytes and the last ones before `offset`, or digests of these, of `compared` bytes at
    most. `seen` is when the log was written last (nanoseconds since 1970). With `skips`, the line at `offset` goes on
    one that was too long.
    """

    service: str
    offset: int = 0
    head: str = ""
    tail: str = ""
    seen: int = 0
    skips: bool = False

    @property
    def compared(self) -> int:
        """Bytes that each of both digests is of."""
        return min(self.offset, COMPARED)


def positions_of(notes: Mapping[str, str], service: str) -> Iterator[tuple[str, Position]]:
    """Names of notes with the positions of a service; a damaged note is none."""
    for name, text in notes.items():
        if name.startswith(PREFIX):
            position = decoded(text)
            if position is not None and position.service == service:
                yield name, position


def decoded(text: str) -> Position | None:
    """The position of a note; None for a damaged one."""
    try:
        return msgspec.json.decode(text, type=Position)
    except msgspec.MsgspecError:
        return None


def encoded(position: Position) -> str:
    """The note of a position."""
    return msgspec.json.encode(position).decode()


def new_name() -> str:
    """A name for the note of a log that was never read."""
    return PREFIX + secrets.token_hex(8)


def digest(text: bytes) -> str:
    """A digest that is compared."""
    return blake2b(text, digest_size=16).hexdigest()


def found_in(
    notes: Mapping[str, str], service: str, read_at: Callable[[int, int], bytes]
) -> tuple[str, Position] | None:
    """The furthest position of a service that is one in this log, with its name; None in a log that was never read.

    `read_at` gives bytes of the log: those from an offset, as many as wanted or as there are.
    """
    head = read_at(0, COMPARED)
    digests: dict[int, str] = {}
    held = sorted(positions_of(notes, service), key=lambda each: each[1].offset, reverse=True)
    for name, position in held:
        length = position.compared
        if length > len(head):
            continue
        if length not in digests:
            digests[length] = digest(head[:length])
        if digests[length] != position.head:
            continue
        tail = read_at(position.offset - length, length)
        if len(tail) == length and digest(tail) == position.tail:
            return name, position
    return None


def follows(notes: Mapping[str, str], name: str, before: int, after: Position) -> bool:
    """Whether lines that were read from `before` to `after` are not in the ledger, which another reader may have read.

    That is so where the ledger's position is `before` still, and, in a log that was never read, no other position
    begins as it does.
    """
    held = decoded(notes.get(name, ""))
    if held is not None or before:
        return held is not None and held.offset == before
    return after.compared < COMPARED or not any(
        position.compared == COMPARED and position.head == after.head
        for _, position in positions_of(notes, after.service)
    )


def superseded(notes: Mapping[str, str], service: str) -> dict[str, str]:
    """Notes that make room for one more position of a service."""
    held = sorted(positions_of(notes, service), key=lambda each: each[1].seen)
    return {name: "" for name, _ in held[: max(0, len(held) - MOST_POSITIONS + 1)]}
