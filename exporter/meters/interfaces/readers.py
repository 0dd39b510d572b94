"""The reader of this machine's interfaces, by operating system."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from exporter.metering.samples import MeterError

if TYPE_CHECKING:
    from exporter.metering.counters.readings import CounterReader
    from exporter.settings.tree import Settings

READERS = {"linux": "linux.reader", "darwin": "macos", "win32": "windows"}
"""The module of each system that has an `open_reader`; the code of the others is not loaded."""


def open_reader(_settings: Settings | None = None, platform: str = sys.platform) -> CounterReader:
    """The reader of this machine's interfaces; raises MeterError on a system that has none here."""
    if platform not in READERS:
        raise MeterError(f"no interface meter for {platform}")
    reader: CounterReader = import_module(f"exporter.meters.interfaces.{READERS[platform]}").open_reader()
    return reader
