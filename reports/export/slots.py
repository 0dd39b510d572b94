"""An export by quarter hours: every slot of a period as the ledger has it, read while it is written.

A day is one row if its slots do not add up to it, since retention has deleted some or its history came in by the day.
So the rows of an export always have the sum of its days: each byte once, and nothing invented.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from reports.calendar.days import (
    DAY_SECONDS,
    ONE_DAY,
    SLOT_SECONDS,
    Span,
    day_from_number,
    day_number,
    day_of,
    day_start,
    iso,
)
from reports.calendar.parsing import parse_date
from reports.export.days import InterfaceDays
from reports.export.export import SelectionError, export_and_days
from reports.ledger.amounts import Rows, rows_in_order
from reports.ledger.imported import NOTHING_IMPORTED, Imported, imported
from reports.ledger.intervals import SLOTS, oldest
from reports.ledger.rows import BYTES
from reports.ledger.selection import MACHINE, of_interfaces
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period
    from reports.export.export import Export
    from reports.ledger.host import Host
    from reports.ledger.imported import ImportedPart
    from reports.ledger.past import PastSpan
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

Resolution = Literal["slot", "day"]
DAY: Resolution = "day"
SLOT: Resolution = "slot"
ROWS_AT_ONCE = 768
"""Rows of a batch: some 150 KB of JSON; a day at least."""
DAYS_TRIED = 31
"""Days at the old end of the slots that retention and changes of the zone may have left incomplete."""
NOTHING = (0, 0, 0)

TIMES = tuple(f"T{minute // 60:02}:{minute % 60:02}:00" for minute in range(0, 1440, SLOT_SECONDS // 60))


class Slot(NamedTuple):
    """Bytes of one interface in the quarter hour from `started` (UTC seconds)."""

    started: int
    device: str
    received: int
    sent: int
    estimated: int
    peak: int


class SlotRow(NamedTuple):
    """Bytes of one interface in the slot or local day that begins at `start` (ISO 8601 with offset).

    `imported` is the part of a day that other programs have counted.
    """

    start: str
    device: str
    received: int
    sent: int
    estimated: int
    peak: int
    resolution: Resolution
    imported: ImportedPart | None = None


ReadSlots = Callable[[Span, Sequence[str]], Sequence[Slot]]
"""Reads the slots of some interfaces that begin in a span, by time and name."""


class SlotExport(NamedTuple):
    """An export by days, and the days of each interface at that moment, which its slots must add up to.

    `newest` are the slots, posted or not, of the days from number `newest_since` on: those may still grow while the
    older ones are written, which `read` gives batch by batch. `slots_since` is the start of the first day with slots
    (UTC seconds); None without slots. `spans` were imported by interface, and are in no day;
    `imported` has by interface what other programs have counted of its days.
    """

    by_day: Export
    used: Mapping[str, InterfaceDays]
    newest: Sequence[Slot]
    newest_since: int
    read: ReadSlots
    slots_since: int | None = None
    spans: Sequence[PastSpan] = ()
    imported: Mapping[str, Imported] = MappingProxyType({})

    @property
    def notice(self) -> str:
        """A sentence for an export without days, or with days without slots, else ""."""
        numbers = self.numbers
        if self.by_day.notice or not numbers:
            return self.by_day.notice
        if self.slots_since is None:
            return "no quarter hours of these days are kept: each day is one row"
        since = day_of(self.slots_since, self.by_day.zone)
        if day_from_number(numbers[0]) >= since:
            return ""
        return f"days before {since} are one row each: not all of their quarter hours are kept"

    @property
    def facts(self) -> tuple[object, ...]:
        """The content without the time of the export: equal content has the same repr in every process."""
        # integers hash alike in every process
        used = [(device, hash(tuple(map(tuple, days)))) for device, days in sorted(self.used.items())]
        return (self.by_day.facts, self.slots_since, used, self.newest)

    def read_with(self, read: ReadSlots) -> SlotExport:
        """The same export; `read` reads its older slots."""
        return self._replace(read=read)

    @property
    def batch_count(self) -> int:
        """Number of batches, about."""
        return len(self.numbers) // self.days_at_once + 1

    @property
    def numbers(self) -> Sequence[int]:
        """Numbers of the days with traffic, in order."""
        return sorted(set().union(*(days.numbers for days in self.used.values())))

    @property
    def days_at_once(self) -> int:
        """Days of a batch."""
        return max(ROWS_AT_ONCE * SLOT_SECONDS // DAY_SECONDS // max(len(self.used), 1), 1)

    def batches(self) -> Iterator[Sequence[SlotRow]]:
        """Batches of rows by start and interface; none is empty."""
        numbers = self.numbers
        known = bisect_left(numbers, self.newest_since)
        devices, zone = sorted(self.used), self.by_day.zone
        older = iter(numbers[:known])
        while days := list(islice(older, self.days_at_once)):
            span = Span(_bounds(days[0], zone).start, _bounds(days[-1], zone).end)
            yield self.rows(days, self.read(span, devices))
        for number in numbers[known:]:
            yield self.rows([number], self.newest)

    def rows(self, numbers: Sequence[int], slots: Sequence[Slot]) -> list[SlotRow]:
        """The rows of these days; `slots` has theirs, and perhaps others, in order."""
        starts = [slot.started for slot in slots]
        found: list[SlotRow] = []
        for number in numbers:
            span = _bounds(number, self.by_day.zone)
            begin, end = (bisect_left(starts, at) for at in span)
            found.extend(self._rows_of_day(number, span, slots[begin:end]))
        return found

    def _rows_of_day(self, number: int, span: Span, slots: Sequence[Slot]) -> Iterator[SlotRow]:
        days = {device: used.of(number) for device, used in sorted(self.used.items())}
        sums = _sums(slots)
        whole = {device for device, day in days.items() if sums.get(device, NOTHING) == day[:3]}
        for device, day in days.items():
            if device not in whole:
                brought = self.imported.get(device, NOTHING_IMPORTED).days.get(day_from_number(number))
                yield SlotRow(iso(span.start, self.by_day.zone), device, *day, DAY, brought)
        texts = start_texts(span, self.by_day.zone)
        for started, device, received, sent, estimated, peak in slots:
            if device in whole:
                yield SlotRow(texts[started], device, received, sent, estimated, peak, SLOT)


def slot_export(
    ledger: LedgerReader, period: Period, now: float, host: Host, selection: Selection = MACHINE
) -> SlotExport:
    """The export of the same days by slots; raises as `export` does.

    Its older slots are read from `ledger` while it is written, or by the reader of `read_with`.
    """
    if selection.meter is not INTERFACE:
        raise SelectionError(
            "resolution: quarter hours are exported of interfaces; leave scope out, or take /api/series"
        )
    by_day, used = export_and_days(ledger, period, now, host, selection)
    packed = {device: InterfaceDays(*(array("q", column) for column in days)) for device, days in used.items()}
    # Unposted bytes are in no slot yet: the days from the first of them on are read now.
    moved = of_interfaces(packed)
    waiting = [row.started for row in ledger.unposted.slots if moved.has(row)]
    newest_since = min(day_number(day_of(at, ledger.zone)) for at in [now, *waiting])
    span = Span(day_start(day_from_number(newest_since), ledger.zone), _end(by_day))
    newest = read_slots(ledger, span, list(packed))
    found = SlotExport(by_day, packed, newest, newest_since, partial(read_slots, ledger))
    spans = ledger.spans(period.first, period.last, selection)
    brought = {
        device: imported(ledger, period.first, period.last, of_interfaces([device]))
        for device in (packed if by_day.imported.days else ())
    }
    return found._replace(slots_since=_slots_since(ledger, found), spans=spans, imported=brought)


def read_slots(ledger: LedgerReader, span: Span, devices: Sequence[str]) -> list[Slot]:
    """The slots of these interfaces that begin in a span, by time and name."""
    rows = Rows(of_interfaces(devices), "slot", *span)
    return list(map(Slot._make, rows_in_order(ledger, rows, BYTES)))


def start_texts(span: Span, zone: ZoneInfo) -> Mapping[int, str]:
    """The start of each slot of a local day in ISO 8601; written one by one, those of ten years take a second."""
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


def _slots_since(ledger: LedgerReader, export: SlotExport) -> int | None:
    """The start of the first day with slots."""
    begun = oldest(ledger, SLOTS, of_interfaces(export.used))
    if begun is None:
        return None
    zone, numbers = ledger.zone, export.numbers
    first = bisect_left(numbers, day_number(day_of(begun, zone)))
    for number in numbers[first : first + DAYS_TRIED]:
        span = _bounds(number, zone)
        slots = export.newest if number >= export.newest_since else export.read(span, list(export.used))
        if any(row.resolution == SLOT for row in export.rows([number], slots)):
            return span.start
    return None


def _end(export: Export) -> int:
    """The end of the last day."""
    return 0 if export.last_date is None else day_start(parse_date(export.last_date) + ONE_DAY, export.zone)


def _bounds(number: int, zone: ZoneInfo) -> Span:
    day = day_from_number(number)
    return Span(day_start(day, zone), day_start(day + ONE_DAY, zone))
