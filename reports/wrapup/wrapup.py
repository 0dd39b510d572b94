"""A wrap-up: what a period was like, everything that its page tells, as plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage
from reports.billing.cycles import PlanCycles, has_cap_or_price, plan_cycles
from reports.billing.plans import Plan, cycle_before, cycle_of, named
from reports.calendar.days import Span, day_of, day_start
from reports.calendar.parsing import PeriodError, parse_date
from reports.calendar.period import Period
from reports.export.export import Export, ExportSummary, export
from reports.ledger.intervals import counting_began
from reports.ledger.selection import MACHINE
from reports.text.dates import long_date
from reports.usage.hours import HoursOfWeek, hours
from reports.wrapup.comparisons import Comparison, compare, earlier, is_counted
from reports.wrapup.highlights import Highlights, highlights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from reports.ledger.host import Host
    from reports.ledger.reader import Bytes, LedgerReader
    from reports.ledger.selection import Selection
    from reports.text.grafana_links import GrafanaLinks

LONGEST_HOURS_DAYS = 366
RECENT_DAYS = 28
"""Of more than a year the hours are those of the last four weeks: all quarter hours would take as long as all else."""


class WrapUpContext(NamedTuple):
    """Settings of a wrap-up: the billing plans, and links to Grafana."""

    plans: Sequence[Plan] = ()
    links: GrafanaLinks | None = None


NO_CONTEXT = WrapUpContext()


class GapSummary(NamedTuple):
    """Gaps within the period: their number, their seconds together, and those of the longest."""

    number: int
    seconds: int
    longest: int


class WrapUp(NamedTuple):
    """Everything to tell. `told` is the export of the same days, so that its numbers are those of every format.

    `told` has no day where nothing is counted yet; `span` is the stretch of the days that are told, UTC seconds.
    `is_running` says that the period goes on, `begins_late` that counting began within it.
    """

    told: Export
    summary: ExportSummary
    period: Period
    span: Span
    is_running: bool
    begins_late: bool
    highlights: Highlights
    hours: HoursOfWeek | None
    comparisons: Sequence[Comparison]
    plans: Sequence[PlanCycles]
    gaps: GapSummary
    links: GrafanaLinks | None

    @property
    def by_day(self) -> Export:
        """The export of the same days."""
        return self.told

    @property
    def notice(self) -> str:
        """What to say where there is no day to tell, else ""."""
        return "" if self.told.days.size else "nothing is counted yet"

    @property
    def facts(self) -> tuple[object, ...]:
        """All that it tells but the time of the export: their repr is the same as long as it tells the same."""
        hours = self.hours and (self.hours.span, self.hours.covered and self.hours.covered.start, self.hours.matrix)
        return (*self.told.facts, self.period, hours, self.comparisons, self.plans, self.gaps, self.links)

    @property
    def batch_count(self) -> int:
        """It is written in one piece."""
        return 1

    @property
    def file_name(self) -> str:
        """A name for it that every system takes, host, whose, and period: "netledger_den_eth0_2026-11.html"."""
        names = (self.told.host.name, self.told.plan or self.told.device)
        parts = (_plain(name) for name in names if name)
        return f"netledger_{'_'.join(parts)}_{self.period.code}.html"

    def read_with(self, _read: Callable[..., object]) -> WrapUp:
        """Itself: there is nothing to read later."""
        return self


class _Question(NamedTuple):
    """Who asks, when and about what."""

    ledger: LedgerReader
    now: float
    host: Host
    selection: Selection
    plan: Plan | None


def wrapup(
    ledger: LedgerReader,
    period: Period,
    now: float,
    host: Host,
    selection: Selection = MACHINE,
    context: WrapUpContext = NO_CONTEXT,
) -> WrapUp:
    """The wrap-up of a period; raises as `export` does, and PeriodError for a period without a counted day."""
    told = export(ledger, period, now, host, selection)
    summary = told.summary()
    plan = None if selection.plan is None else named(context.plans, selection.plan)
    question = _Question(ledger, now, host, selection, plan)
    zone, today = ledger.zone, day_of(int(now), ledger.zone)
    if told.first_date is None or told.last_date is None:
        return _nothing(question, period.since(today, zone).calendar, told, context)
    first, last = parse_date(told.first_date), parse_date(told.last_date)
    period = period.since(first, zone).calendar
    stretch = Span(day_start(first, zone), Period.day(last, zone).end)
    began = counting_began(ledger, selection)
    begins_late = began is not None and stretch.start < began < stretch.end
    return WrapUp(
        told,
        summary,
        period,
        stretch,
        is_running=period.last >= today,
        begins_late=begins_late,
        highlights=highlights(told.days, begins_late=begins_late, ends_early=last == today),
        hours=_hours(question, stretch, (last - first).days + 1),
        comparisons=list(_comparisons(question, period, summary.total, began)),
        plans=list(_plans(question, first, last, context)),
        gaps=_gaps(ledger, selection, stretch, int(now)),
        links=context.links,
    )


def _nothing(question: _Question, period: Period, told: Export, context: WrapUpContext) -> WrapUp:
    """A page that says so, as long as nothing is counted at all; raises PeriodError where something else is."""
    zone = question.ledger.zone
    if period.first > day_of(int(question.now), zone):
        raise PeriodError(f"{period.title} is yet to come")
    began = counting_began(question.ledger, question.selection)
    if began is not None:
        raise PeriodError(f"nothing was counted {period.within}: counting began on {long_date(day_of(began, zone))}")
    return WrapUp(
        told,
        told.summary(),
        period=period,
        span=Span(0, 0),
        is_running=False,
        begins_late=False,
        highlights=highlights(told.days, begins_late=False, ends_early=False),
        hours=None,
        comparisons=(),
        plans=(),
        gaps=GapSummary(0, 0, 0),
        links=context.links,
    )


def _hours(question: _Question, told: Span, days: int) -> HoursOfWeek | None:
    """Of all the interfaces together; None where no quarter hours are kept."""
    ledger = question.ledger
    if days > LONGEST_HOURS_DAYS:
        first = day_of(told.end - 1, ledger.zone) - timedelta(days=RECENT_DAYS - 1)
        told = Span(day_start(first, ledger.zone), told.end)
    found = hours(ledger, question.now, told, question.selection)
    return found if found.covered is not None and found.total.total else None


def _comparisons(question: _Question, period: Period, moved: Bytes, began: int | None) -> Iterator[Comparison]:
    ledger, now, plan = question.ledger, question.now, question.plan
    before = None
    if plan is not None:
        cycle = cycle_of(plan, period.first, ledger.zone)
        if (cycle.first, cycle.last) == (period.first, period.last):
            before = cycle_before(plan, cycle, ledger.zone)
    # All that was moved, whether a plan bills it or not.
    usage = BilledUsage(ledger, Plan(), question.selection)
    for one in earlier(period, day_of(int(now), ledger.zone), ledger.zone, before):
        if is_counted(one, began, usage) and (found := compare(usage, period, one, moved, int(now))):
            yield found


def _plans(question: _Question, first: date, last: date, context: WrapUpContext) -> Iterator[PlanCycles]:
    """Of the plan that was asked for, or of all; interfaces alone have none."""
    plans = context.plans if question.selection == MACHINE else filter(None, [question.plan])
    today = day_of(int(question.now), question.ledger.zone)
    for plan in plans:
        if has_cap_or_price(plan):
            yield plan_cycles(question.ledger, plan, first, last, today)


def _gaps(ledger: LedgerReader, selection: Selection, told: Span, now: int) -> GapSummary:
    gaps = ledger.gaps(*told, selection.meter)
    lengths = [min(gap.ended, told.end, now) - max(gap.began, told.start) for gap in gaps]
    return GapSummary(len(lengths), sum(lengths), max(lengths, default=0))


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:60]
