"""An export: days as the ledger holds them at one moment, and their sums, months, years and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_of, iso
from reports.calendar.parsing import parse_date
from reports.calendar.period import Period
from reports.errors import QuestionError
from reports.export.beside import days_beside
from reports.export.days import Days, contiguous_days, days_by_interface, known_days
from reports.export.summary import ExportSummary, summarized
from reports.ledger.amounts import by_dimension, local_days
from reports.ledger.imported import NOTHING_IMPORTED, Imported, imported
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import BYTES
from reports.ledger.selection import MACHINE, of_interfaces
from reports.ledger.shape import APPLICATION, INTERFACE
from reports.usage.applications import applications, has_applications
from reports.usage.requests.report import request_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.export.days import InterfaceDays
    from reports.ledger.host import Host
    from reports.ledger.past import PastSpan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection
    from reports.usage.applications import Applications
    from reports.usage.requests.report import RequestReport

RANGE_NAMES = {"day": "today", "range": "custom", "cycle": "custom"}
"""Names of ranges that differ from the period's kind."""

BATCH_DAYS = 256
"""Days of a batch: some 60 KB of JSON, a millisecond or two of work."""


class SelectionError(QuestionError):
    """A table cannot be of these interfaces."""


class InterfaceTotal(NamedTuple):
    """One interface over the whole range."""

    device: str
    is_counted: bool
    bytes: Bytes


