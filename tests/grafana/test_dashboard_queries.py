"""Every expression of every dashboard, run against a Prometheus with a year of a real netledger's history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.grafana.dashboard_files import Dashboard
from tests.grafana.findings import RULES_OF_RUNNING, Finding, needless, not_excluded, read_exclusions, told
from tests.grafana.good_dashboard import good_dashboard, variable
from tests.grafana.planted_mistakes import Mistake, ask, choice, field, matcher, option, organize, swap, target
from tests.grafana.promql import filled_in, parse, selectors
from tests.grafana.running_queries import answer, choices, named_by, run
from tests.grafana.time_ranges import days_before, moment, range_of, step_of

if TYPE_CHECKING:
    from tests.grafana.dashboard_files import Panel
    from tests.grafana.world import World

pytestmark = pytest.mark.prometheus

DAY = 86_400
DROP_DOWNS = ("device", "plan", "application", "scope", "protocol", "service", "route")
CHOICES = dict.fromkeys(DROP_DOWNS, ".+") | {"price": "0.09"}
"""All of every drop-down of a dashboard's own."""
NOW = 1_795_305_600.0
"""2026-11-22T00:00:00Z, a Sunday."""


@pytest.fixture(scope="module")
def findings(dashboards: tuple[Dashboard, ...], grafana_world: World) -> list[Finding]:
    """Everything that is asked, once."""
    return [finding for dashboard in dashboards for finding in run(dashboard, grafana_world)]


@pytest.mark.parametrize("rule", RULES_OF_RUNNING)
def test_every_query_of_the_dashboards_has_an_answer(rule: str, findings: list[Finding]) -> None:
    left = not_excluded((finding for finding in findings if finding.rule == rule), read_exclusions())

    assert not left, told(left)


def test_no_exclusion_of_an_answer_is_left_that_nothing_needs(findings: list[Finding]) -> None:
    left = needless((each for each in read_exclusions() if each.rule in RULES_OF_RUNNING), findings)

    assert not left, told(left)


@pytest.mark.parametrize("days", [1, 2, 3, 7, 30])
def test_the_days_before_the_first_scrape_are_drawn(
    days: int, dashboards: tuple[Dashboard, ...], grafana_world: World
) -> None:
    """Where all that a panel asks for was backfilled, four of five steps have a value; a fleet is drawn as scraped."""
    prometheus, now = grafana_world
    backfilled = {*prometheus.label_values("__name__", "", now - 20 * DAY, now - 10 * DAY), "up"}
    drawn: dict[str, float] = {}

    for panel in (panel for each in dashboards if each.uid != "netledger-fleet" for panel in each.panels):
        past = days_before(panel, now - 2 * DAY, days)
        values = CHOICES | {"job": ".+", "instance": ".+", "silent": "()"} | past.variables
        for query in panel.queries:
            expression = filled_in(query.expression, values)
            if not query.is_instant and {each.metric for each in selectors(parse(expression))} <= backfilled:
                series = answer(expression, query, past, grafana_world)
                steps = (past.end - past.start) / past.step
                drawn[str(query.place)] = max((len(each["values"]) for each in series), default=0) / steps

    assert len(drawn) > 8
    assert not {place: share for place, share in drawn.items() if share < 0.8}


def test_the_percentile_of_a_month_is_of_backfilled_days_too(
    dashboards: tuple[Dashboard, ...], grafana_world: World
) -> None:
    """All of its five minutes count, but for the seven in which nobody looked."""
    panel = _panel(dashboards, "netledger-interfaces", "95th percentile and peaks of today")
    month = days_before(panel, grafana_world.now, 30)
    values = {"job": ".+", "instance": "router:7373", "device": "eth0", "silent": "()"} | month.variables

    counts = grafana_world.prometheus.at(filled_in(panel.queries[2].expression, values), grafana_world.now)

    assert [float(each["value"][1]) for each in counts] == [pytest.approx(30 * DAY / 300, rel=0.01)]


def test_whatever_else_prometheus_asks_changes_no_panel(
    dashboards: tuple[Dashboard, ...], grafana_world: World
) -> None:
    """Other exporters are asked, in jobs of their own, one under the very name of a machine of ours."""
    prometheus, now = grafana_world
    everything = CHOICES | {"instance": ".+", "silent": "desk:7373"}
    different: list[str] = []

    for panel in (panel for dashboard in dashboards for panel in dashboard.panels):
        for query in panel.queries:
            shown = range_of(dashboards[0], panel, now)
            ours, all_jobs = (
                _told(
                    answer(filled_in(query.expression, shown.variables | everything | job), query, shown, grafana_world)
                )
                for job in ({"job": "netledger"}, {"job": ".+"})
            )
            different.extend([str(query.place)] * (ours != all_jobs))

    assert not different
    assert len(prometheus.at("up", now)) > len(prometheus.at('up{job="netledger"}', now))


def test_no_choice_offers_what_is_not_ours(dashboards: tuple[Dashboard, ...], grafana_world: World) -> None:
    for dashboard in dashboards:
        chosen, _ = choices(dashboard, grafana_world)

        assert {values["job"] for values in chosen} == {".+"}, "one job has a netledger"
        assert {name for values in chosen for name in values["instance"].strip("()").split("|")} <= {".+", *OURS}


def test_a_dashboard_opens_with_one_machine_that_answers(
    dashboards: tuple[Dashboard, ...], grafana_world: World
) -> None:
    for dashboard in (each for each in dashboards if each.uid != "netledger-fleet"):
        variable = dashboard.variable("instance")
        assert variable is not None
        query = filled_in(variable.query, {"job": ".+"}).removeprefix("query_result(").removesuffix(")")

        offered = named_by(variable, grafana_world.prometheus.at(query, grafana_world.now))

        assert offered[0] in ("router:7373", "laptop:7373")
        assert offered[-1] == "desk:7373"
        assert not variable.raw.get("includeAll"), "Grafana would open with All"


