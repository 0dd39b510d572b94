"""The machine's bytes by day and month: the totals of the interfaces that count, added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.metering.totals import UNMET, ZERO, SubjectTotals
from exporter.meters.interfaces.state import interface, interfaces_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.subjects import Subject
    from exporter.metrics.state import MetricsState


def counted_subjects(snapshot: Snapshot) -> list[Subject]:
    """The subjects whose totals are the machine's: interfaces that count, and those that were only imported."""
    counted = [interface(each.name) for each in interfaces_of(snapshot).interfaces if each.is_counted]
    return [*counted, interface(UNMET)]


class MachineTotals:
    """The sum of one exposition: within a day, traffic changes only the sums of the day and the month."""

    def __init__(self) -> None:
        """Begin without an interface."""
        self._parts: list[tuple[SubjectTotals, int]] = []
        self._sum = SubjectTotals()

    def follow(self, state: MetricsState) -> Sequence[tuple[tuple[str, ...], SubjectTotals]]:
        """The totals of a state, without labels."""
        today, of = state.today, state.totals.of
        counted = [of(subject) for subject in counted_subjects(state.snapshot)]
        parts = [(totals, totals.past(today)) for totals in counted]
        if parts != self._parts:
            self._parts, self._sum = parts, SubjectTotals()
            for totals in counted:
                self._sum.merge(totals)
        else:
            _add_up_today(self._sum, counted, today)
        return (((), self._sum),)


def _add_up_today(added: SubjectTotals, counted: Sequence[SubjectTotals], today: date) -> None:
    month = (today.year, today.month)
    day_amount = month_amount = ZERO
    for totals in counted:
        day_amount = day_amount.plus(*totals.days.get(today, ZERO))
        month_amount = month_amount.plus(*totals.months.get(month, ZERO))
        added.first_day = min(added.first_day, totals.first_day)
    if added.first_day <= today:
        added.days[today], added.months[month] = day_amount, month_amount
