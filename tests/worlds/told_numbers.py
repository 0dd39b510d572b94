"""Every number that is told anywhere, by its name, reckoned from the rows of the history alone."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.billing.forecast import forecast
from reports.billing.prices import money, rounded
from reports.calendar.period import Period
from reports.text.amounts import human_bits, human_bytes, human_rate
from tests.exporter.web.running_service import BEGAN
from tests.worlds.one_history import (
    BERLIN,
    CAPS,
    COUNTED,
    CYCLES,
    DEVICES,
    NOW,
    PERIODS,
    PLANS,
    SLOT,
    TODAY,
    UNPOSTED_SECONDS,
    History,
    caps,
    days,
    exact_cost,
)
from tests.worlds.told_prices import BEGAN_DAY, price

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from tests.worlds.one_history import Moved, Row

Forms = frozenset[Any]
"""How a number may be written: exact, or as people read it."""

MACHINE = "machine"
CURRENCIES = ("INR", "EUR", "JPY")
RECENT_DAYS = 28


class PlanDays(NamedTuple):
    """A plan's cycle and the one before, until today."""

    number: int
    first: date
    last: date
    before: date
    before_last: date


def all_numbers(history: History) -> dict[str, Forms]:
    """Each by its name."""
    numbers: dict[str, Forms] = {}
    for whose in (None, *DEVICES):
        for name, (first, last) in PERIODS.items():
            numbers |= moved(f"{name} {whose or MACHINE}", history.of(whose, first, last))
        for day in days():
            numbers |= moved(f"{day} {whose or MACHINE}", history.of(whose, day, day))
    for number, (first, last, before, before_last) in enumerate(CYCLES):
        numbers |= _plan(history, PlanDays(number, first, last, before, before_last))
    numbers["average a day"] = in_bytes(history.of(None, *PERIODS["ever"]).total // ((TODAY - BEGAN_DAY).days + 1))
    return numbers | dict(_prices(history)) | _records(history) | dict(_hours(history)) | dict(_percentiles(history))


def moved(name: str, amount: Moved) -> dict[str, Forms]:
    return {
        f"{name} received": in_bytes(amount.received),
        f"{name} sent": in_bytes(amount.sent),
        f"{name} total": in_bytes(amount.total),
        f"{name} estimated": in_bytes(amount.estimated),
        f"{name} peak": in_speed(amount.peak),
    }


def in_bytes(amount: int) -> Forms:
    return frozenset({amount, human_bytes(amount) if amount >= 0 else f"-{human_bytes(-amount)}"})


def in_speed(amount: int) -> Forms:
    return frozenset({amount, human_rate(amount), human_bits(amount)})


def in_money(amount: Decimal, currency: str) -> Forms:
    """A metric is exact; an answer is rounded to what the currency has."""
    return frozenset({float(amount), float(rounded(amount, currency)), money(amount, currency)})


def _plan(history: History, cycle: PlanDays) -> dict[str, Forms]:
    number, first, last, before, before_last = cycle
    used, cap = history.billed(number, first, TODAY), caps(history)[number]
    left, days_left = cap - used, (last - TODAY).days + 1
    ahead = _forecast(history, cycle, used)
    same_day = min(before + (TODAY - first), before_last)
    amounts = {
        "used": used,
        "cap": cap,
        "left": left,
        "allowed": max(left, 0) // days_left,
        "expected": ahead[0],
        "low": ahead[1],
        "high": ahead[2],
        "last": history.billed(number, before, before_last),
        "free": _free(history, first) if number == 1 else 0,
    }
    by_now = history.billed_until(number, before, same_day, datetime.fromtimestamp(NOW, BERLIN).time())
    if by_now is not None:
        amounts["by now"] = by_now
    prices = {"cost": used, "expected cost": ahead[0], "low cost": ahead[1], "high cost": ahead[2]}
    return {
        **{f"plan {number} {name}": in_bytes(amount) for name, amount in amounts.items()},
        **{
            f"plan {number} {name}": in_money(exact_cost(number, amount), CURRENCIES[number])
            for name, amount in prices.items()
        },
        f"plan {number} share": frozenset({used / cap, round(used / cap, 6), f"{100 * used / cap:.1f} %"}),
        f"plan {number} days left": frozenset({days_left, str(days_left)}),
        f"plan {number} start": frozenset({Period.day(first, BERLIN).start}),
        f"plan {number} end": frozenset({Period.day(last, BERLIN).end}),
        f"plan {number} name": frozenset({PLANS[number]["name"]}),
        f"plan {number} carried": in_bytes(cap - CAPS[number]),
        f"plan {number} own cap": in_bytes(CAPS[number]),
    }


def _prices(history: History) -> Iterator[tuple[str, Forms]]:
    for number, cycle in enumerate(CYCLES):
        firsts = {name: first for name, (first, _) in PERIODS.items()} | {"cycle": cycle[0]}
        for name, first in firsts.items():
            for device in (None, "eth0"):
                found = price(history, number, first, device)
                parts = found._asdict() | {"total": found.total}
                for part, amount in parts.items():
                    yield f"price {number} {name} {device} {part}", in_money(amount, CURRENCIES[number])


def _forecast(history: History, cycle: PlanDays, used: int) -> tuple[int, int, int]:
    """By the forecast's own arithmetic, which has its own tests, of days that were added up here."""
    number, first, last, _, _ = cycle
    since = [TODAY - timedelta(days=ago) for ago in range(RECENT_DAYS + 1)]
    found = forecast(
        {day: _daily(history, number, first, day) for day in since},
        cycle=Period.days(first, last, BERLIN),
        now=NOW + UNPOSTED_SECONDS,
        zone=BERLIN,
        used=used,
        began=BEGAN,
    )
    assert found is not None
    return found.expected, found.low, found.high


def _daily(history: History, number: int, first: date, day: date) -> int:
    if number != len(CYCLES) - 1:
        return history.billed(number, day, day)
    whole, told = history.of(None, first, TODAY), history.of(None, day, day)
    return told.received if whole.received >= whole.sent else told.sent


def _free(history: History, first: date) -> int:
    found = [row for row in history.rows if row.local.date() >= first and row.device in {"eth0", "wg0"}]
    return sum(row.total for row in found if history.is_free(row))


def _records(history: History) -> dict[str, Forms]:
    by_day, by_week, by_month, by_hour = (defaultdict[Any, int](int) for _ in range(4))
    for row in counted(history):
        day = row.local.date()
        by_day[day] += row.total
        by_week[day.isocalendar()[:2]] += row.total
        by_month[day.year, day.month] += row.total
        if day > TODAY - timedelta(days=RECENT_DAYS):
            by_hour[row.local.hour] += row.total
    hour = max(by_hour, key=lambda number: by_hour[number])
    fastest = max(row.peak for row in counted(history))
    return {
        "busiest day": in_bytes(max(by_day.values())),
        "busiest day date": frozenset({max(by_day, key=lambda day: by_day[day]).isoformat()}),
        "busiest week": in_bytes(max(by_week.values())),
        "busiest month": in_bytes(max(by_month.values())),
        "busiest hour": in_bytes(by_hour[hour]),
        "busiest hour of day": frozenset({hour, f"{hour:02}:00"}),
        "fastest": in_speed(fastest),
        "fastest received": in_speed(fastest - 2),
        "fastest sent": in_speed(fastest - 1),
    }


def counted(history: History) -> list[Row]:
    return [row for row in history.rows if row.device in COUNTED]


def _hours(history: History) -> Iterator[tuple[str, Forms]]:
    sums = defaultdict[tuple[int, int], int](int)
    for row in counted(history):
        sums[row.local.weekday(), row.local.hour] += row.total
    for weekday in range(7):
        for hour in range(24):
            yield f"hour {weekday} {hour}", in_bytes(sums[weekday, hour])


def _percentiles(history: History) -> Iterator[tuple[str, Forms]]:
    """Of this month until the last quarter hour that is over, less those in which nobody looked and nothing moved."""
    start, end = Period.day(TODAY.replace(day=1), BERLIN).start, NOW // SLOT * SLOT
    received, sent, both = (defaultdict[int, int](int) for _ in range(3))
    for row in counted(history):
        if start <= row.started < end:
            received[row.started] += row.received
            sent[row.started] += row.sent
            both[row.started] += row.total
    unwatched_and_idle = 2
    count = (end - start) // SLOT - unwatched_and_idle
    yield "intervals", frozenset({count})
    for percent in (100, 97.5):
        for name, sums in (("received", received), ("sent", sent), ("total", both)):
            ranked = sorted([*sums.values(), *[0] * (count - len(sums))])
            amount = ranked[-(-int(percent * 10) * count // 1000) - 1]
            yield f"percentile {percent} {name}", frozenset({(2 * amount + SLOT) // (2 * SLOT)})
