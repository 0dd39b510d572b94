"""What an export tells by quarter hours: every slot of a range as the ledger has it, read while it is written.

A day whose slots do not add up to it, since retention has deleted some or its history came in by the day, is told as
one row. So the rows of an export always have the sum of its days: each byte once, and nothing invented.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple

from reports.calendar.periods import (
    DAY_SECONDS,
    ONE_DAY,
    SLOT_SECONDS,
    day_number,
    day_numbered,
    day_of,
    day_start,
    iso,
    parse_date,
)
from reports.calendar.spans import Span
from reports.export.days import InterfaceDays
from reports.export.export import export_and_days
from reports.ledger.amounts import Rows, rows_in_order
from reports.ledger.intervals import SLOTS, oldest
from reports.ledger.rows import BYTES
from reports.ledger.selection import of_interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from reports.billing.plans import Plan
    from reports.calendar.periods import Period
    from reports.export.export import Export
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader

Resolution = Literal["slot", "day"]
DAY: Resolution = "day"
SLOT: Resolution = "slot"
ROWS_AT_ONCE = 768
"""Rows that are read and written at once: some 150 KB of JSON; a day at least."""
DAYS_TRIED = 31
"""Days at the old end of the slots that retention and changes of the zone may have left incomplete."""
NOTHING = (0, 0, 0)

TIMES = tuple(f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(0, 1440, SLOT_SECONDS // 60))


class Slot(NamedTuple):
    """What one interface moved in the quarter hour from `started` (UTC seconds)."""

    started: int
    device: str
    received: int
    sent: int
    estimated: int
    peak: int


class Row(NamedTuple):
    """What one interface moved in the slot or local day that begins at `start` (ISO 8601 with offset)."""

    start: str
    device: str
    received: int
    sent: int
    estimated: int
    peak: int
    resolution: Resolution


ReadSlots = Callable[[Span, Sequence[str]], Sequence[Slot]]
"""Gives the slots of some interfaces that begin in a span, by time and name."""


class SlotExport(NamedTuple):
    """An export by days, and what its slots are checked against: the days of each interface at that moment.

    `newest` are the slots, posted or not, of the days from number `newest_since` on: those may still grow while
    older ones are written, which `read` gives bit by bit. Slots are told from `slots_since` on (UTC seconds); None
    where there are none.
    """

    by_day: Export
    used: Mapping[str, InterfaceDays]
    newest: Sequence[Slot]
    newest_since: int
    read: ReadSlots
    slots_since: int | None = None

    @property
    def notice(self) -> str:
        """What to say where there is no day, or where older days have no slots, else ""."""
        numbers = self.numbers
        if self.by_day.notice or not numbers:
            return self.by_day.notice
        if self.slots_since is None:
            return "no quarter hours of these days are kept: each day is one row"
        since = day_of(self.slots_since, self.by_day.zone)
        if day_numbered(numbers[0]) >= since:
            return ""
        return f"days before {since} are one row each: not all of their quarter hours are kept"

    @property
    def facts(self) -> tuple[object, ...]:
        """All that it tells but the time of the export: their repr is the same as long as it tells the same."""
        # Of integers, so that the hash is the same in every process.
        used = [(device, hash(tuple(map(tuple, days)))) for device, days in sorted(self.used.items())]
        return (self.by_day.facts, self.slots_since, used, self.newest)

    def read_with(self, read: ReadSlots) -> SlotExport:
        """The same, of which the older slots are read by `read`."""
        return self._replace(read=read)

    @property
    def batch_count(self) -> int:
        """How many batches there are, about."""
        return len(self.numbers) // self.days_at_once + 1

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of the days on which anything was moved, in order."""
        return sorted(set().union(*(days.numbers for days in self.used.values())))

    @property
    def days_at_once(self) -> int:
        """How many days are read and written at once."""
        return max(ROWS_AT_ONCE * SLOT_SECONDS // DAY_SECONDS // max(len(self.used), 1), 1)

    def batches(self) -> Iterator[Sequence[Row]]:
        """All rows by start and interface, as many at a time as are written at once; none is empty."""
        numbers = self.numbers
        known = bisect_left(numbers, self.newest_since)
        devices, zone = sorted(self.used), self.by_day.zone
        older = iter(numbers[:known])
        while days := list(islice(older, self.days_at_once)):
            span = Span(_bounds(days[0], zone).start, _bounds(days[-1], zone).end)
            yield self.rows(days, self.read(span, devices))
        for number in numbers[known:]:
            yield self.rows([number], self.newest)

    def rows(self, numbers: Sequence[int], slots: Sequence[Slot]) -> list[Row]:
        """The rows of these days; `slots` are theirs, and perhaps others', in order."""
        starts = [slot.started for slot in slots]
        found: list[Row] = []
        for number in numbers:
            span = _bounds(number, self.by_day.zone)
            begin, end = (bisect_left(starts, at) for at in span)
            found.extend(self._rows_of_day(number, span, slots[begin:end]))
        return found

    def _rows_of_day(self, number: int, span: Span, slots: Sequence[Slot]) -> Iterator[Row]:
        days = {device: used.of(number) for device, used in sorted(self.used.items())}
        sums = _sums(slots)
        whole = {device for device, day in days.items() if sums.get(device, NOTHING) == day[:3]}
        for device, day in days.items():
            if device not in whole:
                yield Row(iso(span.start, self.by_day.zone), device, *day, DAY)
        texts = start_texts(span, self.by_day.zone)
        for started, device, received, sent, estimated, peak in slots:
            if device in whole:
                yield Row(texts[started], device, received, sent, estimated, peak, SLOT)


def slot_export(
    ledger: LedgerReader, period: Period, now: float, host: Host, subject: Plan | str | None = None
) -> SlotExport:
    """The same days as `export` tells, to be written by slots; raises as it does.

    It reads `ledger` while it is written, or what `read_with` is told to.
    """
    told, used = export_and_days(ledger, period, now, host, subject)
    packed = {device: InterfaceDays(*(array("q", column) for column in days)) for device, days in used.items()}
    # What waits to be posted is in no slot yet: the days from the first of it on are read now.
    selection = of_interfaces(packed)
    waiting = [row.started for row in ledger.unposted.slots if selection.has(row)]
    newest_since = min(day_number(day_of(at, ledger.zone)) for at in [now, *waiting])
    span = Span(day_start(day_numbered(newest_since), ledger.zone), _end(told))
    found = SlotExport(told, packed, read_slots(ledger, span, list(packed)), newest_since, partial(read_slots, ledger))
    return found._replace(slots_since=_slots_since(ledger, found))


def read_slots(ledger: LedgerReader, span: Span, devices: Sequence[str]) -> list[Slot]:
    """The slots of these interfaces that begin in a span, by time and name."""
    rows = Rows(of_interfaces(devices), "slot", *span)
    return list(map(Slot._make, rows_in_order(ledger, rows, BYTES)))


def start_texts(span: Span, zone: ZoneInfo) -> Mapping[int, str]:
    """When each slot of a local day begins, as ISO 8601 with offset: of ten years, each text would take a second."""
    first, last = iso(span.start, zone), iso(span.end - SLOT_SECONDS, zone)
    day, time, offset = first[:10], first[10:19], first[19:]
    if span.end - span.start != DAY_SECONDS or time != TIMES[0] or last[19:] != offset:
        return {slot: iso(slot, zone) for slot in range(*span, SLOT_SECONDS)}
    return {span.start + number * SLOT_SECONDS: f"{day}{time}{offset}" for number, time in enumerate(TIMES)}


def _sums(slots: Iterable[Slot]) -> dict[str, tuple[int, int, int]]:
    """Received, sent and estimated bytes by interface."""
    sums: dict[str, tuple[int, int, int]] = {}
    for _, device, received, sent, estimated, _ in slots:
        before = sums.get(device, NOTHING)
        sums[device] = (before[0] + received, before[1] + sent, before[2] + estimated)
    return sums


def _slots_since(ledger: LedgerReader, told: SlotExport) -> int | None:
    """The start of the first day of which slots are told."""
    begun = oldest(ledger, SLOTS, of_interfaces(told.used))
    if begun is None:
        return None
    zone, numbers = ledger.zone, told.numbers
    first = bisect_left(numbers, day_number(day_of(begun, zone)))
    for number in numbers[first : first + DAYS_TRIED]:
        span = _bounds(number, zone)
        slots = told.newest if number >= told.newest_since else told.read(span, list(told.used))
        if any(row.resolution == SLOT for row in told.rows([number], slots)):
            return span.start
    return None


def _end(told: Export) -> int:
    """The end of the last day that is told."""
    return 0 if told.last_date is None else day_start(parse_date(told.last_date) + ONE_DAY, told.zone)


def _bounds(number: int, zone: ZoneInfo) -> Span:
    day = day_numbered(number)
    return Span(day_start(day, zone), day_start(day + ONE_DAY, zone))
