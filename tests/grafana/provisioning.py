"""The files that Grafana reads at its start: what it would refuse, ignore in silence, or read as something else.

A rule takes the files and yields what is wrong with them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from grafana.kit.sql import PLUGIN
from tests.grafana.dashboard_files import ROOT, Dashboard, Place, Query
from tests.grafana.provisioning_keys import KEYS, NEEDED, STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Tree = dict[str, Any]
    Check = Callable[["Provisioning"], Iterator[str]]

EXPRESSION = "__expr__"
MINUTES = 300
"""Seconds after which a hosted server that nobody asks goes to sleep."""
ENVIRONMENT = re.compile(r"\$(?:\$|\{([A-Z_]+)\})")
DURATION = re.compile(r"(\d+[smhdw])+")


@dataclass(frozen=True)
class Provisioning:
    """The files, what Prometheus scrapes by, and the dashboards that alerts point to."""

    datasources: Tree
    mirror: Tree
    dashboards: Tree
    alerting: Tree
    scrape_interval: str
    compose: Tree
    shipped: Sequence[Dashboard]

    @property
    def groups(self) -> list[Tree]:
        found: list[Tree] = self.alerting.get("groups", [])
        return found

    @property
    def rules(self) -> list[Tree]:
        return [rule for group in self.groups for rule in group.get("rules", [])]

    @property
    def queries(self) -> Iterator[Query]:
        """What the alert rules ask Prometheus."""
        for rule in self.rules:
            for number, each in enumerate(rule.get("data", [])):
                if each.get("datasourceUid") != EXPRESSION:
                    place = Place("alerting", str(rule.get("title")), number)
                    yield Query(place, str(each["model"].get("expr", "")), True, "", each["model"])  # noqa: FBT003 - a field


def committed(shipped: Sequence[Dashboard]) -> Provisioning:
    """The files that are shipped."""
    return Provisioning(
        datasources=_read("grafana/provisioning/datasources/netledger.yml"),
        mirror=_read("grafana/provisioning/datasources/netledger-mirror.yml"),
        dashboards=_read("grafana/provisioning/dashboards/netledger.yml"),
        alerting=_read("grafana/provisioning/alerting/netledger.yml"),
        scrape_interval=_read("prometheus/prometheus.yml")["global"]["scrape_interval"],
        compose=_read("docker-compose.yml"),
        shipped=shipped,
    )


def known_keys(files: Provisioning) -> Iterator[str]:
    """Grafana ignores a key that it does not know."""
    sources, providers = files.datasources.get("datasources", []), files.dashboards.get("providers", [])
    parts = [
        ("datasources", [files.datasources]),
        ("datasource", sources),
        ("jsonData", [source.get("jsonData", {}) for source in sources]),
        ("datasources", [files.mirror]),
        ("datasource", mirrors := files.mirror.get("datasources", [])),
        ("postgresql", [source.get("jsonData", {}) for source in mirrors]),
        ("secureJsonData", [source.get("secureJsonData", {}) for source in mirrors]),
        ("dashboards", [files.dashboards]),
        ("provider", providers),
        ("options", [provider.get("options", {}) for provider in providers]),
        ("alerting", [files.alerting]),
        ("group", files.groups),
        ("rule", files.rules),
        ("query", [query for rule in files.rules for query in rule.get("data", [])]),
    ]
    for kind, trees in parts:
        for tree in trees:
            yield from (f"{kind} has the key {key}, which Grafana ignores" for key in tree.keys() - KEYS[kind].split())


def needed_keys(files: Provisioning) -> Iterator[str]:
    """Without these Grafana does not start, or an alert means something else."""
    for kind, trees in (("group", files.groups), ("rule", files.rules)):
        for tree in trees:
            yield from (f"{kind} {_name(tree)} has no {key}" for key in NEEDED[kind] if key not in tree)
    for rule in files.rules:
        for query in rule.get("data", []):
            yield from (f"a query of {_name(rule)} has no {key}" for key in NEEDED["query"] if key not in query)
    for tree in (files.datasources, files.mirror, files.dashboards, files.alerting):
        if tree.get("apiVersion") != 1:
            yield "a file does not say apiVersion: 1"


def one_datasource(files: Provisioning) -> Iterator[str]:
    """Alerts hold its uid, so that it is fixed, and one; nobody can change it, since the next start would undo it."""
    sources = files.datasources.get("datasources", [])
    uids = {source.get("uid") for source in sources}
    if uids != {"netledger-prometheus"}:
        yield f"the data source is not netledger-prometheus: {uids}"
    for source in sources:
        if source.get("type") != "prometheus" or source.get("editable") is not False or not source.get("isDefault"):
            yield f"{source.get('name')} is not a Prometheus, read-only and the default"
    for rule in files.rules:
        for query in rule.get("data", []):
            if query.get("datasourceUid") not in uids | {EXPRESSION}:
                yield f"{_name(rule)} asks {query.get('datasourceUid')}, which is not provisioned"


def one_mirror(files: Provisioning) -> Iterator[str]:
    """It is never the default, its secrets stand in the environment alone, and it says how TLS is verified."""
    (source,) = files.mirror.get("datasources", [{}])
    told = source.get("jsonData", {})
    secrets = source.get("secureJsonData", {})
    demands = {
        "is not of the dashboard's plugin": source.get("type") == PLUGIN,
        "has another uid": source.get("uid") == "netledger-mirror",
        "can be changed, and the next start would undo it": source.get("editable") is False,
        "takes the place of Prometheus": source.get("isDefault") is False,
        "has a secret that is no variable": all(ENVIRONMENT.fullmatch(str(value)) for value in secrets.values()),
        "has no database of its own: Grafana asks nothing without one": bool(told.get("database")),
        "does not say how TLS is verified": bool(told.get("sslmode")),
        "holds connections for ever, which keeps a hosted server awake": 0 < told.get("connMaxLifetime", 0) <= MINUTES,
    }
    yield from (f"{source.get('name')} {complaint}" for complaint, is_met in demands.items() if not is_met)


def same_interval(files: Provisioning) -> Iterator[str]:
    """$__rate_interval is made of it: a shorter one empties every rate, a longer one blurs it."""
    for source in files.datasources.get("datasources", []):
        told = source.get("jsonData", {}).get("timeInterval")
        if told != files.scrape_interval:
            yield f"timeInterval is {told}, and Prometheus scrapes every {files.scrape_interval}"


def dashboards_are_found(files: Provisioning) -> Iterator[str]:
    """The provider looks where docker compose puts the files, and nobody can save over them."""
    mounts = dict(mount.split(":")[:2] for mount in files.compose["services"]["grafana"]["volumes"])
    home = (
        files.compose["services"]["grafana"].get("environment", {}).get("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH", "")
    )
    if home.rpartition("/")[2] not in {f"{dashboard.uid}.json" for dashboard in files.shipped}:
        yield f"Grafana begins with a dashboard that is not there: {home}"
    for provider in files.dashboards.get("providers", []):
        path = provider.get("options", {}).get("path")
        if mounts.get("./grafana/dashboards/json") != path:
            yield f"dashboards are looked for in {path}, and docker compose puts them elsewhere: {mounts}"
        if provider.get("type") != "file" or provider.get("allowUiUpdates") is not False:
            yield "dashboards can be saved over, and the next start would undo it"
        if not provider.get("folder") or not provider.get("folderUid"):
            yield "dashboards have no folder of a fixed uid"


def dollars(files: Provisioning) -> Iterator[str]:
    """Grafana expands $NAME in all values but a query's model; annotations take ${NAME} only, labels everything."""
    provided = files.compose["services"]["grafana"].get("environment", {}).keys()
    for tree in (
        files.datasources,
        files.mirror,
        files.dashboards,
        [_without_free_texts(group) for group in files.groups],
    ):
        for text in _texts(tree):
            for name in ENVIRONMENT.findall(text):
                if name and name not in provided:
                    yield f"docker compose does not set {name}: {text}"
            if "$" in ENVIRONMENT.sub("", text):
                yield f"Grafana expands a $ here, a literal one is $$: {text}"
    for rule in files.rules:
        for text in _texts(rule.get("annotations", {})):
            if "${" in text:
                yield f"Grafana expands this in an annotation of {_name(rule)}: {text}"


