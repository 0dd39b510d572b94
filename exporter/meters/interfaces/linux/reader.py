"""The interface meter of Linux: counts by /proc/net/dev, identity by netlink where the system allows it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from exporter.metering.counters.readings import Counts, Epoch, Link, Reading, Scan
from exporter.metering.samples import MeterError
from exporter.metering.subjects import Subject
from exporter.meters.interfaces.linux.counters import CounterTable
from exporter.meters.interfaces.linux.facts import printable_name, read_text
from exporter.meters.interfaces.linux.listener import LinkListener
from exporter.meters.interfaces.linux.netlink_tracker import NetlinkTracker
from exporter.meters.interfaces.linux.sysfs_tracker import SysfsTracker
from exporter.meters.interfaces.linux.uplinks import KernelRoute, decide_uplinks, default_carriers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exporter.meters.interfaces.linux.link_table import RemovedLink

_PROC = Path("/proc")
_SYS = Path("/sys")
_WRAP = 2**32
_64_BIT_MACHINES_WITHOUT_64 = frozenset({"s390x", "alpha", "armv8l", "armv8b"})
"""armv8l is how a 64-bit kernel calls itself to a 32-bit process."""

Counters = TypeVar("Counters")


class LinkTracker(Protocol):
    """Pairs names of counters with the identities and links of interfaces."""

    namespace: int

    @property
    def names(self) -> dict[str, int]:
        """The index of each name."""

    @property
    def announced(self) -> dict[int, Counts]:
        """First counts not yet delivered, by index."""

    @property
    def removed(self) -> list[RemovedLink]:
        """Last counts not yet delivered."""

    @property
    def replaced(self) -> set[int]:
        """Indexes that another device has now, which was not announced."""

    def losses(self) -> tuple[str, ...]:
        """Sentences about messages that the kernel dropped since the last call."""

    def read_consistently(self, read: Callable[[], dict[str, Counters]]) -> dict[str, Counters]:
        """Read counters while no name changes its meaning."""

    def acknowledge(self, names: Iterable[str]) -> None:
        """Forget what was reported."""

    def links(self) -> dict[str, Link]:
        """Facts by name."""

    def routes(self) -> list[KernelRoute]:
        """Routes that matter."""

    def refresh(self) -> None:
        """Read slow facts, on any thread."""

    def close(self) -> None:
        """Release what is held open."""


class _Kept(NamedTuple):
    ifindex: int
    columns: bytes
    reading: Reading


class LinuxCounterReader:
    """Reads every interface of this network namespace.

    `listener` belongs to the meter from then on; without one (fixtures, or netlink refused) first and last counts
    pass unseen.
    """

    name = "interface"

    def __init__(
        self,
        *,
        proc: Path = _PROC,
        sys: Path = _SYS,
        listener: LinkListener | None = None,
        machine: str | None = None,
    ) -> None:
        self._proc = proc
        self._table = CounterTable(proc / "net/dev")
        self._boot_id = ""
        self._counter_bits = counter_bits(machine or os.uname().machine)
        self._wide: set[int] = set()
        self._kept: dict[str, _Kept] = {}
        self._decided: tuple[dict[str, Link], list[KernelRoute], frozenset[str]] | None = None
        self._tracker: LinkTracker = (
            SysfsTracker(proc=proc, sys=sys)
            if listener is None
            else NetlinkTracker(listener=listener, proc=proc, sys=sys)
        )

    @classmethod
    def open(cls) -> LinuxCounterReader:
        """The meter of this machine; listens where the system allows it."""
        try:
            listener = LinkListener()
        except OSError:
            return cls()
        return cls(listener=listener)

    def scan(self) -> Scan:
        """Read every counter now; raises MeterError, and then keeps first and last counts for the next scan."""
        boot_id = self._boot_id = self._boot_id or self._read_boot_id()
        counters = self._tracker.read_consistently(self._table.read)
        links = self._tracker.links()
        uplinks = self._uplinks(links)
        readings = (*self._ended(), *self._present(counters))
        self._tracker.acknowledge(counters)
        return Scan(boot_id, self._tracker.namespace, readings, links, uplinks, self._tracker.losses())

    def default_devices(self) -> frozenset[str]:
        """Devices with a default route, in any table, that lead outside by themselves; valid after a scan."""
        links = self._tracker.links()
        routes = [route for route in self._tracker.routes() if route.device in links]
        return frozenset(default_carriers([route for route in routes if not links[route.device].is_loopback], links))

    def refresh_links(self) -> None:
        """Read what may be slow (speeds) on a worker thread, for the next scan; raises MeterError."""
        self._tracker.refresh()

    @property
    def announces_links(self) -> bool:
        """True with netlink."""
        return isinstance(self._tracker, NetlinkTracker)

    def close(self) -> None:
        """Stop listening."""
        self._table.close()
        self._tracker.close()

    def _read_boot_id(self) -> str:
        path = self._proc / "sys/kernel/random/boot_id"
        boot_id = read_text(path).strip()
        if not boot_id:
            raise MeterError(f"{path}: empty")
        return boot_id

    def _uplinks(self, links: dict[str, Link]) -> frozenset[str]:
        routes = self._tracker.routes()
        decided = self._decided
        if decided is None or decided[0] is not links or decided[1] is not routes:
            decided = self._decided = (links, routes, decide_uplinks(routes, links))
        return decided[2]

    def _ended(self) -> Iterator[Reading]:
        for end in self._tracker.removed:
            bits = self._bits(end.ifindex, end.counts)
            self._wide.discard(end.ifindex)
            yield Reading(
                self._subject(end.name),
                self._epoch(end.ifindex),
                end.counts,
                bits,
                end.announced,
                is_present=False,
            )

    def _present(self, counters: dict[str, bytes]) -> list[Reading]:
        """A reading for each name; an idle interface gets its last one again: it pays with many veths."""
        names, announced, kept, replaced = (
            self._tracker.names,
            self._tracker.announced,
            self._kept,
            self._tracker.replaced,
        )
        now: dict[str, _Kept] = {}
        for name, columns in counters.items():
            index = names.get(name)
            if index is None:
                continue
            last = kept.get(name)
            if (
                last is None
                or last.columns != columns
                or last.ifindex != index
                or index in announced
                or index in replaced
                or last.reading.announced is not None
            ):
                last = _Kept(index, columns, self._reading(name, index, columns, announced.get(index)))
                if index in replaced:  # what it had before is unknown
                    last = last._replace(reading=last.reading._replace(announced=last.reading.counts))
            now[name] = last
        self._kept = now
        return [last.reading for last in now.values()]

    def _reading(self, name: str, index: int, columns: bytes, announced: Counts | None) -> Reading:
        counts = self._table.counts(columns)
        return Reading(self._subject(name), self._epoch(index), counts, self._bits(index, counts), announced)

    def _subject(self, name: str) -> Subject:
        return Subject("interface", (printable_name(name),))

    def _epoch(self, index: int) -> Epoch:
        return Epoch(self._boot_id, self._tracker.namespace, index)

    def _bits(self, index: int, counts: Counts) -> int:
        """A driver on a 32-bit kernel may count in 64 bits all the same; one larger value proves it."""
        if self._counter_bits < 64 and max(counts) >= _WRAP:  # noqa: PLR2004 - the width itself
            self._wide.add(index)
        return 64 if index in self._wide else self._counter_bits


def counter_bits(machine: str) -> int:
    """How wide a kernel on this machine (`uname -m`) counts: 32 or 64 bits."""
    return 64 if "64" in machine or machine in _64_BIT_MACHINES_WITHOUT_64 else 32


def open_reader() -> LinuxCounterReader:
    """The reader of this namespace's interfaces; raises MeterError."""
    return LinuxCounterReader.open()
