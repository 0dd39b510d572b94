"""The interface meter: bytes, packets, errors and drops of every network interface, by operating system."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exporter.metering.counters.readings import CounterReader
    from exporter.meters.interfaces.meter import InterfaceMeter
    from exporter.meters.kinds import MeterEnvironment
    from exporter.metrics.families.registry import MeterTable
    from exporter.settings.tree import Settings


def open_reader(_settings: Settings | None = None, platform: str = sys.platform) -> CounterReader:
    """The reader of this machine's interfaces; raises MeterError on a system that has none here."""
    if platform == "linux":
        from exporter.meters.interfaces.linux.reader import LinuxCounterReader  # noqa: PLC0415 - only this system's code

        return LinuxCounterReader.open()
    if platform == "darwin":
        from exporter.meters.interfaces.macos import open_macos_meter  # noqa: PLC0415 - as above

        return open_macos_meter()
    if platform == "win32":
        from exporter.meters.interfaces.windows import open_windows_meter  # noqa: PLC0415 - as above

        return open_windows_meter()
    from exporter.metering.samples import MeterError  # noqa: PLC0415 - 2 ms; the settings of this package need none

    raise MeterError(f"no interface meter for {platform}")


def build(reader: Any, environment: MeterEnvironment) -> InterfaceMeter:
    """The interface meter over a reader, by the settings."""
    from exporter.meters.interfaces.counting import CountingRules  # noqa: PLC0415 - commands only read counters
    from exporter.meters.interfaces.machine_counter import InterfaceHandover  # noqa: PLC0415 - as above
    from exporter.meters.interfaces.meter import FIRST, InterfaceMeter, InterfaceOptions  # noqa: PLC0415 - as above

    settings = environment.settings
    interfaces = settings.interfaces
    return InterfaceMeter(
        reader=reader,
        clock=environment.clock,
        rules=CountingRules(interfaces.include, interfaces.exclude, interfaces.counted),
        options=InterfaceOptions(
            sample_interval=interfaces.sample_interval,
            count_since_boot=environment.count_since_boot,
            minutes_for_all=settings.ledger.minutes == "all",
        ),
        handover=environment.handover if isinstance(environment.handover, InterfaceHandover) else FIRST,
    )


def tables(settings: Settings) -> tuple[MeterTable, ...]:
    """The metric families of the interfaces and of the machine."""
    from exporter.meters.interfaces.families import INTERFACE_TABLES  # noqa: PLC0415 - as above
    from exporter.meters.interfaces.machine_families import MACHINE_TABLES  # noqa: PLC0415 - as above
    from exporter.meters.interfaces.period_families import period_tables  # noqa: PLC0415 - as above

    return (*INTERFACE_TABLES, *MACHINE_TABLES, *period_tables(settings.metrics.history))
