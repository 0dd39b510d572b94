from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.calendar.days import iso
from reports.calendar.parsing import PeriodError, parse_date, parse_month, parse_year


def test_good_text_is_read() -> None:
    assert parse_month("2026-08") == (2026, 8)
    assert parse_date("2024-02-29") == date(2024, 2, 29)
    assert parse_year("1970") == 1970
    assert parse_year("2200") == 2200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13",
        "2026-00",
        "2026-1",
        "202608",
        "26-08",
        "1969-12",
        "2201-01",
        "-2026-08",
        "2026-08-01",
        " 2026-08",
        "2026-08 ",
        "2026-08\n",
        "2026-٠٨",
        "garbage",
    ],
)
def test_text_that_is_no_month_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(PeriodError, match=r"is not a month: write YYYY-MM, from 1970-01 to 2200-12$") as caught:
        parse_month(text)

    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize("text", ["2026-02-30", "2025-02-29", "2026-13-01", "2026-00-10", "2026-01-00"])
def test_a_date_that_the_calendar_lacks_is_refused(text: str) -> None:
    with pytest.raises(PeriodError, match=f"^'{text}' is not a date: the calendar has no such day$"):
        parse_date(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260230",
        "2026-W09-1",
        "2026-1-1",
        " 2026-01-01",
        "2026-01-01 ",
        "2026-01-01\n",
        "2026-01-01T00:00",
        "1969-12-31",
        "2201-01-01",
        "٢٠٢٦-01-01",
        "nonsense",
    ],
)
def test_text_that_is_no_date_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(PeriodError, match=r"write YYYY-MM-DD, from 1970-01-01 to 2200-12-31$") as caught:
        parse_date(text)

    assert str(caught.value).startswith(repr(text))


@pytest.mark.parametrize("text", ["", "26", "02026", "1969", "2201", " 2026", "2026\n", "20.6", "٢٠٢٦"])
def test_text_that_is_no_year_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(PeriodError, match=r"is not a year: write YYYY, from 1970 to 2200$"):
        parse_year(text)


@settings(deadline=None)
@given(st.text(max_size=12) | st.from_regex("[0-9٢]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True))
def test_a_date_is_read_only_as_it_would_be_written(text: str) -> None:
    try:
        day = parse_date(text)
    except PeriodError:
        return

    assert day.isoformat() == text


@pytest.mark.parametrize(
    ("t", "name", "text"),
    [
        (1_795_289_894, "Asia/Kolkata", "2026-11-22T01:08:14+05:30"),
        (1_795_289_894.999, "Asia/Kolkata", "2026-11-22T01:08:14+05:30"),
        (0, "UTC", "1970-01-01T00:00:00+00:00"),
        (0, "America/St_Johns", "1969-12-31T20:30:00-03:30"),
    ],
)
def test_an_instant_is_written_in_local_time_with_its_offset(t: float, name: str, text: str) -> None:
    assert iso(t, ZoneInfo(name)) == text
