"""Then and now: the same stretch of the year or month before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.charts.share import Piece, share_bar
from reports.wrapup.chapters.chapter import Bar, Chapter, amount, counted
from reports.wrapup.chapters.imported import imported_mark
from reports.wrapup.chapters.opening import compared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.ledger.reader import Bytes
    from reports.wrapup.wrapup import WrapUp


def before(wrapup: WrapUp) -> Chapter | None:
    """None where nothing before was counted; of all time, a bar for each year."""
    period = wrapup.period
    if period.kind == "all":
        return _years(wrapup)
    if not wrapup.comparisons:
        return None
    rows = [(period.title, wrapup.summary.total)]
    for one in wrapup.comparisons:
        if one.is_whole_days:
            rows.append((f"{period.title} until yesterday", one.bytes))
        rows.append((one.name, one.before))
    clauses = filter(None, map(compared, wrapup.comparisons))
    lead = "; ".join(clauses) or "Nothing moved then"
    return Chapter("before", "Then and now", f"{_upper(lead)}.", bars=tuple(_bars(rows)))


def _years(wrapup: WrapUp) -> Chapter | None:
    years = wrapup.summary.years
    if len(years) < 2:  # noqa: PLR2004 - one year has none before it
        return None
    most = max(years, key=lambda year: year.bytes.total)
    lead = f"{most.name} moved most: {amount(most.bytes.total)}."
    notes = []
    if wrapup.begins_late and years[0].days:
        notes.append(f"{years[0].name} was counted on {counted(years[0].days, 'day', 'days')}.")
    rows = [(f"{year.name}{imported_mark(year.imported, year.bytes.total)}", year.bytes) for year in years]
    return Chapter("before", "Year by year", lead, bars=tuple(_bars(rows)), notes=notes)


def _bars(rows: list[tuple[str, Bytes]]) -> Iterator[Bar]:
    most = max(moved.total for _, moved in rows)
    for name, moved in rows:
        pieces = (
            Piece("receive", moved.received, f"received {amount(moved.received)}"),
            Piece("transmit", moved.sent, f"sent {amount(moved.sent)}"),
        )
        yield Bar(
            _upper(name), share_bar(pieces, title=f"{name}: {amount(moved.total)}", whole=most), amount(moved.total)
        )


def _upper(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
