"""Billed usage of a plan: days and totals of the interfaces or scopes that it covers, without free hours."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.billing.plans import PlanError, counted_bytes, covers, free_windows, in_free_hours, named
from reports.calendar.days import ONE_DAY, SLOT_SECONDS, dates, day_from_number, day_of
from reports.calendar.period import Period
from reports.ledger.amounts import (
    Rows,
    by_dimension,
    by_key,
    by_time,
    every_day,
    every_slot,
    first_time,
    last_time,
    local_days,
    total,
)
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up
from reports.ledger.selection import MACHINE, Selection, of_interfaces
from reports.ledger.shape import APPLICATION, INTERFACE, NET_BYTES
from reports.ledger.windows import by_window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.billing.plans import Plan
    from reports.ledger.amounts import Amounts
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Key


def covered_subjects(ledger: LedgerReader, plan: Plan) -> Selection:
    """The selection of what a plan covers: its interfaces, or bytes of applications in its scopes."""
    if plan.is_of_scopes:
        scopes = sorted(filter(plan.bills_scope, ledger.values(APPLICATION, "scope")))
        return Selection(APPLICATION, plan.name, plan=plan.name, where={"scope": tuple(scopes)})
    devices = ledger.devices().items()
    names = sorted(name for name, is_counted in devices if covers(plan, name, is_counted=is_counted))
    return of_interfaces(names)._replace(label=plan.name, plan=plan.name)


def in_scope(selection: Selection, *scopes: str) -> Selection:
    """The part of a selection of applications that is of some scopes."""
    return selection._replace(where={**selection.where, "scope": scopes})


def meter_total(selection: Selection) -> Selection:
    """All that a selection's meter counts: since when it counts is known of that, not of a part."""
    return MACHINE if selection.meter is INTERFACE else Selection(selection.meter, "all applications")


def select(ledger: LedgerReader, plans: Sequence[Plan], plan: str | None, interfaces: Sequence[str]) -> Selection:
    """The selection of a plan's interfaces, of one interface, or of the machine.

    Raises PlanError, of a plan of scopes, too, and UnknownInterfaceError.
    """
    if len(interfaces) > 1:
        raise PlanError("interface: a file is of one interface; several are those of a plan that names them")
    if plan is None:
        return ledger.resolve(interfaces)
    if interfaces:
        raise PlanError(f"plan: {plan!r} and interface exclude each other; a plan has its own interfaces")
    chosen = named(plans, plan)
    if chosen.is_of_scopes:
        raise PlanError(f"plan: {plan!r} bills scopes, and this is of interfaces; its bytes are in its cost and status")
    return covered_subjects(ledger, chosen)


class Sums(NamedTuple):
    """Bytes of some days together: billed ones, and those of free hours."""

    billed: Bytes
    free: Bytes

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(self.billed.plus(other.billed), self.free.plus(other.free))


class BilledDays(NamedTuple):
    """Bytes by local day, days without traffic left out: billed ones, and those of free hours."""

    billed: dict[date, Bytes]
    free: dict[date, Bytes]

    def since(self, first: date) -> Sums:
        """All days from `first` on."""
        return Sums(*(_total(days, first) for days in self))


