"""Where a zone's clock stands: stretches of time with one offset from UTC, and local hours cut from slots; pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import DAY_SECONDS, HOUR_SECONDS, SLOT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OffsetSpan(NamedTuple):
    """[start, end) in UTC seconds, in which local time is UTC plus `offset` seconds."""

    start: int
    end: int
    offset: int


def offset_spans(start: int, end: int, zone: ZoneInfo) -> list[OffsetSpan]:
    """Cut [start, end) where the zone's offset changes, at whole slots; none for an empty stretch of time.

    A clock that is changed twice within a day of UTC is not noticed: no zone has done so.
    """
    found: list[OffsetSpan] = []
    for first, last in _by_day(start, end):
        change = _change(first, last, zone)
        for began, ended in ((first, change), (change, last)):
            if ended <= began:
                continue
            offset = _offset(began, zone)
            if found and found[-1].offset == offset:
                found[-1] = found[-1]._replace(end=ended)
            else:
                found.append(OffsetSpan(began, ended, offset))
    return found


def hour_starts(start: int, end: int, zone: ZoneInfo) -> Iterator[int]:
    """The slots in [start, end) with which a local hour begins, and `start` itself.

    Where a clock is changed by half an hour, the hour before the change or the one after it is shorter.
    """
    for stretch in offset_spans(start, end, zone):
        yield stretch.start
        local = stretch.start + stretch.offset
        following = local - local % HOUR_SECONDS + HOUR_SECONDS
        for hour in range(following, stretch.end + stretch.offset, HOUR_SECONDS):
            # Offsets of before 1972 are no multiples of a slot: the slot belongs to the hour in which it begins.
            slot = -(-(hour - stretch.offset) // SLOT_SECONDS) * SLOT_SECONDS
            if slot < stretch.end:
                yield slot


def _by_day(start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        following = min(start // DAY_SECONDS * DAY_SECONDS + DAY_SECONDS, end)
        yield start, following
        start = following


def _change(start: int, end: int, zone: ZoneInfo) -> int:
    """The first slot of [start, end) with the offset that the last one has, by halving; `end` if it never changes."""
    offset = _offset(start, zone)
    last = (end - 1) // SLOT_SECONDS
    if _offset(last * SLOT_SECONDS, zone) == offset:
        return end
    first = start // SLOT_SECONDS
    while last - first > 1:
        middle = (first + last) // 2
        if _offset(middle * SLOT_SECONDS, zone) == offset:
            first = middle
        else:
            last = middle
    return last * SLOT_SECONDS


# Holds both ends of ten years of days of one zone.
@lru_cache(maxsize=8192)
def _offset(instant: int, zone: ZoneInfo) -> int:
    offset = (_EPOCH + timedelta(seconds=instant)).astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return int(offset.total_seconds())
