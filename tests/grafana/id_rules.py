"""Ids that are plain strings for Grafana's types: a wrong one is ignored in silence."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.grafana import grafana_ids
from tests.grafana.linter_rules import overridden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.grafana.dashboard_files import Dashboard, Panel
    from tests.grafana.linter_rules import Broken, Rule

OF_ONE_VALUE = frozenset({"stat", "gauge", "bargauge", "piechart"})
COLOR = re.compile(
    r"(super-light-|light-|semi-dark-|dark-)?(red|orange|yellow|green|blue|purple)"
    r"|text|transparent|white|black|gray|#[0-9a-fA-F]{3,8}|rgba?\([^)]+\)"
)


def override_matchers(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        for override in panel.overrides:
            matcher = override["matcher"]["id"]
            if matcher not in grafana_ids.known("field_matchers"):
                yield panel.place, f"has an override for {matcher}, which matches nothing"
            if matcher.startswith("by") and not override["matcher"].get("options"):
                yield panel.place, f"has an override {matcher} that does not say what"


def override_references(dashboard: Dashboard) -> Broken:
    """An override by query names a query that is there."""
    for panel in dashboard.panels:
        references = {query.raw.get("refId") for query in panel.queries}
        for override in panel.overrides:
            matcher = override["matcher"]
            if matcher["id"] == "byFrameRefID" and matcher.get("options") not in references:
                yield panel.place, f"has an override for query {matcher.get('options')}, which it does not ask"


def override_properties(dashboard: Dashboard) -> Broken:
    """Custom ones are checked with the types."""
    for panel in dashboard.panels:
        for each in (each for override in panel.overrides for each in override["properties"]):
            name = each["id"]
            if "value" not in each:
                yield panel.place, f"overrides {name} by nothing"
            if not name.startswith("custom.") and name not in grafana_ids.known("field_properties"):
                yield panel.place, f"overrides {name}, which is no property"


def reducers(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        options = panel.raw.get("options", {})
        calculations = options.get("reduceOptions", {}).get("calcs", []) + options.get("legend", {}).get("calcs", [])
        if panel.type in OF_ONE_VALUE and not options.get("reduceOptions", {}).get("calcs"):
            yield panel.place, "does not say which value of a series it shows (reduceOptions.calcs)"
        for name in calculations:
            if name not in grafana_ids.known("reducers"):
                yield panel.place, f"reduces by {name}, which is no reducer"


def transformations(dashboard: Dashboard) -> Broken:
    """They exist, and the reducers in their options do."""
    for panel in dashboard.panels:
        for step in panel.raw.get("transformations", []):
            if step["id"] not in grafana_ids.known("transformations"):
                yield panel.place, f"transforms by {step['id']}, which is no transformation"
            for name in _reducers_in(step.get("options")):
                if name not in grafana_ids.known("reducers"):
                    yield panel.place, f"reduces by {name} in {step['id']}, which is no reducer"


def color_modes(dashboard: Dashboard) -> Broken:
    for panel in dashboard.panels:
        for color in (panel.defaults.get("color"), *_overridden_colors(panel)):
            mode = (color or {}).get("mode")
            if mode and mode not in grafana_ids.known("color_modes"):
                yield panel.place, f"is coloured by {mode}, which is no mode"
            if mode == "fixed" and not (color or {}).get("fixedColor"):
                yield panel.place, "has a fixed colour that it does not name"


def colors(dashboard: Dashboard) -> Broken:
    """Names that the theme knows, or numbers: any other is drawn in grey."""
    for panel in dashboard.panels:
        for value in _colors_in([panel.defaults, panel.overrides]):
            if not COLOR.fullmatch(value):
                yield panel.place, f"names a colour that is none: {value}"
    for annotation in dashboard.annotations:
        if not COLOR.fullmatch(str(annotation.raw.get("iconColor"))):
            yield annotation.place, f"names a colour that is none: {annotation.raw.get('iconColor')}"


def thresholds(dashboard: Dashboard) -> Broken:
    """The first step holds below all numbers, the others rise."""
    for panel in dashboard.panels:
        for each in (panel.defaults.get("thresholds"), *overridden(panel, "thresholds")):
            if not isinstance(each, dict) or not each.get("steps"):
                continue
            first, *others = (step.get("value") for step in each["steps"])
            if first is not None or None in others or others != sorted(others):
                yield panel.place, f"has thresholds in disorder: {[first, *others]}"


ID_RULES: dict[str, Rule] = {
    "override-matchers": override_matchers,
    "override-references": override_references,
    "override-properties": override_properties,
    "reducers": reducers,
    "transformations": transformations,
    "color-modes": color_modes,
    "colors": colors,
    "thresholds": thresholds,
}


def _colors_in(tree: Any) -> Iterator[str]:
    """Every colour in field settings: fixed ones, those of thresholds and of mappings."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key in ("color", "fixedColor") and isinstance(value, str))
    for value in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from _colors_in(value)


def _overridden_colors(panel: Panel) -> list[dict[str, Any]]:
    return [value for value in overridden(panel, "color") if isinstance(value, dict)]


def _reducers_in(options: Any) -> list[str]:
    if not isinstance(options, dict):
        return []
    found = [*options.get("reducers", []), *([options["reducer"]] if "reducer" in options else [])]
    inner = options.get("reduce", {})
    return [*found, *([inner["reducer"]] if "reducer" in inner else [])]