def alert_rules(files: Provisioning) -> Iterator[str]:
    """Their states, times, severity and words."""
    for rule in files.rules:
        yield from (
            f"{_name(rule)}: {key} is none of {values}" for key, values in STATES.items() if rule.get(key) not in values
        )
        if not DURATION.fullmatch(str(rule.get("for"))):
            yield f"{_name(rule)} waits for {rule.get('for')}, which is no time"
        if rule.get("labels", {}).get("severity") not in ("critical", "warning", "info"):
            yield f"{_name(rule)} has no severity"
        yield from (
            f"{_name(rule)} has no {key}"
            for key in ("summary", "description")
            if not rule.get("annotations", {}).get(key)
        )
    uids = [rule.get("uid") for rule in files.rules]
    yield from (
        f"the uid {uid} is no uid, or several rules'" for uid in uids if uids.count(uid) > 1 or not _is_uid(uid)
    )
    for group in files.groups:
        if not DURATION.fullmatch(str(group.get("interval"))):
            yield f"group {_name(group)} is evaluated every {group.get('interval')}, which is no time"


def alert_queries(files: Provisioning) -> Iterator[str]:
    """Conditions and expressions refer to queries that are there."""
    for rule in files.rules:
        letters = [query.get("refId") for query in rule.get("data", [])]
        if rule.get("condition") not in letters:
            yield f"{_name(rule)} decides by {rule.get('condition')}, which it does not ask"
        for query in rule.get("data", []):
            model = query.get("model", {})
            if model.get("refId") != query.get("refId"):
                yield f"{_name(rule)}: query {query.get('refId')} calls itself {model.get('refId')}"
            if query.get("datasourceUid") == EXPRESSION and model.get("expression") not in letters:
                yield f"{_name(rule)} computes with {model.get('expression')}, which it does not ask"
            if query.get("datasourceUid") != EXPRESSION and model.get("instant") is not True:
                yield f"{_name(rule)} asks for a range where one value decides"


