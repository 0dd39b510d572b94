"""Mistakes that people make in dashboards, each with the rule or check that must find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tests.grafana.good_dashboard import defaults, panel, variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.grafana.good_dashboard import Tree


class Mistake(NamedTuple):
    """What is wrong, who must say so, and how it is done."""

    what: str
    rule: str
    plant: Callable[[Tree], object]


def ask(text: str, kind: str = "timeseries", number: int = 0) -> Callable[[Tree], object]:
    """Replace an expression."""
    return lambda tree: panel(tree, kind)["targets"][number].update(expr=text)


def swap(old: str, new: str, kind: str = "timeseries") -> Callable[[Tree], object]:
    """Replace a piece of an expression."""

    def plant(tree: Tree) -> None:
        target = panel(tree, kind)["targets"][0]
        assert old in target["expr"]
        target["expr"] = target["expr"].replace(old, new)

    return plant


def grid(kind: str, /, **place: int) -> Callable[[Tree], object]:
    return lambda tree: panel(tree, kind)["gridPos"].update(place)


def put(kind: str, /, **keys: object) -> Callable[[Tree], object]:
    """Set keys of a panel."""
    return lambda tree: panel(tree, kind).update(keys)


def field(kind: str, /, **keys: object) -> Callable[[Tree], object]:
    """Set field settings of a panel."""
    return lambda tree: defaults(tree, kind).update(keys)


def option(kind: str, /, **keys: object) -> Callable[[Tree], object]:
    return lambda tree: panel(tree, kind)["options"].update(keys)


def target(kind: str, /, **keys: object) -> Callable[[Tree], object]:
    return lambda tree: panel(tree, kind)["targets"][0].update(keys)


def choice(name: str, /, **keys: object) -> Callable[[Tree], object]:
    """Set keys of a variable."""
    return lambda tree: variable(tree, name).update(keys)


def whole(**keys: object) -> Callable[[Tree], object]:
    """Set keys of the dashboard."""
    return lambda tree: tree.update(keys)


def override(number: int, kind: str, /, **keys: object) -> Callable[[Tree], object]:
    """Set keys of the first property of an override."""
    return lambda tree: panel(tree, kind)["fieldConfig"]["overrides"][number]["properties"][0].update(keys)


def matcher(kind: str, /, **keys: object) -> Callable[[Tree], object]:
    return lambda tree: panel(tree, kind)["fieldConfig"]["overrides"][0]["matcher"].update(keys)


def organize(**keys: object) -> Callable[[Tree], object]:
    """Set options of the table's last transformation."""
    return lambda tree: panel(tree, "table")["transformations"][-1]["options"].update(keys)


def link(**keys: object) -> Callable[[Tree], object]:
    return lambda tree: tree["links"][0].update(keys)


def drop(kind: str, key: str) -> Callable[[Tree], object]:
    return lambda tree: panel(tree, kind).pop(key)


def drop_choice(name: str) -> Callable[[Tree], object]:
    return lambda tree: tree["templating"]["list"].remove(variable(tree, name))


def forget_the_device(tree: Tree) -> None:
    for each in panel(tree, "timeseries")["targets"]:
        each["expr"] = each["expr"].replace(', device=~"$device"', "")


