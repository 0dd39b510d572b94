"""Deep links to the Grafana dashboards: which one, whose numbers, from when to when; pure.

The address is Grafana's own form `/d/UID/SLUG?from=MS&to=MS&var-NAME=VALUE`
(https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/create-dashboard-url-variables/).
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlencode

from reports.ledger.scope import names_of

OVERVIEW, INTERFACES, PLANS, HEALTH = (
    "netledger-overview",
    "netledger-interfaces",
    "netledger-plans",
    "netledger-health",
)
"""The dashboards' uids."""


class GrafanaLinks(NamedTuple):
    """Where Grafana is, and by which `instance` label Prometheus knows this netledger.

    Instants are UTC seconds; an end of None is now, and goes on.
    """

    url: str
    instance: str

    def overview(self, start: int, end: int | None = None) -> str:
        """The machine: now, today, what is left, the months."""
        return self._link(OVERVIEW, start, end)

    def interfaces(self, start: int, end: int | None = None, device: str | None = None) -> str:
        """Every interface, or one."""
        return self._link(INTERFACES, start, end, device=device)

    def plans(self, start: int, end: int | None = None, plan: str | None = None) -> str:
        """Every billing plan, or one."""
        return self._link(PLANS, start, end, plan=plan)

    def health(self, start: int, end: int | None = None) -> str:
        """The service itself: samples, commits, gaps."""
        return self._link(HEALTH, start, end)

    def usage(self, start: int, end: int | None, device: str | None) -> str:
        """What shows usage best: one interface's dashboard, or the machine's."""
        return self.overview(start, end) if device is None else self.interfaces(start, end, device)

    def _link(self, uid: str, start: int, end: int | None, **variables: str | None) -> str:
        query = [("from", str(start * 1000)), ("to", "now" if end is None else str(end * 1000))]
        query.append(("var-instance", self.instance))
        for name, value in variables.items():
            if value is not None:
                query += [(f"var-{name}", part) for part in (names_of(value) if name == "device" else (value,))]
        return f"{self.url.rstrip('/')}/d/{uid}/{uid}?{urlencode(query, quote_via=quote)}"
