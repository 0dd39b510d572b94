"""Answers of periods for pictures: of few lines, of the longest names and the largest amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reports.billing.estimates import Estimate
from reports.billing.forecast import Forecast
from reports.calendar.period import Period
from reports.formats.json.periods import periods
from reports.ledger.rows import NO_BYTES
from reports.pictures.summary import SummaryFigures
from reports.usage.period_list import ListedPeriod, PeriodList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.formats.json.periods import PeriodsAnswer
    from reports.ledger.rows import Bytes

UTC_ZONE = ZoneInfo("UTC")
HOUR, DAY = 3600, 86_400
BEGAN = int(datetime(2025, 12, 30, tzinfo=UTC).timestamp())
LARGEST = 1_210_000_000_000_000
"""1.21 PB."""


def hours_answer(amounts: Sequence[Bytes | None]) -> PeriodsAnswer:
    """Hours from the evening of 30 December on."""
    starts = [BEGAN + 20 * HOUR + number * HOUR for number in range(len(amounts))]
    listed = [
        ListedPeriod(f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M}", start, start + HOUR, amount, HOUR)
        for start, amount in zip(starts, amounts, strict=True)
    ]
    return periods(PeriodList("hours", listed, BEGAN), None, UTC_ZONE)


def calendar_answer(
    unit: str, amounts: Sequence[Bytes | None], expected: int = 0, imported: Bytes = NO_BYTES
) -> PeriodsAnswer:
    """Days from 30 December on, months from November, or years from 2024.

    The last one runs where it is estimated; `imported` are of the first one.
    """
    cut = [_period(unit, number) for number in range(len(amounts))]
    listed = [
        ListedPeriod(period.name, period.start, period.end, amount, period.end - period.start)
        for period, amount in zip(cut, amounts, strict=True)
    ]
    listed[:1] = [period._replace(imported=imported) for period in listed[:1]]
    running = cut[-1] if expected else None
    ahead = Forecast(expected, expected, expected, "linear")
    estimate = Estimate(ahead, ahead._replace(expected=expected // 9), ahead) if expected else None
    return periods(PeriodList(unit, listed, BEGAN, running), estimate, UTC_ZONE)


def summary_figures(amount: Bytes | None, expected: int = 0) -> SummaryFigures:
    """The same amount in every period."""
    return SummaryFigures(
        calendar_answer("days", [amount] * 2, expected),
        calendar_answer("months", [amount] * 2, expected),
        calendar_answer("years", [amount] * 2),
        hours_answer([amount] * 24),
    )


def _period(unit: str, number: int) -> Period:
    match unit:
        case "days":
            return Period.day(datetime.fromtimestamp(BEGAN + number * DAY, UTC).date(), UTC_ZONE)
        case "months":
            return Period.month(2025 + (10 + number) // 12, (10 + number) % 12 + 1, UTC_ZONE)
        case _:
            return Period.year(2024 + number, UTC_ZONE)
