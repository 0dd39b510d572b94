"""Counts of each interface at every local midnight: the days of the ledger, added up once."""

from __future__ import annotations

from array import array
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, day_from_number, day_number, day_of, day_start
from reports.calendar.history import periods_at
from reports.ledger.amounts import every_day
from reports.ledger.columns import by_subject
from reports.ledger.imported import imported_alone
from reports.ledger.shape import GONE, INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zoneinfo import ZoneInfo

    from reports.calendar.period import Period
    from reports.ledger.columns import Columns
    from reports.ledger.reader import LedgerReader
    from reports.ledger.rows import Interface
    from reports.ledger.selection import Selection


DIRECTIONS = ("receive", "transmit")
"""Directions of the counts of bytes, the first two of the meter's sums; they have a history by period."""


class Calendar:
    """The local days of a zone by their numbers."""

    def __init__(self, zone: ZoneInfo) -> None:
        """Days are numbered from 1970-01-01."""
        self.zone = zone

    def start(self, day: int) -> int:
        """UTC seconds at which the day begins."""
        return day_start(day_from_number(day), self.zone)

    def at(self, instant: int) -> int:
        """The day of an instant (UTC seconds)."""
        return day_number(day_of(instant, self.zone))

    def date(self, day: int) -> date:
        """The date of a day."""
        return day_from_number(day)

    def periods(self, day: int) -> Iterable[Period]:
        """The day, week, month and year of a day."""
        return periods_at(day_from_number(day), self.zone).values()


MACHINE = ""
"""Name of the machine: no interface has an empty name."""


class SpanBytes(NamedTuple):
    """An imported span: the numbers of its first and last day, and its bytes by direction."""

    first: int
    last: int
    amounts: Sequence[int]


class KnownDays(NamedTuple):
    """Numbers of the days on which something counted: all from `since` on, and others."""

    since: int
    others: frozenset[int]

    def has(self, day: int) -> bool:
        """True for one of them."""
        return day >= self.since or day in self.others


class PastInterface(NamedTuple):
    """One interface, or the machine: lifetime counts at each local midnight.

    It has samples from `begins` to `ends` (UTC seconds, whole quarter hours, both included). `first` is the number of
    the first day with a byte; `sums[count][place]` is the count before the day `first + place`. Bytes of an imported
    span count when it ends. `imported` has bytes that other programs have counted: live counters are without them.
    """

    name: str
    is_counted: bool
    begins: int
    ends: int
    first: int
    sums: Sequence[array[int]]
    spans: Sequence[SpanBytes] = ()
    imported: Sequence[int] = (0, 0)
    known: KnownDays | None = None

    def knows(self, day: int) -> bool:
        """Whether something counted on a day: of a day within an imported span, that is not known."""
        return self.known is None or self.known.has(day)

    def has(self, first: int, end: int) -> bool:
        """Whether anything is known of the days [first, end)."""
        if self.known is None or end > self.known.since:
            return end > self.first
        within = any(first <= span.first and span.last < end for span in self.spans)
        return within or any(self.known.has(day) for day in range(first, end))

    def cut(self, count: int, first: int, end: int) -> int:
        """Bytes of spans that ended on the days [first, end), and had begun before: they are of no period from then."""
        if count >= len(DIRECTIONS):
            return 0
        return sum(span.amounts[count] for span in self.spans if span.first < first <= span.last < end)

    def step(self, count: int, day: int) -> int:
        """Bytes of the spans that end with a day."""
        if count >= len(DIRECTIONS):
            return 0
        return sum(span.amounts[count] for span in self.spans if span.last == day)

    def before(self, count: int, day: int) -> int:
        """The count before a day."""
        sums = self.sums[count]
        return sums[min(max(day - self.first, 0), len(sums) - 1)]


def past_interfaces(ledger: LedgerReader, horizon: int) -> list[PastInterface]:
    """Every interface with a byte in the ledger, up to `horizon` (UTC seconds)."""
    every = ledger.every_interface()
    found = by_subject(ledger, every_day(every), INTERFACE.sums)
    known = {interface.device: interface for interface in ledger.interfaces()}
    spans, alone = _spans(ledger, every), imported_alone(ledger)
    for device in spans:
        found.setdefault((device,), [[] for _ in range(1 + len(INTERFACE.sums))])
    made = []
    for (device,), columns in sorted(found.items()):
        if device == GONE:
            continue
        of_it = spans.get(device, ())
        days, *amounts = _with_steps(columns, of_it)
        one = _past_interface(known[device], days[0], [_before(days, each) for each in amounts], horizon, ledger.zone)
        if ledger.has_past:
            one = _with_past(one, known[device], columns[0], of_it, ledger.zone, is_alone=device in alone)
        made.append(one)
    return made