class Export(NamedTuple):
    """Days of one host in order, without a hole, from the day that counting began.

    `range` is its name, "custom" of dates. They are the days of one interface (`device`), of the interfaces of one
    plan, or, if both are None, of all counted interfaces together. `interfaces` has the totals of each.
    `applications` are those of the same days; None without any, and in an export of interfaces. With `scopes`, the days
    are what applications moved in these, and there are no interfaces. `requests` are those of the same days to services
    of the machine; None without any, and in an export of anything else. `imported` is what other programs have counted
    of the days, and spans of which no day is known: those are in no day. Days that nobody has counted are left out.
    `beside` has the first and the last day of imported applications and requests, whether their bytes are known or not.
    """

    host: Host
    exported_at: str
    zone: ZoneInfo
    range: str
    device: str | None
    days: Days
    interfaces: Sequence[InterfaceTotal] = ()
    plan: str | None = None
    applications: Applications | None = None
    scopes: tuple[str, ...] = ()
    requests: RequestReport | None = None
    imported: Imported = NOTHING_IMPORTED
    beside: Sequence[date] = ()

    @property
    def devices(self) -> tuple[str, ...]:
        """The interface of an export of one, else none."""
        return () if self.device is None else (self.device,)

    @property
    def first_date(self) -> str | None:
        """The first day, or that of an earlier span, application or request; None without any."""
        return min(map(str, (*(self.days_of_bytes or ()), *self.beside)), default=None)

    @property
    def last_date(self) -> str | None:
        """The last day, or that of a later span, application or request; None without any."""
        return max(map(str, (*(self.days_of_bytes or ()), *self.beside)), default=None)

    @property
    def has_bytes(self) -> bool:
        """Whether it has a day or a span: without, only applications or requests of other programs are known."""
        return self.days_of_bytes is not None

    @property
    def days_of_bytes(self) -> tuple[date, date] | None:
        """The first and the last day that is known, or of a span; None without both."""
        days = [parse_date(day) for day in (*self.days.dates[:1], *self.days.dates[-1:])]
        days.extend(day for span in self.imported.spans for day in span[:2])
        return (min(days), max(days)) if days else None

    @property
    def is_empty(self) -> bool:
        """Whether it has neither a day nor a span, and nothing beside them."""
        return not self.has_bytes and not self.beside

    @property
    def notice(self) -> str:
        """A sentence for an export without days, else ""."""
        if self.days.size:
            return ""
        if self.imported.spans:
            return "imported: the days of this range are not known"
        if self.beside:
            return "only imported applications or requests of this range are known, and no bytes"
        return "nothing is counted yet" if self.range == "all" else "nothing is counted in this range yet"

    @property
    def by_day(self) -> Export:
        """Itself; an export by slots has one beside it."""
        return self

    @property
    def facts(self) -> tuple[object, ...]:
        """The content without the time of the export: equal content has the same repr in every process."""
        amounts = hash(tuple(map(tuple, self.days[1:])))  # integers hash alike in every process
        names = (self.host, self.zone.key, self.range, self.device, self.plan)
        return (
            *names,
            self.interfaces,
            self.first_date,
            amounts,
            *filter(None, [self.applications, self.scopes, self.requests, self.imported.facts]),
        )

    def read_with(self, _read: Callable[..., object]) -> Export:
        """Itself: nothing is left to read."""
        return self

    @property
    def batch_count(self) -> int:
        """Number of batches."""
        return -(-self.days.size // BATCH_DAYS)

    def batches(self) -> Iterator[Days]:
        """The days, BATCH_DAYS at a time."""
        return (self.days.part(begin, begin + BATCH_DAYS) for begin in range(0, self.days.size, BATCH_DAYS))

    def summary(self) -> ExportSummary:
        """Days and spans added up."""
        return summarized(self.days, self.imported)


def export(ledger: LedgerReader, period: Period, now: float, host: Host, selection: Selection = MACHINE) -> Export:
    """The export of a period's days, today the last."""
    return export_and_days(ledger, period, now, host, selection)[0]


def application_export(
    ledger: LedgerReader, period: Period, now: float, host: Host, selection: Selection = MACHINE
) -> Export:
    """The export of a period's applications; raises SelectionError for one of interfaces."""
    if selection != MACHINE and selection.meter is INTERFACE:
        raise SelectionError("table: applications are of the machine, whatever interface they used: leave it out")
    return export(ledger, period, now, host, selection)


def export_and_days(
    ledger: LedgerReader, period: Period, now: float, host: Host, selection: Selection
) -> tuple[Export, Mapping[str, InterfaceDays]]:
    """The export, and the days of each interface that its days are the sum of; raises as `export` does."""
    zone, since = ledger.zone, ledger.first_seen(selection)
    first, last = period.first, min(period.last, day_of(now, zone))
    used = days_by_interface(ledger, first, last, selection)
    began = None if since is None else day_of(since, zone)
    days = contiguous_days(first, last, used.values(), [] if began is None else [began])
    brought = imported(ledger, period.first, period.last, selection)
    if brought.days:
        days = known_days(days, used.values(), began)
    if days.size:
        first, last = parse_date(days.dates[0]), parse_date(days.dates[-1])
    cut = Period.days(first, max(first, last), zone)
    beside = days_beside(ledger, period.first, period.last, selection)
    known = [*((first, last) if days.size else ()), *(day for span in brought.spans for day in span[:2]), *beside]
    whole = Period.days(min(known), max(known), zone) if known else None
    spans = ledger.spans(period.first, period.last, ledger.every_interface() if selection == MACHINE else selection)
    found = Export(
        host=host._replace(name=host.name.encode(errors="replace").decode()),
        exported_at=iso(now, zone),
        zone=zone,
        range=RANGE_NAMES.get(period.kind, period.kind),
        device=selection.names[0] if selection.keys and selection.plan is None else None,
        days=days,
        interfaces=_interfaces(ledger, cut, used, selection, spans=spans) if days.size or spans else (),
        plan=selection.plan,
        applications=_applications(ledger, whole, now, selection) if whole else None,
        scopes=_scopes(selection),
        requests=_requests(ledger, whole, selection) if whole else None,
        imported=brought,
        beside=beside,
    )
    return found, used if days.size else {}


def _interfaces(
    ledger: LedgerReader,
    period: Period,
    used: Mapping[str, InterfaceDays],
    selection: Selection,
    *,
    spans: Sequence[PastSpan],
) -> Sequence[InterfaceTotal]:
    """Totals of the interfaces with traffic, counted ones first; of the machine of those that do not count, too."""
    if selection.meter is not INTERFACE:
        return ()
    is_counted = ledger.devices()
    totals = {device: days.total for device, days in used.items()}
    others = sorted(is_counted.keys() - used.keys()) if selection == MACHINE else []
    if others:
        # Interfaces that do not count may be a thousand: their days are added up by SQLite.
        rows = local_days(of_interfaces(others), period.first, period.last)
        sums = by_dimension(ledger, rows, BYTES, ("device",))
        totals |= {device: Bytes(*amounts) for (device,), amounts in sums.items()}
    for span in spans:
        totals[span.interface] = totals.get(span.interface, NO_BYTES).plus(span.bytes)
    found = [InterfaceTotal(device, is_counted[device], totals[device]) for device in sorted(totals)]
    return sorted(found, key=lambda total: not total.is_counted)


def _applications(ledger: LedgerReader, period: Period, now: float, selection: Selection) -> Applications | None:
    is_whole = selection == MACHINE or selection.meter is APPLICATION
    if not is_whole or not has_applications(ledger):
        return None
    found = applications(ledger, period, now, scopes=_scopes(selection))
    return found if found.row_count else None


def _requests(ledger: LedgerReader, period: Period, selection: Selection) -> RequestReport | None:
    return request_report(ledger, period.span) if selection == MACHINE else None


def _scopes(selection: Selection) -> tuple[str, ...]:
    return selection.where["scope"] if selection.meter is APPLICATION else ()
