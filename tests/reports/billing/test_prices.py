from __future__ import annotations

import re
from decimal import Context, Decimal, localcontext

import pytest
from babel.numbers import format_currency, list_currencies
from hypothesis import given
from hypothesis import strategies as st

from exporter.settings.plans.rules import CURRENCIES
from reports.billing.plans import Plan, PriceStep
from reports.billing.prices import TIERS, assumed_price, cost, has_price, money, one_price, rounded

GB = 10**9
STEPS = (
    PriceStep(100 * GB, Decimal(5)),
    PriceStep(200 * GB, Decimal("2.50")),
    PriceStep(None, Decimal("0.10")),
)

some_price = st.decimals(0, 1000, places=4)


@st.composite
def some_plan(draw: st.DrawFn) -> Plan:
    ends = sorted(draw(st.sets(st.integers(1, 2**50), max_size=4)))
    steps = tuple(PriceStep(end, draw(some_price)) for end in [*ends, None])
    size = draw(st.sampled_from([10**9, 2**30]))
    return Plan(price_steps=steps, base_price=draw(some_price), gigabyte_bytes=size)


@pytest.mark.parametrize(
    ("used", "price"),
    [
        (0, "0"),
        (GB, "5"),
        (100 * GB, "500"),
        (101 * GB, "502.5"),
        (200 * GB, "750"),
        (1200 * GB, "850"),
    ],
)
def test_each_gigabyte_costs_what_its_step_says(used: int, price: str) -> None:
    plan = Plan(price_steps=STEPS, gigabyte_bytes=GB)

    assert cost(plan, used) == Decimal(price)
    assert cost(plan._replace(base_price=Decimal("9.99")), used) == Decimal(price) + Decimal("9.99")


@pytest.mark.parametrize(
    ("tier", "price"), [("budget", "175"), ("standard", "187.50"), ("premium", "250"), ("broadband", "125")]
)
def test_a_tier_prices_gigabytes_of_two_to_the_thirty(tier: str, price: str) -> None:
    assert cost(Plan(price_steps=one_price(TIERS[tier])), 25 * 2**30) == Decimal(price)


def test_a_single_byte_is_priced_exactly() -> None:
    assert cost(Plan(price_steps=one_price(Decimal(1))), 1) * 2**30 == 1
    assert cost(Plan(price_steps=one_price(Decimal(7))), 10**60) * 2**30 == 7 * Decimal(10**60)


def test_a_plan_without_a_price_costs_nothing_and_is_assumed_to_be_standard() -> None:
    free, base = Plan(price_steps=one_price(Decimal(0))), Plan(base_price=Decimal(3))
    unpriced = Plan(name="wan", currency="EUR", gigabyte_bytes=GB)

    assert cost(unpriced, 2**30) == 0
    assert not has_price(unpriced)
    assert cost(assumed_price(unpriced), 2**30) == Decimal("7.50")
    assert (assumed_price(unpriced).currency, assumed_price(unpriced).gigabyte_bytes) == ("INR", 2**30)
    assert assumed_price(free) == free
    assert assumed_price(base) == base


@given(some_plan(), st.integers(0, 2**60), st.integers(0, 2**60))
def test_more_bytes_never_cost_less(plan: Plan, one: int, other: int) -> None:
    less, more = sorted((one, other))

    assert plan.base_price <= cost(plan, less) <= cost(plan, more)


@given(some_plan(), st.integers(0, 2**60))
def test_a_cost_is_the_sum_of_its_bytes(plan: Plan, used: int) -> None:
    total, begin = plan.base_price * plan.gigabyte_bytes, 0
    for end, price in plan.price_steps:
        stop = used if end is None else min(end, used)
        total += max(0, stop - begin) * price
        begin = max(begin, stop)

    assert cost(plan, used) * plan.gigabyte_bytes == total


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("3750", "INR", "₹3,750.00"),
        ("0.005", "INR", "₹0.01"),
        ("-0.5", "EUR", "-€0.50"),
        ("1234.5", "JPY", "¥1,235"),
        ("1.0005", "KWD", "KWD1.001"),
        ("12345678.999", "USD", "$12,345,679.00"),
        ("1" + "0" * 39, "USD", "$1" + ",000" * 13 + ".00"),
    ],
)
def test_money_reads_as_in_english(amount: str, currency: str, text: str) -> None:
    assert money(Decimal(amount), currency) == text


@given(st.decimals(-(10**30), 10**30, places=4))
def test_rupees_are_written_as_babel_writes_them(amount: Decimal) -> None:
    with localcontext(Context(prec=100)):
        assert money(amount, "INR") == format_currency(rounded(amount, "INR"), "INR", locale="en")


@pytest.mark.parametrize("amount", ["1234.5678", "-0.5555", "0"])
def test_an_amount_and_its_text_have_the_same_digits_in_every_currency(amount: str) -> None:
    """Whatever Babel is installed: its data changes from release to release."""
    every = sorted(CURRENCIES | set(list_currencies()))

    texts = {code: re.sub("^[^0-9]*", "", money(Decimal(amount), code)).replace(",", "") for code in every}

    assert texts == {code: str(abs(rounded(Decimal(amount), code))) for code in every}


@pytest.mark.parametrize(("currency", "amount"), [("INR", "37.51"), ("JPY", "38"), ("KWD", "37.505"), ("EUR", "37.51")])
def test_an_amount_is_rounded_to_the_digits_of_its_currency(currency: str, amount: str) -> None:
    assert str(rounded(Decimal("37.505"), currency)) == amount
