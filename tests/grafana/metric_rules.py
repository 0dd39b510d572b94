"""What the queries ask for: metrics and labels that the documents name, each byte once, the right kind of query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.grafana import metric_documents, promql
from tests.grafana.linter_rules import expression_of, overridden, placeholders, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promql_parser import Expr

    from tests.grafana.dashboard_files import Dashboard, Place
    from tests.grafana.linter_rules import Broken, Rule

OF_ONE_MOMENT = frozenset({"gauge", "bargauge", "table", "piechart", "barchart"})


def documented_metrics(dashboard: Dashboard) -> Broken:
    for place, expression in _everything(dashboard):
        for selector in promql.selectors(expression):
            if (
                selector.metric
                not in metric_documents.documented_metrics().keys() | metric_documents.recorded_metrics()
            ):
                yield place, f"asks for {selector.metric or 'any metric'}, which docs/metrics.md does not name"


def documented_labels(dashboard: Dashboard) -> Broken:
    """Labels in selectors belong to their metric; those of by(), without(), on() and group_left() to one of theirs."""
    known = metric_documents.documented_metrics()
    for place, expression in _everything(dashboard):
        asked = [selector for selector in promql.selectors(expression) if selector.metric in known]
        for selector in asked:
            for label in {label for label, _ in selector.matchers} - labels_of(selector.metric) - {"__name__"}:
                yield place, f"asks for a label of {selector.metric} that it does not have: {label}"
        if len(asked) < len(list(promql.selectors(expression))):
            continue
        made = {label for label, _ in promql.derived_labels(expression)}
        there = made.union(*(labels_of(selector.metric) for selector in asked))
        for label in sorted({*_grouped_by(expression), *promql.matching_labels(expression)} - there):
            yield place, f"groups by a label that none of its metrics has: {label}"


def legend_labels(dashboard: Dashboard) -> Broken:
    """A legend speaks of labels, and never shows all of them at once."""
    for panel in dashboard.panels:
        for query in panel.queries:
            if query.legend == "__auto" or (not query.legend and query.raw.get("format") != "table"):
                yield query.place, "shows every label in its legend"


def used_variables(dashboard: Dashboard) -> Broken:
    """A variable is asked for somewhere: one that is not is a drop-down that does nothing."""
    texts = [query.expression for query in dashboard.queries] + [variable.query for variable in dashboard.variables]
    used = set[str]().union(*map(promql.variables_in, texts)) | {
        name for name in (panel.raw.get("repeat") for panel in dashboard.rows_and_panels) if name
    }
    for variable in dashboard.variables:
        if variable.type != "datasource" and variable.name not in used:
            yield variable.place, "is asked for by no query"


def known_variables(dashboard: Dashboard) -> Broken:
    """Titles, words and links speak of variables that are there; those of Grafana's own begin with __."""
    there = {variable.name for variable in dashboard.variables}
    for panel in (panel for panel in dashboard.rows_and_panels if panel.type):
        raw = panel.raw
        texts = [
            raw.get("title", ""),
            raw.get("description", ""),
            f"${raw['repeat']}" if raw.get("repeat") else "",
            json.dumps([raw.get("links"), panel.defaults.get("links"), overridden(panel, "links")]),
            raw.get("options", {}).get("content", ""),
        ]
        unknown = {name for text in texts for name in promql.variables_in(text) if not name.startswith("__")} - there
        for name in sorted(unknown):
            yield panel.place, f"speaks of a variable that is not there: {name}"


def counted_once(dashboard: Dashboard) -> Broken:
    """Interfaces are never added up: what crosses a VPN has crossed the uplink as well, and a machine has metrics."""
    for query, expression in read(dashboard, dashboard.queries):
        for grouping in promql.groupings(expression):
            if grouping.operator not in ("sum", "avg") or _kept(grouping) & _names_of_a_device(grouping.inner):
                continue
            for selector in promql.selectors(grouping.inner):
                if selector.metric.startswith("netledger_interface_"):
                    yield query.place, f"adds up interfaces of {selector.metric}: netledger_machine_* are the sum"


def of_one_moment(dashboard: Dashboard) -> Broken:
    """A panel that shows one value asks for one; a sum over its time range would be one of all samples."""
    for panel in dashboard.panels:
        has_no_graph = panel.type == "stat" and panel.raw.get("options", {}).get("graphMode") == "none"
        for query in panel.queries:
            if (panel.type in OF_ONE_MOMENT or has_no_graph) and not query.is_instant:
                yield query.place, f"of a {panel.type} asks for a range (instant: true, range: false)"
            if panel.type in ("timeseries", "state-timeline") and query.is_instant:
                yield query.place, f"of a {panel.type} asks for one moment only"


