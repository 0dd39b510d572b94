"""Sums of requests over HTTP: totals, services, routes and steps of what services have reported."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from exporter.metering.postings import ClockState, Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.requests.settings import Requests
from reports.billing.plans import Plan
from reports.billing.prices import one_price
from tests.exporter.web.reported import at, new_keys, report
from tests.exporter.web.running_service import RunningService, running
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.fake_machine import Machine

MIDNIGHT = 1_781_202_600
"""2026-06-12T00:00 in India; the tests begin at 14:30."""
GIGABYTE = 10**9


@pytest.fixture
async def told(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """Two services with a few requests of today each."""
    async with running(unstarted) as service:
        await report(
            service,
            await new_keys(service, "shop"),
            {"request_bytes": 10, "response_bytes": 1000, "process_time": 1},
            {"created_at": at(service, 3600), "process_time": 3},
            {"method": "POST", "endpoint": "/pay", "status_code": 500, "process_time": 8, "ip": "198.51.100.1"},
            {"endpoint": "/lost", "status_code": 404},
            {"endpoint": "/healthz"},
        )
        await report(service, await new_keys(service, "blog"), {"endpoint": "/post"})
        yield service


async def test_a_summary_has_totals_of_one_service_or_of_all(told: RunningService) -> None:
    shop = await told.get("/api/requests/summary?service=shop")
    every = await told.get("/api/requests/summary")

    assert (shop["service"], every["service"]) == ("shop", None)
    totals = shop["summary"]
    assert (totals["total_requests"], totals["errors"], totals["error_rate"]) == (5, 2, 40.0)
    assert (totals["request_bytes"], totals["response_bytes"], totals["unique_ips"]) == (10, 1000, 2)
    assert (totals["min_response_time"], totals["max_response_time"], totals["avg_response_time"]) == (1, 8, 3)
    assert totals["p50"] == pytest.approx(1.5, rel=0.01)
    assert (shop["method_usage"], shop["classes"]) == ({"GET": 4, "POST": 1}, {"2xx": 3, "4xx": 1, "5xx": 1})
    assert shop["application"] is None
    assert every["summary"]["total_requests"] == 6
    assert shop["routes"] == (await told.get("/api/requests/routes?service=shop"))["routes"]


async def test_what_is_excluded_is_in_no_sum(told: RunningService) -> None:
    left = await told.get("/api/requests/summary?service=shop&exclude=404,health")

    assert (left["excluded"], left["quantiles_exclude"]) == (["404", "health"], ["health"])
    assert left["summary"]["total_requests"] == 3
    assert {each["endpoint"] for each in left["endpoint_stats"]} == {"/items/{id}", "/pay"}


async def test_services_routes_and_steps(told: RunningService) -> None:
    services = await told.get("/api/requests/services")
    routes = await told.get("/api/requests/routes?service=shop&sort=errors&limit=1")
    series = await told.get("/api/requests/series?service=shop&step=1h&route=/items/{id}")

    assert [(each["service"], each["requests"]) for each in services["services"]] == [("shop", 5), ("blog", 1)]
    assert (routes["total"], routes["other_requests"], len(routes["routes"])) == (4, 4, 1)
    assert (series["step"], series["route"]) == ("1h", "/items/{id}")
    assert sum(point["requests"] for point in series["points"]) == 2
    assert [point["requests"] for point in series["points"][-2:]] == [1, 1]


async def test_the_step_of_a_summary_and_its_newest_points(told: RunningService) -> None:
    hours = await told.get("/api/requests/summary?step=1h&limit=2")

    assert (hours["step"], [point["requests"] for point in hours["time_series"]]) == ("1h", [1, 5])


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("summary?exclude=bots", "exclude: 'bots' is refused; sums have no user agents: only /api/requests/log"),
        ("services?exclude=404,bots", "exclude: 'bots' is refused; sums"),
        ("routes?exclude=cats", "exclude: 'cats' is refused; use 404, health, bots, or none"),
        ("summary?service=none", "service: the ledger knows no 'none'"),
        ("series?step=2h", "step: '2h' is no step"),
        ("series?limit=0", "limit: '0' is refused; write a whole number from 1 to 1000"),
        ("routes?sort=beauty", "sort: 'beauty' is refused"),
        ("routes?limit=501", "limit: '501' is refused; write a whole number from 1 to 500"),
        ("summary?from=2026-06-12&to=2026-06-11", "from: '2026-06-12' is not before to '2026-06-11'"),
        ("summary?range=decade", "range: 'decade' is no range"),
        ("summary?colour=red", "colour: unknown parameter"),
    ],
)
async def test_what_cannot_be_asked_is_refused_with_the_rule(told: RunningService, path: str, error: str) -> None:
    answer = await told.ask(f"/api/requests/{path}")

    assert answer.status == 400
    assert answer.json["error"].startswith(error)


async def test_bots_in_the_settings_are_left_out_of_the_log_alone(unstarted: RunningService) -> None:
    unstarted.requests = Requests(own=False, exclude=("bots", "404"))
    async with running(unstarted) as service:
        bot = {"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}
        await report(service, await new_keys(service, "shop"), bot, {}, {"status_code": 404})

        summary = await service.get("/api/requests/summary")
        log = await service.get("/api/requests/log")

    assert (summary["excluded"], summary["summary"]["total_requests"]) == (["404"], 2)
    assert [each["user_agent"] for each in log["requests"]] == [None]


@pytest.fixture
async def priced(machine: Machine, unstarted: RunningService) -> AsyncIterator[RunningService]:
    """A service whose application moved 3 GB today, at 2 a GB, with four requests."""
    unstarted.requests = Requests(own=False, applications={"shop": "shop.service"})
    unstarted.plans = (Plan(price_steps=one_price(Decimal(2)), currency="EUR", gigabyte_bytes=GIGABYTE),)
    moved = {(MIDNIGHT + 3600, interface("eth0")): Usage((2 * GIGABYTE, 2 * GIGABYTE, *[0] * 6))}
    unstarted.write_before(slots=moved)
    rows: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {
        (MIDNIGHT + 3600, ("shop.service", "internet", "tcp")): amounts(GIGABYTE, GIGABYTE),
        (MIDNIGHT + 3600, ("shop.service", "lan", "tcp")): amounts(GIGABYTE, 0),
    }
    clock = ClockState(machine.boot_id, machine.wall, machine.elapsed)
    post(unstarted.ledger.path, unstarted.zone, application_posting(2, rows, clock=clock))
    async with running(unstarted) as service:
        await report(service, await new_keys(service, "shop"), *[{}] * 4)
        yield service


async def test_the_bytes_of_an_application_stand_beside_its_requests(priced: RunningService) -> None:
    summary = await priced.get("/api/requests/summary?service=shop")

    assert summary["application"] == {
        "application": "shop.service",
        "bytes_received": 2 * GIGABYTE,
        "bytes_sent": GIGABYTE,
        "scopes": {"internet": 2 * GIGABYTE, "lan": GIGABYTE},
        "cost": 6.0,
        "cost_per_million": 1_500_000.0,
        "currency": "EUR",
    }


@pytest.mark.parametrize(
    "query", ["", "?service=shop&from=2026-06-12T10:00:00", "?service=shop&to=2026-06-12T14:30:00"]
)
async def test_hours_and_several_services_have_no_bytes(priced: RunningService, query: str) -> None:
    assert (await priced.get(f"/api/requests/summary{query}"))["application"] is None


async def test_days_to_come_cost_nothing(priced: RunningService) -> None:
    summary = await priced.get("/api/requests/summary?service=shop&from=2027-01-01&to=2027-01-02")

    assert (summary["summary"]["total_requests"], summary["application"]["cost"]) == (0, None)


async def test_a_plan_without_a_price_has_bytes_and_no_cost(priced: RunningService) -> None:
    await priced.stop()
    priced.plans = (Plan(),)
    await priced.start()

    application = (await priced.get("/api/requests/summary?service=shop"))["application"]

    assert (application["bytes_sent"], application["cost"], application["currency"]) == (GIGABYTE, None, None)
