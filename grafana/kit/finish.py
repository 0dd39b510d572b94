"""The finishing step: what the SDK writes beside today's form is put right, and the text is the same every time.

The type check against `@grafana/schema` 13.2 finds each of these.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

SCHEMA_VERSION = 42
INTERVAL_KEYS = ("auto", "auto_count", "auto_min")
PAGE_LINK_KEYS = ("title", "url", "targetBlank")
INPUT = "DS_PROMETHEUS"


def finished(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    tree: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(dashboard))
    tree["schemaVersion"] = SCHEMA_VERSION
    tree.pop("id", None)
    for variable in tree["templating"]["list"]:
        _drop(variable, INTERVAL_KEYS)
    # "inControlsMenu" hides links and switches in a menu: they belong on the dashboard.
    for item in (*tree["links"], *tree["annotations"]["list"]):
        _drop(item, ("placement",))
    for annotation in tree["annotations"]["list"]:
        _finish_annotation(annotation)
    for panel in _panels(tree):
        _finish_panel(panel)
    return tree


def for_import(tree: dict[str, Any]) -> dict[str, Any]:
    """A copy that asks for its data source when it is imported by hand, as exports "for sharing" do."""
    shared = copy.deepcopy(tree)
    source = {"name": INPUT, "label": "Prometheus", "description": "", "type": "datasource"}
    shared["__inputs"] = [{**source, "pluginId": "prometheus", "pluginName": "Prometheus"}]
    kinds = sorted({panel["type"] for panel in _panels(shared)} - {"row"})
    shared["__requires"] = [
        {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
        {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
        *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in kinds),
    ]
    for variable in shared["templating"]["list"]:
        if variable["type"] == "datasource":
            variable["current"] = {"text": f"${{{INPUT}}}", "value": f"${{{INPUT}}}"}
    shared["editable"] = True
    return shared


def text(tree: dict[str, Any]) -> str:
    """The file's text, keys in order."""
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _panels(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for top in tree["panels"] for panel in (top, *top.get("panels", []))]


def _finish_annotation(annotation: dict[str, Any]) -> None:
    _drop(annotation, ("builtIn",))
    # What Grafana's own editor writes for the switch.
    if annotation.get("useValueForTime"):
        annotation["useValueForTime"] = "on"


def _finish_panel(panel: dict[str, Any]) -> None:
    options = panel.get("options", {})
    if panel["type"] == "table":
        _drop(options, ("footer",))
    defaults = panel.get("fieldConfig", {}).get("defaults", {})
    if "links" in defaults:
        defaults["links"] = [{key: link[key] for key in PAGE_LINK_KEYS if key in link} for link in defaults["links"]]


def _drop(tree: dict[str, Any], keys: tuple[str, ...]) -> None:
    for key in keys:
        tree.pop(key, None)
