"""The interfaces of a file tree: for fixtures, and where netlink is refused; no first and last counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from exporter.metering.samples import MeterError
from exporter.meters.interfaces.linux.facts import printable_name, read_index, read_link, read_optional
from exporter.meters.interfaces.linux.uplinks import KernelRoute, parse_ipv4_routes, parse_ipv6_routes, parse_pppoe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from exporter.metering.counters.readings import Counts, Link
    from exporter.meters.interfaces.linux.link_table import RemovedLink

_TRIES = 5

Counters = TypeVar("Counters")


class SysfsTracker:
    """Reads sys/class/net/*/ifindex at every scan, other facts once and at `refresh`."""

    namespace = 0

    def __init__(self, *, proc: Path, sys: Path) -> None:
        self._proc = proc
        self._folder = sys / "class/net"
        self._links: dict[str, Link] = {}
        self._refreshed: dict[str, Link] | None = None
        self._route_texts = ("", "")
        self._routes: list[KernelRoute] = []
        self.names: dict[str, int] = {}
        self.announced: dict[int, Counts] = {}
        self.removed: list[RemovedLink] = []
        self.replaced: set[int] = set()

    def read_consistently(self, read: Callable[[], dict[str, Counters]]) -> dict[str, Counters]:
        """Read counters between two equal scans of names and indexes; drops who never stood still."""
        before = self._scan()
        counters: dict[str, Counters] = {}
        for _ in range(_TRIES):
            counters = read()
            after = self._scan()
            self.names = dict(before.items() & after.items())
            if before == after:
                break
            before = after
        return {name: counters[name] for name in counters if name in self.names}

    def _scan(self) -> dict[str, int]:
        try:
            folders = [folder for folder in self._folder.iterdir() if folder.is_dir()]
        except OSError as error:
            raise MeterError(f"{self._folder}: {error.strerror}") from error
        indexes = {folder.name: read_index(folder) for folder in folders}
        return {name: index for name, index in indexes.items() if index}

    def losses(self) -> tuple[str, ...]:
        """Nothing is announced here, and nothing lost."""
        return ()

    def acknowledge(self, names: Iterable[str]) -> None:
        """Nothing to forget."""

    def links(self) -> dict[str, Link]:
        """The links by name: the same object until one of them changes."""
        refreshed, self._refreshed = self._refreshed, None
        known = self._links if refreshed is None else refreshed
        links: dict[str, Link] = {}
        for name, index in self.names.items():
            link = known.get(printable_name(name))
            if link is None or link.index != index:
                link = read_link(self._folder / name, self._pppoe())
            if link is not None:
                links[printable_name(name)] = link
        if links != self._links:
            self._links = links
        return self._links

    def _pppoe(self) -> tuple[str, ...]:
        return parse_pppoe(read_optional(self._proc / "net/pppoe"))

    def refresh(self) -> None:
        """Read all facts again, on any thread; the next scan takes them over."""
        links = (read_link(self._folder / name, self._pppoe()) for name in tuple(self.names))
        self._refreshed = {link.name: link for link in links if link is not None}

    def routes(self) -> list[KernelRoute]:
        """The routes: the same object until a file changes."""
        paths = (self._proc / "net/route", self._proc / "net/ipv6_route")
        texts = (read_optional(paths[0]), read_optional(paths[1]))
        if texts != self._route_texts:
            self._routes = [
                *parse_ipv4_routes(texts[0], str(paths[0])),
                *parse_ipv6_routes(texts[1], str(paths[1])),
            ]
            self._route_texts = texts
        return self._routes

    def close(self) -> None:
        """Nothing is held open."""
