"""The interface meter: one for each operating system, chosen here."""

from __future__ import annotations

import sys
from typing import Protocol

from exporter.metering.readings import Meter, MeterError


class InterfaceMeter(Meter, Protocol):
    """A meter that also has facts about links, some of which are slow to read."""

    @property
    def announces_links(self) -> bool:
        """Whether the kernel announces interfaces that come, go and are renamed."""

    def default_devices(self) -> frozenset[str]:
        """Devices with a default route, after a look; empty where the system does not list routes."""

    def refresh_links(self) -> None:
        """Read slow facts on a worker thread, for the next look; raises MeterError."""


def open_interface_meter(platform: str = sys.platform) -> InterfaceMeter:
    """The meter of this machine's interfaces; raises MeterError on a system that has none here."""
    if platform == "linux":
        from exporter.meters.interfaces.linux.meter import LinuxInterfaceMeter  # noqa: PLC0415 - only this system's code

        return LinuxInterfaceMeter.open()
    if platform == "darwin":
        from exporter.meters.interfaces.macos import open_macos_meter  # noqa: PLC0415 - as above

        return open_macos_meter()
    if platform == "win32":
        from exporter.meters.interfaces.windows import open_windows_meter  # noqa: PLC0415 - as above

        return open_windows_meter()
    raise MeterError(f"no interface meter for {platform}")
