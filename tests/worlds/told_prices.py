"""What every stretch costs in every plan of the history, from its rows, a calendar and the settings in words alone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from tests.worlds.one_history import BASE_PRICES, COVERED, TODAY, exact_cost

if TYPE_CHECKING:
    from tests.worlds.one_history import History

BEGAN_DAY = date(2025, 11, 1)
LARGER = 2
"""The number of the plan that bills the larger direction."""

DIGITS = ("0.01", "0.01", "1")
"""The smallest coin of each plan's currency: rupees, euros, yen."""


class Price(NamedTuple):
    """Rounded money of a stretch."""

    upload: Decimal
    download: Decimal
    base: Decimal

    @property
    def total(self) -> Decimal:
        return self.upload + self.download + self.base


def first_of_cycle(number: int, day: date) -> date:
    """The first plan's begin on a month's last day, the second's on Mondays, the third's every 30 days."""
    if number == 1:
        return day - timedelta(days=day.weekday())
    if number == LARGER:
        return day - timedelta(days=(day - date(2026, 1, 15)).days % 30)
    is_last = (day + timedelta(days=1)).day == 1
    return day if is_last else day.replace(day=1) - timedelta(days=1)


def price(history: History, number: int, first: date, device: str | None = None) -> Price:
    """From `first` until today, cycle by cycle, each rounded once; an interface has its share by bytes."""
    total = Price(Decimal(0), Decimal(0), Decimal(0))
    day = max(first, first_of_cycle(number, BEGAN_DAY))
    while day <= TODAY:
        began, end = first_of_cycle(number, day), day
        while end < TODAY and first_of_cycle(number, end + timedelta(days=1)) == began:
            end += timedelta(days=1)
        found = _bill(history, number, (began, day, end), device)
        total = Price(*(one + other for one, other in zip(total, found, strict=True)))
        day = end + timedelta(days=1)
    return total


def _bill(history: History, number: int, days: tuple[date, date, date], device: str | None) -> Price:
    began, first, last = days
    whole, before = moved(history, number, began, last), moved(history, number, began, first - timedelta(days=1))
    part = [until - earlier for until, earlier in zip(whole, before, strict=True)]
    money = Fraction(exact_cost(number, billed(number, whole))) - Fraction(exact_cost(number, billed(number, before)))
    weights = part if number != LARGER else [part[0], 0] if whole[0] >= whole[1] else [0, part[1]]
    own = moved(history, number, first, last, device)
    shares = [money * Fraction(own[n] if weights[n] else 0, sum(weights) or 1) for n in (0, 1)]
    base = BASE_PRICES[number] if began == first and device is None else Decimal(0)
    total = _coins(sum(shares) + Fraction(base), number)
    rest = total - _coins(Fraction(base), number)
    upload = min(_coins(shares[1], number), rest)
    return Price(upload, rest - upload, total - rest)


def billed(number: int, pair: tuple[int, int]) -> int:
    return max(pair) if number == LARGER else sum(pair)


def moved(history: History, number: int, first: date, last: date, device: str | None = None) -> tuple[int, int]:
    """Received and sent of a plan, or of one interface of it."""
    found = [
        row
        for row in history.rows
        if first <= row.local.date() <= last
        and row.device in COVERED[number]
        and device in {None, row.device}
        and not (number == 1 and history.is_free(row))
    ]
    return sum(row.received for row in found), sum(row.sent for row in found)


def _coins(amount: Fraction, number: int) -> Decimal:
    whole = Decimal(amount.numerator) / Decimal(amount.denominator)
    return whole.quantize(Decimal(DIGITS[number]), ROUND_HALF_UP)
