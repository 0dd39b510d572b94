"""A wrap-up: what a period was like, everything that its page tells, as plain data."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.billed_usage import BilledUsage
from reports.billing.cycles import PlanCycles, has_cap_or_price, plan_cycles
from reports.billing.plans import Plan, cycle_before, cycle_of
from reports.calendar.days import Span, day_of, day_start
from reports.calendar.parsing import PeriodError, parse_date
from reports.calendar.period import Period
from reports.export.export import Export, ExportSummary, devices_of, export
from reports.ledger.intervals import counting_began
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE, of_interfaces
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
    subject: Plan | str | None


def wrapup(
    ledger: LedgerReader,
    period: Period,
    now: float,
    host: Host,
    subject: Plan | str | None = None,
    context: WrapUpContext = NO_CONTEXT,
) -> WrapUp:
    """The wrap-up of a period; raises as `export` does, and PeriodError for a period without a counted day."""
    told = export(ledger, period, now, host, subject)
    summary = told.summary()
    question = _Question(ledger, now, host, subject)
    zone, today = ledger.zone, day_of(int(now), ledger.zone)
    if told.first_date is None or told.last_date is None:
        return _nothing(question, period.since(today, zone).calendar, told, context)
    first, last = parse_date(told.first_date), parse_date(told.last_date)
    period = period.since(first, zone).calendar
    stretch = Span(day_start(first, zone), Period.day(last, zone).end)
    began = _began(ledger, subject)
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
        gaps=_gaps(ledger, stretch, int(now)),
        links=context.links,
    )


def _nothing(question: _Question, period: Period, told: Export, context: WrapUpContext) -> WrapUp:
    """A page that says so, as long as nothing is counted at all; raises PeriodError where something else is."""
    zone = question.ledger.zone
    if period.first > day_of(int(question.now), zone):
        raise PeriodError(f"{period.title} is yet to come")
    began = _began(question.ledger, question.subject)
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
    """Of the machine or the interface; of a plan's interfaces added up; None where no quarter hours are kept."""
    ledger, subject = question.ledger, question.subject
    if days > LONGEST_HOURS_DAYS:
        first = day_of(told.end - 1, ledger.zone) - timedelta(days=RECENT_DAYS - 1)
        told = Span(day_start(first, ledger.zone), told.end)
    found = [hours(ledger, question.now, told, selection) for selection in _selections(ledger, subject)]
    covered = [one.covered for one in found if one.covered is not None]
    if not covered or not any(one.total.total for one in found):
        return None
    matrix = [
        [add_up(cells) for cells in zip(*rows, strict=True)]
        for rows in zip(*(one.matrix for one in found), strict=True)
    ]
    whole = Span(min(one.start for one in covered), max(one.end for one in covered))
    return HoursOfWeek(told, whole, matrix, add_up([one.total for one in found]))


def _began(ledger: LedgerReader, subject: Plan | str | None) -> int | None:
    """When counting began: of the machine, of one interface, or of the first of a plan's."""
    began = (counting_began(ledger, selection) for selection in _selections(ledger, subject))
    return min((at for at in began if at is not None), default=None)


def _selections(ledger: LedgerReader, subject: Plan | str | None) -> list[Selection]:
    return [MACHINE] if subject is None else [of_interfaces([name]) for name in devices_of(ledger, subject)]


def _comparisons(question: _Question, period: Period, moved: Bytes, began: int | None) -> Iterator[Comparison]:
    ledger, now, _, subject = question
    before = None
    if isinstance(subject, Plan):
        cycle = cycle_of(subject, period.first, ledger.zone)
        if (cycle.first, cycle.last) == (period.first, period.last):
            before = cycle_before(subject, cycle, ledger.zone)
    # All that was moved, whether a plan bills it or not.
    usage = BilledUsage(ledger, Plan(), of_interfaces(devices_of(ledger, subject)))
    for one in earlier(period, day_of(int(now), ledger.zone), ledger.zone, before):
        if is_counted(one, began, usage) and (found := compare(usage, period, one, moved, int(now))):
            yield found


def _plans(question: _Question, first: date, last: date, context: WrapUpContext) -> Iterator[PlanCycles]:
    """Of the plan that was asked for, or of all; an interface alone has none."""
    if isinstance(question.subject, str):
        return
    today = day_of(int(question.now), question.ledger.zone)
    for plan in context.plans if question.subject is None else (question.subject,):
        if has_cap_or_price(plan):
            yield plan_cycles(question.ledger, plan, first, last, today)


def _gaps(ledger: LedgerReader, told: Span, now: int) -> GapSummary:
    lengths = [min(gap.ended, told.end, now) - max(gap.began, told.start) for gap in ledger.gaps(*told)]
    return GapSummary(len(lengths), sum(lengths), max(lengths, default=0))


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name)[:60]
