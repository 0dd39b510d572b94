"""Deep links in the answers of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from exporter.settings.tree import Grafana
from exporter.web.server import documented
from reports.billing.plans import CycleRule, Plan
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DAY = 86_400
TODAY = 1_781_202_600
"""Midnight in India of 2026-06-12, the day of the tests."""
JUNE, JULY = 1_780_252_200, 1_782_844_200
"""Midnights in India of 2026-06-01 and 2026-07-01."""


@pytest.fixture
async def linked(unstarted: RunningService) -> AsyncIterator[RunningService]:
    """A service that knows of a Grafana."""
    unstarted.grafana = Grafana(url="https://grafana.example/g", instance="home:7373")
    unstarted.plans = (Plan(), Plan(name="week", cycle=CycleRule("weekly")))
    async with running(unstarted) as started:
        yield started


@pytest.mark.parametrize(
    ("path", "dashboard", "start", "end", "more"),
    [
        ("/api/today", "overview", TODAY, None, {}),
        ("/api/today?interface=eth0", "interfaces", TODAY, None, {"var-device": "eth0"}),
        ("/api/month", "overview", JUNE, None, {}),
        ("/api/year?year=2025", "overview", JUNE - 516 * DAY, JUNE - 151 * DAY, {}),
        ("/api/month?month=2026-05", "overview", JUNE - 31 * DAY, JUNE, {}),
        ("/api/range?from_date=2026-06-10&to_date=2026-06-11", "overview", TODAY - 2 * DAY, TODAY, {}),
        ("/api/series?from=2026-06-11&to=2026-06-11", "overview", TODAY - DAY, TODAY, {}),
        ("/api/percentile?range=month", "overview", JUNE, None, {}),
        ("/api/plans", "plans", JUNE, None, {}),
        ("/api/plans?plan=week", "plans", TODAY - 4 * DAY, None, {"var-plan": "week"}),
        ("/api/interfaces", "interfaces", TODAY, None, {}),
        ("/api/applications", "applications", TODAY, None, {}),
        ("/api/applications?range=month&scope=internet", "applications", JUNE, None, {}),
        ("/api/month?scope=internet", "applications", JUNE, None, {}),
        ("/api/v1/stats/monthly-traffic?month=2026-06", "overview", JUNE, None, {}),
    ],
)
async def test_an_answer_links_to_the_dashboard_of_its_time(
    linked: RunningService, path: str, dashboard: str, start: int, end: int | None, more: dict[str, str]
) -> None:
    link = urlsplit((await linked.ask(path)).json["grafana_url"])

    assert (link.netloc, link.path.split("/")[:4]) == ("grafana.example", ["", "g", "d", f"netledger-{dashboard}"])
    query = {name: values[0] for name, values in parse_qs(link.query).items()}
    until = "now" if end is None else str(end * 1000)
    assert query == {"from": str(start * 1000), "to": until, "var-instance": "home:7373", **more}


@pytest.mark.parametrize("path", [route.path for route in documented() if route.has_link and "{" not in route.path])
async def test_every_answer_of_a_person_has_its_link(linked: RunningService, path: str) -> None:
    asked = "?from_date=2026-06-01&to_date=2026-06-02" if path == "/api/range" else ""
    told = await linked.ask(path + asked)

    assert told.status == 200
    assert told.json["grafana_url"].startswith("https://grafana.example/g/d/netledger-")


async def test_without_a_grafana_there_is_no_link(service: RunningService) -> None:
    assert "grafana_url" not in (await service.ask("/api/today")).json


async def test_an_error_has_no_link(linked: RunningService) -> None:
    assert (await linked.ask("/api/month?month=2026-13")).json.keys() == {"error"}
