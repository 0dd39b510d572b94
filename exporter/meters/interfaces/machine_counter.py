"""The machine's counters of /metrics: the interfaces that count, added up, so that increase() is what was moved.

Where an interface begins to count, or ends to, its lifetime neither comes in nor goes out: the counters go on from
where they were. After a restore they go on, or begin at 0 again, as the counters of interfaces do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.metering.counters.bases import ExposedBases, LastExposed
    from exporter.metering.counters.checkpoints import MachineBase
    from exporter.metering.counters.readings import Counts
    from exporter.metering.counters.tracked import TrackedCounter
    from exporter.metering.subjects import Subject

    Pair = tuple[int, int]


class InterfaceHandover(NamedTuple):
    """The counters of /metrics at a meter's last sample: the machine's bytes, and every interface."""

    machine: tuple[int, int] = (0, 0)
    interfaces: Mapping[Subject, LastExposed] = {}


class MachineCounter:
    """What the machine's counters leave out of the lifetimes of counted interfaces, from sample to sample."""

    def __init__(self, base: MachineBase, exposed: Pair) -> None:
        """`exposed` is what a meter before it in this process showed last."""
        self.base = base
        self._last = exposed
        self._leaving: list[TrackedCounter] = []

    def turn(self, counter: TrackedCounter, *, was_counted: bool) -> None:
        """Note whether an interface begins or ends to count; what the same sample finds of it counts both times."""
        if counter.is_counted and not was_counted:
            self._leave_out(_bytes([counter.lifetime]))
        elif was_counted and not counter.is_counted:
            self._leaving.append(counter)

    def settle(self, counters: Iterable[TrackedCounter], bases: ExposedBases) -> None:
        """Set the base after a sample, and after the bases of the interfaces were settled."""
        for counter in self._leaving:
            self._leave_out(_less((0, 0), _bytes([counter.lifetime])))
        self._leaving.clear()
        counted = [counter for counter in counters if counter.is_counted] if bases.begun else []
        if any(counter.subject in bases.begun for counter in counted):
            since = _bytes(bases.moved_since(counter) for counter in counted)
            rest = _less(_bytes(counter.lifetime for counter in counted), self.base.uncounted)
            self.base = self.base._replace(restored=_less(_less(rest, self._last), since))

    def _leave_out(self, moved: Pair) -> None:
        receive, transmit = self.base.uncounted
        self.base = self.base._replace(uncounted=(receive + moved[0], transmit + moved[1]))


def _bytes(counts: Iterable[Counts]) -> Pair:
    receive = transmit = 0
    for each in counts:
        receive += each.receive_bytes
        transmit += each.transmit_bytes
    return receive, transmit


def _less(one: Pair, other: Pair) -> Pair:
    return one[0] - other[0], one[1] - other[1]
