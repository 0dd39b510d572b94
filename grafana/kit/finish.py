"""The finishing step: what the SDK writes beside today's form is put right, and the text is the same every time.

The type check against `@grafana/schema` 13.2 finds each of these.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.kit.sql import PLUGIN

if TYPE_CHECKING:
    from grafana_foundation_sdk.models.dashboard import Dashboard

SCHEMA_VERSION = 42
INTERVAL_KEYS = ("auto", "auto_count", "auto_min")
PAGE_LINK_KEYS = ("title", "url", "targetBlank")


class Plugin(NamedTuple):
    """A data source as a dashboard for import asks for it."""

    input: str
    name: str


PLUGINS = {"prometheus": Plugin("DS_PROMETHEUS", "Prometheus"), PLUGIN: Plugin("DS_POSTGRESQL", "PostgreSQL")}
"""By the id that the dashboard's data source variable offers."""


def finished(dashboard: Dashboard) -> dict[str, Any]:
    """The dashboard as Grafana reads it."""
    tree: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(dashboard))
    tree["schemaVersion"] = SCHEMA_VERSION
    tree.pop("id", None)
    for variable in tree["templating"]["list"]:
        _drop(variable, INTERVAL_KEYS)
    # "inControlsMenu" hides links and switches in a menu: they belong on the dashboard.
    annotations = tree["annotations"].setdefault("list", [])
    for item in (*tree["links"], *annotations):
        _drop(item, ("placement",))
    for annotation in annotations:
        _finish_annotation(annotation)
    for panel in _panels(tree):
        _finish_panel(panel)
    return tree


def for_import(tree: dict[str, Any]) -> dict[str, Any]:
    """A copy that asks for its data source when it is imported by hand, as exports "for sharing" do."""
    shared = copy.deepcopy(tree)
    (choice,) = (each for each in shared["templating"]["list"] if each["type"] == "datasource")
    kind = choice["query"]
    asked, name = PLUGINS[kind]
    source = {"name": asked, "label": name, "description": "", "type": "datasource"}
    shared["__inputs"] = [{**source, "pluginId": kind, "pluginName": name}]
    kinds = sorted({panel["type"] for panel in _panels(shared)} - {"row"})
    shared["__requires"] = [
        {"type": "grafana", "id": "grafana", "name": "Grafana", "version": "11.0.0"},
        {"type": "datasource", "id": kind, "name": name, "version": "1.0.0"},
        *({"type": "panel", "id": kind, "name": kind, "version": ""} for kind in kinds),
    ]
    choice["current"] = {"text": f"${{{asked}}}", "value": f"${{{asked}}}"}
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