LINTER = (
    Mistake("no datasource variable", "template-datasource-rule", drop_choice("datasource")),
    Mistake("a datasource variable of another name", "template-datasource-rule", choice("datasource", name="ds")),
    Mistake("a datasource of another kind", "template-datasource-rule", choice("datasource", query="loki")),
    Mistake("no variable for the job", "template-job-rule", drop_choice("job")),
    Mistake("one instance only", "template-instance-rule", choice("instance", multi=False)),
    Mistake("All of a variable that forgets .+", "template-instance-rule", choice("instance", allValue=".*")),
    Mistake(
        "a variable that does not parse", "template-label-promql-rule", choice("device", query="label_values(a{, b)")
    ),
    Mistake("a variable that is never asked again", "template-on-time-change-reload-rule", choice("device", refresh=1)),
    Mistake(
        "another data source",
        "panel-datasource-rule",
        put("stat", datasource={"type": "prometheus", "uid": "netledger-prometheus"}),
    ),
    Mistake("no data source", "panel-datasource-rule", drop("stat", "datasource")),
    Mistake("a target of another data source", "panel-datasource-rule", target("gauge", datasource=None)),
    Mistake(
        "an annotation of another data source",
        "panel-datasource-rule",
        lambda tree: tree["annotations"]["list"][0]["target"].update(datasource={"type": "prometheus", "uid": "x"}),
    ),
    Mistake("no description", "panel-title-description-rule", drop("timeseries", "description")),
    Mistake("an empty title", "panel-title-description-rule", put("gauge", title=" ")),
    Mistake("a unit that is none", "panel-units-rule", field("timeseries", unit="furlongs")),
    Mistake("no unit", "panel-units-rule", field("stat", unit="")),
    Mistake("no query", "panel-no-targets-rule", put("stat", targets=[])),
    Mistake("a bracket too few", "target-promql-rule", ask("sum(netledger_plan_left_bytes", "stat")),
    Mistake("a variable that is not there", "target-promql-rule", swap("$device", "$interface")),
    Mistake("a variable that was renamed", "target-promql-rule", choice("device", name="interface")),
    Mistake("rate over the step", "target-rate-interval-rule", swap("$__rate_interval", "$__interval")),
    Mistake("rate over five minutes", "target-rate-interval-rule", swap("$__rate_interval", "5m")),
    Mistake(
        "half an hour while there are scrapes",
        "target-rate-interval-rule",
        ask('rate(a_total{job=~"$job"}[$__rate_interval]) or rate(a_total{job=~"$job"}[30m])'),
    ),
    Mistake("increase over a week", "target-rate-interval-rule", ask('increase(a_total{job=~"$job"}[1w])')),
    Mistake("all jobs", "target-job-rule", swap('job=~"$job", ', "")),
    Mistake("all instances", "target-instance-rule", swap(', instance=~"$instance"', "")),
    Mistake("one of several instances", "target-instance-rule", swap('instance=~"$instance"', 'instance="$instance"')),
    Mistake("a bare counter", "target-counter-agg-rule", swap("rate(", "max_over_time(")),
    Mistake("editable", "uneditable-dashboard", whole(editable=True)),
)
METRICS = (
    Mistake("a typo in a metric", "documented-metrics", swap("receive_bytes_total", "recieve_bytes_total")),
    Mistake("a metric of another exporter", "documented-metrics", swap("netledger_plan_left_bytes", "left", "stat")),
    Mistake("a typo in a label", "documented-labels", swap("device=~", "interface=~")),
    Mistake("a label of no metric in by()", "documented-labels", swap("by (device)", "by (interface)")),
    Mistake("a legend of all labels", "legend-labels", target("timeseries", legendFormat="__auto")),
    Mistake("a drop-down that does nothing", "used-variables", forget_the_device),
    Mistake("a title of a variable that is not there", "known-variables", put("gauge", title="Used by $host")),
    Mistake("rows for each of nothing", "known-variables", put("gauge", repeat="host")),
    Mistake(
        "a link with a variable that is not there",
        "known-variables",
        field("timeseries", links=[{"title": "x", "url": "/d/netledger-plans?${plans:queryparam}"}]),
    ),
    Mistake("VPN and uplink added up", "counted-once", swap("netledger_machine", "netledger_interface", "table")),
    Mistake("a range for one value", "of-one-moment", target("gauge", instant=False, range=True)),
    Mistake("a range for a number without a graph", "of-one-moment", target("stat", instant=False)),
    Mistake("one moment for a line", "of-one-moment", target("timeseries", instant=True, range=False)),
    Mistake("the top of a range", "top-of-one-moment", ask('topk(3, netledger_interface_up{job=~"$job"})')),
    Mistake(
        "the top of each step's hour", "top-of-one-moment", ask("topk(3, max_over_time(netledger_interface_up[1h]))")
    ),
    Mistake("up of every target", "tied-to-netledger", ask('sum(up{job=~"$job"})', "stat")),
    Mistake(
        "memory of whatever has the instance",
        "tied-to-netledger",
        ask("process_resident_memory_bytes and on (instance) netledger_build_info"),
    ),
    Mistake(
        "up without the machines of others",
        "tied-to-netledger",
        ask("up unless on (job, instance) netledger_build_info", "stat"),
    ),
    Mistake("a choice of every target", "tied-to-netledger", choice("instance", query="label_values(up, instance)")),
    Mistake(
        "now as an average over hours",
        "now-is-now",
        ask("sum(rate(netledger_interface_receive_bytes_total[$__rate_interval]))", "stat"),
    ),
    Mistake(
        "now as an average of the range",
        "now-is-now",
        lambda tree: (
            ask("increase(netledger_interface_receive_bytes_total[$__range])", "stat")(tree),
            put("stat", title="Receiving now")(tree),
        ),
    ),
    Mistake(
        "a pattern of a part of the label",
        "whole-patterns",
        ask('label_replace(netledger_plan_used_ratio, "a", "$1", "plan", "(..)")', "stat"),
    ),
    Mistake("a number without a name", "names-of-its-own", option("stat", textMode="auto")),
    Mistake("two queries of one letter", "query-letters", target("timeseries", refId="B")),
)

