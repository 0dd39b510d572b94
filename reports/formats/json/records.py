"""JSON about records: bytes are integers, speeds bytes per second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from reports.formats.shapes import Answer, ByteCount, DateText, MonthText, Usage, usage_of
from reports.ledger.rows import NO_BYTES
from reports.text.amounts import compatible_rate

if TYPE_CHECKING:
    from reports.ledger.reader import Bytes
    from reports.usage.records import Busiest, BusiestHour, Peak, Records

WeekText = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": "^[0-9]{4}-W[0-9]{2}$"}, examples=["2026-W32"])]
Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]


class RecordDay(Usage, kw_only=True):
    """One local day."""

    date: DateText


class RecordWeek(Usage, kw_only=True, rename={"first": "from", "last": "to"}):
    """One ISO week, Monday to Sunday."""

    week: WeekText
    first: DateText
    last: DateText


class RecordMonth(Usage, kw_only=True):
    """One calendar month."""

    month: MonthText


class RecordHour(Usage, kw_only=True, rename={"first": "from", "last": "to"}):
    """One local hour of day, 0 to 23, over the days `from` to `to` together."""

    hour: Hour
    first: DateText
    last: DateText


class RecordSpeed(Answer):
    """The highest speed (bytes per second) between two samples, and the day and interface that had it first."""

    bytes_per_second: ByteCount
    human_readable: str
    date: DateText
    interface: str


class RecordSpeeds(Answer):
    """Highest speeds; that of both directions need not be the sum of the other two. Left out where none is known."""

    sent: RecordSpeed | msgspec.UnsetType = msgspec.UNSET
    received: RecordSpeed | msgspec.UnsetType = msgspec.UNSET
    total: RecordSpeed | msgspec.UnsetType = msgspec.UNSET


class RecordsAnswer(Answer):
    """The highest amounts since the day `since`, by bytes of both directions; left out before the first byte.

    `busiest_days` are ten at most, the busiest first. Days, weeks and months may be running.
    """

    busiest_days: list[RecordDay]
    peak_speeds: RecordSpeeds
    since: DateText | msgspec.UnsetType = msgspec.UNSET
    busiest_day: RecordDay | msgspec.UnsetType = msgspec.UNSET
    busiest_week: RecordWeek | msgspec.UnsetType = msgspec.UNSET
    busiest_month: RecordMonth | msgspec.UnsetType = msgspec.UNSET
    busiest_hour: RecordHour | msgspec.UnsetType = msgspec.UNSET


def records(found: Records) -> RecordsAnswer:
    """Shape the records."""
    days = [RecordDay(**_moved(day.bytes, day.imported), date=day.period.name) for day in found.days]
    return RecordsAnswer(
        busiest_days=days,
        peak_speeds=RecordSpeeds(
            sent=_peak(found.peaks.sent), received=_peak(found.peaks.received), total=_peak(found.peaks.total)
        ),
        since=msgspec.UNSET if found.since is None else found.since.isoformat(),
        busiest_day=days[0] if days else msgspec.UNSET,
        busiest_week=_week(found.week),
        busiest_month=_month(found.month),
        busiest_hour=_hour(found.hour),
    )


def _moved(used: Bytes, imported: Bytes = NO_BYTES) -> dict[str, Any]:
    """The fields that every amount has."""
    return msgspec.structs.asdict(usage_of(used, imported))


def _week(found: Busiest | None) -> RecordWeek | msgspec.UnsetType:
    if found is None:
        return msgspec.UNSET
    week = found.period
    moved = _moved(found.bytes, found.imported)
    return RecordWeek(**moved, week=week.name, first=week.first.isoformat(), last=week.last.isoformat())


def _month(found: Busiest | None) -> RecordMonth | msgspec.UnsetType:
    if found is None:
        return msgspec.UNSET
    return RecordMonth(**_moved(found.bytes, found.imported), month=found.period.name)


def _hour(found: BusiestHour | None) -> RecordHour | msgspec.UnsetType:
    if found is None:
        return msgspec.UNSET
    first, last = found.first.isoformat(), found.last.isoformat()
    return RecordHour(**_moved(found.bytes), hour=found.hour, first=first, last=last)


def _peak(found: Peak | None) -> RecordSpeed | msgspec.UnsetType:
    if found is None:
        return msgspec.UNSET
    return RecordSpeed(
        bytes_per_second=found.speed,
        human_readable=compatible_rate(found.speed),
        date=found.day.isoformat(),
        interface=found.device,
    )
