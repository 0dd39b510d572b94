"""Years of use with a shape: what a forecast is measured on, the same in every run."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from reports.billing.forecast import forecast
from reports.calendar.days import day_start
from reports.calendar.period import Period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.billing.forecast import Forecast

ZONE = ZoneInfo("Europe/Berlin")
FIRST = date(2024, 1, 1)
DAYS = 366
SEEDS = range(3)
GB = 10**9
# Share of a day's bytes in each of its hours: little at night, most in the evening.
HOURS = (0.3,) * 7 + (1.0,) * 10 + (2.5,) * 6 + (1.0,)
SHARE_BY_HOUR = [0.0, *(passed / sum(HOURS) for passed in accumulate(HOURS))]


def _constant(_: int, __: int, ___: random.Random) -> float:
    return 2


def _noise(_: int, __: int, chance: random.Random) -> float:
    return 2 * chance.lognormvariate(0, 0.6)


def _weekdays(_: int, weekday: int, chance: random.Random) -> float:
    return (3.2 if weekday < 5 else 0.6) * chance.lognormvariate(0, 0.35)


def _weekends(_: int, weekday: int, chance: random.Random) -> float:
    return (1.2 if weekday < 5 else 6) * chance.lognormvariate(0, 0.35)


def _growth(number: int, weekday: int, chance: random.Random) -> float:
    return (2 if weekday < 5 else 3) * (1 + 2 * number / DAYS) * chance.lognormvariate(0, 0.35)


def _holidays(number: int, weekday: int, chance: random.Random) -> float:
    is_away = 80 <= number < 94 or 200 <= number < 221 or number >= 355
    return (2.6 if weekday < 5 else 1.4) * chance.lognormvariate(0, 0.35) * (0.05 if is_away else 1)


def _bursts(_: int, weekday: int, chance: random.Random) -> float:
    burst = chance.uniform(10, 30) if chance.random() < 0.04 else 0
    return (2.4 if weekday < 5 else 1.6) * chance.lognormvariate(0, 0.35) + burst


# GB a day, from the day's number, its weekday (Monday is 0) and chance.
SHAPES: dict[str, Callable[[int, int, random.Random], float]] = {
    "constant": _constant,
    "noise": _noise,
    "busy weekdays": _weekdays,
    "busy weekends": _weekends,
    "growth": _growth,
    "holidays": _holidays,
    "bursts": _bursts,
}


class Trial(NamedTuple):
    """One forecast, what a plain linear one would have said, and what came."""

    forecast: Forecast
    linear: int
    actual: int


class Errors(NamedTuple):
    """Mean absolute errors in percent of a cycle's mean use, and the percentage of cycles within the range."""

    ours: float
    linear: float
    within: float


def year(shape: str, seed: int) -> dict[date, int]:
    """Bytes by day."""
    chance = random.Random(seed)  # noqa: S311 - the same year in every run
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    return {day: int(GB * SHAPES[shape](number, day.weekday(), chance)) for number, day in enumerate(days)}


def trials(shape: str, seed: int) -> Iterator[Trial]:
    """Forecast calendar months at three hours of every other day, from the tenth day of counting on."""
    days = year(shape, seed)
    for number in range(10, DAYS, 2):
        today = FIRST + timedelta(days=number)
        cycle = Period.month(today.year, today.month, ZONE)
        finished = {day: amount for day, amount in days.items() if day < today}
        actual = sum(amount for day, amount in days.items() if cycle.first <= day <= cycle.last)
        before = sum(amount for day, amount in finished.items() if day >= cycle.first)
        for hour in (9, 14, 21):
            now = int(datetime(today.year, today.month, today.day, hour, tzinfo=ZONE).timestamp())
            used = before + int(days[today] * SHARE_BY_HOUR[hour])
            told = forecast(finished, cycle=cycle, now=now, zone=ZONE, used=used, began=day_start(FIRST, ZONE))
            assert told is not None
            yield Trial(told, used * (cycle.end - cycle.start) // (now - cycle.start), actual)


def errors(shape: str) -> Errors:
    """Measure a shape over all seeds."""
    every = [trial for seed in SEEDS for trial in trials(shape, seed)]
    whole = sum(trial.actual for trial in every)
    return Errors(
        100 * sum(abs(trial.forecast.expected - trial.actual) for trial in every) / whole,
        100 * sum(abs(trial.linear - trial.actual) for trial in every) / whole,
        100 * sum(t.forecast.low <= t.actual <= t.forecast.high for t in every) / len(every),
    )