IDS = (
    Mistake("a matcher that is none", "override-matchers", matcher("timeseries", id="byRegex")),
    Mistake("an override for fields of no name", "override-matchers", matcher("timeseries", options="")),
    Mistake("an override for no query", "override-references", matcher("table", id="byFrameRefID", options="Z")),
    Mistake("a property that is none", "override-properties", override(0, "table", id="units", value="bps")),
    Mistake(
        "an override by nothing",
        "override-properties",
        lambda tree: panel(tree, "table")["fieldConfig"]["overrides"][0]["properties"][0].pop("value"),
    ),
    Mistake("a colour that is none", "colors", field("timeseries", color={"mode": "fixed", "fixedColor": "grean"})),
    Mistake("a mark in no colour", "colors", lambda tree: tree["annotations"]["list"][0].update(iconColor="bleu")),
    Mistake("a gauge of all values at once", "reducers", option("gauge", reduceOptions={})),
    Mistake("a reducer that is none", "reducers", option("gauge", reduceOptions={"calcs": ["lastNotNul"]})),
    Mistake("a stat that does not say which value", "reducers", option("stat", reduceOptions={"calcs": []})),
    Mistake("a transformation that is none", "transformations", put("table", transformations=[{"id": "joinByFeild"}])),
    Mistake(
        "thresholds that fall",
        "thresholds",
        field("gauge", thresholds={"steps": [{"value": None}, {"value": 0.9}, {"value": 0.8}]}),
    ),
    Mistake("a first threshold of 0", "thresholds", field("gauge", thresholds={"steps": [{"value": 0}]})),
    Mistake("a colour mode that is none", "color-modes", field("timeseries", color={"mode": "palette-clasic"})),
)

LAYOUT = (
    Mistake("wider than the grid", "within-the-grid", grid("gauge", w=13)),
    Mistake("no height", "within-the-grid", grid("stat", h=0)),
    Mistake("one over another", "no-overlap", grid("timeseries", y=8)),
    Mistake("a hole in a line", "no-hole", grid("gauge", w=11)),
    Mistake("a gauge that is cut", "tall-enough", grid("gauge", h=5)),
    Mistake(
        "text on its sparkline",
        "tall-enough",
        lambda tree: (grid("stat", h=4)(tree), option("stat", graphMode="area")(tree)),
    ),
    Mistake(
        "an open row that hides its panels",
        "rows-hold-their-panels",
        lambda tree: tree["panels"][-1].update(collapsed=False),
    ),
)

