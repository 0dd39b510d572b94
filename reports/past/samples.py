"""The ledger's past as the samples that scrapes of /metrics would have taken, as far as the ledger knows them.

Counters are told at the end of every quarter hour that is kept, and before that at every local midnight. Gauges
of a period that ends at midnight are told one second earlier, too, when they are complete; daily and monthly totals
only then, once a day, and at the end of the past: each for as long as /metrics tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import SLOT_SECONDS, Span
from reports.calendar.history import PERIODS
from reports.calendar.history_length import HistoryLength
from reports.ledger.shape import INTERFACE
from reports.past.days import DIRECTIONS, MACHINE, Calendar, past_interfaces, past_machine
from reports.past.periods import bounds, day_ends, history, period_samples
from reports.past.ticks import DaySampler, added_slots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.ledger.reader import LedgerReader
    from reports.past.days import PastInterface
    from reports.past.ticks import SampleTimes, Slots

Labels = tuple[tuple[str, str], ...]

ALL_DAYS = HistoryLength()

MACHINE_BASE = "machine_base"
"""A state of the ledger; it begins with the bytes that the machine's counters leave out."""

FAMILIES = len(INTERFACE.sums) + 7 * len(DIRECTIONS) + 2
"""How many families a window has."""


class PastSeries(NamedTuple):
    """Whole numbers at instants (UTC seconds, in order) under the labels that /metrics has."""

    labels: Labels
    times: Sequence[int]
    values: Sequence[int]


class PastFamily(NamedTuple):
    """Series of one name; `kind` is counter or gauge."""

    name: str
    kind: str
    series: Iterable[PastSeries]


class Past:
    """All that can be told of [span.start, span.end); `span.end` is where the live samples begin."""

    def __init__(self, ledger: LedgerReader, end: int, length: HistoryLength = ALL_DAYS) -> None:
        """Reads the days; the rest when it is asked for. `length` is that of the live series."""
        self._ledger, self._calendar = ledger, Calendar(ledger.zone)
        self._length = length
        self.horizon = (end - 1) // SLOT_SECONDS * SLOT_SECONDS
        devices = past_interfaces(ledger, self.horizon)
        self.devices = [device for device in devices if device.begins <= self.horizon]
        self._machine = past_machine(self.devices)
        self._uncounted = _uncounted(ledger.state().get(MACHINE_BASE, ""))
        self._has_history = [device.is_counted or length.of_all for device in self.devices]

    @property
    def span(self) -> Span:
        """From the first sample to the second after the last one; empty where there is none."""
        return Span(min((device.begins for device in self.devices), default=self.horizon + 1), self.horizon + 1)

    def families(self, window: Span) -> Iterator[PastFamily]:
        """The families of the samples in `window`, one after the other; take each before the next."""
        clockwork = DaySampler(self._ledger, self._calendar, window)
        moments: set[int] = set()
        for count, name in enumerate(INTERFACE.sums):
            slots = clockwork.slots(count)
            ticks = [list(clockwork.ticks(device, count, slots)) for device in self.devices]
            counters = (_counter(device, told) for device, told in zip(self.devices, ticks, strict=True))
            yield _family(f"netledger_interface_{name}_total", "counter", counters, window)
            if count < len(DIRECTIONS):
                known = zip(self.devices, ticks, self._has_history, strict=True)
                shown = [(device, one) for device, one, has_history in known if has_history]
                yield from self._history("interface", count, shown, moments, window)
                yield from self._of_machine(count, clockwork, slots, moments, window)
        told = sorted(moments)
        for bound in ("start", "end"):
            gauges = (
                PastSeries((("period", period),), times, values)
                for period, (times, values) in zip(PERIODS, bounds(self._calendar, told, bound), strict=True)
            )
            yield _family(f"netledger_period_{bound}_timestamp_seconds", "gauge", gauges, window)

    def _of_machine(
        self, count: int, clockwork: DaySampler, slots: Slots, moments: set[int], window: Span
    ) -> Iterator[PastFamily]:
        if self._machine is None:
            return
        counted = {device.name for device in self.devices if device.is_counted}
        ticks = list(clockwork.ticks(self._machine, count, {MACHINE: added_slots(slots, counted)}))
        counter = _counter(self._machine, ticks)
        counter = counter._replace(values=[value - self._uncounted[count] for value in counter.values])
        yield _family(f"netledger_machine_{DIRECTIONS[count]}_bytes_total", "counter", [counter], window)
        yield from self._history("machine", count, [(self._machine, ticks)], moments, window)

    def _history(
        self,
        subject: str,
        count: int,
        told: Sequence[tuple[PastInterface, Sequence[SampleTimes]]],
        moments: set[int],
        window: Span,
    ) -> Iterator[PastFamily]:
        def periods() -> Iterator[PastSeries]:
            for device, one in told:
                times, columns = period_samples(self._calendar, device, count, one)
                moments.update(times)
                for period, values in zip(PERIODS, columns, strict=True):
                    yield PastSeries((*_labels(device), ("period", period)), times, values)

        def totals(label: str, length: int) -> Iterator[PastSeries]:
            for device, one in told if length else ():
                ends = (end for end in day_ends(self._calendar, device, one) if window.start <= end.time < window.end)
                found = history(self._calendar, device, count, ends, label, length)
                for text, (times, values) in found.items():
                    yield PastSeries((*_labels(device), (label, text)), times, values)

        unit = f"{DIRECTIONS[count]}_bytes"
        yield _family(f"netledger_{subject}_period_{unit}", "gauge", periods(), window)
        yield _family(f"netledger_{subject}_daily_{unit}", "gauge", totals("date", self._length.days), window)
        yield _family(f"netledger_{subject}_monthly_{unit}", "gauge", totals("month", self._length.months), window)


def _labels(device: PastInterface) -> Labels:
    return (("device", device.name),) if device.name != MACHINE else ()


def _uncounted(state: str) -> Sequence[int]:
    """Bytes by which the machine's counters are below the counted interfaces', as some began to count late."""
    numbers = state.split()
    return [int(number) for number in numbers[: len(DIRECTIONS)]] or [0] * len(DIRECTIONS)


def _counter(device: PastInterface, told: Sequence[SampleTimes]) -> PastSeries:
    times = [time for ticks in told for time in ticks.times]
    return PastSeries(_labels(device), times, [total for ticks in told for total in ticks.totals])


def _family(name: str, kind: str, series: Iterable[PastSeries], window: Span) -> PastFamily:
    return PastFamily(name, kind, filter(lambda one: one.times, (_cut(one, window) for one in series)))


def _cut(series: PastSeries, window: Span) -> PastSeries:
    times = series.times
    if not times or (times[0] >= window.start and times[-1] < window.end):
        return series
    kept = [place for place, time in enumerate(times) if window.start <= time < window.end]
    return PastSeries(series.labels, [times[place] for place in kept], [series.values[place] for place in kept])


def batches(series: PastSeries, size: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Times and values of a series, so many at a time."""
    for begin in range(0, len(series.times), size):
        yield series.times[begin : begin + size], series.values[begin : begin + size]
