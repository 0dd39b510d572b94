"""A wrap-up: the data of a page about one period."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage
from reports.billing.cycles import PlanCycles, has_cap_or_price, plan_cycles
from reports.billing.plans import Plan, cycle_before, cycle_of, named
from reports.calendar.days import ONE_DAY, Span, day_of, day_start
from reports.calendar.parsing import PeriodError, parse_date
from reports.calendar.period import Period
from reports.export.export import Export, export
from reports.ledger.intervals import counting_began
from reports.ledger.selection import MACHINE
from reports.text.dates import long_date
from reports.usage.hours import HoursOfWeek, hours
from reports.wrapup.comparisons import Comparison, compare, earlier, is_counted
from reports.wrapup.context import NO_CONTEXT
from reports.wrapup.highlights import Highlights, highlights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from reports.export.summary import ExportSummary
    from reports.ledger.host import Host
    from reports.ledger.reader import Bytes, LedgerReader
    from reports.ledger.selection import Selection
    from reports.text.grafana_links import GrafanaLinks
    from reports.wrapup.context import WrapUpContext

LONGEST_HOURS_DAYS = 366
RECENT_DAYS = 28  # of more than a year, hours are those of four weeks: all slots would take as long as all else


class GapSummary(NamedTuple):
    """Gaps within the period: their number, their seconds together, and those of the longest."""

    number: int
    seconds: int
    longest: int


class WrapUp(NamedTuple):
    """An export, and what else a page says about the same days, so that its numbers are those of every format.

    `span` is the days of the export in UTC seconds. `is_running`: the period goes on; `begins_late`: counting began
    within it.
    """

    export: Export
    summary: ExportSummary
    period: Period
    highlights: Highlights
    span: Span = Span(0, 0)
    is_running: bool = False
    begins_late: bool = False
    hours: HoursOfWeek | None = None
    comparisons: Sequence[Comparison] = ()
    plans: Sequence[PlanCycles] = ()
    gaps: GapSummary = GapSummary(0, 0, 0)
    links: GrafanaLinks | None = None

    @property
    def by_day(self) -> Export:
        """The export of the same days."""
        return self.export

    @property
    def notice(self) -> str:
        """A sentence where nothing was counted or imported, else ""."""
        return "nothing is counted yet" if self.export.is_empty else ""

    @property
    def facts(self) -> tuple[object, ...]:
        """All but the time of the export: their repr is the same as long as the page says the same."""
        hours = self.hours and (self.hours.span, self.hours.covered and self.hours.covered.start, self.hours.matrix)
        return (*self.export.facts, self.period, hours, self.comparisons, self.plans, self.gaps, self.links)

    @property
    def batch_count(self) -> int:
        """One: it is written in one piece."""
        return 1

    @property
    def file_name(self) -> str:
        """Host, plan or interface, and period, in portable letters: "netledger_den_eth0_2026-11.html"."""
        names = (self.export.host.name, self.export.plan or self.export.device, *self.export.scopes)
        parts = (_portable(name) for name in names if name)
        return f"netledger_{'_'.join(parts)}_{self.period.code}.html"

    @property
    def usage_link(self) -> str | None:
        """Usage of these days in Grafana; None where no Grafana is set."""
        return self.links and self.links.usage(*self.span, self.export.devices)

    def read_with(self, _read: Callable[..., object]) -> WrapUp:
        """Itself: it holds all that is written."""
        return self


class _Scope(NamedTuple):
    """The ledger, the time (UTC seconds), the interfaces, and their plan, where they are those of one.

    `hosts` are the machines of the question, none for this one's own ledger.
    """

    ledger: LedgerReader
    now: int
    selection: Selection
    plan: Plan | None
    hosts: tuple[str, ...]

    @property
    def today(self) -> date:
        return day_of(self.now, self.ledger.zone)


def wrapup(
    ledger: LedgerReader,
    period: Period,
    now: float,
    host: Host,
    selection: Selection = MACHINE,
    context: WrapUpContext = NO_CONTEXT,
) -> WrapUp:
    """The wrap-up of a period; raises as `export` does, and PeriodError for a period without a counted day."""
    found = export(ledger, period, now, host, selection)
    plan = None if selection.plan is None else named(context.plans, selection.plan)
    scope, zone = _Scope(ledger, int(now), selection, plan, host.hosts), ledger.zone
    began = counting_began(ledger, selection)
    begun, of_bytes = parse_date(found.days.dates[0]) if found.days.size else None, found.days_of_bytes
    if found.first_date is None or found.last_date is None:
        period = period.since(scope.today, zone).calendar
        _require_empty_ledger(scope, period, began)
        none = highlights(found.days, begins_late=False, ends_early=False)
        return WrapUp(found, found.summary(), period, none, links=context.links)
    first, last = parse_date(found.first_date), parse_date(found.last_date)
    summary, period, span = found.summary(), period.since(first, zone).calendar, Period.days(first, last, zone).span
    begins_late = began is not None and begun is not None and day_start(begun, zone) < began < span.end
    return WrapUp(
        found,
        summary,
        period,
        highlights(found.days, begins_late=begins_late, ends_early=found.days.dates[-1:] == [str(scope.today)]),
        span,
        is_running=period.last >= scope.today,
        begins_late=begins_late,
        hours=_hours(scope, span, found.days.size),
        comparisons=list(_comparisons(scope, period, summary.total, began)),
        plans=list(_plans(scope, *of_bytes, context)) if of_bytes else (),
        gaps=_gaps(scope, span),
        links=context.links,
    )


def _require_empty_ledger(scope: _Scope, period: Period, began: int | None) -> None:
    """Raise PeriodError for a period without a counted day, unless nothing is counted at all."""
    usage = BilledUsage(scope.ledger, Plan(), scope.selection)
    if period.first > scope.today:
        raise PeriodError(f"{period.title} is yet to come")
    if usage.across([(period.first, period.last)]).total:
        raise PeriodError(f"nothing is known {period.within} alone: it was imported as a part of a longer time")
    if began is not None:
        day = long_date(day_of(began, scope.ledger.zone))
        raise PeriodError(f"nothing was counted {period.within}: counting began on {day}")


def _hours(scope: _Scope, span: Span, days: int) -> HoursOfWeek | None:
    """Hours of the week; None where no slots are kept, or all are empty."""
    zone = scope.ledger.zone
    if days > LONGEST_HOURS_DAYS:
        first = day_of(span.end - 1, zone) - (RECENT_DAYS - 1) * ONE_DAY
        span = Span(day_start(first, zone), span.end)
    found = hours(scope.ledger, scope.now, span, scope.selection)
    return found if found.covered is not None and found.total.total else None


def _comparisons(scope: _Scope, period: Period, moved: Bytes, began: int | None) -> Iterator[Comparison]:
    zone, before = scope.ledger.zone, None
    if scope.plan is not None:
        cycle = cycle_of(scope.plan, period.first, zone)
        if (cycle.first, cycle.last) == (period.first, period.last):
            before = cycle_before(scope.plan, cycle, zone)
    # All bytes, whether a plan bills them or not.
    usage = BilledUsage(scope.ledger, Plan(), scope.selection)
    if usage.across([(period.first, period.last)]).total:
        return
    for one in earlier(period, scope.today, zone, before):
        if is_counted(one, began, usage) and (found := compare(usage, period, one, moved, scope.now)):
            yield found


def _plans(scope: _Scope, first: date, last: date, context: WrapUpContext) -> Iterator[PlanCycles]:
    """Cycles of the plan, or of all plans for the machine, or for those that share them; none for interfaces."""
    for plan in context.plans if scope.selection == MACHINE else filter(None, [scope.plan]):
        if has_cap_or_price(plan) and set(plan.hosts) == set(scope.hosts):
            yield plan_cycles(scope.ledger, plan, first, last, scope.today)


def _gaps(scope: _Scope, span: Span) -> GapSummary:
    found = scope.ledger.gaps(*span, scope.selection.meter)
    lengths = [min(gap.ended, span.end, scope.now) - max(gap.began, span.start) for gap in found]
    return GapSummary(len(lengths), sum(lengths), max(lengths, default=0))


def _portable(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:60]
