"""JSON of usage period by period: the last hours, days, months and the like, and what the running one is to have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from reports.calendar.days import iso
from reports.formats.json.usage import PeriodAmounts, period_amounts
from reports.formats.shapes import Answer, ByteCount, Timestamp

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.billing.estimates import Estimate
    from reports.ledger.reader import Bytes
    from reports.usage.period_list import ListedPeriod, PeriodList

UnitText = Annotated[
    str, msgspec.Meta(extra_json_schema={"enum": ["minutes", "hours", "days", "months", "years"]}, examples=["days"])
]
PeriodName = Annotated[str, msgspec.Meta(examples=["2026-08-05 14:00", "2026-08-05", "2026-08", "2026"])]


class PeriodAmount(Answer):
    """One period, `seconds` of which were counted until now; null in a gap, before counting began, or if not kept.

    `partial`: counting began within it. Other programs have counted `imported_bytes` of it.
    `average_bytes_per_second` is of those seconds and both directions.
    """

    period: PeriodName
    start: Timestamp
    end: Timestamp
    seconds: ByteCount
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None
    average_bytes_per_second: ByteCount | None
    partial: bool = False
    imported_bytes: ByteCount = 0


class EstimatedBytes(Answer):
    """Bytes of a period at its end; each direction is forecast by itself, so that they need not add up."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class EstimateAnswer(Answer):
    """What is expected of the running period at its end, and the range of eight of ten outcomes."""

    period: PeriodName
    expected: EstimatedBytes
    low: EstimatedBytes
    high: EstimatedBytes
    average_bytes_per_second: ByteCount
    method: str


class PeriodsAnswer(Answer):
    """Periods, the oldest first, or the busiest; the last one may be running.

    `estimate` is left out where none is running, of hours and minutes, and until enough is known.
    """

    unit: UnitText
    timezone: str
    periods: list[PeriodAmount]
    summary: PeriodAmounts
    average_bytes_per_second: ByteCount | None
    counting_since: Timestamp | None
    estimate: EstimateAnswer | msgspec.UnsetType = msgspec.UNSET


def periods(found: PeriodList, expected: Estimate | None, zone: ZoneInfo) -> PeriodsAnswer:
    """Shape the periods of a list, and the estimate of its running one."""
    return PeriodsAnswer(
        unit=found.unit,
        timezone=zone.key,
        periods=[_period(period, zone) for period in found.periods],
        summary=period_amounts(found.total, found.imported),
        average_bytes_per_second=found.average,
        counting_since=None if found.began is None else iso(found.began, zone),
        estimate=_estimate(found, expected),
    )


def _period(period: ListedPeriod, zone: ZoneInfo) -> PeriodAmount:
    used: Bytes | None = period.bytes
    return PeriodAmount(
        period=period.name,
        start=iso(period.start, zone),
        end=iso(period.end, zone),
        seconds=period.seconds,
        bytes_sent=used and used.sent,
        bytes_received=used and used.received,
        total_bytes=used and used.total,
        average_bytes_per_second=period.average,
        partial=period.is_partial,
        imported_bytes=period.imported.total,
    )


def _estimate(found: PeriodList, expected: Estimate | None) -> EstimateAnswer | msgspec.UnsetType:
    if found.running is None or expected is None:
        return msgspec.UNSET
    received, sent, total = expected
    first = max(found.running.start, found.began or 0)
    return EstimateAnswer(
        period=found.running.name,
        expected=EstimatedBytes(bytes_sent=sent.expected, bytes_received=received.expected, total_bytes=total.expected),
        low=EstimatedBytes(bytes_sent=sent.low, bytes_received=received.low, total_bytes=total.low),
        high=EstimatedBytes(bytes_sent=sent.high, bytes_received=received.high, total_bytes=total.high),
        average_bytes_per_second=round(total.expected / max(found.running.end - first, 1)),
        method=total.method,
    )
