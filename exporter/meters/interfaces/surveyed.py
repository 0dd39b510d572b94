"""Interfaces of systems where only commands list links and routes: psutil counts, a survey links."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import psutil

from exporter.metering.counters.readings import Counts, Epoch, Link, Reading, Scan
from exporter.metering.samples import MeterError
from exporter.metering.subjects import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from psutil._ntuples import snetio

_HALF = 2**31
_WRAP = 2**32


class Survey(NamedTuple):
    """Output of the commands.

    `wide_bytes` are (received, sent) where the commands know the whole and psutil the low 32 bits.
    """

    boot_id: str
    links: dict[str, Link]
    uplinks: frozenset[str]
    wide_bytes: dict[str, tuple[int, int]]


def read_counters() -> dict[str, snetio]:
    """Every interface's counters by psutil; raises MeterError."""
    try:
        return psutil.net_io_counters(pernic=True, nowrap=False)
    except (OSError, ValueError, RuntimeError) as error:
        raise MeterError(f"network counters: {error}") from error


def decide_uplinks(defaults: Iterable[str], gateways: Iterable[str], links: Mapping[str, Link]) -> frozenset[str]:
    """Hardware with a default route; under a tunnel the hardware with a gateway route, else all that is up.

    Where no hardware is visible, the devices with a default route themselves.
    """
    carriers = {name for name in defaults if name in links and not links[name].is_loopback}
    hardware = {name for name, link in links.items() if link.is_physical}
    if not hardware:
        return frozenset(carriers)
    up = {name for name in hardware if links[name].is_up}
    uplinks = carriers & hardware
    if not carriers or carriers - hardware:
        uplinks |= (hardware & set(gateways)) or uplinks or up
    return frozenset(uplinks or carriers)


def widen(raw: int, known: int) -> int:
    """The whole of a counter of which the low 32 bits are given, less than 2 GiB beyond a known value."""
    if raw >= _WRAP:
        return raw
    step = (raw - known + _HALF) % _WRAP - _HALF
    return known + max(step, 0)


class SurveyedInterfaceMeter:
    """Reads counters at every scan, and links and uplinks from the last survey, which `refresh_links` makes.

    An interface that the survey has not met has no identity yet: its readings begin with the next survey.
    """

    name = "interface"
    announces_links = False

    def __init__(
        self,
        *,
        survey: Callable[[], Survey],
        counters: Callable[[], dict[str, snetio]] = read_counters,
    ) -> None:
        self._make_survey = survey
        self._read_counters = counters
        self._survey: Survey | None = None
        self._taken: Survey | None = None
        self._failure = "no survey yet"
        self._known: dict[tuple[str, int], tuple[int, int]] = {}

    def scan(self) -> Scan:
        """Read every counter now; raises MeterError, and does so until the first survey."""
        survey = self._survey
        if survey is None:
            raise MeterError(self._failure)
        counters = self._read_counters()
        self._take(survey)
        readings = tuple(
            self._reading(survey, survey.links[name], columns)
            for name, columns in counters.items()
            if name in survey.links
        )
        return Scan(survey.boot_id, 0, readings, survey.links, survey.uplinks)

    def refresh_links(self) -> None:
        """Run the commands, on a worker thread; raises MeterError, and then the last survey stands."""
        try:
            self._survey = self._make_survey()
        except MeterError as error:
            self._failure = str(error)
            raise

    def default_devices(self) -> frozenset[str]:
        """Empty: a survey keeps no routes."""
        return frozenset()

    def close(self) -> None:
        """Nothing is held open."""

    def _take(self, survey: Survey) -> None:
        if survey is self._taken:
            return
        self._taken = survey
        ours = {(link.name, link.index): survey.wide_bytes.get(link.name) for link in survey.links.values()}
        self._known = {
            key: _larger_of_each(wide, self._known.get(key, wide)) for key, wide in ours.items() if wide is not None
        }

    def _reading(self, survey: Survey, link: Link, columns: snetio) -> Reading:
        sent, received, packets_sent, packets_received, errors_in, errors_out, drops_in, drops_out = columns
        key = (link.name, link.index)
        if key in self._known:
            known_received, known_sent = self._known[key]
            received, sent = widen(received, known_received), widen(sent, known_sent)
            self._known[key] = received, sent
        counts = Counts(received, sent, packets_received, packets_sent, errors_in, errors_out, drops_in, drops_out)
        return Reading(Subject("interface", (link.name,)), Epoch(survey.boot_id, 0, link.index), counts)


def _larger_of_each(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])
