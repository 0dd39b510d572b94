"""Local days of a zone, cut exactly from quarter hours of UTC, and spans of time.

Instants are UTC epoch seconds. A slot belongs to the latest local date that any slot up to it has shown:
where a clock goes back over midnight the day has begun at the first midnight and keeps the repeated hour,
where midnight is skipped the day begins at the jump, and a date that a zone never had is an empty day.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

SLOT_SECONDS = 900
HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
ONE_DAY = timedelta(days=1)
FIRST_YEAR = 1970
FIRST_DAY = date(FIRST_YEAR, 1, 1)
LAST_YEAR = 2200

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = _EPOCH.toordinal()


class Span(NamedTuple):
    """[start, end) in UTC seconds."""

    start: int
    end: int

    def counted_seconds(self, now: float, began: int | None) -> int:
        """Seconds of it until `now` after counting `began`; 0 if that is None."""
        return 0 if began is None else max(min(int(now), self.end) - max(self.start, began), 0)


# Holds ten years of one zone, so that walking them again never starts over.
@lru_cache(maxsize=4096)
def day_start(day: date, zone: ZoneInfo) -> int:
    """Find the first slot at which the local date in `zone` is `day` or later.

    It is a multiple of 900 and never falls as `day` grows, so that days tile exactly.
    """
    # fold=0 is the first of two midnights; of a midnight that is skipped it is the jump or shortly after.
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    slot = midnight // SLOT_SECONDS * SLOT_SECONDS
    # Liberia was 44 min 30 s behind UTC until 1972: its midnights lie between two slots.
    while _local(slot, zone).date() < day:
        slot += SLOT_SECONDS
    # Toronto jumped from 23:30 to 00:30 in 1919: the day began before fold=0 puts its midnight.
    while _local(slot - SLOT_SECONDS, zone).date() >= day:
        slot -= SLOT_SECONDS
    return slot


def day_of(instant: float, zone: ZoneInfo) -> date:
    """Name the day that a slot or an instant belongs to: `day_start(day) <= instant < day_start(day + 1)`."""
    day = _local(int(instant // SLOT_SECONDS) * SLOT_SECONDS, zone).date()
    # An hour that repeats after midnight shows the date of yesterday once more.
    while day_start(day + ONE_DAY, zone) <= instant:
        day += ONE_DAY
    return day


def moment_on(day: date, now: int, zone: ZoneInfo) -> int:
    """When the clock shows the minute of `now` on another local day; a time that it skips is the jump."""
    moment = datetime.combine(day, _local(now // 60 * 60, zone).time(), tzinfo=zone)
    return min(max(int(moment.timestamp()), day_start(day, zone)), day_start(day + ONE_DAY, zone))


def day_number(day: date) -> int:
    """Days since 1970-01-01: how the ledger writes a day."""
    return day.toordinal() - _EPOCH_ORDINAL


def day_from_number(number: int) -> date:
    """The day of a number that `day_number` gave."""
    return date.fromordinal(number + _EPOCH_ORDINAL)


def dates(first: date, last: date) -> Iterator[date]:
    """Every date from `first` to `last`, both included; none if they are reversed."""
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def months(first: date, last: date) -> Iterator[tuple[int, int]]:
    """Every (year, month) from `first`'s to `last`'s, both included; none if they are reversed."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return ((number // 12, number % 12 + 1) for number in numbers)


def iso(t: float, zone: ZoneInfo) -> str:
    """Write the second that `t` lies in as local time with its offset: "2026-11-22T01:08:14+05:30"."""
    return _local(int(t // 1), zone).isoformat()


def iso_exact(microseconds: int, zone: ZoneInfo) -> str:
    """Write an instant (UTC microseconds) as local time with microseconds, where there are any, and its offset."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return _local(seconds, zone).replace(microsecond=rest).isoformat()


def _local(t: int, zone: ZoneInfo) -> datetime:
    # Not fromtimestamp: on Windows it refuses instants before 1970, where the first local day can begin.
    return (_EPOCH + timedelta(seconds=t)).astimezone(zone)
