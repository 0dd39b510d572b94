"""Bytes by equal steps of time, since when they are kept, and the gaps between samples."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import ONE_DAY, SLOT_SECONDS, day_from_number, day_of, day_start
from reports.calendar.period import Period
from reports.ledger.amounts import ENDLESS, Rows, by_parts, every_day, first_time
from reports.ledger.imported import imported
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.selection import MACHINE
from reports.ledger.shape import INTERFACE, SPECS

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.calendar.days import Span
    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

MINUTE_SECONDS = 60


class Grain(NamedTuple):
    """Rows of one length: its name in the ledger, and its seconds."""

    name: str
    seconds: int


MINUTES = Grain("minute", MINUTE_SECONDS)
SLOTS = Grain("slot", SLOT_SECONDS)


def is_whole(grain: Grain, selection: Selection) -> bool:
    """True if the grain has every byte of a selection: minutes are kept of the busiest applications alone."""
    return grain is not MINUTES or selection.meter is INTERFACE


class Gaps:
    """Stretches of a span in which a meter did not sample; gaps that touch are one."""

    def __init__(self, ledger: LedgerReader, span: Span, selection: Selection) -> None:
        """Read those of the selection's meter once."""
        self._begun: list[int] = []
        self._ended: list[int] = []
        for gap in ledger.gaps(*span, selection.meter):
            if self._ended and gap.began <= self._ended[-1]:
                self._ended[-1] = max(self._ended[-1], gap.ended)
            else:
                self._begun.append(gap.began)
                self._ended.append(gap.ended)

    def hold(self, start: int, end: int) -> bool:
        """True if [start, end) (UTC seconds) lies within one gap."""
        number = bisect_right(self._begun, start) - 1
        return number >= 0 and self._ended[number] >= end

    def count_steps(self, span: Span, step: int, moved: Collection[int]) -> int:
        """The number of whole steps of `span` within gaps, without those whose numbers are in `moved`."""
        used, found = sorted(moved), 0
        for began, ended in zip(self._begun, self._ended, strict=True):
            first, last = -(-max(began, span.start) // step), min(ended, span.end) // step
            if first < last:
                found += last - first - (bisect_left(used, last) - bisect_left(used, first))
        return found


def by_step(
    ledger: LedgerReader,
    grain: Grain,
    span: Span,
    step: int,
    selection: Selection = MACHINE,
    *,
    shift: int = 0,
    cycle: int = ENDLESS,
) -> dict[int, Bytes]:
    """Bytes of the rows that begin in `span`, by `(started + shift) // step % cycle`.

    Steps without a row are left out.
    """
    number = "(started + :shift) / :step % :cycle"
    # Rows come in the order of time, so that only longer steps than theirs are sorted.
    group = "started" if step == grain.seconds else "1"
    found = by_parts(
        ledger,
        Rows(selection, grain.name, *span),
        selection.byte_columns,
        (number,),
        group,
        lambda time, _row: ((time + shift) // step % cycle,),
        shift=shift,
        step=step,
        cycle=cycle,
    )
    return {number: Bytes(*amounts) for (number,), amounts in found.items()}


def minutes_since(ledger: LedgerReader, since: int) -> int:
    """The number of rows of minutes that begin at an instant (UTC seconds) or later, of all meters."""
    tables = [spec.table("minute") for spec in SPECS if spec.minute_sums and ledger.has_tables(spec)]
    queries = [f"SELECT count(*) FROM {table} WHERE minute >= :since" for table in tables]
    return sum(ledger.execute(query, {"since": since}).fetchone()[0] for query in queries)


def first_day(ledger: LedgerReader, selection: Selection = MACHINE) -> date | None:
    """The day of the first usage, which may be imported, or of an earlier first sample; None without both."""
    days = [_first_used_day(ledger, selection)]
    began = ledger.first_seen(selection)
    if began is not None:
        days.append(day_of(began, ledger.zone))
    days.extend(span.first for span in ledger.spans(date.min, date.max, selection))
    return min((day for day in days if day is not None), default=None)


def meter_began(ledger: LedgerReader, selection: Selection = MACHINE) -> int | None:
    """The begin of counting by a selection's meter (UTC seconds); None before it has."""
    return ledger.first_seen(selection._replace(keys=None, where={}))


def counting_began(ledger: LedgerReader, selection: Selection = MACHINE) -> int | None:
    """The begin of counting, or of an earlier imported day (UTC seconds); None in an empty ledger."""
    day, began = first_day(ledger, selection), ledger.first_seen(selection)
    if day is None or (began is not None and day_of(began, ledger.zone) <= day):
        return began
    return day_start(day, ledger.zone)


def history_began(ledger: LedgerReader, selection: Selection = MACHINE) -> int | None:
    """The begin of counting by a selection's meter, or of what was imported of the selection (UTC seconds)."""
    return counting_began(ledger, selection) if ledger.has_past else meter_began(ledger, selection)


def days_known_since(ledger: LedgerReader, selection: Selection = MACHINE) -> int | None:
    """The begin of counting, or of the imported days that reach up to it (UTC seconds); None in an empty ledger.

    From then on a day without a row was without traffic; of earlier ones that is not known.
    """
    began = ledger.first_seen(selection)
    if began is None or not ledger.has_past:
        return counting_began(ledger, selection)
    day = day_of(began, ledger.zone)
    days = imported(ledger, date.min, day, selection).days
    known = day_start(day, ledger.zone) if day in days else began
    while (day := day - ONE_DAY) in days:
        known = day_start(day, ledger.zone)
    return known


def kept_since(ledger: LedgerReader, grain: Grain, selection: Selection = MACHINE) -> int | None:
    """The instant (UTC seconds) from which every row of this grain is kept; None without a row, and of no whole grain.

    It is the begin of counting or, where older rows have been deleted, that of the oldest row.
    """
    if not is_whole(grain, selection):
        return None
    since, began = oldest(ledger, grain, selection), ledger.first_seen(selection)
    if since is None or began is None:
        return since
    return began if began >= since or _is_whole(ledger, grain, since, selection) else since


def _is_whole(ledger: LedgerReader, grain: Grain, since: int, selection: Selection) -> bool:
    """True if no row before the oldest was deleted: the larger unit around it is the first, and holds no more bytes."""
    if grain is SLOTS:
        day = day_of(since, ledger.zone)
        period = Period.day(day, ledger.zone)
        used = ledger.days(day, day, selection).get(day, NO_BYTES)
        slots = ledger.slots(period.start, period.end, selection)
        return _first_used_day(ledger, selection) == day and used.total == slots.total
    slot = since // SLOT_SECONDS * SLOT_SECONDS
    if oldest(ledger, SLOTS, selection) != slot or not _is_whole(ledger, SLOTS, slot, selection):
        return False
    end = slot + SLOT_SECONDS
    return ledger.minutes(slot, end, selection).total == ledger.slots(slot, end, selection).total


def _first_used_day(ledger: LedgerReader, selection: Selection) -> date | None:
    day = first_time(ledger, every_day(selection))
    return None if day is None else day_from_number(day)


def oldest(ledger: LedgerReader, grain: Grain, selection: Selection) -> int | None:
    """The begin of the oldest row that is kept (UTC seconds); None without one."""
    # From the first sample on: all rows of a thousand others would be read before those of a new interface.
    began = (ledger.first_seen(selection) or 0) // SLOT_SECONDS * SLOT_SECONDS
    return first_time(ledger, Rows(selection, grain.name, began, ENDLESS))
