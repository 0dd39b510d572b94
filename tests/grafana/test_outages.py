"""A machine that is off keeps what it told: totals hold as long as their period, and what is over never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.grafana.dashboard_files import committed_dashboards
from tests.grafana.outage import CYCLE, LEAVES, OFF, STAYS, bounds, instant, moved, outage
from tests.grafana.prometheus_server import require_prometheus
from tests.grafana.promql import filled_in
from tests.grafana.running_queries import named_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.prometheus_server import PrometheusServer

pytestmark = pytest.mark.prometheus

LEFT = "Left of the cap"
PERIODS = {"Today": "day", "This week": "week", "This month": "month", "This year": "year"}
BEFORE, EVENING, NEXT_MORNING, MONDAY = (
    instant(text) for text in ("2026-10-31T11:58", "2026-10-31T23:00", "2026-11-01T06:00", "2026-11-02T06:00")
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    require_prometheus()
    with outage(tmp_path_factory.mktemp("outage")) as prometheus:
        yield prometheus


@pytest.mark.parametrize("seconds", [3600, 86_400, 30 * 86_400], ids=["an hour", "a day", "a month"])
@pytest.mark.parametrize("title", PERIODS)
@pytest.mark.parametrize("when", [BEFORE, OFF + 600, EVENING, NEXT_MORNING, MONDAY])
def test_a_total_holds_while_a_machine_is_off_and_ends_with_its_period(
    server: PrometheusServer, title: str, when: float, seconds: int
) -> None:
    """Whatever the dashboard's range is."""
    span = bounds(PERIODS[title], when)

    (answer,) = ask(server, "netledger-overview", title, when, seconds)

    assert value(answer) == moved(STAYS, span, when) + moved(LEAVES, span, when)


@pytest.mark.parametrize("when", [BEFORE, EVENING, NEXT_MORNING, MONDAY])
def test_a_finished_month_never_changes(server: PrometheusServer, when: float) -> None:
    bars = {bar["metric"]["month"]: value(bar) for bar in ask(server, "netledger-overview", "Months", when)}

    october = bounds("month", OFF)
    assert bars["2026-10"] == sum(moved(machine, october, when, ("receive",)) for machine in (STAYS, LEAVES))
    assert len(bars) == (1 if when < october.end else 2)


def test_a_finished_day_never_changes_and_the_month_before_is_not_this_month(server: PrometheusServer) -> None:
    evening, morning = (
        {bar["metric"]["day"]: value(bar) for bar in ask(server, "netledger-overview", "Days of this month", when)}
        for when in (EVENING, NEXT_MORNING)
    )

    assert [*sorted(evening)] == ["28", "29", "30", "31"]
    assert evening["29"] == evening["30"] == 2 * 86_400_000
    assert evening["31"] == 12 * 3600_000 + 23 * 3600_000
    assert morning == {"01": 6 * 3600_000}


def test_what_is_left_of_a_cap_holds_until_the_cycle_ends(server: PrometheusServer) -> None:
    plans = [
        {plan["metric"]["instance"]: value(plan) for plan in ask(server, "netledger-plans", LEFT, when, ref="C")}
        for when in (BEFORE, NEXT_MORNING, CYCLE[1] + 3600)
    ]

    assert [plan.keys() for plan in plans] == [{STAYS, LEAVES}, {STAYS, LEAVES}, {STAYS}]
    assert plans[1][LEAVES] == 1e12 - moved(LEAVES, bounds("year", OFF), OFF)


def test_a_machine_that_is_off_is_named_as_one(server: PrometheusServer) -> None:
    up = {
        each["metric"]["instance"]: value(each) for each in ask(server, "netledger-health", "Machines", MONDAY, ref="D")
    }
    silent = [each["metric"]["instance"] for each in ask(server, "netledger-fleet", "Silent", MONDAY)]

    assert up == {STAYS: 1, LEAVES: 0}
    assert silent == [LEAVES]
    assert not ask(server, "netledger-fleet", "Silent", BEFORE)


def ask(
    server: PrometheusServer, uid: str, title: str, when: float, seconds: int = 86_400, ref: str = "A"
) -> list[dict[str, Any]]:
    """What a panel gets at an instant, with everything chosen."""
    board = next(each for each in committed_dashboards() if each.uid == uid)
    chosen = {"job": ".+", "instance": ".+", "plan": ".+", "device": ".+", "__range": f"{seconds}s"}
    silent = board.variable("silent")
    assert silent is not None
    asked = filled_in(silent.query, chosen).removeprefix("query_result(").removesuffix(")")
    chosen["silent"] = f"({'|'.join(named_by(silent, server.at(asked, when)))})"
    panel = next(each for each in board.panels if each.place.panel == title)
    query = next(each for each in panel.queries if each.raw["refId"] == ref)
    return server.at(filled_in(query.expression, chosen), when)


def value(series: dict[str, Any]) -> float:
    return float(series["value"][1])