def alerts_beside_their_panel(files: Provisioning) -> Iterator[str]:
    """A rule points to a panel that is there, and that shows what it is about."""
    dashboards = {dashboard.uid: dashboard for dashboard in files.shipped}
    asked = {query.place.panel: query.expression for query in files.queries}
    for rule in files.rules:
        dashboard = dashboards.get(rule.get("dashboardUid", ""))
        panels = [] if dashboard is None else dashboard.panels
        panel = next((each for each in panels if each.raw.get("id") == rule.get("panelId")), None)
        if panel is None:
            yield f"{_name(rule)} points to a panel that is not there: {rule.get('dashboardUid')} {rule.get('panelId')}"
            continue
        shown = " ".join(query.expression for query in panel.queries)
        if not any(name in shown for name in re.findall(r"netledger_\w+", asked.get(str(rule.get("title")), ""))):
            yield f"{_name(rule)} points to the panel {panel.place}, which shows something else"


def nobodys_policies(files: Provisioning) -> Iterator[str]:
    """`policies` would replace the reader's whole tree of notifications."""
    yield from (
        f"alerting provisions {key}, which are the reader's own"
        for key in ("policies", "contactPoints", "muteTimes")
        if key in files.alerting
    )


CHECKS: dict[str, Check] = {
    check.__name__: check
    for check in (
        known_keys,
        needed_keys,
        one_datasource,
        one_mirror,
        same_interval,
        dashboards_are_found,
        dollars,
        alert_rules,
        alert_queries,
        alerts_beside_their_panel,
        nobodys_policies,
    )
}


def _read(path: str) -> Tree:
    tree: Tree = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return tree


def _name(tree: Tree) -> str:
    return str(tree.get("title") or tree.get("name"))


def _is_uid(uid: object) -> bool:
    return isinstance(uid, str) and re.fullmatch(r"[\w-]{1,40}", uid) is not None


def _texts(tree: object) -> list[str]:
    """Every string in a tree, keys left out."""
    found: list[str] = []
    json.loads(json.dumps(tree), object_hook=lambda each: found.extend(v for v in each.values() if isinstance(v, str)))
    return found


def _without_free_texts(group: Tree) -> Tree:
    """A group of alert rules without what Grafana takes as it is, or nearly so."""
    rules = [{key: value for key, value in rule.items() if key != "annotations"} for rule in group.get("rules", [])]
    for rule in rules:
        rule["data"] = [
            {key: value for key, value in query.items() if key != "model"} for query in rule.get("data", [])
        ]
    return {**group, "rules": rules}
