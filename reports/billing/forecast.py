"""Forecast of a cycle's bytes at its end: the habit of the last four weeks, blended with the cycle's pace; pure.

All is integer arithmetic in bytes and seconds, so that no amount is too large. docs/forecast.md has the method.
"""

from __future__ import annotations

from collections import defaultdict
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import DAY_SECONDS, ONE_DAY, SLOT_SECONDS, dates, day_of, day_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period

HABIT_DAYS = 28
LEAST_SECONDS = 3_600
"""After less counting in the cycle there is no forecast, unless whole days show a habit."""

# 1.28 standard deviations to either side hold eight of ten outcomes of a normal distribution.
_EIGHT_OF_TEN_SQUARED = (16_384, 10_000)


class Forecast(NamedTuple):
    """Expected bytes at the cycle's end, the range of eight of ten outcomes, and the method."""

    expected: int
    low: int
    high: int
    method: str

    def from_used(self, used: int) -> Forecast:
        """The same after more is used: no less than that is expected."""
        return Forecast(max(self.expected, used), max(self.low, used), max(self.high, used), self.method)

    def plus(self, earlier: int) -> Forecast:
        """The same with bytes of the cycle that were no part of it."""
        return Forecast(self.expected + earlier, self.low + earlier, self.high + earlier, self.method)


class _Habit(NamedTuple):
    """Bytes a day, Monday first, and the variance of days around it; None of too few days."""

    by_weekday: tuple[int, ...]
    variance: int | None
    days: int
    is_weekday_aware: bool


class _Piece(NamedTuple):
    """A day or a part of one (UTC seconds), and the bytes expected in it."""

    start: int
    end: int
    bytes: int


class _Expectation(NamedTuple):
    """The rest of the cycle, and the habit and weight behind it."""

    rest: list[_Piece]
    habit: _Habit | None
    pace_weight: tuple[int, int]

    @property
    def bytes(self) -> int:
        return sum(piece.bytes for piece in self.rest)


def why_unknown(seconds: int) -> str:
    """The reason for no forecast after so many seconds of counting in the cycle."""
    minutes = seconds // 60
    length = f"{minutes} minute{'s' * (minutes != 1)}" if minutes else "less than a minute"
    return f"not known yet: counting for {length}"


def forecast(
    days: Mapping[date, int], *, cycle: Period, now: int, zone: ZoneInfo, used: int, began: int | None = None
) -> Forecast | None:
    """The forecast of the cycle at its end; `used` so far is the least.

    None if no whole day shows a habit, and less than an hour of the cycle has been counted.

    `days` are bytes of finished local days (today and later are ignored), at least of the last four weeks; days
    that are missing since counting `began` were without traffic. Without `began`, counting began with the first
    of `days`. `now` is cut to its quarter hour: the same data gives the same answer within a slot.
    """
    if now >= cycle.end:
        return Forecast(used, used, used, "the cycle is over")
    outlook = _outlook(days, cycle, now, zone, used, began)
    if outlook is None:
        return None
    rest = outlook.bytes
    spread = _spread(outlook)
    below, above = (rest, rest) if spread is None else (min(rest, spread), spread)
    return Forecast(used + rest, used + rest - below, used + rest + above, _method(outlook))


