"""Records: the busiest times and the highest speeds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.interface_names import interface_label
from reports.text.amounts import human_bits, human_bytes
from reports.text.dates import long_weekday_date, month_text, short_date
from reports.usage.records import RECENT_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.usage.records import Busiest, Records


class RecordRow(NamedTuple):
    """What is highest, how high it is, when it was, and of amounts the bytes, and how many of them were imported."""

    title: str
    amount: str
    when: str
    bytes: int = 0
    imported: int = 0


def record_rows(found: Records, aliases: Mapping[str, str]) -> Iterator[RecordRow]:
    """One row a record; none without traffic. `aliases` are names of interfaces by their devices."""
    if found.days:
        day = found.days[0]
        yield _row("Busiest day", day, long_weekday_date(day.period.first))
    if found.week is not None:
        first, last = found.week.period.first, found.week.period.last
        yield _row("Busiest week", found.week, f"{short_date(first)} to {short_date(last)} {last.year}")
    if found.month is not None:
        yield _row("Busiest month", found.month, month_text(found.month.period.first))
    if found.hour is not None:
        hour, moved = found.hour.hour, human_bytes(found.hour.bytes.total)
        is_young = (found.hour.last - found.hour.first).days + 1 < RECENT_DAYS
        since = f"since {short_date(found.hour.first)}" if is_young else "in the last 4 weeks"
        yield RecordRow("Busiest hour", f"{hour:02}:00", f"{moved} {since}")
    for title, peak in (("Fastest receive", found.peaks.received), ("Fastest transmit", found.peaks.sent)):
        if peak is not None:
            device = interface_label(peak.device, aliases)
            yield RecordRow(title, human_bits(peak.speed), f"{device}, {long_weekday_date(peak.day)}")


def _row(title: str, most: Busiest, when: str) -> RecordRow:
    return RecordRow(title, human_bytes(most.bytes.total), when, most.bytes.total, most.imported.total)
