"""What an export tells: a range of days as it was at one moment, and its sums, months, years and records."""

from __future__ import annotations

from bisect import bisect_right
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.plans import Plan, PlanError, covers, named
from reports.calendar.periods import day_of, iso, parse_date
from reports.export.days import Days, contiguous_days, days_by_interface
from reports.ledger.amounts import by_dimension, local_days
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import BYTES
from reports.ledger.selection import MACHINE, of_interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from reports.calendar.periods import Period
    from reports.export.days import InterfaceDays
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader

RANGE_NAMES = {"day": "today", "range": "custom", "cycle": "custom"}
"""Names of ranges where they are not those of kinds of periods."""

THE_MACHINE = Plan()
"""Its counted interfaces."""

BATCH_DAYS = 256
"""Days that are written at once: some 60 KB of JSON, a millisecond or two of work."""


class InterfaceTotal(NamedTuple):
    """One interface over the whole range."""

    device: str
    is_counted: bool
    bytes: Bytes


class Part(NamedTuple):
    """A day, a month ("2026-08") or a year ("2026"), and how many of its days are told."""

    name: str
    bytes: Bytes
    days: int = 1


class ExportSummary(NamedTuple):
    """The days added up; `busiest` moved the most, `fastest` has the highest peak, None where there is none."""

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
    """Days of one host in order, without a hole; those before counting began or yet to come are not told.

    `range` is its name, "custom" where `from` or `to` was given. They are the days of one interface (`device`), of
    the interfaces of one plan, or, where both are None, of all counted interfaces together; `interfaces` is empty
    where nobody asked for them.
    """

    host: Host
    exported_at: str
    zone: ZoneInfo
    range: str
    device: str | None
    days: Days
    interfaces: Sequence[InterfaceTotal] = ()
    plan: str | None = None

    @property
    def devices(self) -> tuple[str, ...]:
        """The interface, if it is of one."""
        return () if self.device is None else (self.device,)

    @property
    def first_date(self) -> str | None:
        """The first day that is told, if there is any."""
        return self.days.dates[0] if self.days.size else None

    @property
    def last_date(self) -> str | None:
        """The last day that is told, if there is any."""
        return self.days.dates[-1] if self.days.size else None

    @property
    def notice(self) -> str:
        """What to say where there is no day to tell, else ""."""
        if self.days.size:
            return ""
        return "nothing is counted yet" if self.range == "all" else "nothing is counted in this range yet"

    @property
    def by_day(self) -> Export:
        """Itself; an export by slots has one beside it."""
        return self

    @property
    def facts(self) -> tuple[object, ...]:
        """All that it tells but the time of the export: their repr is the same as long as it tells the same."""
        amounts = hash(tuple(map(tuple, self.days[1:])))  # of integers, so that it is the same in every process
        named = (self.host, self.zone.key, self.range, self.device, self.plan)
        return (*named, self.interfaces, self.first_date, amounts)

    def read_with(self, _read: Callable[..., object]) -> Export:
        """Itself: there is nothing to read later."""
        return self

    @property
    def batch_count(self) -> int:
        """How many batches there are."""
        return -(-self.days.size // BATCH_DAYS)

    def batches(self) -> Iterator[Days]:
        """The days, as many at a time as are written at once."""
        return (self.days.part(begin, begin + BATCH_DAYS) for begin in range(0, self.days.size, BATCH_DAYS))

    def summary(self) -> ExportSummary:
        """Add the days up."""
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


def subject_of(plans: Sequence[Plan], plan: str | None, interfaces: Sequence[str]) -> Plan | str | None:
    """Whose days are asked for: a plan's, an interface's, or None: the machine's; raises PlanError."""
    if len(interfaces) > 1:
        raise PlanError("interface: a file is of one interface; several are those of a plan that names them")
    if plan is None:
        return interfaces[0] if interfaces else None
    if interfaces:
        raise PlanError(f"plan: {plan!r} and interface exclude each other; a plan has its own interfaces")
    return named(plans, plan)


def export(ledger: LedgerReader, period: Period, now: float, host: Host, subject: Plan | str | None = None) -> Export:
    """Everything there is to tell of a range of days; raises UnknownInterfaceError.

    `subject` is a plan, one interface, or None for all counted interfaces.
    """
    return export_and_days(ledger, period, now, host, subject)[0]


def daily(ledger: LedgerReader, period: Period, now: float, host: Host, subject: Plan | str | None = None) -> Export:
    """The same without its interfaces, for formats that list days alone; raises as `export` does."""
    return _daily(ledger, period, now, host, subject)[0]


def export_and_days(
    ledger: LedgerReader, period: Period, now: float, host: Host, subject: Plan | str | None
) -> tuple[Export, Mapping[str, InterfaceDays]]:
    """The export, and the days of each interface that its days are the sum of; raises as `export` does."""
    told, used = _daily(ledger, period, now, host, subject)
    if told.first_date is None or told.last_date is None:
        return told, {}
    counts = ledger.devices()
    totals = {device: days.total for device, days in used.items()}
    if subject is None:
        others = sorted(counts.keys() - used.keys())
        totals |= _totals(ledger, parse_date(told.first_date), parse_date(told.last_date), others) if others else {}
    interfaces = [InterfaceTotal(device, counts[device], totals[device]) for device in sorted(totals)]
    return told._replace(interfaces=sorted(interfaces, key=lambda total: not total.is_counted)), used


def _daily(
    ledger: LedgerReader, period: Period, now: float, host: Host, subject: Plan | str | None
) -> tuple[Export, Mapping[str, InterfaceDays]]:
    device, plan = (None, subject.name) if isinstance(subject, Plan) else (subject, None)
    ledger.resolve([] if device is None else [device])
    first, last = period.first, min(period.last, day_of(now, ledger.zone))
    devices = devices_of(ledger, subject)
    used = days_by_interface(ledger, first, last, of_interfaces(devices))
    seen = map(ledger.first_seen, [MACHINE] if subject is None else [of_interfaces([name]) for name in devices])
    began = [day_of(at, ledger.zone) for at in seen if at is not None]
    told = Export(
        host._replace(name=host.name.encode(errors="replace").decode()),
        iso(now, ledger.zone),
        ledger.zone,
        RANGE_NAMES.get(period.kind, period.kind),
        device,
        contiguous_days(first, last, used.values(), began),
        plan=plan,
    )
    return told, used


def devices_of(ledger: LedgerReader, subject: Plan | str | None) -> Sequence[str]:
    """The interfaces whose days are told: one, a plan's, or the counted ones."""
    if isinstance(subject, str):
        return [subject]
    whose = subject or THE_MACHINE
    return [name for name, counts in ledger.devices().items() if covers(whose, name, is_counted=counts)]


def _totals(ledger: LedgerReader, first: date, last: date, devices: Sequence[str]) -> Mapping[str, Bytes]:
    """Of those that moved anything; interfaces that do not count may be a thousand, so that their days are not held."""
    rows = local_days(of_interfaces(devices), first, last)
    return {device: Bytes(*found) for (device,), found in by_dimension(ledger, rows, BYTES, ("device",)).items()}


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
