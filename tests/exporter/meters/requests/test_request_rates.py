"""Requests per second: those of the last minute that were reported now, whatever came earlier."""

from __future__ import annotations

import pytest

from exporter.metering.clock import SECOND
from exporter.meters.requests.rates import RequestRates

SLOT = 7


def add(rates: RequestRates, at: int, *counts: tuple[int, str, int]) -> None:
    rates.turn_to(at * SECOND)
    rates.add({(slot, service, "GET", "/", 200): [requests] for slot, service, requests in counts}, SLOT)


def test_it_is_a_minutes_average_that_ends() -> None:
    rates = RequestRates()
    rates.turn_to(1 * SECOND)
    add(rates, 100, (SLOT, "shop", 90), (SLOT + 1, "blog", 6))
    add(rates, 130, (SLOT, "shop", 30))

    assert rates.by_service() == {"shop": 2.0, "blog": 0.1}
    rates.turn_to(160 * SECOND)
    assert rates.by_service() == {"shop": 0.5}
    rates.turn_to(190 * SECOND)
    assert rates.by_service() == {}


@pytest.mark.parametrize(("passed", "rate"), [(0, 120), (10, 12), (59, 120 / 59), (60, 0)])
def test_of_a_young_meter_it_is_the_average_since_it_began(passed: int, rate: float) -> None:
    rates = RequestRates()
    add(rates, 5, (SLOT, "shop", 120))
    rates.turn_to((5 + passed) * SECOND)

    assert rates.by_service().get("shop", 0) == rate


def test_what_was_asked_long_ago_is_no_request_of_now() -> None:
    rates = RequestRates()
    add(rates, 5, (SLOT - 1, "shop", 100_000), (SLOT - 50, "blog", 5))

    assert rates.by_service() == {}
