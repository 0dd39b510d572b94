"""An export: days as the ledger holds them at one moment, and their sums, months, years and records."""

from __future__ import annotations

from bisect import bisect_right
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_of, iso
from reports.calendar.parsing import parse_date
from reports.calendar.period import Period
from reports.errors import QuestionError
from reports.export.days import Days, contiguous_days, days_by_interface
from reports.ledger.amounts import by_dimension, local_days
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


class Part(NamedTuple):
    """A day, a month ("2026-08") or a year ("2026"), and the number of its days in the export."""

    name: str
    bytes: Bytes
    days: int = 1


class ExportSummary(NamedTuple):
    """The days added up; `busiest` has the most bytes, `fastest` the highest peak, None without traffic."""

    total: Bytes
    days: int
    months: Sequence[Part]
    years: Sequence[Part]
    busiest: Part | None
    fastest: Part | None

    @property
    def daily_average(self) -> int:
        """Whole bytes a day."""
        return self.total.total // self.days if self.days else 0


class Export(NamedTuple):
    """Days of one host in order, without a hole, from the day that counting began.

    `range` is its name, "custom" of dates. They are the days of one interface (`device`), of the interfaces of one
    plan, or, if both are None, of all counted interfaces together. `interfaces` has the totals of each.
    `applications` are those of the same days; None without any, and in an export of interfaces. With `scopes`, the days
    are what applications moved in these, and there are no interfaces. `requests` are those of the same days to services
    of the machine; None without any, and in an export of anything else.
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

    @property
    def devices(self) -> tuple[str, ...]:
        """The interface of an export of one, else none."""
        return () if self.device is None else (self.device,)

    @property
    def first_date(self) -> str | None:
        """The first day; None without days."""
        return self.days.dates[0] if self.days.size else None

    @property
    def last_date(self) -> str | None:
        """The last day; None without days."""
        return self.days.dates[-1] if self.days.size else None

    @property
    def notice(self) -> str:
        """A sentence for an export without days, else ""."""
        if self.days.size:
            return ""
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
            *filter(None, [self.applications, self.scopes, self.requests]),
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
        """The days added up."""
        days = self.days
        months = _months(days)
        return ExportSummary(
            days.total,
            days.size,
            months,
            _years(months),
            _highest(days, list(map(add, days.received, days.sent))),
            _highest(days, days.peaks),
        )


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
    days = contiguous_days(first, last, used.values(), [] if since is None else [day_of(since, zone)])
    if days.size:
        first, last = parse_date(days.dates[0]), parse_date(days.dates[-1])
    found = Export(
        host=host._replace(name=host.name.encode(errors="replace").decode()),
        exported_at=iso(now, zone),
        zone=zone,
        range=RANGE_NAMES.get(period.kind, period.kind),
        device=selection.names[0] if selection.keys and selection.plan is None else None,
        days=days,
        interfaces=_interfaces(ledger, first, last, used, selection) if days.size else (),
        plan=selection.plan,
        applications=_applications(ledger, Period.days(first, last, zone), now, selection) if days.size else None,
        scopes=_scopes(selection),
        requests=_requests(ledger, Period.days(first, last, zone), selection) if days.size else None,
    )
    return found, used if days.size else {}


def _interfaces(
    ledger: LedgerReader, first: date, last: date, used: Mapping[str, InterfaceDays], selection: Selection
) -> Sequence[InterfaceTotal]:
    """Totals of the interfaces with traffic, counted ones first; of the machine of those that do not count, too."""
    if selection.meter is not INTERFACE:
        return ()
    is_counted = ledger.devices()
    totals = {device: days.total for device, days in used.items()}
    others = sorted(is_counted.keys() - used.keys()) if selection == MACHINE else []
    if others:
        # Interfaces that do not count may be a thousand: their days are added up by SQLite.
        rows = local_days(of_interfaces(others), first, last)
        sums = by_dimension(ledger, rows, BYTES, ("device",))
        totals |= {device: Bytes(*amounts) for (device,), amounts in sums.items()}
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


def _months(days: Days) -> list[Part]:
    parts, begin = [], 0
    while begin < days.size:
        name = days.dates[begin][: len("2026-08")]
        end = bisect_right(days.dates, f"{name}-31", begin)
        parts.append(Part(name, days.part(begin, end).total, end - begin))
        begin = end
    return parts


def _years(months: Sequence[Part]) -> list[Part]:
    years: dict[str, Part] = {}
    for month in months:
        name = month.name[: len("2026")]
        before = years.get(name, Part(name, NO_BYTES, 0))
        years[name] = Part(name, before.bytes.plus(month.bytes), before.days + month.days)
    return list(years.values())


def _highest(days: Days, amounts: Sequence[int]) -> Part | None:
    highest = max(amounts, default=0)
    if highest == 0:
        return None
    number = amounts.index(highest)
    return Part(days.dates[number], days.amounts(number))
