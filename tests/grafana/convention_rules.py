"""Conventions of monitoring mixins, and netledger's own: who a dashboard is, how it links, what provisioning needs."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from grafana.generate import DASHBOARDS

if TYPE_CHECKING:
    from tests.grafana.dashboard_files import Dashboard
    from tests.grafana.linter_rules import Broken, Rule

SCHEMA_VERSION = 42
CROSSHAIR = 1
REFRESHES = ("30s", "1m")
ZONES = ("browser", "utc")
UIDS = {module.IDENTITY.uid for module in DASHBOARDS}
UID = re.compile(r"[a-z0-9-]{8,40}")
LINK_TO_A_DASHBOARD = re.compile(r"/d/([\w-]+)")


def identity(dashboard: Dashboard) -> Broken:
    """What addresses, alerts and updates hold on to."""
    if not UID.fullmatch(dashboard.uid):
        yield dashboard.place, f"has no uid of 8 to 40 small letters, digits and hyphens: {dashboard.uid!r}"
    if dashboard.raw.get("id") is not None:
        yield dashboard.place, "has an id, which is another Grafana's"
    if dashboard.raw.get("schemaVersion") != SCHEMA_VERSION:
        yield dashboard.place, f"is not of schemaVersion {SCHEMA_VERSION}"
    for key in ("title", "description"):
        if not dashboard.raw.get(key):
            yield dashboard.place, f"has no {key}"


def panel_ids(dashboard: Dashboard) -> Broken:
    """Links to a panel and alerts name it by its id."""
    ids = Counter(panel.raw.get("id") for panel in dashboard.rows_and_panels)
    for panel in dashboard.rows_and_panels:
        number = panel.raw.get("id")
        if not isinstance(number, int) or number < 1:
            yield panel.place, f"has no id: {number}"
        elif ids[number] > 1:
            yield panel.place, f"shares the id {number}"


def panel_titles(dashboard: Dashboard) -> Broken:
    """Exclusions and people name a panel by its title."""
    titles = Counter(panel.place.panel for panel in dashboard.panels)
    yield from (
        (dashboard.place._replace(panel=title), "is the title of several panels")
        for title, times in titles.items()
        if times > 1
    )


def behaviour(dashboard: Dashboard) -> Broken:
    """Refreshed, in the reader's zone, one crosshair over all panels, without the picker of another Grafana."""
    raw = dashboard.raw
    if raw.get("refresh") not in REFRESHES:
        yield dashboard.place, f"is refreshed every {raw.get('refresh')!r}; one of {REFRESHES} is meant"
    if raw.get("timezone") not in ZONES:
        yield dashboard.place, f"is in the zone {raw.get('timezone')!r}; one of {ZONES} is meant"
    if raw.get("graphTooltip") != CROSSHAIR:
        yield dashboard.place, "does not share its crosshair"
    if not str(raw.get("time", {}).get("from", "")).startswith("now"):
        yield dashboard.place, "has no time range of its own"


def links_by_tag(dashboard: Dashboard) -> Broken:
    """The tag netledger, and a link to all who have it, with time and choices."""
    if "netledger" not in dashboard.raw.get("tags", []):
        yield dashboard.place, "does not have the tag netledger"
    links = [link for link in dashboard.raw.get("links", []) if link.get("type") == "dashboards"]
    if not any(link.get("tags") == ["netledger"] for link in links):
        yield dashboard.place, "does not link to the dashboards with the tag netledger"
    for link in links:
        if not (link.get("keepTime") and link.get("includeVars")):
            yield dashboard.place, f"loses time or choices on the link {link.get('title')}"


def links_lead_somewhere(dashboard: Dashboard) -> Broken:
    """A link to a dashboard by its uid is to one of netledger's."""
    for panel in dashboard.panels:
        for uid in LINK_TO_A_DASHBOARD.findall(json.dumps(panel.raw)):
            if uid not in UIDS:
                yield panel.place, f"links to a dashboard that is not there: {uid}"
    for uid in LINK_TO_A_DASHBOARD.findall(json.dumps(dashboard.raw.get("links", []))):
        if uid not in UIDS:
            yield dashboard.place, f"links to a dashboard that is not there: {uid}"


def no_export_for_sharing(dashboard: Dashboard) -> Broken:
    """File provisioning fills in neither inputs nor ${DS_...}."""
    for key in ("__inputs", "__requires", "__elements"):
        if key in dashboard.raw:
            yield dashboard.place, f"has {key}, which provisioning does not fill in"
    if "${DS_" in json.dumps(dashboard.raw):
        yield dashboard.place, "names a data source by ${DS_...}, which provisioning does not fill in"


def visible_legends(dashboard: Dashboard) -> Broken:
    """Where several series are drawn the legend is asked for: it is hidden by default."""
    for panel in dashboard.panels:
        legend = panel.raw.get("options", {}).get("legend", {})
        if panel.type in ("timeseries", "piechart") and "showLegend" not in legend:
            yield panel.place, "does not say whether it shows its legend"


def words_for_nothing(dashboard: Dashboard) -> Broken:
    """What may be missing is: a cap, a price, a machine's answer. Words for it are better than No data."""
    for panel in dashboard.panels:
        if panel.queries and not panel.defaults.get("noValue"):
            yield panel.place, "has no words for when there is nothing to show (noValue)"


CONVENTION_RULES: dict[str, Rule] = {
    "identity": identity,
    "panel-ids": panel_ids,
    "panel-titles": panel_titles,
    "behaviour": behaviour,
    "links-by-tag": links_by_tag,
    "links-lead-somewhere": links_lead_somewhere,
    "no-export-for-sharing": no_export_for_sharing,
    "visible-legends": visible_legends,
    "words-for-nothing": words_for_nothing,
}
