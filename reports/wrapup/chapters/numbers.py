"""The period in numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.wrapup.chapters.chapter import Chapter, Fact, amount, counted
from reports.wrapup.chapters.imported import imported_note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.wrapup.wrapup import WrapUp


def numbers(wrapup: WrapUp) -> Chapter:
    """The sums, to the byte."""
    period = wrapup.period
    heading = "All of it" if period.kind == "all" else f"{period.title[0].upper()}{period.title[1:]}"
    of_each = " of every machine" if wrapup.export.host.hosts else ""
    lead = f"Every byte of every counted interface{of_each}, counted once."
    if wrapup.export.device is not None or wrapup.export.plan is not None:
        lead = "Every byte, counted once."
    elif wrapup.export.scopes:
        lead = "Every byte that an application could be credited with, counted once."
    link = wrapup.usage_link
    if wrapup.export.imported.facts:
        lead = "Every byte, counted once, by netledger or another program."
    return Chapter("numbers", f"{heading} in numbers", lead, facts=tuple(_facts(wrapup)), link=link)


def _facts(wrapup: WrapUp) -> Iterator[Fact]:
    summary, days, median = wrapup.summary, wrapup.export.days, wrapup.highlights.median
    total = summary.total
    yield Fact("Received", amount(total.received), f"{total.received:,} bytes")
    yield Fact("Sent", amount(total.sent), f"{total.sent:,} bytes")
    yield Fact("Together", amount(total.total), f"{total.total:,} bytes")
    if wrapup.export.imported.facts:
        yield Fact("Imported", amount(summary.imported), imported_note(wrapup.export.imported))
    if days.size <= 1:
        return
    yield Fact("A day", amount(summary.daily_average), "on average")
    if median is not None:
        yield Fact("A usual day", amount(median), "half of the days moved more, half less")
    yield Fact(
        "Days", f"{days.size:,}", f"in {counted(sum(month.days > 0 for month in summary.months), 'month', 'months')}"
    )
