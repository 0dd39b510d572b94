"""What each TCP socket moved: differences of its counters, credited to the process that holds it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from exporter.meters.applications.sock_diag.netlink import LISTEN, PEER_HAS_ENDED
from exporter.meters.applications.traffic import SHORT_LIVED, UNKNOWN, Owner, Traffic
from reports.ledger.shape import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.meters.applications.sock_diag.events import ClosedSocket
    from exporter.meters.applications.sock_diag.netlink import CounterRow, SocketFacts
    from exporter.meters.applications.sock_diag.owners import Holders

_MOST_UNSEEN = 10_000
_MOST_SEARCHES = 2
"""A process may be between exec and the first read of its descriptors; who is not found twice, is not found."""
_UNKNOWN, _SHORT_LIVED = Owner(special=UNKNOWN), Owner(special=SHORT_LIVED)


class TrackedSocket:
    """A socket's counters as they were read last, and what of them is not credited yet."""

    __slots__ = (
        "cgroup",
        "has_ended",
        "inode",
        "is_closed",
        "listing",
        "owner",
        "port",
        "received",
        "scope",
        "searches",
        "sent",
        "uncredited_receive",
        "uncredited_transmit",
    )

    def __init__(self, facts: SocketFacts, scope: str, inode: int) -> None:
        self.port, self.cgroup, self.scope, self.inode = facts.port, facts.cgroup, scope, inode
        self.received = self.sent = self.uncredited_receive = self.uncredited_transmit = 0
        self.owner: Owner | None = None
        self.searches = self.listing = 0
        self.has_ended = self.is_closed = False

    def add(self, received: int, sent: int, *, has_ended: bool) -> None:
        """Note what was moved until these counters. One that falls belongs to a new connection of the socket."""
        if received < self.received or sent < self.sent:
            self.received = self.sent = 0
            self.has_ended = False
        # the peer's FIN is no payload
        fin = 1 if has_ended and not self.has_ended else 0
        self.uncredited_receive += max(received - self.received - fin, 0)
        self.uncredited_transmit += sent - self.sent
        self.received, self.sent = received, sent
        self.has_ended |= has_ended


