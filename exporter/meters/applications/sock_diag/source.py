"""The source `sock_diag`: bytes of TCP sockets, listed at each read, and those that were destroyed in between."""

from __future__ import annotations

import errno
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.metering.samples import MeterError
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.sock_diag.events import ClosedSockets, announced_end
from exporter.meters.applications.sock_diag.listing import SocketListing
from exporter.meters.applications.sock_diag.netlink import DiagError, RefusalError
from exporter.meters.applications.sock_diag.owners import SocketHolders
from exporter.meters.applications.sock_diag.sockets import SocketTable
from exporter.meters.applications.traffic import Backend, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.meters.applications.sock_diag.events import ClosedSocket
    from exporter.meters.applications.traffic import Traffic
    from exporter.settings.tree import Settings

NAME = "sock_diag"
LIMITS = (
    "UDP and QUIC are not seen: only TCP sockets have counters",
    "bytes are payload, without headers of TCP and IP",
    "sockets of other network namespaces, as containers have, are not seen",
)
ONLY_OWN_NAMES = (
    "sockets of other users are known by unit or container at most: reading whose they are needs CAP_SYS_PTRACE and "
    "CAP_DAC_READ_SEARCH"
)
_PROC = Path("/proc")
_JIFFY_SECONDS = 0.02
"""The kernel counts silence in steps of at most 10 ms."""


class SockDiagSource:
    """Reads the network namespace that it was opened in. Raises OSError and DiagError where the system refuses."""

    is_quick = False

    def __init__(
        self, scope_of: Callable[[bytes], str], *, proc: Path = _PROC, closed: ClosedSockets | None = None
    ) -> None:
        self._holders = SocketHolders(proc)
        self._table = SocketTable(scope_of)
        self._is_refresh_due = False
        self._lost_before = 0
        self.backend = Backend(NAME, limits=LIMITS if self._holders.may_read_all() else (*LIMITS, ONLY_OWN_NAMES))
        self._own_limits = self.backend.limits
        with ExitStack() as opened:
            # before the first listing, so that no socket ends between the two
            self._closed = closed or ClosedSockets()
            opened.callback(self._closed.close)
            self._listing = SocketListing()
            opened.callback(self._listing.close)
            self._begin()
            self._opened = opened.pop_all()

    @property
    def lost_events(self) -> int:
        """Closed sockets whose last bytes are missing, since the kernel announced them faster than they were read."""
        return self._lost_before

    def read(self) -> Sequence[Traffic]:
        """What TCP sockets moved since the last read, payload alone; raises MeterError."""
        try:
            self._list(is_baseline=False)
            self._find_owners()
            closed = self._closed.take()
        except (OSError, DiagError) as error:
            raise MeterError(f"sock_diag: {error}") from error
        self._end(closed)
        self._mark = 0
        self._note_losses()
        return self._table.credit()

    def refresh(self) -> None:
        """Have the next read find the owners of all sockets again."""
        self._is_refresh_due = True

    def close(self) -> None:
        """Close both sockets; nothing stays in the kernel."""
        self._opened.close()

    def _begin(self) -> None:
        """Take what all sockets moved so far as the baseline, and find their owners."""
        self._list(is_baseline=True)
        self._baseline = time.monotonic()
        self._mark = announced_end()
        self._end(self._closed.take())
        self._table.credit()
        self._find_owners()

    def _list(self, *, is_baseline: bool) -> None:
        self._table.begin_listing()
        for rows in self._listing.pages():
            self._table.add_page(rows, self._listing.facts, is_baseline=is_baseline)

    def _find_owners(self) -> None:
        if self._is_refresh_due:
            self._is_refresh_due = False
            self._table.ask_again()
        inodes = self._table.inodes_without_owner()
        if inodes:
            self._table.set_owners(self._holders.find(inodes))

    def _end(self, closed: Sequence[ClosedSocket]) -> None:
        """Note the ends of sockets. Those before the mark, or silent since before the baseline, moved nothing new."""
        oldest = (time.monotonic() - self._baseline + _JIFFY_SECONDS) * 1000
        for socket in closed:
            if socket.cookie == self._mark:
                self._mark = 0
            else:
                is_older = bool(self._mark) or socket.silent_milliseconds > oldest
                self._table.add_closed(socket, is_older=is_older)

    def _note_losses(self) -> None:
        lost = self._closed.lost
        if self._table.drop_unseen(has_losses=lost > self._lost_before):
            self._baseline = time.monotonic()
        if lost > self._lost_before:
            self._lost_before = lost
            self.backend = self.backend._replace(limits=(*self._own_limits, _losses(lost, self._closed.buffer_bytes)))


def open_source(settings: Settings) -> SockDiagSource:
    """Begin to measure: what sockets moved before is not counted. Raises SourceError."""
    if not sys.platform.startswith("linux"):
        raise SourceError("sock_diag is a part of Linux")
    try:
        return SockDiagSource(Scopes(settings.networks).of)
    except (OSError, DiagError) as error:
        raise SourceError(_reason(error)) from error


def _reason(error: OSError | DiagError) -> str:
    number = error.errno if isinstance(error, OSError | RefusalError) else None
    if number in {errno.ENOENT, errno.EPROTONOSUPPORT}:
        return "the kernel lists no TCP sockets: its module tcp_diag is needed (modprobe tcp_diag)"
    if number is not None:
        return (
            f"the kernel refused to list TCP sockets ({os.strerror(number)}): where a sandbox forbids netlink, "
            "allow it (systemd: RestrictAddressFamilies=AF_NETLINK)"
        )
    return f"the kernel's list of TCP sockets cannot be read ({error}): Linux 4.19 or later is needed"


def _losses(count: int, buffer_bytes: int) -> str:
    return (
        f"the last bytes of {count} closed sockets are missing: they came faster than the buffer of {buffer_bytes} "
        "bytes was read; CAP_NET_ADMIN or a larger net.core.rmem_max would give more room"
    )
