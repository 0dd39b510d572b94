"""Two readings of one counter become a delta: growth, wrap, reset, new epoch; pure."""

from __future__ import annotations

from operator import ge
from typing import NamedTuple

from exporter.metering.counters.readings import NOTHING, Counts, subtracted

WRAP_32 = 2**32
"""A 32-bit counter that overflows continues at 0: the step is `(after - before) % 2**32`, exact for all pairs."""

ASSUMED_SPEED = 10_000_000_000 // 8
"""Bytes per second that a link of unknown speed may have moved: 10 Gbit/s, above every Wi-Fi and modem in use."""

ABSURD_SPEED = 1_600_000_000_000 // 8
"""No interface moves more bytes per second (two ports of 800 Gbit/s): growth above it is a broken counter."""

GIGABIT = 1_000_000_000 // 8
SPEED_MARGIN = 10
"""A link may move so many times its speed, or a gigabit's if that is more: an emulated card outruns its label."""
BURST_SECONDS = 2
"""Drivers hand over what their hardware counted up to two seconds late."""

SMALLEST_PACKET = 20
"""Bytes of an IPv4 header without payload: bounds how many packets can have passed."""
LARGEST_PACKET = 2**16
"""Bytes that a kernel hands over as one packet at most: bounds how many bytes can have passed."""

Column = tuple[int, ...]
"""Bytes, packets, errors and drops of one direction."""


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


def limit(speed: int | None, seconds: float) -> int:
    """Bytes above which a step is no traffic: far above what a link of this speed moves, so that none is ever lost."""
    if speed is None:
        return int(ABSURD_SPEED * (max(seconds, 0.0) + 1))
    return int(max(speed, GIGABIT) * SPEED_MARGIN * (max(seconds, 0.0) + BURST_SECONDS))


def difference(
    before: Counts, after: Counts, *, counter_bits: int, speed: int | None, seconds: float, most: int | None = None
) -> Delta:
    """Difference two readings of one epoch, each direction by itself.

    A counter that falls has wrapped where it is 32 bits wide and the link could have moved the step; else it was
    reset, and its new value counts whole. A step of more than `most` bytes (by default the link's limit) is discarded.
    """
    most = limit(speed, seconds) if most is None else most
    if all(map(ge, after, before)):  # nearly every sample
        counts = subtracted(after, before)
        if max(counts) <= most:
            return Delta(counts, "growth")
    return _together(*_directions(before, after, counter_bits, reach(speed, seconds), most))


def last_difference(
    before: Counts, after: Counts, *, counter_bits: int, speed: int | None, seconds: float, most: int | None = None
) -> Delta:
    """Difference the last reading of a vanished subject: it grows and wraps as any, but it is never reset.

    A veth whose peer dies first reports 0 received: that is its end, and adds nothing.
    """
    most = limit(speed, seconds) if most is None else most
    received, transmitted = (
        _Direction(_risen(before[at::2], after[at::2]), "growth") if side.has_fallen else side
        for at, side in enumerate(_directions(before, after, counter_bits, reach(speed, seconds), most))
    )
    return _together(received, transmitted)


def first_sight(after: Counts, *, speed: int | None, seconds: float) -> Delta:
    """What a subject has moved that was absent at the last scan, `seconds` ago, and was not announced.

    Everything that its link can have moved in that time; a counter above that lived before us and is the baseline.
    """
    possible = reach(speed, seconds)
    if after.receive_bytes > possible or after.transmit_bytes > possible:
        return Delta(NOTHING, "baseline")
    return Delta(after, "new")


def since_boot(counts: Counts, *, seconds: float, most: int) -> Delta:
    """What a counter that began with the boot, `seconds` ago, has moved since."""
    delta = difference(NOTHING, counts, counter_bits=64, speed=None, seconds=seconds, most=most)
    return delta._replace(cause="boot") if delta.cause == "growth" else delta


def fallen(before: Counts, after: Counts, *, counter_bits: int, speed: int | None, seconds: float) -> tuple[bool, bool]:
    """Which directions (received, transmitted) show less than before, and have not wrapped."""
    received, transmitted = _directions(before, after, counter_bits, reach(speed, seconds), 0)
    return received.has_fallen, transmitted.has_fallen