CONVENTIONS = (
    Mistake("no uid", "identity", whole(uid="")),
    Mistake("the id of somebody's Grafana", "identity", whole(id=17)),
    Mistake("two panels of one id", "panel-ids", put("gauge", id=2)),
    Mistake("a panel without an id", "panel-ids", drop("stat", "id")),
    Mistake("two panels of one title", "panel-titles", put("gauge", title="Left")),
    Mistake("never refreshed", "behaviour", whole(refresh="")),
    Mistake("somebody's zone", "behaviour", whole(timezone="Europe/Berlin")),
    Mistake("no shared crosshair", "behaviour", whole(graphTooltip=0)),
    Mistake("no tag", "links-by-tag", whole(tags=["network"])),
    Mistake("a link that loses the time", "links-by-tag", link(keepTime=False)),
    Mistake(
        "a link to a dashboard of before",
        "links-lead-somewhere",
        field("timeseries", links=[{"title": "x", "url": "/d/netledger-device/x"}]),
    ),
    Mistake("an export for sharing", "no-export-for-sharing", whole(__inputs=[])),
    Mistake(
        "a data source of an export",
        "no-export-for-sharing",
        put("stat", datasource={"type": "prometheus", "uid": "${DS_PROMETHEUS}"}),
    ),
    Mistake("a legend that is hidden by default", "visible-legends", option("timeseries", legend={})),
    *(
        Mistake(f"no words for nothing in a {kind}", "words-for-nothing", field(kind, noValue=""))
        for kind in ("stat", "timeseries", "table")
    ),
)

TYPES = (
    Mistake("a misspelt line width", "Traffic", field("timeseries", custom={"lineWidht": 2})),
    Mistake("a misspelt option", "Traffic", option("timeseries", legned={})),
    Mistake("a panel type that is none", "Traffic", put("timeseries", type="timeserie")),
    Mistake("a panel type of before", "Traffic", put("timeseries", type="graph")),
    Mistake("a legend on the left", "Traffic", option("timeseries", legend={"showLegend": True, "placement": "left"})),
    Mistake("decimals as a text", "Used", field("gauge", decimals="1")),
    Mistake("a minimum as a text", "Used", field("gauge", min="0")),
    Mistake("a width as a text", "Used", lambda tree: panel(tree, "gauge")["gridPos"].update(w="12")),
    Mistake(
        "a colour in British",
        "Left",
        field("stat", thresholds={"mode": "absolute", "steps": [{"colour": "red", "value": 0}]}),
    ),
    Mistake("a misspelt target", "Used", target("gauge", exprr="up")),
    Mistake("a data source type that is none", "Used", target("gauge", datasource={"type": "prometeus", "uid": "x"})),
    Mistake("an old schema", "the dashboard", whole(schemaVersion=36)),
    Mistake("a variable of no type", "variable device", choice("device", type="querry")),
    Mistake("keys of an interval on a query", "variable device", choice("device", auto=False)),
    Mistake("a refresh in seconds", "the dashboard", whole(refresh=60)),
    Mistake("a misspelt zone", "the dashboard", whole(timezne="utc")),
    Mistake("a line width on a stat", "Left", field("stat", custom={"lineWidth": 2})),
    Mistake("the footer that tables had", "Months", option("table", footer={"show": True})),
    Mistake("a misspelt option of a transformation", "Months, organize", organize(renameByNames={"Value #A": "x"})),
    Mistake("a column that is excluded by a word", "Months, organize", organize(excludeByName={"Value #A": "yes"})),
    Mistake(
        "a misspelt custom override",
        "Months, override custom.cellOptionz",
        override(0, "table", id="custom.cellOptionz"),
    ),
    Mistake(
        "a cell that is none", "Months, override custom.cellOptions", override(0, "table", value={"type": "guage"})
    ),
    Mistake(
        "a transform that is none", "Traffic, override custom.transform", override(0, "timeseries", value="negative-y")
    ),
    Mistake("an override of a unit by a number", "Months, override unit", override(0, "table", id="unit", value=3)),
    Mistake(
        "an expression on the annotation itself",
        "annotation Cycle starts",
        lambda tree: tree["annotations"]["list"][0].update(expr="up"),
    ),
    Mistake("a legend in a link", "the dashboard", link(keepTimes=True)),
    Mistake("a mapping that is none", "Links", field("state-timeline", mappings=[{"type": "values", "options": {}}])),
)
"""The rule is where the compiler must find it."""
