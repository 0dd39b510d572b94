"""Ways from a dashboard to another one, and to netledger's own reports."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

from reports.text.grafana_links import APPLICATIONS, HEALTH, INTERFACES, OVERVIEW, PLANS, REQUESTS

TAG = "netledger"
DASHBOARDS = (
    ("Overview", OVERVIEW),
    ("Interfaces", INTERFACES),
    ("Applications", APPLICATIONS),
    ("Requests", REQUESTS),
    ("Plans and cost", PLANS),
    ("Health", HEALTH),
)
"""Those of one machine."""


def to_each_other() -> DashboardLink:
    """All dashboards with the tag, at the same time range and with the same choices."""
    return (
        DashboardLink("netledger")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .tooltip("The other dashboards of netledger, same time, same machine")
        .keep_time(True)
        .include_vars(True)
    )


def menu(field: str) -> list[dict[str, object]]:
    """What a machine's name in a table's field leads to: its reports, and the dashboards with that machine alone.

    A link above the dashboard could not lead to reports: it would have all chosen machines in one address.
    """
    machine = f"${{__data.fields.{field}}}"
    return [
        _page("Reports", f"http://{machine}/reports"),
        _page("Wrap-up of the month", f"http://{machine}/api/export/wrapup?range=month"),
        *(_dashboard(title, uid, machine) for title, uid in DASHBOARDS),
    ]


def to_overview() -> DashboardLink:
    """What a bar of a machine leads to: its overview."""
    return DashboardLink("Overview").url(_address(OVERVIEW, "${__field.labels.instance}"))


def _page(title: str, url: str) -> dict[str, object]:
    return {"title": title, "url": url, "targetBlank": True}


def _dashboard(title: str, uid: str, machine: str) -> dict[str, object]:
    return {"title": title, "url": _address(uid, machine), "targetBlank": False}


def _address(uid: str, machine: str) -> str:
    kept = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}"
    return f"/d/{uid}?{kept}&var-instance={machine}"
