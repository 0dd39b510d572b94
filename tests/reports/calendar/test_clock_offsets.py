from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calendar.days import SLOT_SECONDS
from reports.calendar.offsets import hour_starts, offset_spans

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Pacific/Apia",
    "Asia/Kathmandu",
]
DAY = 86_400


def utc(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]  # a tuple of any length


@pytest.mark.parametrize(
    ("zone", "begin", "end", "offsets"),
    [
        ("UTC", (2026, 1, 1), (2027, 1, 1), [0]),
        ("Asia/Kolkata", (2026, 1, 1), (2027, 1, 1), [19_800]),
        ("Europe/Berlin", (2026, 1, 1), (2027, 1, 1), [3600, 7200, 3600]),
        ("Australia/Lord_Howe", (2026, 1, 1), (2027, 1, 1), [39_600, 37_800, 39_600]),
        ("Pacific/Apia", (2011, 12, 29), (2012, 1, 1), [-36_000, 50_400]),
        ("Europe/Berlin", (2026, 1, 1), (2026, 1, 1), []),
    ],
)
def test_a_year_has_as_many_stretches_as_offsets(
    zone: str, begin: tuple[int, ...], end: tuple[int, ...], offsets: list[int]
) -> None:
    found = offset_spans(utc(*begin), utc(*end), ZoneInfo(zone))

    assert [stretch.offset for stretch in found] == offsets


def test_a_stretch_ends_with_the_slot_in_which_the_clock_changes() -> None:
    winter, summer = offset_spans(utc(2026, 3, 28), utc(2026, 3, 30), ZoneInfo("Europe/Berlin"))

    assert winter.end == summer.start == utc(2026, 3, 29, 1)


@given(st.sampled_from(ZONES), st.integers(utc(1990, 1, 1), utc(2037, 1, 1)), st.integers(0, 400 * DAY))
def test_stretches_tile_and_hold_the_zones_own_offset(zone: str, start: int, length: int) -> None:
    start, end = start // SLOT_SECONDS * SLOT_SECONDS, (start + length) // SLOT_SECONDS * SLOT_SECONDS

    found = offset_spans(start, end, ZoneInfo(zone))

    edges = [stretch.start for stretch in found] + [found[-1].end] if found else []
    assert edges == sorted(set(edges))
    assert (edges[0], edges[-1]) == (start, end) if found else start == end
    for stretch in found:
        for instant in (stretch.start, (stretch.start + stretch.end) // 2, stretch.end - 1):
            offset = datetime.fromtimestamp(instant, ZoneInfo(zone)).utcoffset()
            assert offset is not None
            assert offset.total_seconds() == stretch.offset


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", (2026, 3, 28, 23), 23),
        ("Europe/Berlin", (2026, 10, 24, 22), 25),
        ("Asia/Kolkata", (2026, 6, 11, 18, 30), 24),
        ("Australia/Lord_Howe", (2026, 4, 4, 13), 25),
    ],
)
def test_a_day_has_the_hours_that_its_clock_shows(zone: str, day: tuple[int, ...], hours: int) -> None:
    start = utc(*day)
    length = {23: 23 * 3600, 24: DAY, 25: 25 * 3600}[hours] if zone != "Australia/Lord_Howe" else DAY + 1800

    starts = list(hour_starts(start, start + length, ZoneInfo(zone)))

    assert len(starts) == hours
    assert starts[0] == start
    local = [datetime.fromtimestamp(begun, ZoneInfo(zone)).minute for begun in starts]
    assert set(local) <= ({0, 30} if zone == "Australia/Lord_Howe" else {0})
