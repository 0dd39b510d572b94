"""Runs what a dashboard asks, as Grafana would send it, and says what comes back empty."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.grafana import promql
from tests.grafana.fields import Frame, frame, missing_columns, missing_names
from tests.grafana.findings import Finding
from tests.grafana.prometheus_server import QueryError
from tests.grafana.time_ranges import range_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.grafana.dashboard_files import Dashboard, Panel, Query, Variable
    from tests.grafana.time_ranges import Range
    from tests.grafana.world import World

HIDDEN = 2
MOST_SINGLE = 2
"""Values of a drop-down with All that are chosen alone: all choices of several drop-downs are asked for together."""
MAY_BE_MISSING = frozenset({"query-empty", "query-not-a-number", "field-missing"})
LABEL_IN_A_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LABEL_VALUES = re.compile(r"label_values\((?:(?P<selector>.*),)?\s*(?P<label>\w+)\s*\)", re.DOTALL)


def run(dashboard: Dashboard, world: World) -> list[Finding]:
    """Everything that a server finds wrong with a dashboard, whatever is chosen in its drop-downs.

    An answer need not be there for each choice, but for one of them.
    """
    chosen, findings = choices(dashboard, world)
    whole = range_of(dashboard, None, world.now)
    each = [list(_run(dashboard, whole, values, world)) for values in chosen]
    return findings + _of_all(each)


def choices(dashboard: Dashboard, world: World) -> tuple[list[dict[str, str]], list[Finding]]:
    """What the variables may stand for: all of a drop-down, and single values of it; and those that offer nothing."""
    whole = range_of(dashboard, None, world.now)
    chosen: list[dict[str, str]] = [dict(whole.variables)]
    findings = []
    for variable in dashboard.variables:
        offered = {index: _offered(variable, values, whole, world) for index, values in enumerate(chosen)}
        if not all(offered.values()):
            findings.append(Finding("variable-empty", variable.place, f"offers nothing: {variable.query}"))
        chosen = [
            {**values, variable.name: value} for index, values in enumerate(chosen) for value in offered[index] or [""]
        ]
    return chosen, findings


def _of_all(each: list[list[Finding]]) -> list[Finding]:
    """What is wrong with one choice, and of what need not be there with each what is missing with all of them."""
    times = Counter(key for findings in each for key in {(found.rule, found.place) for found in findings})
    firsts = {(found.rule, found.place, found.message): found for findings in each for found in findings}
    return [
        found
        for found in firsts.values()
        if found.rule not in MAY_BE_MISSING or times[found.rule, found.place] == len(each)
    ]


def _run(dashboard: Dashboard, whole: Range, values: Mapping[str, str], world: World) -> Iterator[Finding]:
    for panel in dashboard.panels:
        yield from _panel(panel, range_of(dashboard, panel, world.now), values, world)
    for query in dashboard.annotations:
        yield from _asked(query, whole, values, world)[1]


def _panel(panel: Panel, shown: Range, values: Mapping[str, str], world: World) -> Iterator[Finding]:
    names: Counter[str] = Counter()
    frames: list[Frame] = []
    for query in panel.queries:
        series, findings = _asked(query, shown, {**values, **shown.variables}, world)
        yield from findings
        labels = [each["metric"] for each in series]
        if query.raw.get("format") == "table":
            frames.append(frame(query.raw["refId"], labels, is_only_one=len(panel.queries) == 1))
        else:
            names.update(_name(query.legend, each) for each in labels)
    for name, times in names.items():
        if times > 1:
            yield Finding("legend-ambiguous", panel.place, f"shows {times} series under the name {name!r}")
    missing = missing_columns(panel, frames) if frames else missing_names(panel, names)
    yield from (Finding("field-missing", panel.place, message) for message in missing)


def _asked(
    query: Query, shown: Range, values: Mapping[str, str], world: World
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """The series that come back, and what is wrong with them."""
    try:
        expression = promql.filled_in(query.expression, values)
        series = answer(expression, query, shown, world)
    except (QueryError, promql.UnknownVariableError) as error:
        return [], [Finding("query-fails", query.place, f"{error}: {query.expression}")]
    points = [float(value) for each in series for _, value in _points(each)]
    if not points:
        return [], [Finding("query-empty", query.place, expression)]
    if all(map(math.isnan, points)):
        return series, [Finding("query-not-a-number", query.place, expression)]
    texts = query.legend + str(query.raw.get("titleFormat", "")) + str(query.raw.get("textFormat", ""))
    return series, [
        Finding("legend-empty", query.place, f"{{{{{label}}}}} has no value in: {expression}")
        for label in sorted(set(LABEL_IN_A_LEGEND.findall(texts)))
        if any(label not in each["metric"] for each in series)
    ]


def _name(legend: str, labels: Mapping[str, str]) -> str:
    return LABEL_IN_A_LEGEND.sub(lambda match: labels.get(match[1], ""), legend)


def answer(expression: str, query: Query, shown: Range, world: World) -> list[dict[str, Any]]:
    """The series that a panel or an annotation gets."""
    if query.is_instant:
        return world.prometheus.at(expression, shown.end)
    # Grafana lays the steps on whole multiples; here the last one lies on now, where the newest samples are
    steps = int((shown.end - shown.start) / shown.step)
    return world.prometheus.over(expression, shown.end - steps * shown.step, shown.end, shown.step)


def _offered(variable: Variable, values: Mapping[str, str], shown: Range, world: World) -> list[str]:
    """What may stand for the variable: its values, and all of them."""
    if variable.type == "datasource":
        return ["prometheus"]
    if variable.type != "query":
        first = re.split(r",\s*", variable.query)[0]
        return [str(variable.raw.get("current", {}).get("value") or first)]
    query = promql.filled_in(variable.query, values)
    match = LABEL_VALUES.fullmatch(query.strip())
    if match is None:
        inner = re.sub(r"^query_result\((.*)\)$", r"\1", query.strip())
        found = named_by(variable, world.prometheus.at(inner, shown.end))
    else:
        selector = (match["selector"] or "").strip()
        found = world.prometheus.label_values(match["label"], selector, shown.start, shown.end)
    # Twice, as Grafana does: once for the regular expression, once for the string that it stands in
    found = [re.escape(each).replace("\\", "\\\\") for each in found]
    joined = str(variable.raw.get("allValue") or f"({'|'.join(found)})")
    if variable.raw.get("hide") == HIDDEN:
        return [joined]
    if variable.raw.get("includeAll"):
        return [joined, *found[:MOST_SINGLE]] if len(found) > 1 else [joined] * len(found)
    return [*found, joined] if len(found) > 1 else found


def named_by(variable: Variable, series: list[dict[str, Any]]) -> list[str]:
    """What a variable's regular expression finds in the series of its query."""
    texts = [", ".join(f'{name}="{value}"' for name, value in each["metric"].items()) for each in series]
    found = (re.search(str(variable.raw["regex"]).strip("/"), text) for text in texts)
    return list(dict.fromkeys(match[1] for match in found if match))


def _points(series: Mapping[str, Any]) -> list[tuple[float, str]]:
    return series.get("values") or [series["value"]]
