"""The rules of Grafana's dashboard-linter for Prometheus, by its names, so that its exclusion files fit here.

A rule takes a dashboard and yields what breaks it: the place, and what is wrong there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tests.grafana import grafana_ids, promql
from tests.grafana.dashboard_files import WITHOUT_QUERIES, Dashboard, Place

if TYPE_CHECKING:
    from promql_parser import Expr

    from tests.grafana.dashboard_files import Panel, Query, Variable

Broken = Iterator[tuple[Place, str]]
Rule = Callable[[Dashboard], Broken]

TITLED = frozenset({"stat", "timeseries", "gauge", "table", "bargauge", "barchart", "piechart", "state-timeline"})
WITH_UNIT = frozenset({"stat", "timeseries", "gauge", "table", "bargauge", "barchart", "piechart"})
OF_COUNTERS = frozenset({"rate", "irate", "increase", "resets", "changes"})
WHOLE_RANGES = frozenset({promql.RANGE.total_seconds(), 86_400.0})
"""Where increase() may stand: over the dashboard's range, or a day."""


def template_datasource(dashboard: Dashboard) -> Broken:
    """Exactly one datasource variable, known by its name and label."""
    sources = [variable for variable in dashboard.variables if variable.type == "datasource"]
    if len(sources) != 1:
        yield dashboard.place, f"has {len(sources)} datasource variables instead of 1"
    for source in sources:
        if source.name not in ("datasource", "prometheus_datasource"):
            yield source.place, "is named neither datasource nor prometheus_datasource"
        if str(source.raw.get("label", "")).lower() not in ("data source", "prometheus data source"):
            yield source.place, "is not labelled Data source"
        if source.query != "prometheus":
            yield source.place, f"offers {source.query!r} instead of prometheus"


def template_job(dashboard: Dashboard) -> Broken:
    yield from _variable_of_the_target(dashboard, "job")


def template_instance(dashboard: Dashboard) -> Broken:
    yield from _variable_of_the_target(dashboard, "instance")


def template_label_promql(dashboard: Dashboard) -> Broken:
    """The expression inside label_values() and query_result() parses."""
    for variable in dashboard.variables:
        if variable.type != "query":
            continue
        inner = expression_of(variable)
        if inner is None:
            yield variable.place, f"asks neither label_values() nor query_result(): {variable.query}"
        elif inner:
            problem = _problem(dashboard, inner)
            if problem:
                yield variable.place, problem


def template_on_time_change_reload(dashboard: Dashboard) -> Broken:
    for variable in dashboard.variables:
        if variable.type == "query" and variable.raw.get("refresh") != 2:
            yield variable.place, "is not asked again when the time range changes (refresh: 2)"


def panel_datasource(dashboard: Dashboard) -> Broken:
    """Panels, targets, annotations and variables go through the variable."""
    for panel in _with_queries(dashboard):
        yield from _templated(panel.place, panel.raw)
        for query in panel.queries:
            yield from _templated(query.place, query.raw)
    for annotation in dashboard.annotations:
        yield from _templated(annotation.place, annotation.raw)
        if "datasource" in annotation.raw["target"]:
            yield from _templated(annotation.place, annotation.raw["target"])
    for variable in dashboard.variables:
        if variable.type == "query":
            yield from _templated(variable.place, variable.raw)


