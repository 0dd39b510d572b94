"""Two readings of one counter become a delta: growth, wrap, reset, new life; pure."""

from __future__ import annotations

from operator import ge
from typing import NamedTuple

from exporter.metering.readings import NOTHING, Counts, subtracted

WRAP_32 = 2**32
"""A 32-bit counter that overflows continues at 0: the step is `(after - before) % 2**32`, exact for all pairs."""

ASSUMED_SPEED = 10_000_000_000 // 8
"""Bytes per second that a link of unknown speed may have moved: 10 Gbit/s, above every Wi-Fi and modem in use."""

ABSURD_SPEED = 1_600_000_000_000 // 8
"""No interface moves more bytes per second (two ports of 800 Gbit/s): growth above it is a broken counter."""

SMALLEST_PACKET = 20
"""Bytes of an IPv4 header without payload: bounds how many packets can have passed."""


class Delta(NamedTuple):
    """What was added between two readings; never negative.

    `cause` says how it was found: "growth", "wrap", "reset", "boot", "new", "baseline" or "impossible";
    `discarded` are bytes (received, transmitted) on the counter that were not added; why is the cause.
    """

    counts: Counts
    cause: str
    discarded: tuple[int, int] = (0, 0)


def reach(speed: int | None, seconds: float) -> int:
    """Bytes that a link of this speed (bytes per second, None if unknown) can have moved one way in this time."""
    return int((speed or ASSUMED_SPEED) * max(seconds, 0.0))


def difference(before: Counts, after: Counts, *, counter_bits: int, speed: int | None, seconds: float) -> Delta:
    """Difference two readings of one epoch, each direction by itself.

    A counter that falls has wrapped where it is 32 bits wide and the link could have moved the step; else it was
    reset, and its new value counts whole, unless the link could not have moved that much since.
    """
    if all(map(ge, after, before)):
        return _growth(before, after, seconds)
    received, transmitted = _directions(before, after, counter_bits, reach(speed, seconds))
    return _together(received, transmitted)


def last_difference(before: Counts, after: Counts, *, counter_bits: int, speed: int | None, seconds: float) -> Delta:
    """Difference the last reading of a vanished subject: it grows and wraps as any, but it is never reset.

    A veth whose peer dies first reports what it received as 0: that is its end, and adds nothing.
    """
    if all(map(ge, after, before)):
        return _growth(before, after, seconds)
    sides = _directions(before, after, counter_bits, reach(speed, seconds))
    received, transmitted = (
        side if side.cause == "wrap" else _Direction(_risen(before[at::2], after[at::2]), "growth")
        for at, side in enumerate(sides)
    )
    return _together(received, transmitted)


def first_sight(after: Counts, *, speed: int | None, seconds: float) -> Delta:
    """What a subject that was not there at the last look, `seconds` ago, and whose birth nobody saw, has moved since.

    Everything that its link can have moved in that time; a counter above that lived before us and is the baseline.
    """
    possible = reach(speed, seconds)
    if after.receive_bytes > possible or after.transmit_bytes > possible:
        return Delta(NOTHING, "baseline")
    return Delta(after, "new")


def _growth(before: Counts, after: Counts, seconds: float) -> Delta:
    counts = subtracted(after, before)
    limit = int(ABSURD_SPEED * (seconds + 1))
    if counts.receive_bytes > limit or counts.transmit_bytes > limit:
        return Delta(NOTHING, "impossible", (counts.receive_bytes, counts.transmit_bytes))
    return Delta(counts, "growth")


class _Direction(NamedTuple):
    counts: tuple[int, ...]
    cause: str
    discarded_bytes: int = 0


def _directions(before: Counts, after: Counts, counter_bits: int, possible: int) -> tuple[_Direction, _Direction]:
    received = _direction(before[0::2], after[0::2], counter_bits, possible)
    return received, _direction(before[1::2], after[1::2], counter_bits, possible)


def _together(received: _Direction, transmitted: _Direction) -> Delta:
    counts = Counts(*(value for pair in zip(received.counts, transmitted.counts, strict=True) for value in pair))
    cause = received.cause if received.cause != "growth" else transmitted.cause
    return Delta(counts, cause, (received.discarded_bytes, transmitted.discarded_bytes))


def _direction(before: tuple[int, ...], after: tuple[int, ...], counter_bits: int, possible: int) -> _Direction:
    """Bytes, packets, errors and drops of one direction; errors and drops never decide about bytes.

    A direction that shows neither a byte nor a packet began anew: a wrap of both would have to end on 0 at once.
    """
    (bytes_before, packets_before, *_), (bytes_after, packets_after, *_) = before, after
    if bytes_after >= bytes_before and packets_after >= packets_before:
        return _Direction(_risen_or_whole(before, after), "growth")
    bytes_step = (bytes_after - bytes_before) % WRAP_32
    packets_step = (packets_after - packets_before) % WRAP_32
    can_wrap = counter_bits == 32 and max(before[:2]) < WRAP_32 and any(after[:2])  # noqa: PLR2004 - a width in bits
    if can_wrap and bytes_step <= possible and packets_step <= possible // SMALLEST_PACKET:
        return _Direction((bytes_step, packets_step, *_risen_or_whole(before[2:], after[2:])), "wrap")
    if bytes_after > possible:
        return _Direction((0, 0, 0, 0), "impossible", bytes_after)
    return _Direction(after, "reset")


def _risen(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(max(now - then, 0) for now, then in zip(after, before, strict=True))


def _risen_or_whole(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(now - then if now >= then else now for now, then in zip(after, before, strict=True))
