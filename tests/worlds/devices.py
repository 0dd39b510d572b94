"""Devices of a namespace: their packets, and which of these the kernel cuts."""

from __future__ import annotations

import array
import fcntl
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.namespaces import Moved

if TYPE_CHECKING:
    from tests.end_to_end.namespaces import Namespace

SIOCETHTOOL, ETHTOOL_STSO = 0x8946, 0x1F


def switch_off_segmentation(namespace: Namespace, device: str) -> None:
    """Let the kernel cut TCP's long packets before the device gets them: what it counts are frames."""
    value = array.array("B", struct.pack("<II", ETHTOOL_STSO, 0))
    request = struct.pack("<16sQ16x", device.encode(), value.buffer_info()[0])
    with namespace.datagram_socket() as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)


def packets(namespace: Namespace, device: str) -> Moved:
    """Packets received and transmitted by a device, as /proc/net/dev has them: a long one is one."""
    lines = namespace.inside(Path("/proc/thread-self/net/dev").read_text).splitlines()
    fields = next(line for line in lines if line.lstrip().startswith(f"{device}:")).partition(":")[2].split()
    return Moved(int(fields[1]), int(fields[9]))
