"""Mistakes that people make in a dashboard of the mirror, each with the rule that must find it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.grafana.planted_mistakes import Mistake

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.grafana.good_dashboard import Tree

    Plant = Callable[[Tree], object]


def panel(tree: Tree, title: str) -> Tree:
    return next(each for each in tree["panels"] if each["title"] == title)


def swap(old: str, new: str, title: str = "Today") -> Plant:
    """Replace a piece of a panel's SQL."""

    def plant(tree: Tree) -> None:
        target = panel(tree, title)["targets"][0]
        assert old in target["rawSql"]
        target["rawSql"] = target["rawSql"].replace(old, new)

    return plant


def target(title: str = "Today", /, **keys: object) -> Plant:
    return lambda tree: panel(tree, title)["targets"][0].update(keys)


def choice(name: str, /, **keys: object) -> Plant:
    return lambda tree: _variable(tree, name).update(keys)


def drop(name: str) -> Plant:
    return lambda tree: tree["templating"]["list"].remove(_variable(tree, name))


def put(title: str, /, **keys: object) -> Plant:
    return lambda tree: panel(tree, title).update(keys)


def defaults(title: str, /, **keys: object) -> Plant:
    return lambda tree: panel(tree, title)["fieldConfig"]["defaults"].update(keys)


TRAFFIC = "Traffic by machine"
PROMETHEUS = {"type": "prometheus", "uid": "${datasource}"}
MISTAKES = (
    Mistake("a name that links of other dashboards set", "one-database", choice("database", name="datasource")),
    Mistake("another kind of data source", "one-database", choice("database", query="prometheus")),
    Mistake("a panel of another data source", "one-database", put("Today", datasource=PROMETHEUS)),
    Mistake("a query of another data source", "one-database", target(datasource=PROMETHEUS)),
    Mistake("a choice of another data source", "one-database", choice("host", datasource=PROMETHEUS)),
    Mistake("no choice of machines", "machines-and-schema", drop("host")),
    Mistake("one machine only", "machines-and-schema", choice("host", multi=False)),
    Mistake("All as ten thousand ids", "machines-and-schema", choice("host", allValue="")),
    Mistake(
        "All with a variable, which some versions leave there", "machines-and-schema", choice("host", allValue="$a")
    ),
    Mistake("a schema that somebody types", "machines-and-schema", choice("schema", allowCustomValue=True)),
    Mistake("two schemas", "machines-and-schema", choice("schema", multi=True)),
    Mistake("a query of the builder", "queries-as-saved", target(editorMode="builder")),
    Mistake("a query that the editor makes anew", "queries-as-saved", target(rawQuery=False)),
    Mistake("a number as a line", "queries-as-saved", target(format="time_series")),
    Mistake("a line as a table", "queries-as-saved", target(TRAFFIC, format="table")),
    Mistake("a line in any order", "series-in-order", swap("ORDER BY 1", "ORDER BY 2", TRAFFIC)),
    Mistake("a line without a name", "series-in-order", swap("AS metric", "AS machine", TRAFFIC)),
    Mistake("a second statement", "only-reads", swap("SELECT sum(", "SELECT 1; SELECT sum(")),
    Mistake("a row that is changed", "only-reads", swap("SELECT sum(", "DELETE FROM x RETURNING sum(")),
    Mistake("a comment", "only-reads", swap("SELECT sum(", "-- of today\nSELECT sum(")),
    Mistake("a table of the default schema", "tables-of-the-mirror", swap('"${schema}".host_day', "host_day")),
    Mistake("a typo in a table", "tables-of-the-mirror", swap("host_day", "hosts_day")),
    Mistake("a typo in a part", "tables-of-the-mirror", swap("FROM local", "FROM lokal")),
    Mistake("whatever is chosen", "chosen-machines", swap("host IN (${host:sqlstring})", "true")),
    Mistake(
        "all machines beside the chosen ones",
        "chosen-machines",
        swap('local JOIN "${schema}".host_day USING (host)', '"${schema}".host_day, local'),
    ),
    Mistake("a typo in a macro", "known-macros", swap("$__unixEpochTo()", "$__unixEpochUntil()", TRAFFIC)),
    Mistake("a bracket in a macro", "known-macros", swap("Alias(slot,", "Alias(abs(slot),", TRAFFIC)),
    Mistake("a macro without its brackets", "known-macros", swap("$__unixEpochTo()", "$__unixEpochTo", TRAFFIC)),
    Mistake("a choice that is never asked again", "template-on-time-change-reload-rule", choice("host", refresh=1)),
    Mistake("no description", "panel-title-description-rule", put("Today", description="")),
    Mistake("a unit that is none", "panel-units-rule", defaults("Today", unit="furlongs")),
    Mistake("no query", "panel-no-targets-rule", put("Today", targets=[])),
    Mistake("editable", "uneditable-dashboard", lambda tree: tree.update(editable=True)),
    Mistake("a drop-down that does nothing", "used-variables", lambda tree: _add(tree, "region")),
    Mistake("a title of a variable that is not there", "known-variables", put("Today", title="Today of $region")),
    Mistake("two queries of one letter", "query-letters", lambda tree: _twice(panel(tree, "Today")["targets"])),
)


def _variable(tree: Tree, name: str) -> Tree:
    found: Tree = next(each for each in tree["templating"]["list"] if each["name"] == name)
    return found


def _add(tree: Tree, name: str) -> None:
    tree["templating"]["list"].append({**_variable(tree, "schema"), "name": name, "label": name})


def _twice(targets: list[Any]) -> None:
    targets.append(targets[0])
