"""Times of events: as clients write them, to UTC microseconds, within a day of now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from exporter.meters.requests.faults import FieldError

if TYPE_CHECKING:
    from datetime import timedelta
    from zoneinfo import ZoneInfo

Written: TypeAlias = str | int | float

SECOND = 1_000_000
DAY, LATE = 86_400 * SECOND, 900 * SECOND
"""Microseconds: how far off an event may be, and from when on it is late."""

UNITS = ((1e11, SECOND), (1e14, 1000), (1e17, 1))
"""Epoch numbers below are seconds, milliseconds, microseconds (of any year to 5138); those above nanoseconds."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - what clients write without an offset is compared with it
RULE = "use ISO 8601 or an epoch number"


class EventTimes:
    """Reads the times of one batch; counts how many are late."""

    def __init__(self, now: float, zone: ZoneInfo) -> None:
        """`now` is UTC seconds; times without an offset are local times of the zone."""
        self.now = int(now * SECOND)
        self._zone, self._oldest, self._newest = zone, self.now - DAY, self.now + DAY
        self._late = self.now - LATE
        self.late = 0

    def at(self, written: Written) -> int:
        """UTC microseconds, now for what is ahead of it; raises FieldError."""
        if isinstance(written, str):
            try:
                moment = datetime.fromisoformat(written)
            except ValueError:
                raise FieldError("created_at", f"{written[:60]!r} is no time: {RULE}", "value_error") from None
            at = self._local(moment) if moment.tzinfo is None else _microseconds(moment - EPOCH)
        else:
            at = _number(written)
        if at < self._late:
            if at < self._oldest:
                raise FieldError("created_at", f"{written!r} is more than a day ago", "value_error")
            self.late += 1
        elif at > self.now:
            if at > self._newest:
                raise FieldError("created_at", f"{written!r} is more than a day ahead", "value_error")
            return self.now
        return at

    def _local(self, moment: datetime) -> int:
        """The instant of a local time; of the two in the hour that a clock is set back, the one nearer to now."""
        local = _microseconds(moment - NAIVE_EPOCH)
        if not self._oldest - DAY < local < self._newest + DAY:
            return local  # far off whatever its offset: the zone need not know that year
        first, second = (local - _offset(moment.replace(tzinfo=self._zone, fold=fold)) for fold in (0, 1))
        return first if abs(first - self.now) <= abs(second - self.now) else second


def _microseconds(span: timedelta) -> int:
    """The span; to divide it by one of a microsecond takes three times as long."""
    return (span.days * 86_400 + span.seconds) * SECOND + span.microseconds


def _offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else _microseconds(offset)


def _number(number: float) -> int:
    size = abs(number)
    for limit, unit in UNITS:
        if size < limit:
            return int(number * unit)
    return int(number / 1000) if size < 1e20 else int(1e18)  # noqa: PLR2004 - beyond any year, infinity too
