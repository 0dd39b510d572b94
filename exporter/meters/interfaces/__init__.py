"""The interface meter: one for each operating system, chosen here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from exporter.metering.readings import MeterError

if TYPE_CHECKING:
    from exporter.metering.readings import Meter


def open_interface_meter() -> Meter:
    """The meter of this machine's interfaces; raises MeterError on a system that has none here."""
    if sys.platform == "linux":
        from exporter.meters.interfaces.linux import LinuxInterfaceMeter  # noqa: PLC0415 - only this system's code

        return LinuxInterfaceMeter.open()
    raise MeterError(f"no interface meter for {sys.platform}")