def panel_title_description(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        if panel.type in TITLED:
            for key in ("title", "description"):
                if not str(panel.raw.get(key, "")).strip():
                    yield panel.place, f"has no {key}"


def panel_units(dashboard: Dashboard) -> Broken:
    """A unit that Grafana knows, for the panel or by an override; none where values are mapped to words."""
    for panel in dashboard.panels:
        if panel.type not in WITH_UNIT:
            continue
        units = [panel.defaults.get("unit"), *overridden(panel, "unit")]
        for unit in units:
            if unit and unit not in grafana_ids.known("units") and not grafana_ids.is_own_unit(str(unit)):
                yield panel.place, f"has a unit that Grafana does not know: {unit}"
        if not any(units) and not panel.defaults.get("mappings"):
            yield panel.place, "has no unit"


def panel_no_targets(dashboard: Dashboard) -> Broken:
    for panel in _with_queries(dashboard):
        if not panel.queries:
            yield panel.place, "asks nothing"


def target_promql(dashboard: Dashboard) -> Broken:
    for query in dashboard.queries:
        problem = _problem(dashboard, query.expression)
        if problem:
            yield query.place, problem


def target_rate_interval(dashboard: Dashboard) -> Broken:
    """rate, irate and increase take $__rate_interval; increase the dashboard's range or a day as well.

    Beside it, a past without scrapes takes what its samples need, and a ranking of series the whole range.
    """
    for query, expression in read(dashboard, dashboard.panel_queries):
        pasts = [call for past in promql.pasts(expression) for call in promql.ranged_calls(past)]
        for call in promql.ranged_calls(expression):
            if call.function not in ("rate", "irate", "increase") or call.range == promql.RATE_INTERVAL:
                continue
            is_whole = call.range is not None and call.range.total_seconds() in WHOLE_RANGES
            if not ((is_whole and (call.function == "increase" or call.is_fixed)) or call in pasts):
                yield query.place, f"{call.function}() is not over $__rate_interval: {query.expression}"


def target_job(dashboard: Dashboard) -> Broken:
    yield from _matches_the_target(dashboard, "job")


def target_instance(dashboard: Dashboard) -> Broken:
    yield from _matches_the_target(dashboard, "instance")


def target_counter_agg(dashboard: Dashboard) -> Broken:
    """A counter's value means little by itself: it stands in a function of counters."""
    for query, expression in read(dashboard, dashboard.panel_queries):
        for selector in promql.outside_of_functions(expression, OF_COUNTERS):
            if selector.metric.endswith("_total"):
                yield query.place, f"shows the counter {selector.metric} as it is"


def uneditable_dashboard(dashboard: Dashboard) -> Broken:
    if dashboard.raw.get("editable") is not False:
        yield dashboard.place, "can be edited, and the next start would undo it"


LINTER_RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "uneditable-dashboard": uneditable_dashboard,
}


def expression_of(variable: Variable) -> str | None:
    """The PromQL in a variable's query, empty for label_values(label); None where it is something else."""
    call = re.fullmatch(r"label_values\((?:(.*),)?\s*\w+\s*\)|query_result\((.*)\)", variable.query.strip(), re.DOTALL)
    return None if call is None else (call[1] or call[2] or "").strip()


def read(dashboard: Dashboard, queries: Iterator[Query]) -> Iterator[tuple[Query, Expr]]:
    """Queries with their parsed expressions; those that do not parse are target_promql's."""
    for query in queries:
        try:
            yield query, promql.parse(promql.readable(query.expression, placeholders(dashboard)))
        except ValueError:
            continue


def placeholders(dashboard: Dashboard) -> dict[str, str]:
    """A word for each variable of the dashboard, by which a matcher of it is known; a number for a text."""
    fixed = {"interval": "1h", "textbox": "1"}
    return {variable.name: fixed.get(variable.type, f"value_of_{variable.name}") for variable in dashboard.variables}


def overridden(panel: Panel, name: str) -> list[object]:
    """Values of one property in the overrides of a panel."""
    return [each.get("value") for one in panel.overrides for each in one["properties"] if each["id"] == name]


def _variable_of_the_target(dashboard: Dashboard, name: str) -> Broken:
    variable = dashboard.variable(name)
    if variable is None:
        yield dashboard.place, f"has no variable {name}"
        return
    demands = {
        "is no query": variable.type == "query",
        f"is not labelled {name}": str(variable.raw.get("label", "")).lower() == name,
        "takes one value only": variable.raw.get("multi") is True,
        "does not offer All": variable.raw.get("includeAll") is True,
        "has an allValue other than .+": variable.raw.get("allValue") == ".+",
    }
    yield from ((variable.place, complaint) for complaint, is_met in demands.items() if not is_met)


def _with_queries(dashboard: Dashboard) -> Iterator[Panel]:
    return (panel for panel in dashboard.panels if panel.type not in WITHOUT_QUERIES)


def _templated(place: Place, raw: object) -> Broken:
    source = raw.get("datasource") if isinstance(raw, dict) else None
    if source != {"type": "prometheus", "uid": "${datasource}"}:
        yield place, f"does not ask ${{datasource}}, but {source}"


def _problem(dashboard: Dashboard, text: str) -> str:
    try:
        promql.parse(promql.readable(text, placeholders(dashboard)))
    except ValueError as error:
        return f"{str(error).strip()}: {text}"
    return ""


def _matches_the_target(dashboard: Dashboard, label: str) -> Broken:
    for query, expression in read(dashboard, dashboard.queries):
        for selector in promql.selectors(expression):
            if selector.matchers.get((label, "=~")) != f"value_of_{label}":
                yield query.place, f'{selector.metric} is asked for without {label}=~"${label}"'
