"""The sums of an export: months, years, the busiest and the fastest day, imported spans included."""

from __future__ import annotations

from bisect import bisect_right
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.rows import add_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.export.days import Days
    from reports.ledger.imported import Imported

MONTH, YEAR = len("2026-08"), len("2026")


class Part(NamedTuple):
    """A day, a month ("2026-08") or a year ("2026"), and the number of its days in the export.

    Other programs have counted `imported` of its bytes; a month that is known as a whole alone has no days.
    """

    name: str
    bytes: Bytes
    days: int = 1
    imported: int = 0


class ExportSummary(NamedTuple):
    """Days and imported spans added up; `busiest` has the most bytes, `fastest` the highest peak, None without traffic.

    A span that crosses months is in its year alone, one that crosses years in the total. `in_days` are bytes of the
    days, `imported` those that other programs have counted.
    """

    total: Bytes
    days: int
    months: Sequence[Part]
    years: Sequence[Part]
    busiest: Part | None
    fastest: Part | None
    in_days: int
    imported: int = 0

    @property
    def daily_average(self) -> int:
        """Whole bytes a day, of those that are known."""
        return self.in_days // self.days if self.days else 0


def summarized(days: Days, imported: Imported) -> ExportSummary:
    """The sums of days, and of what was imported."""
    moved = days.total
    months = _with_spans(_months(days, imported), imported, MONTH)
    return ExportSummary(
        add_up([moved, *(span.bytes for span in imported.spans)]),
        days.size,
        months,
        _with_spans(_years(_months(days, imported)), imported, YEAR),
        _highest(days, list(map(add, days.received, days.sent))),
        _highest(days, days.peaks),
        moved.total,
        imported.total.total,
    )


def _months(days: Days, imported: Imported) -> list[Part]:
    brought: dict[str, int] = {}
    for day, part in imported.days.items():
        brought[f"{day:%Y-%m}"] = brought.get(f"{day:%Y-%m}", 0) + part.bytes.total
    parts, begin = [], 0
    while begin < days.size:
        name = days.dates[begin][:MONTH]
        end = bisect_right(days.dates, f"{name}-31", begin)
        parts.append(Part(name, days.part(begin, end).total, end - begin, brought.get(name, 0)))
        begin = end
    return parts


def _years(months: Iterable[Part]) -> list[Part]:
    years: dict[str, Part] = {}
    for month in months:
        name = month.name[:YEAR]
        before = years.get(name, Part(name, NO_BYTES, 0))
        years[name] = _plus(before, month.bytes, month.days, month.imported)
    return list(years.values())


def _with_spans(parts: Iterable[Part], imported: Imported, length: int) -> list[Part]:
    """The parts, and the spans that lie within one, whose names have this length."""
    found = {part.name: part for part in parts}
    for span in imported.spans:
        name = str(span.first)[:length]
        if name == str(span.last)[:length]:
            before = found.get(name, Part(name, NO_BYTES, 0))
            found[name] = _plus(before, span.bytes, 0, span.bytes.total)
    return [found[name] for name in sorted(found)]


def _plus(part: Part, moved: Bytes, days: int, imported: int) -> Part:
    return Part(part.name, part.bytes.plus(moved), part.days + days, part.imported + imported)


def _highest(days: Days, amounts: Sequence[int]) -> Part | None:
    highest = max(amounts, default=0)
    if highest == 0:
        return None
    number = amounts.index(highest)
    return Part(days.dates[number], days.amounts(number))