class SocketTable:
    """All sockets that live, by cookie; those that are gone are dropped. Nothing in it touches the system."""

    def __init__(self, scope_of: Callable[[bytes], str]) -> None:
        self._scope_of = scope_of
        self._sockets: dict[int, TrackedSocket] = {}
        self._moved: dict[int, TrackedSocket] = {}
        """By cookie those with bytes that are not credited."""
        self._unnamed: dict[int, TrackedSocket] = {}
        self._listeners: dict[int, TrackedSocket] = {}
        self._earlier_listeners: dict[int, TrackedSocket] = {}
        self._listing = 0
        self._seen = 0

    def __len__(self) -> int:
        return len(self._sockets)

    def begin_listing(self) -> None:
        """All sockets are listed anew from here on."""
        self._listing += 1
        self._seen = 0
        self._earlier_listeners, self._listeners = self._listeners, {}

    def add_page(
        self, rows: list[CounterRow], facts: Callable[[CounterRow], SocketFacts], *, is_baseline: bool
    ) -> None:
        """Note the counters of sockets; of a baseline, what they moved so far is not usage."""
        sockets, listing = self._sockets, self._listing
        self._seen += len(rows)
        for row in rows:
            cookie, state, inode, received, sent, _ = row
            tracked = sockets.get(cookie)
            if tracked is None:
                tracked = self._add(row, facts(row))
                if is_baseline:
                    tracked.received, tracked.sent, tracked.has_ended = received, sent, state in PEER_HAS_ENDED
            tracked.listing = listing
            if sent != tracked.sent or received != tracked.received or inode != tracked.inode:
                self._note(row, tracked)
            if state == LISTEN:
                self._listeners[tracked.port] = tracked

    def add_closed(self, closed: ClosedSocket, *, is_older: bool) -> None:
        """Note the final counters of a socket; one that no listing showed counts whole, but where it `is_older`."""
        tracked = self._sockets.pop(closed.cookie, None)
        self._unnamed.pop(closed.cookie, None)
        if tracked is None:
            if is_older or not (closed.received or closed.sent):
                return
            tracked = TrackedSocket(closed.facts, self._scope(closed.facts), 0)
        if closed.received != tracked.received or closed.sent != tracked.sent:
            # a single byte is the peer's FIN: a socket that received nothing else ends with it
            tracked.add(closed.received, closed.sent, has_ended=closed.received == tracked.received + 1)
        tracked.is_closed = True
        if tracked.uncredited_receive or tracked.uncredited_transmit:
            self._moved[closed.cookie] = tracked

    def inodes_without_owner(self) -> set[int]:
        """The inodes whose processes are to be found."""
        return {tracked.inode for tracked in self._unnamed.values()}

    def ask_again(self) -> None:
        """Have the owners of all sockets found again: descriptors are passed on, and processes renamed."""
        self._unnamed = {cookie: tracked for cookie, tracked in self._sockets.items() if tracked.inode}

    def set_owners(self, holders: Holders) -> None:
        """Name what was asked for; what two complete searches do not find keeps its owner, or is unknown."""
        owners: dict[tuple[int, int], Owner] = {}
        for cookie, tracked in tuple(self._unnamed.items()):
            process = holders.processes.get(tracked.inode)
            if process is not None:
                owner = Owner(process.command, tracked.cgroup, process.arguments, process.pid)
                tracked.owner = owners.setdefault((process.pid, tracked.cgroup), owner)
            elif holders.is_complete:
                tracked.searches += 1
            if process is not None or tracked.owner is not None or tracked.searches >= _MOST_SEARCHES:
                del self._unnamed[cookie]

    def credit(self) -> list[Traffic]:
        """What was moved since the last call, by owner and scope; what waits for its owner comes with the next."""
        receive: defaultdict[tuple[Owner, str], int] = defaultdict(int)
        transmit: defaultdict[tuple[Owner, str], int] = defaultdict(int)
        for cookie, tracked in tuple(self._moved.items()):
            owner = self._owner(tracked)
            if owner is not None:
                receive[owner, tracked.scope] += tracked.uncredited_receive
                transmit[owner, tracked.scope] += tracked.uncredited_transmit
                tracked.uncredited_receive = tracked.uncredited_transmit = 0
                del self._moved[cookie]
        return [
            Traffic(owner, scope, "tcp", count, transmit[owner, scope]) for (owner, scope), count in receive.items()
        ]

    def drop_unseen(self, *, has_losses: bool) -> bool:
        """Drop sockets that the last listing did not show, where their end may have been missed; returns whether.

        A closed socket whose program holds it on is not listed, and ends later: it stays where none was missed.
        """
        if not has_losses and len(self._sockets) <= self._seen + _MOST_UNSEEN:
            return False
        for cookie, tracked in tuple(self._sockets.items()):
            if tracked.listing != self._listing:
                del self._sockets[cookie]
                self._unnamed.pop(cookie, None)
                tracked.is_closed = True
        return True

    def _add(self, row: CounterRow, facts: SocketFacts) -> TrackedSocket:
        tracked = self._sockets[row[0]] = TrackedSocket(facts, self._scope(facts), row[2])
        if tracked.inode:
            self._unnamed[row[0]] = tracked
        return tracked

    def _note(self, row: CounterRow, tracked: TrackedSocket) -> None:
        cookie, state, inode, received, sent, _ = row
        tracked.add(received, sent, has_ended=state in PEER_HAS_ENDED)
        if tracked.uncredited_receive or tracked.uncredited_transmit:
            self._moved[cookie] = tracked
        if inode != tracked.inode:
            tracked.inode = inode
            # accepted since; one that its process has closed keeps its owner
            if inode:
                tracked.searches = 0
                self._unnamed[cookie] = tracked
            else:
                self._unnamed.pop(cookie, None)

    def _scope(self, facts: SocketFacts) -> str:
        return LOOPBACK if facts.own == facts.peer else self._scope_of(facts.peer)

    def _owner(self, tracked: TrackedSocket) -> Owner | None:
        if tracked.owner is not None:
            return tracked.owner
        listener = self._listeners.get(tracked.port) or self._earlier_listeners.get(tracked.port)
        if listener is not None and listener.owner is not None:
            return listener.owner
        if tracked.is_closed or not tracked.inode:
            return _SHORT_LIVED
        if tracked.searches < _MOST_SEARCHES:
            return None
        # the cgroup says the unit or container, which every user may know
        return Owner(cgroup=tracked.cgroup) if tracked.cgroup else _UNKNOWN
