"""The kernel's counters at this moment, as the audit compares them with the ledger."""

from __future__ import annotations

from exporter.meters.interfaces.readers import open_reader
from reports.usage.audit import KernelCounter


def read_kernel_counters() -> dict[str, KernelCounter]:
    """The counter of each interface by its name; raises MeterError."""
    meter = open_reader()
    try:
        readings = meter.scan().readings
    finally:
        meter.close()
    return {
        reading.subject.name: KernelCounter(
            str(reading.epoch), (reading.counts.receive_bytes, reading.counts.transmit_bytes)
        )
        for reading in readings
        if reading.is_present
    }
