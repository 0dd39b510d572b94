"""Tunnel devices of the service's own network namespace: what goes through one is carried again by its packets."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.meters.applications.ebpf import syscalls
from exporter.meters.applications.ebpf.syscalls import BpfError

if TYPE_CHECKING:
    from exporter.meters.applications.ebpf.syscalls import MapSizes

RTMGRP_LINK = 1
"""rtnetlink.h: messages on devices that come, go or change."""

TUNNEL_KINDS = frozenset({"wireguard", "vxlan", "geneve", "gtp", "bareudp"})
"""DEVTYPE of a device that carries packets within packets."""

TUNNEL_TYPES = frozenset({"768", "769", "776", "778", "823", "65534"})
"""if_arp.h: IP in IP, IPv6 in IPv6, SIT, GRE, GRE over IPv6, none (tun devices, WireGuard). PPP is often the uplink."""


class Tunnels:
    """Keeps the kernel's table of tunnel devices; a device is looked at once."""

    def __init__(self, table: MapSizes, folder: Path = Path("/sys/class/net")) -> None:
        """`folder` describes each device."""
        self._table, self._folder = table, folder
        self._known: dict[tuple[int, str], bool] = {}
        # Listing the devices takes 130 us in a process that wakes up for it, an empty socket 5.
        self._changes = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self._changes.bind((0, RTMGRP_LINK))
        self._list()

    def follow(self) -> None:
        """Take over devices that came and went since the last call; raises BpfError."""
        if self._have_changed():
            self._list()

    def close(self) -> None:
        """Release what is held open."""
        self._changes.close()

    def _have_changed(self) -> bool:
        has_changed = False
        while True:
            try:
                has_changed = bool(self._changes.recv(1)) or has_changed
            except BlockingIOError:
                return has_changed
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # there were more messages than the kernel had room for
                    raise
                has_changed = True

    def _list(self) -> None:
        present = set(socket.if_nameindex())
        for device in present - self._known.keys():
            self._known[device] = self._is_tunnel(device[1])
            if self._known[device]:
                syscalls.update(self._table.descriptor, struct.pack("<I", device[0]), b"\1")
        for device in self._known.keys() - present:
            if self._known.pop(device):
                with contextlib.suppress(BpfError):
                    syscalls.delete(self._table.descriptor, struct.pack("<I", device[0]))

    def _is_tunnel(self, name: str) -> bool:
        device = self._folder / name
        if (device / "tun_flags").exists():
            return True
        kind = next((line[8:] for line in _lines(device / "uevent") if line.startswith("DEVTYPE=")), "")
        return kind in TUNNEL_KINDS or TUNNEL_TYPES.issuperset(_lines(device / "type") or ("",))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
