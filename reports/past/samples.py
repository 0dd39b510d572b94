"""The ledger's past as samples that scrapes of /metrics would have taken.

Counters have a sample at the end of every slot that is kept, and before that at every local midnight. Gauges of a
period that ends at midnight have one a second earlier, too, when they are complete. Daily and monthly totals have one
at that second, once a day, and at the end of the past, each for as long as /metrics has its series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, Span
from reports.calendar.history import PERIODS
from reports.calendar.history_length import HistoryLength
from reports.ledger.shape import INTERFACE
from reports.past.day_samples import DaySampler, added_slots
from reports.past.days import DIRECTIONS, MACHINE, Calendar, past_interfaces, past_machine
from reports.past.periods import bounds, day_ends, history, period_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.ledger.reader import LedgerReader
    from reports.past.day_samples import DaySamples, Slots
    from reports.past.days import PastInterface

Labels = tuple[tuple[str, str], ...]

ALL_DAYS = HistoryLength()

MACHINE_BASE = "machine_base"
"""Name of a row of the table `state`, which begins with the bytes that the machine's counters leave out."""

FAMILIES = len(INTERFACE.sums) + 7 * len(DIRECTIONS) + 2
"""Number of families of a window."""


class PastSeries(NamedTuple):
    """Integers at instants (UTC seconds, in order), with the labels of /metrics."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[int]


class PastFamily(NamedTuple):
    """Series of one name; `kind` is counter or gauge."""

    name: str
    kind: str
    series: Iterable[PastSeries]


class Past:
    """The samples of [span.start, span.end); the live samples begin at `span.end`."""

    def __init__(self, ledger: LedgerReader, end: int, length: HistoryLength = ALL_DAYS) -> None:
        """Reads the days; slots are read window by window. `length` is that of the live series."""
        self._ledger, self._calendar = ledger, Calendar(ledger.zone)
        self._length = length
        self.horizon = (end - 1) // SLOT_SECONDS * SLOT_SECONDS
        interfaces = past_interfaces(ledger, self.horizon)
        self.interfaces = [interface for interface in interfaces if interface.begins <= self.horizon]
        self._machine = past_machine(self.interfaces)
        self._uncounted = _uncounted(ledger.state().get(MACHINE_BASE, ""))

    @property
    def span(self) -> Span:
        """From the first sample to the second after the last one; empty without samples."""
        begins = min((interface.begins for interface in self.interfaces), default=self.horizon + 1)
        return Span(begins, self.horizon + 1)

    def families(self, window: Span) -> Iterator[PastFamily]:
        """The families of the samples in `window`, one after the other; take each before the next."""
        sampler = DaySampler(self._ledger, self._calendar, window)
        moments: set[int] = set()
        for count, name in enumerate(INTERFACE.sums):
            slots = sampler.slots(count)
            sampled = [(one, list(sampler.sample(one, count, slots))) for one in self.interfaces]
            counters = (_counter(interface, count, days) for interface, days in sampled)
            yield _family(f"netledger_interface_{name}_total", "counter", counters, window)
            if count < len(DIRECTIONS):
                with_history = [one for one in sampled if one[0].is_counted or self._length.of_all]
                yield from self._history("interface", count, with_history, moments, window)
                yield from self._of_machine(count, sampler, slots, moments, window)
        for bound in ("start", "end"):
            bounds_of = zip(PERIODS, bounds(self._calendar, sorted(moments), bound), strict=True)
            gauges = (PastSeries((("period", period),), times, values) for period, (times, values) in bounds_of)
            yield _family(f"netledger_period_{bound}_timestamp_seconds", "gauge", gauges, window)

    def _of_machine(
        self, count: int, sampler: DaySampler, slots: Slots, moments: set[int], window: Span
    ) -> Iterator[PastFamily]:
        if self._machine is None:
            return
        counted = {interface.name for interface in self.interfaces if interface.is_counted}
        days = list(sampler.sample(self._machine, count, {MACHINE: added_slots(slots, counted)}))
        counter = _counter(self._machine, count, days)
        counter = counter._replace(values=[value - self._uncounted[count] for value in counter.values])
        yield _family(f"netledger_machine_{DIRECTIONS[count]}_bytes_total", "counter", [counter], window)
        yield from self._history("machine", count, [(self._machine, days)], moments, window)

    def _history(
        self,
        subject: str,
        count: int,
        sampled: Sequence[tuple[PastInterface, Sequence[DaySamples]]],
        moments: set[int],
        window: Span,
    ) -> Iterator[PastFamily]:
        def periods() -> Iterator[PastSeries]:
            for interface, days in sampled:
                columns = period_samples(self._calendar, interface, count, days)
                for period, (times, values) in zip(PERIODS, columns, strict=True):
                    if times is not columns[0][0] or period == PERIODS[0]:
                        moments.update(times)
                    yield PastSeries((*_labels(interface), ("period", period)), times, values)

        def totals(label: str, length: int) -> Iterator[PastSeries]:
            for interface, days in sampled if length else ():
                ends = day_ends(self._calendar, interface, days)
                inner = (end for end in ends if window.start <= end.time < window.end)
                found = history(self._calendar, interface, count, inner, label, length)
                for text, (times, values) in found.items():
                    yield PastSeries((*_labels(interface), (label, text)), times, values)

        unit = f"{DIRECTIONS[count]}_bytes"
        yield _family(f"netledger_{subject}_period_{unit}", "gauge", periods(), window)
        yield _family(f"netledger_{subject}_daily_{unit}", "gauge", totals("date", self._length.days), window)
        yield _family(f"netledger_{subject}_monthly_{unit}", "gauge", totals("month", self._length.months), window)


def _labels(interface: PastInterface) -> Labels:
    return (("device", interface.name),) if interface.name != MACHINE else ()


def _uncounted(state: str) -> Sequence[int]:
    """Bytes by which the machine's counters are below the counted interfaces', as some began to count late."""
    numbers = state.split()
    return [int(number) for number in numbers[: len(DIRECTIONS)]] or [0] * len(DIRECTIONS)


def _counter(interface: PastInterface, count: int, days: Sequence[DaySamples]) -> PastSeries:
    """It ends where the live one begins, which is without imported bytes: with those it begins below zero."""
    times, less = [time for day in days for time in day.times], sum(interface.imported[count : count + 1])
    return PastSeries(_labels(interface), times, [total - less for day in days for total in day.totals])


def _family(name: str, kind: str, series: Iterable[PastSeries], window: Span) -> PastFamily:
    return PastFamily(name, kind, filter(lambda one: one.times, (_cut(one, window) for one in series)))


def _cut(series: PastSeries, window: Span) -> PastSeries:
    times = series.times
    if not times or (times[0] >= window.start and times[-1] < window.end):
        return series
    kept = [place for place, time in enumerate(times) if window.start <= time < window.end]
    return PastSeries(series.labels, [times[place] for place in kept], [series.values[place] for place in kept])


def batches(series: PastSeries, size: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Times and values of a series, `size` at a time."""
    for begin in range(0, len(series.times), size):
        yield series.times[begin : begin + size], series.values[begin : begin + size]
