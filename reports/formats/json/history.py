"""JSON about history: hours of the week, percentiles, series. Bytes are integers, speeds bytes per second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import Answer, ByteCount, HumanReadable, Timestamp, Usage, usage_of
from reports.text.amounts import compatible_rate

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.calendar.days import Span
    from reports.ledger.reader import Bytes
    from reports.usage import hours as hours_of_week
    from reports.usage.percentile import Percentile, Ranked
    from reports.usage.series import Series

Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
StepText = Annotated[str, msgspec.Meta(extra_json_schema={"enum": ["1m", "5m", "15m", "1h", "1d"]})]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class HourCell(Answer):
    """One local hour of one weekday; an hour that the clock showed twice holds both."""

    hour: Hour
    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class WeekdayHours(Answer):
    """24 hours of one weekday."""

    weekday: Weekday
    hours: list[HourCell]


class Covered(Answer, rename={"first": "from", "last": "to"}):
    """From when to when hours are known: the ledger does not keep them for ever."""

    first: Timestamp
    last: Timestamp


class HoursAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Bytes of [`from`, `to`) by weekday (Monday first) and hour of `timezone`; `covered` is left out if nothing is."""

    first: Timestamp
    last: Timestamp
    timezone: str
    weekdays: list[WeekdayHours]
    summary: Usage
    covered: Covered | msgspec.UnsetType = msgspec.UNSET


class SampleCoverage(Answer, rename={"first": "from", "last": "to"}):
    """The intervals that were ranked, from when to when, and what share of the range until now they are (0 to 1).

    `idle_intervals` of them moved nothing. Not ranked is what was not counted, is not kept, or fell into a gap.
    """

    intervals: ByteCount
    idle_intervals: ByteCount
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    first: Timestamp | msgspec.UnsetType = msgspec.UNSET
    last: Timestamp | msgspec.UnsetType = msgspec.UNSET


class RankedRates(Answer):
    """Mean speeds (bytes per second) of the interval at the percentile, each ranked by itself; none without intervals.

    `total` ranks both directions together, so it is not the sum of the other two.
    """

    interval_seconds: ByteCount
    coverage: SampleCoverage
    bytes_sent_per_second: ByteCount | msgspec.UnsetType = msgspec.UNSET
    bytes_received_per_second: ByteCount | msgspec.UnsetType = msgspec.UNSET
    total_bytes_per_second: ByteCount | msgspec.UnsetType = msgspec.UNSET
    human_readable: HumanReadable | msgspec.UnsetType = msgspec.UNSET


class PercentileAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Percentile `p` (nearest rank, idle intervals included) of [`from`, `to`), by quarter hours and five minutes.

    `five_minutes` is left out where the ledger keeps no minutes of the range.
    """

    p: float
    first: Timestamp
    last: Timestamp
    quarter_hours: RankedRates
    five_minutes: RankedRates | msgspec.UnsetType = msgspec.UNSET


class SeriesPoint(Answer):
    """Bytes in `seconds` from `start` on; null in a gap, or if rows so fine are not kept."""

    start: Timestamp
    seconds: ByteCount
    bytes_sent: ByteCount | None
    bytes_received: ByteCount | None
    total_bytes: ByteCount | None


class SeriesAnswer(Answer, rename={"first": "from", "last": "to"}):
    """Points without holes between them, the steps that [`from`, `to`) touches until the one that runs now.

    Steps are whole local hours and days, so the first may begin before `from` and the last end after `to`.
    """

    first: Timestamp
    last: Timestamp
    step: StepText
    timezone: str
    points: list[SeriesPoint]
    summary: Usage


def hours(found: hours_of_week.HoursOfWeek, zone: ZoneInfo) -> HoursAnswer:
    """Shape the hours of the week."""
    return HoursAnswer(
        first=iso(found.span.start, zone),
        last=iso(found.span.end, zone),
        timezone=zone.key,
        weekdays=[
            WeekdayHours(weekday=weekday, hours=[_cell(hour, used) for hour, used in enumerate(row)])
            for weekday, row in zip(WEEKDAYS, found.matrix, strict=True)
        ],
        summary=usage_of(found.total),
        covered=_covered(found.covered, zone),
    )


def percentile(found: Percentile, zone: ZoneInfo) -> PercentileAnswer:
    """Shape a percentile."""
    return PercentileAnswer(
        p=float(found.percent),
        first=iso(found.span.start, zone),
        last=iso(found.span.end, zone),
        quarter_hours=_ranked(found.slots, zone),
        five_minutes=msgspec.UNSET if found.five_minutes is None else _ranked(found.five_minutes, zone),
    )


def series(found: Series, span: Span, zone: ZoneInfo) -> SeriesAnswer:
    """Shape a series of a range."""
    points = [
        SeriesPoint(
            start=iso(point.start, zone),
            seconds=point.end - point.start,
            bytes_sent=None if point.bytes is None else point.bytes.sent,
            bytes_received=None if point.bytes is None else point.bytes.received,
            total_bytes=None if point.bytes is None else point.bytes.total,
        )
        for point in found.points
    ]
    return SeriesAnswer(
        first=iso(span.start, zone),
        last=iso(span.end, zone),
        step=found.step,
        timezone=zone.key,
        points=points,
        summary=usage_of(found.total),
    )


def _cell(hour: int, used: Bytes) -> HourCell:
    return HourCell(hour=hour, bytes_sent=used.sent, bytes_received=used.received, total_bytes=used.total)


def _covered(span: Span | None, zone: ZoneInfo) -> Covered | msgspec.UnsetType:
    return msgspec.UNSET if span is None else Covered(first=iso(span.start, zone), last=iso(span.end, zone))


def _ranked(found: Ranked, zone: ZoneInfo) -> RankedRates:
    known = found.coverage
    coverage = SampleCoverage(intervals=known.intervals, idle_intervals=known.idle, share=round(known.share, 4))
    if found.rates is None or known.span is None:
        return RankedRates(interval_seconds=found.seconds, coverage=coverage)
    coverage.first, coverage.last = iso(known.span.start, zone), iso(known.span.end, zone)
    received, sent, total = found.rates
    return RankedRates(
        interval_seconds=found.seconds,
        coverage=coverage,
        bytes_sent_per_second=sent,
        bytes_received_per_second=received,
        total_bytes_per_second=total,
        human_readable=HumanReadable(
            sent=compatible_rate(sent), received=compatible_rate(received), total=compatible_rate(total)
        ),
    )