def doubt(before: Counts, after: Counts, *, speed: int | None, seconds: float, is_gap: bool) -> str:
    """Why a 32-bit counter's step is a guess; "" where it is the only one possible.

    The step is the smallest that explains both readings. The packets beside the bytes bound what else could.
    """
    if max(*before, *after) >= WRAP_32:
        return ""
    possible = reach(speed, seconds)
    for word, at in (("received", 0), ("transmitted", 1)):
        reason = _doubt(before[at], before[at + 2], after[at], after[at + 2], possible, is_gap=is_gap)
        if reason:
            return f"{word}: {reason}"
    return ""


def _doubt(bytes_before: int, packets_before: int, size: int, packets: int, possible: int, *, is_gap: bool) -> str:
    step, packets_step = (size - bytes_before) % WRAP_32, (packets - packets_before) % WRAP_32
    can_wrap = step <= possible and packets_step <= possible // SMALLEST_PACKET and (size or packets)
    if can_wrap and step + WRAP_32 <= min(possible, packets_step * LARGEST_PACKET):
        return "the 32-bit counter may have turned over once more than is counted"
    if size >= bytes_before or not can_wrap:
        return ""
    has_room = packets * SMALLEST_PACKET <= size <= possible
    if packets < packets_before or (is_gap and has_room):
        return "the 32-bit counter may have begun anew; counted as a turn"
    return ""


class _Direction(NamedTuple):
    counts: Column
    cause: str
    discarded_bytes: int = 0
    has_fallen: bool = False


def _directions(
    before: Counts, after: Counts, counter_bits: int, possible: int, most: int
) -> tuple[_Direction, _Direction]:
    received = _direction(before[0::2], after[0::2], counter_bits, possible, most)
    return received, _direction(before[1::2], after[1::2], counter_bits, possible, most)


def _together(received: _Direction, transmitted: _Direction) -> Delta:
    counts = Counts(*(value for pair in zip(received.counts, transmitted.counts, strict=True) for value in pair))
    cause = received.cause if received.cause != "growth" else transmitted.cause
    return Delta(counts, cause, (received.discarded_bytes, transmitted.discarded_bytes))


def _direction(before: Column, after: Column, counter_bits: int, possible: int, most: int) -> _Direction:
    """Bytes, packets, errors and drops of one direction; errors and drops never decide about bytes.

    A direction that shows neither a byte nor a packet began anew: a wrap of both would have to end on 0 at once.
    """
    (bytes_before, packets_before, *_), (bytes_after, packets_after, *_) = before, after
    if bytes_after >= bytes_before and packets_after >= packets_before:
        return _possible(_risen_or_whole(before, after), "growth", most)
    bytes_step = (bytes_after - bytes_before) % WRAP_32
    packets_step = (packets_after - packets_before) % WRAP_32
    can_wrap = counter_bits == 32 and max(before[:2]) < WRAP_32 and any(after[:2])  # noqa: PLR2004 - a width in bits
    if can_wrap and bytes_step <= possible and packets_step <= possible // SMALLEST_PACKET:
        return _Direction((bytes_step, packets_step, *_risen_or_whole(before[2:], after[2:])), "wrap")
    if bytes_after >= bytes_before and bytes_after > possible:  # packets alone began anew
        return _possible(_risen_or_whole(before, after), "growth", most)
    return _possible(after, "reset", most)._replace(has_fallen=True)


def _possible(counts: Column, cause: str, most: int) -> _Direction:
    """Discard what no link moves: all of the direction where it is bytes, else that one count."""
    if max(counts) <= most:
        return _Direction(counts, cause)
    if counts[0] > most:
        return _Direction((0, 0, 0, 0), "impossible", counts[0])
    return _Direction(tuple(count if count <= most else 0 for count in counts), "impossible")


def _risen(before: Column, after: Column) -> Column:
    return tuple(max(now - then, 0) for now, then in zip(after, before, strict=True))


def _risen_or_whole(before: Column, after: Column) -> Column:
    return tuple(now - then if now >= then else now for now, then in zip(after, before, strict=True))
