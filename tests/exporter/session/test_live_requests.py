"""Rates of requests from two readings of the counters."""

from __future__ import annotations

import pytest

from exporter.session.live_requests import RouteCounters, rates, routes_of
from exporter.session.request_top import lines
from exporter.terminal.screen import ScreenSize

ITEMS, CART = ("shop", "GET", "/items/{id}"), ("shop", "POST", "/cart")
TEXT = r"""
# TYPE netledger_http_requests_total counter
netledger_http_requests_total{service="shop",method="GET",route="/items/{id}",code="200"} 7
netledger_http_requests_total{service="shop",method="GET",route="/items/{id}",code="404"} 2
netledger_http_requests_total{service="shop",method="GET",route="/items/{id}",code="0"} 1
netledger_http_requests_total{service="a\"b\\c",method="GET",route="/x,y\n}",code="200"} 1
# TYPE netledger_http_request_bytes_total counter
netledger_http_request_bytes_total{service="shop",method="GET",route="/items/{id}"} 100
# TYPE netledger_http_response_bytes_total counter
netledger_http_response_bytes_total{service="shop",method="GET",route="/items/{id}"} 900
# TYPE netledger_http_request_duration_seconds histogram
netledger_http_request_duration_seconds_bucket{service="shop",method="GET",route="/items/{id}",le="+Inf"} 8
netledger_http_request_duration_seconds_sum{service="shop",method="GET",route="/items/{id}"} 0.5
netledger_http_request_duration_seconds_count{service="shop",method="GET",route="/items/{id}"} 8
"""


def test_counters_are_read_by_route() -> None:
    assert routes_of(TEXT) == {ITEMS: [10, 3, 1000, 0.5, 8], ('a"b\\c', "GET", "/x,y\n}"): [1, 0, 0, 0, 0]}


def test_rates_are_what_was_gained_in_the_time_between() -> None:
    before = RouteCounters(10.0, {ITEMS: [10, 3, 1000, 0.5, 8], CART: [5, 0, 0, 1.0, 5]})
    after = RouteCounters(12.0, {ITEMS: [20, 4, 3000, 0.6, 18], CART: [5, 0, 0, 1.0, 5]})

    found = rates(before, after)

    assert found.seconds == 2.0
    [row] = found.routes
    assert (row.requests_per_second, row.errors_per_second, row.bytes_per_second) == (5.0, 0.5, 1000.0)
    assert row.avg_time == pytest.approx(10.0)


def test_a_route_that_is_new_and_a_counter_that_began_anew_count_from_zero() -> None:
    before = RouteCounters(0.0, {ITEMS: [100, 50, 9000, 5.0, 90]})
    after = RouteCounters(1.0, {ITEMS: [3, 1, 10, 0.3, 3], CART: [2, 2, 0, 0, 0]})

    found = {
        row.route: (row.requests_per_second, row.errors_per_second, row.avg_time) for row in rates(before, after).routes
    }

    assert found == {"/items/{id}": (3.0, 1.0, 100.0), "/cart": (2.0, 2.0, None)}


def test_the_average_of_all_weighs_each_route_by_its_timed_requests() -> None:
    after = RouteCounters(1.0, {ITEMS: [3, 0, 0, 0.3, 3], CART: [7, 0, 0, 0.1, 1]})

    assert rates(RouteCounters(0.0, {}), after).avg_time == 100.0
    assert rates(after, after._replace(at=2.0)).avg_time is None


def test_without_time_between_there_are_no_rates() -> None:
    reading = RouteCounters(5.0, {ITEMS: [1, 0, 0, 0, 0]})

    assert rates(RouteCounters(5.0, {}), reading).routes == []


@pytest.mark.parametrize("size", [ScreenSize(80, 24), ScreenSize(40, 5), ScreenSize(64, 4)])
def test_a_screen_is_full_and_fits(size: ScreenSize) -> None:
    routes = {("shop", "GET", f"/{'x' * number}"): [float(number), 0, 0, 0, 0] for number in range(1, 90)}

    drawn = lines(rates(RouteCounters(0.0, {}), RouteCounters(1.0, routes)), "requests", size)

    assert len(drawn) == size.lines
    assert max(map(len, drawn[1:-1])) <= size.columns
