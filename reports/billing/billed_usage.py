"""What a plan bills of the ledger: days and totals of the interfaces that it covers, free hours taken out of both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.billing.plans import covers, free_windows, in_free_hours
from reports.calendar.periods import ONE_DAY, SLOT_SECONDS, Period, dates, day_number, day_numbered, day_of
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.selection import of_interfaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from reports.billing.plans import Plan
    from reports.ledger.reader import LedgerReader

_SUMS = "ifnull(sum(receive_bytes), 0), ifnull(sum(transmit_bytes), 0)"
_WITHIN = "started >= json_extract(pair.value, '$[0]') AND started < json_extract(pair.value, '$[1]')"


def covered_devices(ledger: LedgerReader, plan: Plan) -> frozenset[str]:
    """The interfaces of the ledger that a plan covers."""
    return frozenset(name for name, counted in ledger.devices().items() if covers(plan, name, is_counted=counted))


class Sums(NamedTuple):
    """Bytes of some days together: what is billed of them, and what free hours held."""

    billed: Bytes
    free: Bytes

    def plus(self, other: Sums) -> Sums:
        """Both together."""
        return Sums(self.billed.plus(other.billed), self.free.plus(other.free))


class BilledDays(NamedTuple):
    """Bytes by local day, days without traffic left out: what is billed of them, and what free hours held."""

    billed: dict[date, Bytes]
    free: dict[date, Bytes]

    def since(self, first: date) -> Sums:
        """All days from `first` on."""
        return Sums(*(_total(days, first) for days in self))


class BilledUsage:
    """Reads for one plan; ask it within `LedgerReader.at_one_moment`. Days are local, the last one included.

    `free_since` is the first day whose free hours can be told: quarter hours of earlier days, if there was traffic,
    have been deleted. None where the plan has no free hours.
    """

    def __init__(self, ledger: LedgerReader, plan: Plan, devices: frozenset[str]) -> None:
        """`devices` are the interfaces that the plan covers."""
        self.plan, self._ledger, self.zone = plan, ledger, ledger.zone
        self._devices = json.dumps(sorted(devices))
        # A comparison of one number a row, where it says the same.
        is_total = devices == {name for name, is_counted in ledger.devices().items() if is_counted}
        covered = "counted = 1" if is_total else "device IN (SELECT value FROM json_each(:devices))"
        # The + has time searched first: by subject first, every row of an interface would be read.
        self._covered = f"+kind = 'interface' AND +{covered}"
        self._waiting = ledger.waiting(of_interfaces(devices)).slots if devices else []
        self.free_since = self._free_since() if plan.free_hours else None

    def days(self, first: date, last: date) -> BilledDays:
        """Day by day."""
        rows = self._select(
            "day, sum(receive_bytes), sum(transmit_bytes)",
            f"usage_by_day WHERE day BETWEEN :first AND :last AND {self._covered} GROUP BY day",
            first=day_number(first),
            last=day_number(last),
        )
        billed = {day_numbered(day): Bytes(*amounts) for day, *amounts in rows}
        free: dict[date, Bytes] = {}
        for day, moved in self._free_by_day(first, last):
            if moved.total:
                free[day] = free.get(day, NO_BYTES).plus(moved)
        for day, moved in free.items():
            billed[day] = _less(billed.get(day, NO_BYTES), moved)
        for day, moved, is_free in self._waiting_between(first, last):
            days = free if is_free else billed
            days[day] = days.get(day, NO_BYTES).plus(moved)
        return BilledDays(billed, free)

    def total(self, first: date, last: date) -> Sums:
        """All days together; no day where `last` comes before `first`."""
        billed, free = self._moved(first, last), NO_BYTES
        known = self._known(first, last)
        if known is not None:
            source = f"json_each(:windows) AS pair CROSS JOIN usage_by_slot WHERE {_WITHIN} AND {self._covered}"
            windows = json.dumps(list(free_windows(self.plan, known, self.zone)))
            (amounts,) = self._select(_SUMS, source, windows=windows)
            free = Bytes(*amounts)
            billed = _less(billed, free)
        for _, moved, is_free in self._waiting_between(first, last):
            billed, free = (billed, free.plus(moved)) if is_free else (billed.plus(moved), free)
        return Sums(billed, free)

    def until(self, first: date, instant: int) -> Bytes | None:
        """What is billed of the days from `first` until an instant (UTC seconds); a quarter hour moved evenly.

        None where the quarter hours of its day are no longer kept.
        """
        day = max(first, day_of(instant - 1, self.zone))
        slots = self.slots_of(day)
        if _added_up(part for _, part in slots)[:2] != self.total(day, day).billed[:2]:
            return None
        passed = (_share(part, instant - start) for start, part in slots if start < instant)
        return _added_up([self.total(first, day - ONE_DAY).billed, *passed])

    def has_all_free_hours(self, first: date, last: date) -> bool:
        """Whether no quarter hour of these days, that held traffic, is missing where the plan has free hours."""
        if self.free_since is None or self.free_since <= first:
            return True
        return self._moved(first, min(last, self.free_since - ONE_DAY)).total == 0

    def slots_of(self, day: date) -> list[tuple[int, Bytes]]:
        """The billed quarter hours of a day, when each begins (UTC seconds), oldest first."""
        period = Period.day(day, self.zone)
        rows = self._select(
            "started, sum(receive_bytes), sum(transmit_bytes)",
            f"usage_by_slot WHERE started >= :start AND started < :end AND {self._covered} GROUP BY started",
            start=period.start,
            end=period.end,
        )
        slots = {started: Bytes(*amounts) for started, *amounts in rows}
        for row in self._waiting:
            if period.start <= row.started < period.end:
                slots[row.started] = slots.get(row.started, NO_BYTES).plus(row.bytes)
        return sorted(item for item in slots.items() if not in_free_hours(self.plan, item[0], self.zone))

    def _free_since(self) -> date:
        """The day after the last one of which retention has deleted quarter hours, as it does with whole ones."""
        # Of any interface, since quarter hours of all are deleted alike: a search, and no scan.
        oldest = next(self._select("started", "usage_by_slot ORDER BY started LIMIT 1"), None)
        if oldest is None:
            (newest_day,) = next(self._select("max(day)", "usage_by_day"))
            return day_numbered(0 if newest_day is None else newest_day + 1)
        day = day_of(oldest[0], self.zone)
        whole = Period.day(day, self.zone)
        source = f"usage_by_slot WHERE started >= :start AND started < :end AND {self._covered}"
        (amounts,) = self._select(_SUMS, source, start=whole.start, end=whole.end)
        return day if Bytes(*amounts) == self._moved(day, day) else day + ONE_DAY

    def _free_by_day(self, first: date, last: date) -> Iterator[tuple[date, Bytes]]:
        known, zone = self._known(first, last), self.zone
        if known is None:
            return
        # Cut day by day: a stretch over midnight is of two days.
        windows = [
            (day, window)
            for day in dates(known.first, known.last)
            for window in free_windows(self.plan, Period.day(day, zone), zone)
        ]
        # One look-up each, since groups would be sorted; both sums as one text, since they would be two look-ups.
        sums = _SUMS.replace("0), ", "0) || ' ' || ")
        rows = self._select(
            f"pair.key, (SELECT {sums} FROM usage_by_slot WHERE {_WITHIN} AND {self._covered})",  # noqa: S608 - ours
            "json_each(:windows) AS pair",
            windows=json.dumps([window for _, window in windows]),
        )
        for number, amounts in rows:
            yield windows[number][0], Bytes(*map(int, amounts.split()))

    def _known(self, first: date, last: date) -> Period | None:
        """The days whose free hours are known: one whose quarter hours are partly deleted is billed whole."""
        if self.free_since is None or max(first, self.free_since) > last:
            return None
        return Period.days(max(first, self.free_since), last, self.zone)

    def _waiting_between(self, first: date, last: date) -> Iterator[tuple[date, Bytes, bool]]:
        for row in self._waiting:
            day = day_of(row.started, self.zone)
            if first <= day <= last:
                yield day, row.bytes, in_free_hours(self.plan, row.started, self.zone)

    def _moved(self, first: date, last: date) -> Bytes:
        """What is posted of these days, free or not."""
        source = f"usage_by_day WHERE day BETWEEN :first AND :last AND {self._covered}"
        (amounts,) = self._select(_SUMS, source, first=day_number(first), last=day_number(last))
        return Bytes(*amounts)

    def _select(self, columns: str, source: str, **bounds: int | str) -> Iterator[tuple[Any, ...]]:
        query = f"SELECT {columns} FROM {source}"  # noqa: S608 - texts of this module
        return self._ledger.query(query, devices=self._devices, **bounds)


def _less(whole: Bytes, part: Bytes) -> Bytes:
    return Bytes(whole.received - part.received, whole.sent - part.sent)


def _share(moved: Bytes, seconds: int) -> Bytes:
    """Of a quarter hour's bytes those of its first seconds."""
    seconds = min(seconds, SLOT_SECONDS)
    return Bytes(moved.received * seconds // SLOT_SECONDS, moved.sent * seconds // SLOT_SECONDS)


def _total(days: dict[date, Bytes], first: date) -> Bytes:
    return _added_up(moved for day, moved in days.items() if day >= first)


def _added_up(amounts: Iterable[Bytes]) -> Bytes:
    total = NO_BYTES
    for amount in amounts:
        total = total.plus(amount)
    return total