def reached_at(
    days: Mapping[date, int],
    *,
    cycle: Period,
    now: int,
    zone: ZoneInfo,
    used: int,
    cap: int,
    began: int | None = None,
) -> int | None:
    """When the forecast reaches the cap; None if not in this cycle, or if `used` already has."""
    outlook = None if now >= cycle.end or used >= cap else _outlook(days, cycle, now, zone, used, began)
    reached = used
    for start, end, amount in outlook.rest if outlook else ():
        if reached + amount >= cap:
            return start + -(-(cap - reached) * (end - start) // amount)
        reached += amount
    return None


def _outlook(
    days: Mapping[date, int], cycle: Period, now: int, zone: ZoneInfo, used: int, began: int | None
) -> _Expectation | None:
    """None if too little is known."""
    instant = now // SLOT_SECONDS * SLOT_SECONDS
    today = day_of(instant, zone)
    if began is None:
        began = day_start(min(days, default=today), zone)
    habit = _habit(_finished_days(days, today, began, zone))
    if habit is None and cycle.span.counted_seconds(now, began) < LEAST_SECONDS:
        return None
    pace_start = min(max(cycle.start, began // SLOT_SECONDS * SLOT_SECONDS), instant)
    elapsed = instant - pace_start
    rest = _habitual(habit, max(instant, cycle.start), cycle.end, zone)
    past = sum(piece.bytes for piece in _habitual(habit, pace_start, instant, zone)) if habit else 0
    # The pace is how much more, or less, than the habit the cycle has used; without a habit, bytes a second.
    weight = (elapsed, 2 * (cycle.end - cycle.start)) if habit else (1, 1)
    pieces = []
    for start, end, usual in rest:
        pace = usual * used // past if past else used * (end - start) // elapsed if elapsed else 0
        blended = (usual * (weight[1] - weight[0]) + pace * weight[0]) // weight[1]
        pieces.append(_Piece(start, end, blended))
    return _Expectation(pieces, habit, weight)


def _finished_days(days: Mapping[date, int], today: date, began: int, zone: ZoneInfo) -> dict[date, int]:
    """The whole days of the last four weeks, those without traffic with 0; a date that the zone skipped is left out."""
    candidates = dates(today - HABIT_DAYS * ONE_DAY, today - ONE_DAY)
    return {
        day: days.get(day, 0) for day in candidates if began <= day_start(day, zone) < day_start(day + ONE_DAY, zone)
    }


def _habit(days: dict[date, int]) -> _Habit | None:
    """Means by weekday, drawn to the mean of all days as far as chance explains their difference."""
    if not days:
        return None
    mean = sum(days.values()) // len(days)
    by_weekday: defaultdict[int, list[int]] = defaultdict(list)
    for day, amount in days.items():
        by_weekday[day.weekday()].append(amount)
    means = {weekday: sum(amounts) // len(amounts) for weekday, amounts in by_weekday.items()}
    freedom = len(days) - len(means)
    if freedom == 0:
        variance = sum((amount - mean) ** 2 for amount in days.values()) // max(1, len(days) - 1)
        return _Habit((mean,) * 7, variance if len(days) > 1 else None, len(days), is_weekday_aware=False)
    within = sum((amount - means[day.weekday()]) ** 2 for day, amount in days.items())
    between = sum(len(by_weekday[weekday]) * (means[weekday] - mean) ** 2 for weekday in means)
    # As James and Stein: one less the ratio of the variance within weekdays to that between them.
    whole = between * freedom
    real = max(0, whole - within * (len(means) - 1))
    drawn = (mean + (means.get(weekday, mean) - mean) * real // max(1, whole) for weekday in range(7))
    return _Habit(tuple(drawn), within // freedom, len(days), is_weekday_aware=True)


def _habitual(habit: _Habit | None, begin: int, end: int, zone: ZoneInfo) -> Iterator[_Piece]:
    """The days from `begin` to `end`, cut there, with what is usual; 0 bytes without a habit."""
    if begin >= end:
        return
    for day in dates(day_of(begin, zone), day_of(end - 1, zone)):
        first, last = day_start(day, zone), day_start(day + ONE_DAY, zone)
        start, stop = max(begin, first), min(end, last)
        if start < stop:
            usual = habit.by_weekday[day.weekday()] if habit else 0
            yield _Piece(start, stop, usual * (stop - start) // (last - first))


def _spread(outlook: _Expectation) -> int | None:
    """Bytes to either side of the forecast: days differ from the habit, and the habit is known from few days."""
    habit = outlook.habit
    if habit is None or habit.variance is None:
        return None
    rest = sum(piece.end - piece.start for piece in outlook.rest)
    factor, divisor = _EIGHT_OF_TEN_SQUARED
    days_squared = rest * DAY_SECONDS * habit.days + rest * rest
    return isqrt(habit.variance * factor * days_squared // (divisor * habit.days * DAY_SECONDS**2))


def _method(outlook: _Expectation) -> str:
    if outlook.habit is None:
        return "this cycle's pace"
    mean = "weekday-aware mean" if outlook.habit.is_weekday_aware else "mean"
    days = f"{outlook.habit.days} day{'s' if outlook.habit.days > 1 else ''}"
    weight, whole = outlook.pace_weight
    return f"{mean} of the last {days}, blended with this cycle's pace ({100 * weight // whole} %)"
