"""Cumulative histograms: what came since the last point, which is kept in a note of each service.

A series is of a group: one process's series of one metric, which began together. A series that is new in a group that
is known has no past; else its past is ours only if the group began after this meter did.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exporter.meters.requests.otlp.histograms import Buckets
from exporter.meters.requests.otlp.refusals import Refusals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.requests.otlp.histograms import PointAmount

MOST_SERIES, MOST_HELD_BUCKETS = 1000, 20_000
"""Of one service; a note has up to 400 kB then, and a usual one 4 kB."""

QUIET = 900 * 1_000_000
"""Microseconds without a point after which a group makes room for others: its process has ended, or cannot reach us."""

TWO_SENDERS = "count: it fell without a new startTimeUnixNano; give each process its own service.instance.id"
NO_ROOM = f"the service has more than {MOST_SERIES} series at once"


class HeldSeries(msgspec.Struct, array_like=True):
    """The last point of a series: UTC microseconds, values, their sum, and its buckets."""

    at: int
    values: int
    total: int
    least: int | None = None
    most: int | None = None
    middles: list[float] = []
    counts: list[int] = []


class HeldGroup(msgspec.Struct, array_like=True):
    """The series of one process and metric, and when the last point of one of them came (UTC microseconds)."""

    at: int
    series: dict[str, HeldSeries]


class ServiceNote(msgspec.Struct, array_like=True):
    """What is known of a service that reports by OpenTelemetry.

    `spans_at` is when spans were counted last, by the hour (UTC seconds; 0: never). Of processes that began before
    `forgotten` (UTC microseconds) some series were dropped: what such a process counted may be in the ledger.
    """

    spans_at: int = 0
    forgotten: int = 0
    groups: dict[str, HeldGroup] = {}


class Differences(NamedTuple):
    """What came since the last points."""

    amounts: list[PointAmount]
    refusals: Refusals


def differences(note: ServiceNote, amounts: Sequence[PointAmount], began: int) -> Differences:
    """What amounts of one service add to those of its note, which is changed; `began` is UTC microseconds."""
    found = Differences([], Refusals())
    known, room = set(note.groups), _Room(note)
    for amount in amounts:
        group = note.groups.get(amount.group)
        last = None if group is None else group.series.get(amount.series)
        if last is not None and amount.at < last.at:
            continue  # an older point that was long on its way: the newer one had it
        if last is None and not room.is_made_for(amount):
            found.refusals.add(NO_ROOM)
            continue
        if last is not None:
            added = _difference(last, amount, found.refusals)
        else:
            # A start of 0 is not known, and may be long ago.
            is_ours = amount.group in known or amount.started // 1000 >= max(began, note.forgotten, 1)
            added = amount if is_ours else None
        if added is not None and added.values:
            found.amounts.append(added)
        room.keep(amount, last)
    return found


def _difference(last: HeldSeries, amount: PointAmount, refusals: Refusals) -> PointAmount | None:
    if amount.values < last.values or amount.total < last.total:
        if not amount.started:
            return amount  # begun anew
        refusals.add(TWO_SENDERS)
        return None
    counts = dict(zip(amount.buckets.middles, amount.buckets.counts, strict=True))
    ends = [bisect_left(amount.buckets.bounds, middle) for middle in amount.buckets.middles]
    places = dict(zip(ends, amount.buckets.middles, strict=True))
    for middle, count in zip(last.middles, last.counts, strict=True):
        now = places.get(bisect_left(amount.buckets.bounds, middle))
        if now is not None:
            counts[now] = max(counts[now] - count, 0)
    held = [(middle, count) for middle, count in counts.items() if count]
    return amount._replace(
        values=amount.values - last.values,
        total=amount.total - last.total,
        buckets=Buckets([middle for middle, _ in held], [count for _, count in held], amount.buckets.bounds),
        # The least and the most are of all since the start: of what came since only where they changed.
        least=amount.least if amount.least != last.least else None,
        most=amount.most if amount.most != last.most else None,
    )


class _Room:
    """The series of a note, within their bounds."""

    def __init__(self, note: ServiceNote) -> None:
        self._note = note
        held = [each for group in note.groups.values() for each in group.series.values()]
        self._series, self._buckets = len(held), sum(len(each.counts) for each in held)

    def is_made_for(self, amount: PointAmount) -> bool:
        """True if one more series may be kept; groups that are quiet are dropped for it."""
        note = self._note
        while self._series and self._is_full(len(amount.buckets.counts)):
            name, oldest = min(note.groups.items(), key=lambda item: item[1].at)
            if oldest.at > amount.at - QUIET:
                return False
            del note.groups[name]
            note.forgotten = max(note.forgotten, oldest.at)
            self._series -= len(oldest.series)
            self._buckets -= sum(len(each.counts) for each in oldest.series.values())
        return True

    def keep(self, amount: PointAmount, last: HeldSeries | None) -> None:
        """Keep an amount as the last point of its series."""
        group = self._note.groups.setdefault(amount.group, HeldGroup(amount.at, {}))
        group.at = max(group.at, amount.at)
        buckets = amount.buckets
        group.series[amount.series] = HeldSeries(
            amount.at, amount.values, amount.total, amount.least, amount.most, buckets.middles, buckets.counts
        )
        self._series += last is None
        self._buckets += len(buckets.counts) - (0 if last is None else len(last.counts))

    def _is_full(self, more: int) -> bool:
        return self._series >= MOST_SERIES or self._buckets + more > MOST_HELD_BUCKETS
