"""Prices and costs of plans: exact decimals, rounded to the digits of the currency in texts and JSON alone."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import TYPE_CHECKING

from reports.billing.plans import Plan, PriceStep
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from fractions import Fraction
    from types import ModuleType

# INR per gigabyte of 2**30 bytes.
TIERS: dict[str, Decimal] = {
    "budget": Decimal("7.00"),
    "standard": Decimal("7.50"),
    "premium": Decimal("10.00"),
    "broadband": Decimal("5.00"),
}
TIER_CURRENCY = "INR"
TIER_GIGABYTE = 2**30
ASSUMED_TIER = "standard"
TIER_DIGITS = 2
PRICE = re.compile("[0-9]{1,9}([.][0-9]{1,9})?")
PRICE_RULE = (
    "a number such as 7.50, not negative, without a currency sign, at most nine digits on either side of the point"
)
# A division by 2**30 adds 30 digits: enough for every amount below 10**100 bytes.
_EXACT = Context(prec=160)


class PriceError(QuestionError):
    """A text is no price; the message holds the text and the rule."""


def parse_price(text: str) -> Decimal:
    """The price of a gigabyte, 0 to 999999999.999999999; raises PriceError."""
    if PRICE.fullmatch(text) is None:
        raise PriceError(f"{text[:40]!r} is not a price; use {PRICE_RULE}")
    return Decimal(text)


def one_price(price_per_gb: Decimal) -> tuple[PriceStep, ...]:
    """Price steps with one price for every gigabyte."""
    return (PriceStep(None, price_per_gb),)


def has_price(plan: Plan) -> bool:
    """True if the settings give a price, be it 0."""
    return bool(plan.price_steps or plan.base_price or plan.scope_prices)


def assumed_price(plan: Plan) -> Plan:
    """The plan with its price, or with that of the tier "standard" if it has none."""
    if has_price(plan):
        return plan
    steps = one_price(TIERS[ASSUMED_TIER])
    return plan._replace(price_steps=steps, currency=TIER_CURRENCY, gigabyte_bytes=TIER_GIGABYTE)


def at_price(plan: Plan, price_per_gb: Decimal) -> Plan:
    """The plan with this price for each gigabyte, of whatever scope, and no base price."""
    return plan._replace(price_steps=one_price(price_per_gb), base_price=Decimal(0), scope_prices=())


def at_scope(plan: Plan, scope: str) -> Plan:
    """The plan with the price of one scope: its own, else the plan's, else none; without the base price."""
    prices = dict(plan.scope_prices)
    steps = one_price(prices[scope]) if scope in prices else plan.price_steps
    return plan._replace(price_steps=steps, base_price=Decimal(0), scope_prices=())


def cost(plan: Plan, used_bytes: int) -> Decimal:
    """The exact cost of the bytes of one cycle with the base price, in the plan's currency; not by scope."""
    return _EXACT.add(plan.base_price, part_cost(plan, 0, used_bytes))


def cost_by_scope(plan: Plan, used_bytes: Mapping[str, int]) -> Decimal:
    """The exact cost of a cycle's bytes by scope at prices by scope, with the base price."""
    total = plan.base_price
    for scope, amount in used_bytes.items():
        total = _EXACT.add(total, part_cost(at_scope(plan, scope), 0, amount))
    return total


def part_cost(plan: Plan, begin_bytes: int, end_bytes: int) -> Decimal:
    """The exact cost of a cycle's bytes from `begin_bytes` to `end_bytes`, without the base price.

    Adjacent parts add up exactly, whatever steps lie in them.
    """
    return _EXACT.subtract(_bytes_cost(plan, end_bytes), _bytes_cost(plan, begin_bytes))


def bill(plan: Plan, used_bytes: int) -> Decimal:
    """The bill of a cycle with so many bytes: its cost, rounded once."""
    return rounded(cost(plan, used_bytes), plan.currency)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round to the digits that the currency has: 2 for INR, 0 for JPY, 3 for KWD; halves go away from zero."""
    return amount.quantize(smallest_unit(currency), ROUND_HALF_UP, _EXACT)


def smallest_unit(currency: str) -> Decimal:
    """The smallest amount of a currency: 0.01 of INR, 1 of JPY."""
    return Decimal(1).scaleb(-_digits(currency))


def decimal_of(amount: Fraction) -> Decimal:
    """A fraction as a decimal of at most 160 digits."""
    return _EXACT.divide(Decimal(amount.numerator), Decimal(amount.denominator))


def money(amount: Decimal, currency: str) -> str:
    """An amount in English, in Babel's form: "₹3,750.00", "¥1,235", "-€0.50"."""
    exact = rounded(amount, currency)
    if currency == TIER_CURRENCY:
        # as Babel writes it, without Babel: the assumed price is in INR
        return f"{'-' if exact.is_signed() else ''}₹{abs(exact):,.2f}"
    with localcontext(_EXACT):
        return str(_babel_numbers().format_currency(exact, currency, locale="en"))


def _digits(currency: str) -> int:
    """Digits of the smallest unit, as Babel has them, so that number and text agree."""
    if currency == TIER_CURRENCY:
        return TIER_DIGITS
    return int(_babel_numbers().get_currency_precision(currency))


def _babel_numbers() -> ModuleType:
    from babel import numbers  # noqa: PLC0415 - 5 MB that only other prices need

    return numbers


def _bytes_cost(plan: Plan, used_bytes: int) -> Decimal:
    total = _EXACT.create_decimal(0)
    for step_bytes, price in _bytes_by_step(plan, used_bytes):
        total = _EXACT.add(total, _EXACT.multiply(Decimal(step_bytes), price))
    return _EXACT.divide(total, Decimal(plan.gigabyte_bytes))


def _bytes_by_step(plan: Plan, used_bytes: int) -> Iterator[tuple[int, Decimal]]:
    begin = 0
    for up_to, price in plan.price_steps:
        end = used_bytes if up_to is None else min(up_to, used_bytes)
        if end > begin:
            yield end - begin, price
            begin = end