def _spans(ledger: LedgerReader, every: Selection) -> dict[str, list[SpanBytes]]:
    found: dict[str, list[SpanBytes]] = {}
    for span in ledger.spans(date.min, date.max, every):
        entry = SpanBytes(day_number(span.first), day_number(span.last), span.bytes[: len(DIRECTIONS)])
        found.setdefault(span.interface, []).append(entry)
    return found


def _with_steps(columns: Columns, spans: Sequence[SpanBytes]) -> Columns:
    """The columns of days with the bytes of spans on their last days, and the first days of spans with nothing."""
    if not spans:
        return columns
    width = len(columns) - 1
    rows = {day: list(amounts) for day, *amounts in zip(*columns, strict=True)}
    for span in spans:
        rows.setdefault(span.first, [0] * width)
        last = rows.setdefault(span.last, [0] * width)
        for place, amount in enumerate(span.amounts):
            last[place] += amount
    return [sorted(rows), *([rows[day][place] for day in sorted(rows)] for place in range(width))]


def _with_past(
    one: PastInterface,
    known: Interface,
    days: Sequence[int],
    spans: Sequence[SpanBytes],
    zone: ZoneInfo,
    *,
    is_alone: bool,
) -> PastInterface:
    """With what was imported; an interface that netledger has never met ends with that."""
    seen = day_number(day_of(known.first_seen, zone))
    last = max([*days[-1:], *(span.last for span in spans)])
    return one._replace(
        ends=min(one.ends, day_start(day_from_number(last + 1), zone)) if is_alone else one.ends,
        spans=spans,
        imported=known.imported[: len(DIRECTIONS)],
        known=KnownDays(last + 1 if is_alone else seen, frozenset(days)),
    )


def _before(days: Sequence[int], amounts: Sequence[int]) -> array[int]:
    """The sum of all amounts before each day from the first on, and after the last."""
    sums = array("q", [0])
    for day, amount in zip(days, amounts, strict=True):
        sums.extend([sums[-1]] * (day - days[0] + 1 - len(sums)))
        sums.append(sums[-1] + amount)
    return sums


def past_machine(interfaces: Sequence[PastInterface]) -> PastInterface | None:
    """The counted interfaces, added up; None without any."""
    counted = [interface for interface in interfaces if interface.is_counted]
    if not counted:
        return None
    first = min(interface.first for interface in counted)
    end = max(interface.first + len(interface.sums[0]) for interface in counted)
    sums = [
        array("q", [sum(interface.before(count, day) for interface in counted) for day in range(first, end)])
        for count in range(len(DIRECTIONS))
    ]
    begins, ends = min(each.begins for each in counted), max(each.ends for each in counted)
    machine = PastInterface(MACHINE, True, begins, ends, first, sums)  # noqa: FBT003 - it counts
    if all(each.known is None for each in counted):
        return machine
    return machine._replace(
        spans=[span for each in counted for span in each.spans],
        imported=[sum(each.imported[count] for each in counted) for count in range(len(DIRECTIONS))],
        known=KnownDays(
            min(each.known.since for each in counted if each.known),
            frozenset().union(*(each.known.others for each in counted if each.known)),
        ),
    )


def _past_interface(
    known: Interface, first: int, sums: Sequence[array[int]], horizon: int, zone: ZoneInfo
) -> PastInterface:
    """Counted interfaces have samples up to the horizon, others until they left."""
    midnight = day_start(day_from_number(first), zone)
    begins = max(midnight, known.first_seen // SLOT_SECONDS * SLOT_SECONDS)
    # Imported days, and days that were moved with the clock, may lie before the first sample.
    if day_number(day_of(begins, zone)) > first:
        begins = midnight
    left = -(-known.last_seen // SLOT_SECONDS) * SLOT_SECONDS
    ends = horizon if known.is_counted else min(horizon, max(left, begins))
    return PastInterface(known.device, known.is_counted, begins, ends, first, sums)