def top_of_one_moment(dashboard: Dashboard) -> Broken:
    """topk over a range takes others at every step, unless it looks at the range's end only."""
    for query, expression in read(dashboard, dashboard.panel_queries):
        tops = [each for each in promql.groupings(expression) if each.operator in ("topk", "bottomk")]
        if not query.is_instant and any(list(promql.moving(each.inner)) for each in tops):
            yield query.place, "asks for the top of a range"


def tied_to_netledger(dashboard: Dashboard) -> Broken:
    """What every target has (up, scrape_*, process_*) is asked of the targets that are a netledger, and of no other."""
    for place, expression in _everything(dashboard):
        for selector in promql.untied(expression, _is_ours):
            yield place, f"asks every target for {selector.metric}: and on (job, instance) netledger_build_info"


def now_is_now(dashboard: Dashboard) -> Broken:
    """One value does not depend on how long the dashboard's range is; what is called now is no average over it."""
    steps = (promql.RATE_INTERVAL, promql.INTERVAL)
    for panel in dashboard.panels:
        for query, expression in read(dashboard, iter(panel.queries)):
            ranges = {call.range for call in promql.ranged_calls(expression)}
            if query.is_instant and ranges & {*steps}:
                yield query.place, "asks for one value by the steps of a range"
            if query.is_instant and "now" in panel.place.panel.lower().split() and promql.RANGE in ranges:
                yield query.place, "is called now, and is of the whole range"


def whole_patterns(dashboard: Dashboard) -> Broken:
    """A pattern matches all of a label in Prometheus, a part of it elsewhere, unless it says ^ and $."""
    for place, expression in _everything(dashboard):
        for pattern in promql.patterns(expression):
            if not (pattern.startswith("^") and pattern.endswith("$")):
                yield place, f"replaces by a pattern without ^ and $: {pattern}"


def names_of_its_own(dashboard: Dashboard) -> Broken:
    """A number of a plan says whose it is, also where it is the only one."""
    for panel in dashboard.panels:
        mode = panel.raw.get("options", {}).get("textMode", "auto")
        if panel.type == "stat" and mode not in ("value_and_name", "name"):
            for query, expression in read(dashboard, iter(panel.queries)):
                if any(each.metric.startswith("netledger_plan_") for each in promql.shown(expression)):
                    yield query.place, "does not say whose it is (textMode: value_and_name)"


def query_letters(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        letters = [str(query.raw.get("refId", "")) for query in panel.queries]
        if len(set(letters)) < len(letters) or "" in letters:
            yield panel.place, f"has queries that share a refId: {', '.join(letters)}"


METRIC_RULES: dict[str, Rule] = {
    "documented-metrics": documented_metrics,
    "documented-labels": documented_labels,
    "legend-labels": legend_labels,
    "used-variables": used_variables,
    "known-variables": known_variables,
    "counted-once": counted_once,
    "of-one-moment": of_one_moment,
    "top-of-one-moment": top_of_one_moment,
    "query-letters": query_letters,
    "tied-to-netledger": tied_to_netledger,
    "now-is-now": now_is_now,
    "whole-patterns": whole_patterns,
    "names-of-its-own": names_of_its_own,
}


def labels_of(metric: str) -> frozenset[str]:
    """Labels of a documented metric, its target's included."""
    return metric_documents.documented_metrics()[metric] | metric_documents.OF_A_TARGET


def _everything(dashboard: Dashboard) -> Iterator[tuple[Place, Expr]]:
    for query, expression in read(dashboard, dashboard.queries):
        yield query.place, expression
    for variable in dashboard.variables:
        inner = expression_of(variable) if variable.type == "query" else None
        if inner:
            try:
                yield variable.place, promql.parse(promql.readable(inner, placeholders(dashboard)))
            except ValueError:
                continue


def _is_ours(metric: str) -> bool:
    return metric.startswith("netledger_") or metric in metric_documents.recorded_metrics()


def _grouped_by(expression: Expr) -> set[str]:
    return {label for each in promql.groupings(expression) for label in (each.by or frozenset()) | each.without}


def _names_of_a_device(expression: Expr) -> set[str]:
    """The label device, and those that are made of it."""
    return {"device"} | {label for label, sources in promql.derived_labels(expression) if "device" in sources}


def _kept(grouping: promql.Grouping) -> frozenset[str]:
    """Whether devices stay apart: named by by(), or not left out by without()."""
    if grouping.by is not None:
        return grouping.by
    return frozenset({"device"}) - grouping.without if grouping.without else frozenset()
