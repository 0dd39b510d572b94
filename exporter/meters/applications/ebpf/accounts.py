"""The accounts that the kernel keeps: what each has moved since the last read."""

from __future__ import annotations

import contextlib
import struct
from operator import sub
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.ebpf import syscalls
from exporter.meters.applications.ebpf.loading import ACCOUNT, ACCOUNTS, ARGUMENTS, COUNTS
from exporter.meters.applications.ebpf.syscalls import BatchReader, BpfError
from exporter.meters.applications.traffic import KERNEL, OVERFLOW, PROTOCOLS, UNKNOWN, Owner, Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exporter.meters.applications.ebpf.loading import LoadedPrograms

OWNED, SPECIAL = 0, ("", UNKNOWN, KERNEL, OVERFLOW)
ETHERNET_BYTES = 14
"""What an interface counts for each packet besides its IP bytes."""

IDLE_READS = 10
"""An account that did not move for so many reads may make room."""

FULLEST = 0.75
NOTHING = (0, 0, 0, 0)
KEYS = struct.Struct(f"{ACCOUNT.size}s")

Sums = tuple[int, ...]


class SocketAccount(NamedTuple):
    """Whose bytes an account of the kernel holds, where to and how."""

    owner: Owner
    scope: str
    protocol: str
    in_tunnel: bool


class _Held:
    """One account as it was read last."""

    __slots__ = ("account", "moved_at", "sums", "value")

    def __init__(self, account: SocketAccount, now: int) -> None:
        self.account, self.moved_at = account, now
        self.value: Sums = ()
        self.sums: Sums = NOTHING


class AccountTable:
    """Reads the kernel's accounts; those that did not change since the last read cost a comparison of bytes."""

    def __init__(
        self, loaded: LoadedPrograms, scopes: Sequence[str], most: int, command_of: Callable[[int], str] | None
    ) -> None:
        """`most` named accounts fit; `command_of` gives the command of a process that has not ended, else "".

        Without `command_of` the kernel's numbers of processes say nothing here.
        """
        self._table, self._arguments = loaded.maps[ACCOUNTS], loaded.maps[ARGUMENTS]
        self._reader = BatchReader(self._table)
        cpus = self._table.value_size // COUNTS.size
        self._counts = struct.Struct(f"<{4 * cpus}Q")
        self._scopes, self._most, self._command_of = scopes, most, command_of
        self._held: dict[bytes, _Held] = {}
        self._reads = 0
        self.overflow_bytes = 0

    def read(self) -> list[Traffic]:
        """What was moved since the last read, at the first since the programs were attached; raises BpfError."""
        self._reads += 1
        found = [traffic for key, value in self._changed() if (traffic := self._difference(key, value)) is not None]
        if len(self._held) > self._most * FULLEST:
            found += self._make_room()
        return found

    def _changed(self) -> Iterator[tuple[bytes, Sums]]:
        """Keys, and the counts of every CPU: most accounts are as they were, and end here."""
        held, size, width = self._held, KEYS.size, self._counts.size
        for keys, values, count in self._reader.read():
            read = zip(
                KEYS.iter_unpack(keys[: count * size]), self._counts.iter_unpack(values[: count * width]), strict=True
            )
            for (key,), value in read:
                known = held.get(key)
                if known is None or known.value != value:
                    yield key, value

    def _difference(self, key: bytes, value: Sums) -> Traffic | None:
        sums = tuple(map(sum, (value[::4], value[1::4], value[2::4], value[3::4])))
        held = self._held.get(key)
        if held is None:
            if sums == NOTHING:
                return None
            held = self._held[key] = _Held(self._describe(key), self._reads)
        elif held.account.owner.pid:
            held.account = self._described_again(key, held.account)
        moved = tuple(map(sub, sums, held.sums))
        if min(moved) < 0:  # the account was taken out and began anew
            moved = sums
        held.value, held.sums, held.moved_at = value, sums, self._reads
        return None if moved == NOTHING else self._traffic(held.account, moved)

    def _traffic(self, account: SocketAccount, moved: Sums) -> Traffic:
        receive, transmit, received, transmitted = moved
        if not account.in_tunnel:  # a tunnel's device has no Ethernet
            receive += received * ETHERNET_BYTES
            transmit += transmitted * ETHERNET_BYTES
        if account.owner.special == OVERFLOW:
            self.overflow_bytes += receive + transmit
        owner, scope, protocol, in_tunnel = account
        return Traffic(owner, scope, protocol, receive, transmit, received, transmitted, in_tunnel)

    def _described_again(self, key: bytes, account: SocketAccount) -> SocketAccount:
        """A process has another name, or its number is another process' by now."""
        now = self._describe(key)
        return now if now.owner.command else account

    def _describe(self, key: bytes) -> SocketAccount:
        text, cgroup, process, arguments, kind, scope, protocol, in_tunnel, _ = ACCOUNT.unpack(key)
        owner = Owner(special=SPECIAL[kind])
        if kind == OWNED:
            command = text.rstrip(b"\0").partition(b"\0")[0].decode("utf-8", "replace")
            owner = Owner(command, cgroup, self._words(arguments))
            if process and self._command_of:
                owner = owner._replace(command=self._command_of(process), pid=process)
        return SocketAccount(owner, self._scopes[scope], PROTOCOLS[protocol], bool(in_tunnel))

    def _words(self, arguments: int) -> tuple[str, ...]:
        held = syscalls.value_of(self._arguments, struct.pack("<I", arguments)) if arguments else None
        if held is None:
            return ()
        return tuple(word.decode("utf-8", "replace") for word in held.split(b"\0") if word)

    def _make_room(self) -> Iterator[Traffic]:
        """Take accounts out of the kernel that have been idle, with what they moved in the meantime."""
        idle = [key for key, held in self._held.items() if self._reads - held.moved_at >= IDLE_READS]
        for key in idle:
            held = self._held[key]
            if held.account.owner.special:
                continue
            last = self._take_out(key)
            if last is not None:
                moved = self._difference(key, self._counts.unpack(last))
                if moved is not None:
                    yield moved
            del self._held[key]

    def _take_out(self, key: bytes) -> bytes | None:
        try:
            return syscalls.take_out(self._table, key)
        except BpfError:  # before Linux 5.14: in two steps
            last = syscalls.value_of(self._table, key)
            with contextlib.suppress(BpfError):
                syscalls.delete(self._table.descriptor, key)
            return last
