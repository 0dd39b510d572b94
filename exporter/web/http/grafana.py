"""Links to what Grafana shows of an answer: a dashboard, an interface or a plan, and a period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.billing.plans import cycle_of, named
from reports.calendar.days import DAY_SECONDS, day_of, day_start

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from exporter.settings.tree import Settings
    from reports.calendar.period import Period
    from reports.text.grafana_links import GrafanaLinks

QUARTER_HOUR = 900
MONTHS_BACK = 24
"""As many months as the dashboards draw; links to everything begin there."""


class LinkContext:
    """What links are made from; `now` in UTC seconds."""

    def __init__(self, settings: Settings, links: GrafanaLinks, zone: ZoneInfo, now: float) -> None:
        """Nothing is computed yet."""
        self.settings, self.links, self.zone, self.now = settings, links, zone, int(now)
        self.today = day_of(now, zone)

    @property
    def earliest(self) -> int:
        """Begin of the first month that the dashboards draw."""
        months = self.today.year * 12 + self.today.month - MONTHS_BACK
        return day_start(self.today.replace(year=months // 12, month=months % 12 + 1, day=1), self.zone)

    def usage(self, query: Any, period: Period) -> str:
        """Usage of a period, of a running one until now; that of scopes is of applications."""
        end = None if period.end > self.now else period.end
        if getattr(query, "scope", ()):
            return self.links.applications(period.start, end)
        return self.links.usage(period.start, end, query.interface)

    def lately(self, query: Any, seconds: int) -> str:
        """Usage of the last seconds."""
        return self.links.usage(self.now - seconds, None, query.interface)

    def plan(self, query: Any) -> str:
        """The cycle of a plan; without a name all plans in the cycle of the first."""
        plans = self.settings.plans
        start = cycle_of(named(plans, query.plan), self.today, self.zone).start
        return self.links.plans(start, None, query.plan)

    def period(self, query: Any, default: str) -> str:
        """Usage of the period of a query; `default` is the range without any."""
        began = day_of(self.earliest, self.zone)
        return self.usage(query, query.period_request.period(self.today, self.zone, default, began))

    def ever(self, query: Any) -> str:
        """As many months as the dashboards draw."""
        return self.links.usage(self.earliest, None, query.interface)

    def applications(self, query: Any, default: str) -> str:
        """Every application, or the one of the query, in its period."""
        began = day_of(self.earliest, self.zone)
        period = query.period_request.period(self.today, self.zone, default, began)
        end = None if period.end > self.now else period.end
        return self.links.applications(period.start, end, getattr(query, "name", None))

    def interfaces(self, _query: Any) -> str:
        """Every interface today."""
        return self.links.interfaces(day_start(self.today, self.zone))

    def health(self, _query: Any) -> str:
        """The service in the last day."""
        return self.links.health(self.now - DAY_SECONDS)
