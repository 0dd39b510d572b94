"""Deep links to the Grafana dashboards: dashboard, variables, and time range; pure.

The address is Grafana's own form `/d/UID/SLUG?from=MS&to=MS&var-NAME=VALUE`
(https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/create-dashboard-url-variables/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OVERVIEW, INTERFACES, APPLICATIONS, REQUESTS, PLANS, HEALTH = (
    "netledger-overview",
    "netledger-interfaces",
    "netledger-applications",
    "netledger-requests",
    "netledger-plans",
    "netledger-health",
)
"""The dashboards' uids."""


class GrafanaLinks(NamedTuple):
    """The address of Grafana, and the `instance` label of this netledger in Prometheus.

    Instants are UTC seconds; an end of None is now, and moves on.
    """

    url: str
    instance: str

    def overview(self, start: int, end: int | None = None) -> str:
        """The machine: now, today, what is left, the months."""
        return self._link(OVERVIEW, start, end)

    def interfaces(self, start: int, end: int | None = None, devices: Sequence[str] = ()) -> str:
        """The dashboard of these interfaces; of every one without any."""
        return self._link(INTERFACES, start, end, [("var-device", device) for device in devices])

    def applications(self, start: int, end: int | None = None, application: str | None = None) -> str:
        """Every application, or one."""
        return self._link(APPLICATIONS, start, end, [] if application is None else [("var-application", application)])

    def requests(self, start: int, end: int | None = None, service: str | None = None) -> str:
        """Every service, or one."""
        return self._link(REQUESTS, start, end, [] if service is None else [("var-service", service)])

    def plans(self, start: int, end: int | None = None, plan: str | None = None) -> str:
        """Every billing plan, or one."""
        return self._link(PLANS, start, end, [] if plan is None else [("var-plan", plan)])

    def health(self, start: int, end: int | None = None) -> str:
        """The service itself: samples, commits, gaps."""
        return self._link(HEALTH, start, end)

    def usage(self, start: int, end: int | None, devices: Sequence[str] = ()) -> str:
        """The dashboard of these interfaces; of the machine without any."""
        return self.interfaces(start, end, devices) if devices else self.overview(start, end)

    def _link(self, uid: str, start: int, end: int | None, variables: Iterable[tuple[str, str]] = ()) -> str:
        query = [("from", str(start * 1000)), ("to", "now" if end is None else str(end * 1000))]
        query += [("var-instance", self.instance), *variables]
        return f"{self.url.rstrip('/')}/d/{uid}/{uid}?{urlencode(query, quote_via=quote)}"
