from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calendar import parsing
from reports.calendar.parsing import PeriodError
from reports.calendar.requests import Bound, PeriodRequest

if TYPE_CHECKING:
    from reports.calendar.days import Span

INDIA = ZoneInfo("Asia/Kolkata")
TODAY, BEGAN = date(2026, 6, 12), date(2025, 11, 3)
JUNE_12 = int(datetime(2026, 6, 11, 18, 30, tzinfo=UTC).timestamp())
"""Its midnight in India."""
DAY = 86_400


def cut(name: str | None = None, first: str | None = None, last: str | None = None) -> Span:
    bounds = [None if text is None else Bound(text) for text in (first, last)]
    return PeriodRequest(name, bounds[0], bounds[1]).period(TODAY, INDIA, "today", BEGAN).span


@pytest.mark.parametrize(
    ("asked", "start_days", "end_days"),
    [
        ((), 0, 1),
        (("today",), 0, 1),
        (("week",), -4, 3),
        (("month",), -11, 19),
        (("year",), -162, 203),
        (("all",), -221, 1),
        ((None, "2026-06-10"), -2, 1),
        ((None, None, "2026-06-11"), -221, 0),
        ((None, "2026-06-10", "2026-06-11"), -2, 0),
        (("custom", "2026-06-10", "2026-06-11"), -2, 0),
        ((None, "2026-06-11T18:30:00Z", "2026-06-12T18:30Z"), 0, 1),
        ((None, "2026-06-12T00:00:00+05:30", "2026-06-13 00:00:00.5 05:30"), 0, 1),
        ((None, "2026-06-12T00:00", "2026-06-13T00:00"), 0, 1),
    ],
)
def test_what_is_asked_for_is_cut_by_the_zone(asked: tuple[str | None, ...], start_days: int, end_days: int) -> None:
    assert cut(*asked) == (JUNE_12 + start_days * DAY, JUNE_12 + end_days * DAY)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("fortnight",), "range: 'fortnight' is no range: use today, week, month, year, all or custom"),
        (("custom",), "range: 'custom' needs from and to"),
        (("week", "2026-06-01"), "range: 'week' and from or to: give one of them"),
        ((None, "2026-06-12", "2026-06-11"), "from: '2026-06-12' is not before to '2026-06-11'"),
        ((None, "2026-06-12T01:00Z", "2026-06-12T01:00Z"), "is not before to"),
        ((None, "2026-07-01"), "from: '2026-07-01' is not before to '2026-06-12'"),
        ((None, "2026-02-30"), "'2026-02-30' is not a date: the calendar has no such day"),
        ((None, None, "2026-02-30T00:00Z"), "'2026-02-30T00:00Z' is not an instant"),
        ((None, None, "2026-06-12T24:00Z"), "'2026-06-12T24:00Z' is neither a date nor an instant"),
        ((None, None, "2026-06-12T12:00+99:00"), "'2026-06-12T12:00+99:00' is not an instant"),
        ((None, "1969-12-31T23:00Z"), "'1969-12-31T23:00Z' is neither a date nor an instant"),
        ((None, "yesterday"), "'yesterday' is neither a date nor an instant: write YYYY-MM-DD or"),
        ((None, ""), "'' is neither"),
        ((None, "2026-06-1२"), "'2026-06-1२' is not a date"),
    ],
)
def test_what_cannot_be_cut_is_told_with_field_value_and_rule(asked: tuple[str | None, ...], told: str) -> None:
    with pytest.raises(PeriodError) as failure:
        cut(*asked)

    assert told in str(failure.value)


@given(st.from_regex(parsing._INSTANT, fullmatch=True) | st.text(max_size=40))
def test_any_text_is_an_instant_or_a_period_error(text: str) -> None:
    with contextlib.suppress(PeriodError):
        assert isinstance(Bound(text).start(INDIA), int)


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - as hypothesis wants
def test_an_instant_is_read_as_it_is_written(moment: datetime) -> None:
    assert Bound(moment.isoformat()).start(INDIA) == int(moment.timestamp() // 1)
    assert Bound(moment.astimezone(INDIA).isoformat().replace("+", " ")).end(INDIA) == int(moment.timestamp() // 1)
