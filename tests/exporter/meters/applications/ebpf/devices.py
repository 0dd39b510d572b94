"""Devices of a namespace: which packets the kernel cuts, and IPv6 that says nothing of its own."""

from __future__ import annotations

import array
import fcntl
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.end_to_end.namespaces import Namespace

SIOCETHTOOL, ETHTOOL_STSO = 0x8946, 0x1F


def switch_off_segmentation(namespace: Namespace, device: str) -> None:
    """Let the kernel cut TCP's long packets before the device gets them: what it counts are frames."""
    value = array.array("B", struct.pack("<II", ETHTOOL_STSO, 0))
    request = struct.pack("<16sQ16x", device.encode(), value.buffer_info()[0])
    with namespace.datagram_socket() as control:
        fcntl.ioctl(control, SIOCETHTOOL, request)