class BilledUsage:
    """Reads for one plan, within `LedgerReader.at_one_moment`. Days are local, the last one included.

    Bytes that a tunnel's own packets carry again count as those: an application's are read without them.

    A span of imported days is in every sum that holds it whole, and billed, free hours or not. One that only reaches
    into some days cannot be cut: it is in no sum of them, and `across` has it.

    `free_since` is the first day whose free hours are known: slots of earlier days, if there was traffic, have been
    deleted. None if the plan has no free hours.
    """

    def __init__(self, ledger: LedgerReader, plan: Plan, selection: Selection) -> None:
        """`selection` is of what the plan covers, or a part of it."""
        self.plan, self._ledger, self.zone = plan, ledger, ledger.zone
        counted = {name for name, is_counted in ledger.devices().items() if is_counted}
        # the machine's condition compares one number a row
        is_machine = selection.meter is INTERFACE and counted == set(selection.names)
        self.selection = MACHINE if is_machine else selection
        self.spans = ledger.spans(date.min, date.max, self.selection)
        self.free_since = self._free_since() if plan.free_hours else None

    def days(self, first: date, last: date) -> BilledDays:
        """Bytes day by day, without imported spans."""
        found = by_time(self._ledger, local_days(self.selection, first, last), NET_BYTES)
        billed = {day_from_number(day): Bytes(*amounts) for day, amounts in found.items()}
        free: dict[date, Bytes] = {}
        for day, moved in self._free(first, last):
            if moved.total:
                free[day] = free.get(day, NO_BYTES).plus(moved)
        for day, moved in free.items():
            billed[day] = _less(billed.get(day, NO_BYTES), moved)
        return BilledDays(billed, free)

    def total(self, first: date, last: date) -> Sums:
        """All days together; zero if `last` comes before `first`."""
        free = add_up(moved for _, moved in self._free(first, last))
        return Sums(_less(self._moved(first, last), free), free)

    def in_spans(self, first: date, last: date) -> Bytes:
        """Imported bytes of spans that lie within these days."""
        return add_up(span.bytes for span in self.spans if first <= span.first and span.last <= last)

    def across(self, parts: Sequence[tuple[date, date]]) -> Bytes:
        """Imported bytes of spans that reach into parts, each from a first to a last day, and lie within none.

        How many of them are of which part is not known.
        """
        return add_up(
            span.bytes
            for span in self.spans
            if any(span.first <= last and span.last >= first for first, last in parts)
            and not any(first <= span.first and span.last <= last for first, last in parts)
        )

    def used_by_scope(self, first: date, last: date) -> dict[str, int]:
        """Billed bytes of each scope, for a plan of scopes."""
        scopes = self.selection.where["scope"]
        if not self.plan.free_hours:
            rows = local_days(self.selection, first, last)
            found = by_dimension(self._ledger, rows, NET_BYTES, ("scope",))
            return {scope: counted_bytes(self.plan, *amounts) for (scope,), amounts in found.items()}
        parts = {scope: BilledUsage(self._ledger, self.plan, in_scope(self.selection, scope)) for scope in scopes}
        billed = {scope: part.total(first, last).billed for scope, part in parts.items()}
        return {scope: counted_bytes(self.plan, moved.received, moved.sent) for scope, moved in billed.items()}

    def by_application(self, first: date, last: date) -> dict[str, Bytes]:
        """Billed bytes of each application, where the selection is of applications."""
        found = _by_name(by_key(self._ledger, local_days(self.selection, first, last), NET_BYTES))
        for _, (start, end) in self._free_windows(first, last):
            free = _by_name(by_key(self._ledger, Rows(self.selection, "slot", start, end), NET_BYTES))
            found |= {name: _less(found.get(name, NO_BYTES), moved) for name, moved in free.items()}
        return found

    def by_device(self, first: date, last: date) -> dict[str, Bytes]:
        """Billed bytes of each interface, where the selection is of interfaces."""
        found = self._by_device(local_days(self.selection, first, last))
        for _, (start, end) in self._free_windows(first, last):
            free = self._by_device(Rows(self.selection, "slot", start, end))
            found |= {name: _less(found.get(name, NO_BYTES), moved) for name, moved in free.items()}
        for span in self.spans:
            if first <= span.first and span.last <= last:
                found[span.interface] = found.get(span.interface, NO_BYTES).plus(span.bytes)
        return found

    def _by_device(self, rows: Rows) -> dict[str, Bytes]:
        return _by_name(by_dimension(self._ledger, rows, NET_BYTES, ("device",)))

    def until(self, first: date, instant: int) -> Bytes | None:
        """Billed bytes of the days from `first` until an instant (UTC seconds); a slot counts as moved evenly.

        None if the slots of its day are no longer kept, or an imported span goes on.
        """
        day = max(first, day_of(instant - 1, self.zone))
        if self.across([(first, day - ONE_DAY)]).total or self.across([(day, day)]).total:
            return None
        slots = self.slots_of(day)
        if add_up(part for _, part in slots) != self.total(day, day).billed:
            return None
        passed = (_share(part, instant - start) for start, part in slots if start < instant)
        return add_up([self.total(first, day - ONE_DAY).billed, *passed])

    def has_all_free_hours(self, first: date, last: date) -> bool:
        """True if every slot with traffic of these days is kept, or the plan has no free hours."""
        if self.free_since is None or self.free_since <= first:
            return True
        return self._moved(first, min(last, self.free_since - ONE_DAY)).total == 0

    def slots_of(self, day: date) -> list[tuple[int, Bytes]]:
        """The billed slots of a day, each with its begin (UTC seconds), oldest first."""
        period = Period.day(day, self.zone)
        found = by_time(self._ledger, Rows(self.selection, "slot", period.start, period.end), NET_BYTES)
        return sorted(
            (start, Bytes(*amounts))
            for start, amounts in found.items()
            if not in_free_hours(self.plan, start, self.zone)
        )

    def _free_since(self) -> date:
        """The day after the last one with deleted slots; retention deletes the slots of whole days."""
        # Of any interface or application, since slots of all are deleted alike: an index search, no scan.
        is_of_interfaces = self.selection.meter is INTERFACE
        every = self._ledger.every_interface() if is_of_interfaces else meter_total(self.selection)
        oldest = first_time(self._ledger, every_slot(every))
        if oldest is None:
            newest_day = last_time(self._ledger, every_day(every))
            return day_from_number(0 if newest_day is None else newest_day + 1)
        day = day_of(oldest, self.zone)
        whole = Period.day(day, self.zone)
        kept = total(self._ledger, Rows(self.selection, "slot", whole.start, whole.end), NET_BYTES)
        return day if Bytes(*kept) == self._moved(day, day) else day + ONE_DAY

    def _free(self, first: date, last: date) -> Iterator[tuple[date, Bytes]]:
        """Bytes of free hours by day."""
        windows = list(self._free_windows(first, last))
        found = by_window(self._ledger, self.selection, [window for _, window in windows], NET_BYTES)
        yield from ((day, Bytes(*amounts)) for (day, _), amounts in zip(windows, found, strict=True))

    def _free_windows(self, first: date, last: date) -> Iterator[tuple[date, tuple[int, int]]]:
        """Free hours, each with its day; a day whose slots are partly deleted is billed whole."""
        if self.free_since is None:
            return
        # cut day by day: free hours over midnight belong to two days
        for day in dates(max(first, self.free_since), last):
            for window in free_windows(self.plan, Period.day(day, self.zone), self.zone):
                yield day, window

    def _moved(self, first: date, last: date) -> Bytes:
        """Bytes of these days, free or not."""
        in_days = Bytes(*total(self._ledger, local_days(self.selection, first, last), NET_BYTES))
        return in_days.plus(self.in_spans(first, last)) if self.spans else in_days


def _by_name(found: Mapping[Key, Amounts]) -> dict[str, Bytes]:
    """Bytes by the first dimension of keys."""
    sums: dict[str, Bytes] = {}
    for (name, *_), amounts in found.items():
        sums[name] = sums.get(name, NO_BYTES).plus(Bytes(*amounts))
    return sums


def _less(whole: Bytes, part: Bytes) -> Bytes:
    return Bytes(whole.received - part.received, whole.sent - part.sent)


def _share(moved: Bytes, seconds: int) -> Bytes:
    """The part of a slot's bytes in its first seconds."""
    seconds = min(seconds, SLOT_SECONDS)
    return Bytes(moved.received * seconds // SLOT_SECONDS, moved.sent * seconds // SLOT_SECONDS)


def _total(days: dict[date, Bytes], first: date) -> Bytes:
    return add_up(moved for day, moved in days.items() if day >= first)
