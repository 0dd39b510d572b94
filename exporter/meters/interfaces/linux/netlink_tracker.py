"""The interfaces of this namespace by netlink, with exact first and last counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from exporter.metering.counters.readings import Counts, Link
from exporter.metering.samples import MeterError
from exporter.meters.interfaces.linux.facts import (
    Hardware,
    kind_of,
    printable_name,
    read_hardware,
    read_optional,
)
from exporter.meters.interfaces.linux.link_table import LinkTable, RemovedLink
from exporter.meters.interfaces.linux.netlink import (
    RTM_DELLINK,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    parse_link,
    parse_route,
)
from exporter.meters.interfaces.linux.uplinks import KernelRoute, parse_ipv6_routes, parse_pppoe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from exporter.meters.interfaces.linux.listener import LinkListener
    from exporter.meters.interfaces.linux.netlink import LinkFacts, Message

_TRIES = 5
_VIRTUAL_DRIVERS = frozenset(
    {
        "veth",
        "bridge",
        "tun",
        "ifb",
        "dummy",
        "vlan",
        "bond",
        "wireguard",
        "macvlan",
        "ipvlan",
        "ppp",
    }
)
"""Drivers that never have hardware of their own: a thousand veths cost no read of sysfs."""
_WITHOUT_PARENT = frozenset({"veth"})
"""What these drivers call their link is their other end, not what they are stacked on."""

Counters = TypeVar("Counters")


class _Event(NamedTuple):
    is_end: bool
    facts: LinkFacts
    counts: Counts | None


class NetlinkTracker:
    """Names, first and last counts from the kernel's own messages; reads sysfs only when a link changes."""

    def __init__(self, *, listener: LinkListener, proc: Path, sys: Path) -> None:
        self._listener = listener
        self._proc = proc
        self._folder = sys / "class/net"
        self._link_table = LinkTable()
        self._hardware: dict[int, Hardware] = {}
        self._refreshed: dict[int, tuple[Hardware, Hardware]] = {}
        self._links: dict[str, Link] = {}
        self._routes: list[KernelRoute] = []
        self._is_list_needed = True
        self._are_routes_stale = True
        self._unknown_names: set[str] = set()
        self.namespace = listener.namespace

    @property
    def names(self) -> dict[str, int]:
        """The index of each name, as of the last `read_consistently`."""
        return self._link_table.names

    @property
    def announced(self) -> dict[int, Counts]:
        """The first counts of those who appeared and were not yet delivered."""
        return self._link_table.announced

    @property
    def removed(self) -> list[RemovedLink]:
        """The last counts of those who left and were not yet delivered."""
        return self._link_table.removed

    def read_consistently(self, read: Callable[[], dict[str, Counters]]) -> dict[str, Counters]:
        """Counters read while no link came, went or was renamed; a link that never settles is left out."""
        touched: set[str] = set()
        counters: dict[str, Counters] = {}
        self._drain_or_list()
        for _ in range(_TRIES):
            counters = read()
            touched = self._drain_or_list()
            if not touched:
                break
        self._note_unknown_names(counters)
        return {name: counters[name] for name in counters if name not in touched} if touched else counters

    @property
    def replaced(self) -> set[int]:
        """Indexes that another device has now, which was not announced."""
        return self._link_table.replaced

    def losses(self) -> tuple[str, ...]:
        """Sentences about messages that the kernel dropped since the last call."""
        return self._listener.losses()

    def acknowledge(self, names: Iterable[str]) -> None:
        """Forget first and last counts that a scan has reported."""
        if self._link_table.announced or self._link_table.removed or self._link_table.replaced:
            self._link_table.acknowledge(set(names))

    def drain_messages(self) -> set[str]:
        """Take the link messages that wait; gives the names that now mean something else."""
        try:
            drained = self._listener.drain()
            self._is_list_needed |= drained.is_overrun
            return self._take(_link_events(drained.messages))
        except (OSError, ValueError) as error:
            self._is_list_needed = True
            raise MeterError(f"netlink: {error}") from error

    def _drain_or_list(self) -> set[str]:
        touched = self.drain_messages()
        return touched | self._list_all() if self._is_list_needed else touched

    def _take(self, events: Iterable[_Event]) -> set[str]:
        touched: set[str] = set()
        for event in events:
            if event.is_end:
                touched |= self._link_table.leave(event.facts, event.counts)
            elif self._is_list_needed:
                # its first message may be among the lost ones
                touched |= self._link_table.learn(event.facts)
            else:
                touched |= self._link_table.follow(event.facts, event.counts)
        return touched

    def _list_all(self) -> set[str]:
        """Ask for all links anew, after an overrun and at the start; a listed link is not a new one."""
        failure: Exception | None = None
        for _ in range(_TRIES):
            try:
                events = _link_events(self._listener.dump_links())
            except (OSError, ValueError) as error:
                failure = error
                continue
            self._take(events)
            self._link_table.keep_only(_present(events))
            self._is_list_needed = False
            return set(self._link_table.names)
        raise MeterError(f"netlink: cannot list the links: {failure}") from failure

    def _note_unknown_names(self, counters: dict[str, Counters]) -> None:
        """A device is listed just before it is announced; one that stays unknown means a lost message."""
        unknown_names = counters.keys() ^ self.names.keys()
        self._is_list_needed |= not self._unknown_names.isdisjoint(unknown_names)
        self._unknown_names = unknown_names

    def links(self) -> dict[str, Link]:
        """The links by name: the same object until one of them changes."""
        refreshed, self._refreshed = self._refreshed, {}
        for index, (before, after) in refreshed.items():
            if self._hardware.get(index) is before and after != before:
                self._hardware[index] = after
                self._link_table.changed.add(index)
        if not self._link_table.changed:
            return self._links
        for index in self._link_table.changed:
            self._read_facts_of(index)
        self._link_table.changed.clear()
        self._links = self._stack()
        return self._links

    def _read_facts_of(self, index: int) -> None:
        before = self._hardware.pop(index, None)
        facts = self._link_table.members.get(index)
        if facts is not None and facts.kind not in _VIRTUAL_DRIVERS:
            self._hardware[index] = read_hardware(self._folder / facts.name, index)
        # IPv4 routes vanish with their link without a message of their own
        is_routed = facts is not None and any(route.device == printable_name(facts.name) for route in self._routes)
        self._are_routes_stale |= is_routed or before is not None or index in self._hardware

    def _stack(self) -> dict[str, Link]:
        members = self._link_table.members
        ports: dict[int, list[str]] = {}
        for facts in members.values():
            if facts.master:
                ports.setdefault(facts.master, []).append(printable_name(facts.name))
        pppoe = parse_pppoe(read_optional(self._proc / "net/pppoe")) if self._has_ppp() else ()
        return {
            printable_name(facts.name): self._link(facts, tuple(ports.get(facts.ifindex, ())), pppoe)
            for facts in members.values()
        }

    def _has_ppp(self) -> bool:
        return any(facts.kind == "ppp" for facts in self._link_table.members.values())

    def _link(self, facts: LinkFacts, ports: tuple[str, ...], pppoe: tuple[str, ...]) -> Link:
        hardware = self._hardware.get(facts.ifindex, Hardware())
        parent = self._link_table.members.get(facts.parent)
        lower = ports
        if parent is not None and parent is not facts and facts.kind not in _WITHOUT_PARENT:
            lower = (*ports, printable_name(parent.name))
        kind = kind_of(facts.kind, hardware.kind, facts.hardware_type)
        return Link(
            name=printable_name(facts.name),
            index=facts.ifindex,
            kind=kind,
            is_up=facts.is_up,
            is_physical=hardware.is_physical,
            is_loopback=facts.is_loopback,
            speed=hardware.speed,
            is_speed_a_label=hardware.is_speed_a_label,
            address=facts.address,
            mtu=facts.mtu,
            lower=lower or hardware.lower or (pppoe if kind == "ppp" else ()),
        )

    def refresh(self) -> None:
        """Read speeds again, on any thread, since drivers may be slow; the next scan takes them over."""
        names = {index: name for name, index in tuple(self.names.items())}
        self._refreshed = {
            index: (before, read_hardware(self._folder / names[index], index))
            for index, before in tuple(self._hardware.items())
            if index in names
        }

    def routes(self) -> list[KernelRoute]:
        """The routes that matter; valid after `links`: the same object until something changes."""
        try:
            self._are_routes_stale |= self._listener.routes_changed()
            if self._are_routes_stale:
                self._routes = [*self._ipv4_routes(), *self._ipv6_routes()]
                self._are_routes_stale = False
        except (OSError, ValueError) as error:
            self._are_routes_stale = True
            raise MeterError(f"netlink: cannot list the routes: {error}") from error
        return self._routes

    def _ipv4_routes(self) -> Iterable[KernelRoute]:
        for message in self._listener.dump_routes():
            route = parse_route(message.body) if message.type == RTM_NEWROUTE else None
            if route is None or not route.is_unicast:
                continue
            leading = int(route.first_byte != 0) if route.length == 1 else route.first_byte
            for index, has_gateway in route.next_hops:
                if index in self._link_table.members:
                    name = printable_name(self._link_table.members[index].name)
                    yield KernelRoute(
                        name,
                        is_ipv6=False,
                        destination=leading,
                        length=route.length,
                        has_gateway=has_gateway,
                        is_main=route.is_main,
                    )

    def _ipv6_routes(self) -> list[KernelRoute]:
        path = self._proc / "net/ipv6_route"
        return parse_ipv6_routes(read_optional(path), str(path))

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


def _link_events(messages: Iterable[Message]) -> list[_Event]:
    """What the messages say of links; raises ValueError on a malformed one."""
    events = []
    for message in messages:
        link = parse_link(message.body) if message.type in {RTM_NEWLINK, RTM_DELLINK} else None
        if link is not None:
            events.append(_Event(message.type == RTM_DELLINK, *link))
    return events


def _present(events: Iterable[_Event]) -> set[int]:
    """Who is there at the end of a list that events were mixed into."""
    present: set[int] = set()
    for event in events:
        if event.is_end:
            present.discard(event.facts.ifindex)
        else:
            present.add(event.facts.ifindex)
    return present
