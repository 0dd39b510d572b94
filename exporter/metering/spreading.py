"""Cut amounts over a stretch of time into slots or minutes; pure, and exact to the byte."""

from __future__ import annotations

from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.clock import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.metering.clock_repair import Move, Realign

SLOT_SECONDS = 900
MINUTE_SECONDS = 60


class Piece(NamedTuple):
    """The part of the amounts that falls into the step that begins at `start` (UTC seconds)."""

    start: int
    amounts: tuple[int, ...]


def spread(amounts: tuple[int, ...], began: int, ended: int, step_seconds: int) -> Iterator[Piece]:
    """Cut `amounts` in proportion to time over [began, ended) (wall nanoseconds), in steps of whole seconds.

    The pieces add up to `amounts` exactly: each is the difference of two rounded running totals.
    """
    step = step_seconds * SECOND
    first, last = began // step, max(ended - 1, began) // step
    if first == last or ended <= began:
        yield Piece(last * step_seconds, amounts)
        return
    length = ended - began
    done = (0,) * len(amounts)
    for number in range(first, last + 1):
        passed = min((number + 1) * step, ended) - began
        reached = tuple(value * passed // length for value in amounts)
        part = tuple(map(sub, reached, done))
        done = reached
        if any(part):
            yield Piece(number * step_seconds, part)


def moved_back(start: int, realign: Realign, step: int) -> int:
    """Where a row that begins at `start` belongs once the clock is right: never later than it (UTC seconds)."""
    latest = realign.after // step * step
    if start <= latest and not 0 < realign.began <= start:
        return start
    return min((start - realign.seconds) // step * step, latest)


def moved(start: int, move: Move, step: int) -> int:
    """Where a row of `step` seconds that begins at `start` belongs: what of it may have been booked in the stretch."""
    began, ended = max(start, move.began), min(start + step, move.ended + 1)
    if began >= ended:
        return start
    return max((began + ended - 1) // 2 + move.seconds, 0) // step * step
