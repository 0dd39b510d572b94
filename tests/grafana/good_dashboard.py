"""A small dashboard that keeps every rule: what the planted mistakes are planted into."""

from __future__ import annotations

from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
HERE = 'job=~"$job", instance=~"$instance"'
Tree = dict[str, Any]


def good_dashboard() -> Tree:
    """A new one each time, to be broken."""
    return {
        "uid": "netledger-example",
        "title": "netledger / Example",
        "description": "What a good dashboard looks like.",
        "tags": ["netledger"],
        "schemaVersion": 42,
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [_link()],
        "templating": {"list": _variables()},
        "annotations": {"list": [_annotation()]},
        "panels": [_row(1, "Now", 0), _left(), _ratio(), _throughput(), _months(), _row(6, "More", 29, [_up()])],
    }


def panel(tree: Tree, kind: str) -> Tree:
    """The first panel of a type, wherever it stands."""
    everything = [each for top in tree["panels"] for each in (top, *top.get("panels", []))]
    return next(each for each in everything if each["type"] == kind)


def variable(tree: Tree, name: str) -> Tree:
    return next(each for each in tree["templating"]["list"] if each["name"] == name)


def defaults(tree: Tree, kind: str) -> Tree:
    """Field settings of the first panel of a type."""
    found: Tree = panel(tree, kind)["fieldConfig"]["defaults"]
    return found


def _link() -> Tree:
    return {"type": "dashboards", "title": "netledger", "tags": ["netledger"], "keepTime": True, "includeVars": True}


def _variables() -> list[Tree]:
    source = {"name": "datasource", "type": "datasource", "label": "Data source", "query": "prometheus"}
    return [
        source,
        _query_variable("job", "label_values(netledger_build_info, job)"),
        _query_variable("instance", 'label_values(netledger_build_info{job=~"$job"}, instance)'),
        _query_variable("device", f"label_values(netledger_interface_info{{{HERE}}}, device)"),
    ]


def _query_variable(name: str, query: str) -> Tree:
    return {
        "name": name,
        "type": "query",
        "label": name,
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
    }


def _annotation() -> Tree:
    expression = f"netledger_plan_cycle_start_timestamp_seconds{{{HERE}}} * 1000"
    return {
        "name": "Cycle starts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "blue",
        "target": {"expr": expression, "refId": "Anno"},
        "titleFormat": "A new cycle of {{plan}}",
    }


def _row(number: int, title: str, y: int, panels: list[Tree] | None = None) -> Tree:
    grid = {"x": 0, "y": y, "w": 24, "h": 1}
    return {
        "id": number,
        "type": "row",
        "title": title,
        "gridPos": grid,
        "collapsed": bool(panels),
        "panels": panels or [],
    }


def _panel(number: int, kind: str, title: str, grid: tuple[int, int, int, int], targets: list[Tree]) -> Tree:
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": f"{title}, as the ledger has it.",
        "datasource": SOURCE,
        "gridPos": dict(zip("xywh", grid, strict=True)),
        "targets": targets,
        "fieldConfig": {"defaults": {"noValue": "nothing yet"}, "overrides": []},
        "options": {},
    }


def _now(expression: str, legend: str, ref: str = "A") -> Tree:
    return {**_ever(expression, legend, ref), "instant": True, "range": False}


def _ever(expression: str, legend: str, ref: str = "A") -> Tree:
    return {
        "refId": ref,
        "expr": expression,
        "legendFormat": legend,
        "datasource": SOURCE,
        "instant": False,
        "range": True,
    }


def _left() -> Tree:
    made = _panel(
        2, "stat", "Left", (0, 1, 12, 8), [_now(f"netledger_plan_left_bytes{{{HERE}}}", "{{plan}}, {{instance}}")]
    )
    thresholds = {"mode": "absolute", "steps": [{"color": "red", "value": None}, {"color": "green", "value": 0}]}
    made["fieldConfig"]["defaults"] |= {"unit": "decbytes", "noValue": "no cap set", "thresholds": thresholds}
    made["options"] = {
        "graphMode": "none",
        "colorMode": "value",
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "textMode": "value_and_name",
    }
    return made


def _ratio() -> Tree:
    made = _panel(
        3, "gauge", "Used", (12, 1, 12, 8), [_now(f"netledger_plan_used_ratio{{{HERE}}}", "{{plan}}, {{instance}}")]
    )
    made["fieldConfig"]["defaults"] |= {
        "unit": "percentunit",
        "min": 0,
        "max": 1,
        "decimals": 1,
        "noValue": "no cap set",
    }
    made["options"] = {"showThresholdMarkers": True, "reduceOptions": {"calcs": ["lastNotNull"]}}
    return made


def _throughput() -> Tree:
    where = f'{HERE}, device=~"$device"'
    made = _panel(
        4,
        "timeseries",
        "Traffic",
        (0, 9, 24, 10),
        [
            _ever(_rate("receive", where), "{{device}} receive"),
            _ever(_rate("transmit", where), "{{device}} transmit", "B"),
        ],
    )
    made["fieldConfig"]["defaults"] |= {
        "unit": "bps",
        "color": {"mode": "palette-classic"},
        "custom": {"lineWidth": 1, "fillOpacity": 20},
        "links": [{"title": "Interfaces", "url": "/d/netledger-interfaces?${__url_time_range}"}],
    }
    made["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byRegexp", "options": "/transmit/"},
            "properties": [{"id": "custom.transform", "value": "negative-Y"}],
        }
    ]
    made["options"] = {
        "legend": {"showLegend": True, "displayMode": "table", "placement": "right", "calcs": ["mean", "max"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }
    return made


def _rate(direction: str, where: str) -> str:
    return f"sum by (device) (rate(netledger_interface_{direction}_bytes_total{{{where}}}[$__rate_interval])) * 8"


def _months() -> Tree:
    queries = [f"sum by (month) (netledger_machine_monthly_{way}_bytes{{{HERE}}})" for way in ("receive", "transmit")]
    targets = [_now(query, "", ref) | {"format": "table"} for query, ref in zip(queries, "AB", strict=True)]
    made = _panel(5, "table", "Months", (0, 19, 24, 10), targets)
    made["transformations"] = [
        {"id": "joinByField", "options": {"byField": "month", "mode": "outer"}},
        {"id": "organize", "options": {"renameByName": {"Value #A": "Received", "Value #B": "Sent"}}},
    ]
    made["fieldConfig"]["defaults"] |= {"unit": "decbytes", "custom": {"align": "right"}}
    made["fieldConfig"]["overrides"] = [
        {
            "matcher": {"id": "byName", "options": "Received"},
            "properties": [{"id": "custom.cellOptions", "value": {"type": "gauge", "mode": "basic"}}],
        }
    ]
    return made


def _up() -> Tree:
    made = _panel(
        7,
        "state-timeline",
        "Links",
        (0, 30, 24, 7),
        [_ever(f"netledger_interface_up{{{HERE}}}", "{{device}}, {{instance}}")],
    )
    made["fieldConfig"]["defaults"] |= {
        "mappings": [{"type": "value", "options": {"1": {"text": "up", "color": "green", "index": 0}}}]
    }
    return made
