"""JSON of the two endpoints of the FastAPI Bandwidth Monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.formats.shapes import Answer, MonthText
from reports.text.amounts import human_binary, mbps

if TYPE_CHECKING:
    from reports.usage.bandwidth import Bandwidth
    from reports.usage.usage import PeriodUsage


class Megabits(Answer):
    """Megabits (10^6) per second."""

    sent: float
    received: float
    total: float


class AverageBandwidth(Answer):
    """The average speed of the window: bytes over the time without gaps."""

    network_interface: str
    average_speed_mbps: Megabits
    period_seconds: int
    current_sample_count: int
    max_samples_for_avg: int


class Amounts(Answer):
    """Bytes as that API writes them: divided by 1024, with the units KB, MB, GB."""

    sent: str | None
    received: str | None
    total: str | None


class RawBytes(Answer):
    """Bytes."""

    sent: int | None
    received: int | None
    total: int | None


class MonthlyTraffic(Answer):
    """One calendar month's traffic; null for one before counting began."""

    month: MonthText
    data_usage: Amounts
    raw_bytes: RawBytes


def bandwidth(found: Bandwidth, network_interface: str, sample_interval: float) -> AverageBandwidth:
    """Shape an average; the sample count is the time without gaps over the sample interval."""
    used, seconds = found.bytes, found.seconds
    return AverageBandwidth(
        network_interface=network_interface,
        average_speed_mbps=Megabits(
            sent=mbps(used.sent, seconds),
            received=mbps(used.received, seconds),
            total=mbps(used.total, seconds),
        ),
        period_seconds=found.window_seconds,
        current_sample_count=int(min(seconds, found.window_seconds) / sample_interval),
        max_samples_for_avg=int(found.window_seconds / sample_interval),
    )


def monthly_traffic(used: PeriodUsage) -> MonthlyTraffic:
    """Shape a month as that API writes it."""
    total = used.total
    if not used.is_counted:
        return MonthlyTraffic(
            month=used.period.name,
            data_usage=Amounts(sent=None, received=None, total=None),
            raw_bytes=RawBytes(sent=None, received=None, total=None),
        )
    return MonthlyTraffic(
        month=used.period.name,
        data_usage=Amounts(
            sent=human_binary(total.sent),
            received=human_binary(total.received),
            total=human_binary(total.total),
        ),
        raw_bytes=RawBytes(sent=total.sent, received=total.received, total=total.total),
    )
