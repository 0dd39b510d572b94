"""What the page shows of the ledger, read at one moment."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.cost import period_cost
from reports.billing.prices import has_price
from reports.billing.status import plan_status
from reports.calendar.days import DAY_SECONDS, ONE_DAY, Span, day_of
from reports.calendar.period import Period
from reports.ledger.imported import imported_by_interface
from reports.ledger.intervals import first_day
from reports.ledger.rows import NO_BYTES
from reports.ledger.shape import OWN_SERVICE, REQUEST
from reports.usage.applications import applications, has_applications
from reports.usage.records import records
from reports.usage.requests.summary import busiest
from reports.usage.series import series
from reports.usage.usage import days, lifetime, month

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from exporter.web.page.remembered import RememberedRecords
    from reports.billing.cost import StretchCost
    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus
    from reports.formats.json.hosts import Hosts
    from reports.ledger.reader import Bytes, Gap, LedgerReader
    from reports.usage.applications import Applications
    from reports.usage.records import Records
    from reports.usage.requests.summary import BusiestRequests
    from reports.usage.series import Series
    from reports.usage.usage import DayUsage, Lifetime, PeriodUsage

RECENT_SECONDS = 1080
"""What the chart of now begins with: its quarter hour, and enough to reach its left edge."""

GAP_DAYS = 7
MOST_APPLICATIONS = MOST_SERVICES = 10
MOST_ROUTES = 5

Month = tuple[int, int]


class UsageFacts(NamedTuple):
    """The usage that a page shows, of this machine or of several, as in PageFacts; `moved_today` is today's."""

    moved_today: Bytes
    yesterday: DayUsage
    month: PeriodUsage
    first_month: Month
    last_month: Month
    began: date | None
    lifetime: Lifetime
    today_cost: StretchCost | None
    lifetime_cost: StretchCost | None


class PageFacts(NamedTuple):
    """What the ledger says at `now` (UTC seconds). Months are (year, month).

    `began` is the first counted day, None in an empty ledger; `lifetime` is everything;
    costs are those of the first plan, None where it has no price. `recent` are the last minutes, `gaps` those
    of the last week. `applications` are today's busiest; None where none was ever measured. `requests` are those of
    today; None where no service besides netledger ever had one. `aliases` are names of interfaces by their devices,
    `imported` what other programs have counted of each. `machines` are those of the mirror, None without one; `hosts`
    names those whose usage is shown, empty for this machine's, whose usage of today moves with the frames; they may be
    `asked_hosts`, as the parameter has them, and not be read yet.
    """

    now: int
    today: date
    moved_today: Bytes
    yesterday: DayUsage
    month: PeriodUsage
    first_month: Month
    last_month: Month
    began: date | None
    lifetime: Lifetime
    plans: Sequence[PlanStatus]
    today_cost: StretchCost | None
    lifetime_cost: StretchCost | None
    records: Records
    recent: Series
    gaps: Sequence[Gap]
    applications: Applications | None = None
    requests: BusiestRequests | None = None
    aliases: Mapping[str, str] = MappingProxyType({})
    imported: Mapping[str, Bytes] = MappingProxyType({})
    machines: Hosts | None = None
    hosts: str = ""
    asked_hosts: str = ""


def usage_facts(ledger: LedgerReader, now: float, plan: Plan, which: Month | None) -> UsageFacts:
    """The usage of a ledger at the prices of a plan; a month before counting began is empty."""
    today = day_of(int(now), ledger.zone)
    began = first_day(ledger)
    yesterday, this_day = days(ledger, now, today - ONE_DAY, today).days
    return UsageFacts(
        moved_today=this_day.bytes or NO_BYTES,
        yesterday=yesterday,
        month=month(ledger, now, which=which),
        first_month=_month_of(began or today),
        last_month=_month_of(today),
        began=began,
        lifetime=lifetime(ledger),
        today_cost=_cost(ledger, plan, "today", now),
        lifetime_cost=_cost(ledger, plan, "ever", now),
    )


def page_facts(
    ledger: LedgerReader,
    now: float,
    plans: Sequence[Plan],
    which: Month | None,
    known: RememberedRecords,
    shared: Mapping[str, PlanStatus],
) -> PageFacts:
    """The facts of the ledger; `shared` are the plans that machines share, by name."""
    today, brought = day_of(int(now), ledger.zone), imported_by_interface(ledger)
    return PageFacts(
        now=int(now),
        today=today,
        **usage_facts(ledger, now, plans[0], which)._asdict(),
        plans=[shared.get(plan.name) or plan_status(ledger, plan, now) for plan in plans],
        records=known.get(lambda: records(ledger, now), now, brought),
        recent=series(ledger, now, Span(int(now) - RECENT_SECONDS, int(now)), "1m"),
        gaps=ledger.gaps(int(now) - GAP_DAYS * DAY_SECONDS, int(now)),
        applications=_applications(ledger, today, now),
        requests=_requests(ledger, today),
        aliases=ledger.aliases,
        imported=brought,
    )


def _applications(ledger: LedgerReader, today: date, now: float) -> Applications | None:
    if not has_applications(ledger):
        return None
    return applications(ledger, Period.day(today, ledger.zone), now, limit=MOST_APPLICATIONS)


def _requests(ledger: LedgerReader, today: date) -> BusiestRequests | None:
    if not ledger.values(REQUEST, "service") - {OWN_SERVICE}:
        return None
    span = Period.day(today, ledger.zone).span
    return busiest(ledger, span, most_services=MOST_SERVICES, most_routes=MOST_ROUTES, aside=OWN_SERVICE)


def _cost(ledger: LedgerReader, plan: Plan, period: str, now: float) -> StretchCost | None:
    return period_cost(ledger, plan, period, now) if has_price(plan) else None


def _month_of(day: date) -> Month:
    return day.year, day.month