def test_the_overview_opens_with_the_plan_that_is_nearest_its_cap(
    dashboards: tuple[Dashboard, ...], grafana_world: World
) -> None:
    variable = next(each for each in dashboards if each.uid == "netledger-overview").variable("plan")
    assert variable is not None
    values = {"job": ".+", "instance": ".+", "silent": "()"}
    query = filled_in(variable.query, values).removeprefix("query_result(").removesuffix(")")

    offered = named_by(variable, grafana_world.prometheus.at(query, grafana_world.now))

    assert offered == ["tunnel", "mobile", "home", "shared", "default"]


OURS = ("desk:7373", "laptop:7373", "router:7373")


def _panel(dashboards: tuple[Dashboard, ...], uid: str, title: str) -> Panel:
    board = next(each for each in dashboards if each.uid == uid)
    return next(each for each in board.panels if each.place.panel == title)


def _told(series: list[dict[str, Any]]) -> list[str]:
    """An answer as texts, in an order of their own; sums of floats depend on theirs."""
    points = ((each["metric"], each.get("values") or [each["value"]]) for each in series)
    return sorted(f"{sorted(labels.items())} {[f'{float(value):.9g}' for _, value in told]}" for labels, told in points)


def test_the_year_before_is_there(grafana_world: World) -> None:
    prometheus, now = grafana_world

    days = prometheus.over(
        'count_over_time(netledger_interface_period_receive_bytes{period="day"}[1d])', now - 365 * DAY, now, DAY
    )

    assert sorted(len(each["values"]) for each in days)[-2:] == [366, 366]


def test_a_good_dashboard_has_all_its_answers(grafana_world: World) -> None:
    found = list(run(Dashboard(good_dashboard()), grafana_world))

    assert not found, told(found)


MISTAKES = (
    Mistake("a typo in a metric", "query-empty", swap("receive_bytes_total", "recieve_bytes_total")),
    Mistake("a value that no label has", "query-empty", swap('device=~"$device"', 'device="$device, all"')),
    Mistake("a metric of another kind", "query-empty", ask('netledger_plan_cost{currency="XXX"}', "stat")),
    Mistake("a function that is none", "query-fails", swap("rate(", "speed(")),
    Mistake(
        "a join that forgets the machine",
        "query-fails",
        ask("netledger_plan_used_bytes / on (plan) netledger_plan_cap_bytes", "stat"),
    ),
    Mistake("a variable that is not there", "query-fails", swap("$device", "$interface")),
    Mistake("nothing by nothing", "query-not-a-number", ask("0 * netledger_plan_cost / 0", "stat")),
    Mistake("a legend of a label that was summed away", "legend-empty", target("timeseries", legendFormat="{{job}}")),
    Mistake("a column that is renamed from nothing", "field-missing", organize(renameByName={"Value #C": "Sent"})),
    Mistake(
        "a link of no column",
        "field-missing",
        field("table", links=[{"title": "x", "url": "http://${__data.fields.host}/"}]),
    ),
    Mistake("an override of no column", "field-missing", matcher("table", options="Recieved")),
    Mistake("an override of no series", "field-missing", matcher("timeseries", options="/transmits/")),
    Mistake("an axis of no column", "field-missing", option("table", xField="day")),
    Mistake("tables that share no column", "field-missing", swap("by (month)", "by (device)", "table")),
    Mistake("plans that look the same", "legend-ambiguous", target("stat", legendFormat="left, {{instance}}")),
    Mistake("machines that look the same", "legend-ambiguous", target("stat", legendFormat="{{plan}}")),
    Mistake(
        "a choice of nothing", "variable-empty", choice("device", query="label_values(netledger_device_info, device)")
    ),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_a_planted_mistake_has_no_answer(mistake: Mistake, grafana_world: World) -> None:
    tree = good_dashboard()
    mistake.plant(tree)

    found = list(run(Dashboard(tree), grafana_world))

    assert mistake.rule in {finding.rule for finding in found}, told(found)


def test_every_rule_of_answers_is_shown_to_find_something() -> None:
    assert {mistake.rule for mistake in MISTAKES} == set(RULES_OF_RUNNING)


@pytest.mark.parametrize(
    ("text", "ago"),
    [
        ("now", 0),
        ("now-6h", 21_600),
        ("now-90d", 90 * 86_400),
        ("now/d", 0),
        ("now/w", 6 * 86_400),
        ("now/M", 21 * 86_400),
    ],
)
def test_a_time_of_a_dashboard_is_a_moment(text: str, ago: float) -> None:
    assert moment(text, NOW) == NOW - ago


@pytest.mark.parametrize(
    ("days", "step"), [(0.25, 15), (1, 60), (7, 300), (31, 1800), (365, 21_600), (5 * 365, 86_400)]
)
def test_a_step_is_what_grafana_makes_of_a_range(days: float, step: int) -> None:
    """By rangeUtil.calculateInterval of @grafana/data 13.2.2, for 1440 points and at least 15 seconds."""
    assert step_of(days * DAY, None) == step


def test_a_variable_takes_its_values_from_those_before_it(grafana_world: World) -> None:
    tree = good_dashboard()
    variable(tree, "device")["allValue"] = ""
    variable(tree, "device")["query"] = (
        'label_values(netledger_interface_info{instance=~"$instance", kind="veth"}, device)'
    )

    found = list(run(Dashboard(tree), grafana_world))

    assert not found, told(found)
