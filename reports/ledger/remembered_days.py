"""Days that were read before: what was added up of them is answered from memory while none of their rows changed.

A month's question reads 29 days of which no row changes any more. Whatever changes a row gives it the number of the
posting that it comes with, or of the one that comes next; so rows are the same while there are as many of them and none
has a higher number. What has the number of the next posting may change again under it, and is not remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from reports.ledger.amounts import Rows
    from reports.ledger.reader import LedgerReader

MOST_BYTES = 4_000_000
"""What is remembered of all questions together."""

MOST_MADE = 16

NEWEST_DAYS = 2
"""Days at the end of the ledger that are read every time: events come up to a day late."""

FEWEST_DAYS = 3
"""Fewer are not worth a memory."""

Found = TypeVar("Found")


class RowStamp(NamedTuple):
    """How many rows some days have, and the highest number of a posting among them."""

    rows: int
    posting: int


class _Remembered(NamedTuple):
    stamp: RowStamp
    found: Any
    bytes: int


class RememberedDays:
    """Remembers what one connection's ledger answered, the questions that were asked last."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._remembered: dict[Hashable, _Remembered] = {}
        self._bytes = 0
        self._made: dict[tuple[int, int], Any] = {}
        self._stamps: dict[tuple[str, int, int], RowStamp] = {}
        self._newest: dict[str, int] = {}
        self._held = 0

    def begin(self, held: int) -> None:
        """Begin to read at another moment, at which the ledger has this posting."""
        self._held = held
        self._stamps.clear()
        self._newest.clear()

    def split(self, ledger: LedgerReader, rows: Rows) -> tuple[Rows | None, Rows]:
        """The part of some days that may be remembered, and the rest; all of them where that is not worth it."""
        if rows.grain != "day":
            return None, rows
        meter = rows.selection.meter
        if meter.name not in self._newest:
            query = f"SELECT day FROM {meter.table('day')} ORDER BY day DESC LIMIT 1"
            self._newest[meter.name] = next((day or 0 for (day,) in ledger.posted(meter, query, {})), 0)
        end = min(rows.end, self._newest[meter.name] + 1 - NEWEST_DAYS)
        if end - rows.start < FEWEST_DAYS:
            return None, rows
        return rows._replace(end=end), rows._replace(start=end)

    def get(self, ledger: LedgerReader, days: Rows, what: Hashable) -> Any:
        """What is remembered of days under a name, for reading alone; None where nothing is, or rows have changed."""
        name = days.selection.meter.name, days.start, days.end, what
        held = self._remembered.pop(name, None)
        if held is None:
            return None
        if held.stamp != self._stamp(ledger, days):
            self._bytes -= held.bytes
            return None
        self._remembered[name] = held  # the last one that will be forgotten
        return held.found

    def keep(self, ledger: LedgerReader, days: Rows, what: Hashable, found: Any, size: int) -> None:
        """Remember what was found of days at this moment; it takes about `size` bytes."""
        stamp = self._stamp(ledger, days)
        if stamp.posting > self._held or size > MOST_BYTES:
            return
        name = days.selection.meter.name, days.start, days.end, what
        former = self._remembered.pop(name, None)
        self._remembered[name] = _Remembered(stamp, found, size)
        self._bytes += size - (former.bytes if former else 0)
        while self._bytes > MOST_BYTES:
            self._bytes -= self._remembered.pop(next(iter(self._remembered))).bytes

    def made_of(self, parts: Sequence[bytes], make: Callable[[], Found]) -> Found:
        """What is made of bytes, which are read each time: remembered of the MOST_MADE that were asked for last."""
        digest = len(parts), hash(tuple(parts))  # keyed anew in every process; hashlib takes 4 ms of a command
        found: Found = self._made.pop(digest) if digest in self._made else make()
        self._made[digest] = found
        if len(self._made) > MOST_MADE:
            del self._made[next(iter(self._made))]
        return found

    def _stamp(self, ledger: LedgerReader, days: Rows) -> RowStamp:
        meter = days.selection.meter
        name = meter.name, days.start, days.end
        if name not in self._stamps:
            those = f"{meter.table('day')} WHERE day >= :start AND day < :end"
            query = f"SELECT count(*), ifnull(max(posting), 0) FROM {those}"
            bounds = {"start": days.start, "end": days.end}
            self._stamps[name] = next((RowStamp(*row) for row in ledger.posted(meter, query, bounds)), RowStamp(0, 0))
        return self._stamps[name]
