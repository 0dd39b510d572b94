"""What a dashboard of the mirror keeps: one PostgreSQL, the chosen machines, SQL that reads and that Grafana knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exporter.mirror.tables import TABLES
from grafana.kit.sql import EVERY_HOST, PLUGIN
from tests.grafana import linter_rules, metric_rules
from tests.grafana.sql_macros import KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.dashboard_files import Dashboard, Place, Query
    from tests.grafana.linter_rules import Broken, Rule

SOURCE = {"type": PLUGIN, "uid": "${database}"}
FORMATS = {"timeseries": "time_series"}
"""How a panel wants its rows, where not as a table."""
CHANGING = re.compile(
    r";|--|/\*|\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|CREATE|ALTER|DROP|GRANT|SET|CALL|DO|COPY|LOCK|FOR SHARE)\b"
)
OF_THE_SYSTEM = {"pg_timezone_names", "information_schema.tables"}
ASKED = re.compile(r'\b(?:FROM|JOIN)\s+((?:"\$\{schema\}"\.)?[\w.]+)')
PART = re.compile(r"(?:\bWITH|,)\s+(\w+) AS \(")
MACRO = re.compile(r"\$(__\w+)(\([^)]*\))?")
CHOSEN = "host IN (${host:sqlstring})"


def one_database(dashboard: Dashboard) -> Broken:
    """One variable offers data sources, by a name that no link from other dashboards sets; all go through it."""
    sources = [variable for variable in dashboard.variables if variable.type == "datasource"]
    names = [(each.name, each.query, str(each.raw.get("label"))) for each in sources]
    if names != [("database", PLUGIN, "Data source")]:
        yield dashboard.place, f"does not offer PostgreSQL alone, as database: {names}"
    for panel in dashboard.panels:
        for place, raw in [(panel.place, panel.raw), *((query.place, query.raw) for query in panel.queries)]:
            if raw.get("datasource") != SOURCE:
                yield place, f"does not ask ${{database}}, but {raw.get('datasource')}"
    for variable in dashboard.variables:
        if variable.type == "query" and variable.raw.get("datasource") != SOURCE:
            yield variable.place, f"does not ask ${{database}}, but {variable.raw.get('datasource')}"


def machines_and_schema(dashboard: Dashboard) -> Broken:
    """Machines: one, several or all, and all is short; a schema out of those that are there."""
    host, schema = dashboard.variable("host"), dashboard.variable("schema")
    if host is None or schema is None:
        yield dashboard.place, "has no variables host and schema"
        return
    demands = {"multi": True, "includeAll": True, "allValue": EVERY_HOST}
    for key, value in demands.items():
        if host.raw.get(key) != value:
            yield host.place, f"has {key}: {host.raw.get(key)!r} instead of {value!r}"
    if schema.raw.get("multi") or schema.raw.get("includeAll") or schema.raw.get("allowCustomValue") is not False:
        yield schema.place, "takes several schemas, or one that is not offered"
    for variable in (host, schema):
        if variable.type != "query" or str(variable.raw.get("label", "")).lower() != variable.name:
            yield variable.place, f"is no query, or is not labelled {variable.name}"


def queries_as_saved(dashboard: Dashboard) -> Broken:
    """What Grafana's editor saves of a query in code; lines are drawn of time series, and all else of tables."""
    for panel in dashboard.panels:
        for query in panel.queries:
            told = (query.raw.get("rawQuery"), query.raw.get("editorMode"))
            if told != (True, "code"):
                yield query.place, f"is not saved as code: {told}"
            wanted = FORMATS.get(panel.type, "table")
            if query.raw.get("format") != wanted:
                yield query.place, f"of a {panel.type} is a {query.raw.get('format')}, not a {wanted}"


def series_in_order(dashboard: Dashboard) -> Broken:
    """Time series are three columns, time, metric and value, in the order of the first: Grafana sorts nothing."""
    for query in dashboard.panel_queries:
        if query.raw.get("format") != "time_series":
            continue
        if not re.search(r"\bORDER BY 1\b", query.expression):
            yield query.place, "is not in the order of its time"
        if not re.search(r"\bAS metric\b.*\bAS value\b", query.expression, re.DOTALL):
            yield query.place, "does not name its series by a column metric and their values by one"


def only_reads(dashboard: Dashboard) -> Broken:
    """One statement that reads; no comments, which some versions of Grafana take out, with what is in them."""
    for place, sql in _everything(dashboard):
        if not sql.startswith(("SELECT ", "WITH ")):
            yield place, "does not begin with SELECT or WITH"
        for found in CHANGING.finditer(sql):
            yield place, f"does more than read: {found[0]}"


def tables_of_the_mirror(dashboard: Dashboard) -> Broken:
    """Tables are those that the mirror has, in the chosen schema; other names are the query's own parts."""
    known = {f'"${{schema}}".{table.name}' for table in TABLES} | OF_THE_SYSTEM
    for place, sql in _everything(dashboard):
        parts = set(PART.findall(sql))
        bare = re.sub(r"extract\(\w+ FROM ", "extract(", sql)
        for name in ASKED.findall(bare):
            if name not in known | parts:
                yield place, f"asks for {name}, which is no table of the mirror"


def chosen_machines(dashboard: Dashboard) -> Broken:
    """Each query is of the chosen machines: no part of it begins with a table of all of them."""
    for query in dashboard.panel_queries:
        if CHOSEN not in query.expression:
            yield query.place, f"is not of the chosen machines: {CHOSEN}"
        for name in re.findall(r'FROM "\$\{schema\}"\.(\w+)\b(?! AS s WHERE s\.host = )', query.expression):
            if name != "host":
                yield query.place, f"begins with {name} of all machines"


def known_macros(dashboard: Dashboard) -> Broken:
    """Macros that Grafana knows; their arguments end at the first bracket."""
    for place, sql in _everything(dashboard):
        for name, arguments in MACRO.findall(sql):
            if name not in KNOWN:
                yield place, f"has a macro that Grafana does not know: ${name}"
            elif "(" in arguments[1:]:
                yield place, f"has a bracket within the arguments of ${name}"
            elif bool(arguments) != KNOWN[name]:
                yield place, f"takes ${name} {'with' if arguments else 'without'} arguments"


SQL_RULES: dict[str, Rule] = {
    "one-database": one_database,
    "machines-and-schema": machines_and_schema,
    "queries-as-saved": queries_as_saved,
    "series-in-order": series_in_order,
    "only-reads": only_reads,
    "tables-of-the-mirror": tables_of_the_mirror,
    "chosen-machines": chosen_machines,
    "known-macros": known_macros,
    "template-on-time-change-reload-rule": linter_rules.template_on_time_change_reload,
    "panel-title-description-rule": linter_rules.panel_title_description,
    "panel-units-rule": linter_rules.panel_units,
    "panel-no-targets-rule": linter_rules.panel_no_targets,
    "uneditable-dashboard": linter_rules.uneditable_dashboard,
    "used-variables": metric_rules.used_variables,
    "known-variables": metric_rules.known_variables,
    "query-letters": metric_rules.query_letters,
}


def _everything(dashboard: Dashboard) -> Iterator[tuple[Place, str]]:
    """The SQL of panels and of variables."""
    yield from (_told(query) for query in dashboard.panel_queries)
    yield from ((variable.place, variable.query) for variable in dashboard.variables if variable.type == "query")


def _told(query: Query) -> tuple[Place, str]:
    return query.place, query.expression
