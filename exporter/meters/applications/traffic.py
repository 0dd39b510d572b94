"""What a source of the application meter reports: who moved how much since the last read, and where to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = "(unknown)"
"""Sockets that are older than the meter, and whose owner it could not find."""

KERNEL = "(kernel)"
"""Packets of the kernel's own sockets: those of TIME_WAIT, resets, ICMP answers."""

OVERFLOW = "(overflow)"
"""Applications beyond what the kernel's map holds."""

SHORT_LIVED = "(short-lived)"
"""Connections that were counted, and ended before their owner was read."""

PROTOCOLS = ("tcp", "udp", "icmp", "other")


class Owner(NamedTuple):
    """The process that made, connected or accepted a socket, as the kernel knew it then.

    `command` is the process' name (at most 15 characters), `cgroup` the id (inode) of its cgroup in cgroup 2, 0 where
    that is unknown. `arguments` are the first ones of an interpreter's command line. `pid` is 0 where it is not kept:
    counts of processes of one name and cgroup are one. `special` is one of the names in parentheses above, and then
    nothing else is set.
    """

    command: str = ""
    cgroup: int = 0
    arguments: tuple[str, ...] = ()
    pid: int = 0
    special: str = ""


class Traffic(NamedTuple):
    """What one owner moved to and from peers of one scope by one protocol since the last read."""

    owner: Owner
    scope: str
    protocol: str
    receive_bytes: int
    transmit_bytes: int
    receive_packets: int = 0
    transmit_packets: int = 0
    in_tunnel: bool = False


class Backend(NamedTuple):
    """How applications are measured: "ebpf", "sock_diag", "nettop", "estats" or "none", and why not by a better way.

    `limits` are sentences on what this way does not see.
    """

    name: str
    reason: str = ""
    limits: tuple[str, ...] = ()


class ApplicationSource(Protocol):
    """What the application meter reads. One caller at a time."""

    backend: Backend
    is_quick: bool
    """Whether `read` never waits."""

    def read(self) -> Sequence[Traffic]:
        """What was moved since the last read (at the first: since it was opened); raises MeterError."""

    def refresh(self) -> None:
        """Read slow facts; runs on a worker thread, every minute."""

    def close(self) -> None:
        """Release what is held open; nothing stays behind in the kernel."""


@runtime_checkable
class HasLostEvents(Protocol):
    """A source whose kernel may drop what it announces."""

    @property
    def lost_events(self) -> int:
        """Times that this happened since it was opened."""


class SourceError(Exception):
    """A way of measuring does not work here: one sentence with the reason, and what would change it."""
