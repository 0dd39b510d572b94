from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.calendar.days import Span, day_start
from reports.calendar.parsing import PeriodError
from reports.calendar.period import Period
from reports.ledger.reader import UnknownInterfaceError
from reports.ledger.rows import Gap
from reports.usage import usage
from reports.usage.series import MOST_POINTS, STEPS, Series, series
from tests.worlds.written_ledger import DAY, HOUR, MINUTE, SLOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.written_ledger import WrittenLedger

ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]
BERLIN = ZoneInfo("Europe/Berlin")
START = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())


def found(
    ledger: WrittenLedger,
    span: Span,
    step: str | None = "15m",
    device: str | None = None,
    *,
    now: int = START + 99 * DAY,
) -> Series:
    with ledger.reading() as reader:
        return series(reader, now, span, step, reader.resolve([device] if device else []))


def totals(told: Series) -> list[int | None]:
    return [None if point.bytes is None else point.bytes.total for point in told.points]


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    return new_ledger(ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("1m", [0, 5, *[0] * 13, 7, *[0] * 14]),
        ("5m", [5, 0, 0, 7, 0, 0]),
        ("15m", [5, 7]),
        ("1h", [12]),
        ("1d", [12]),
    ],
)
def test_every_step_tells_the_same_bytes(ledger: WrittenLedger, step: str, expected: list[int]) -> None:
    ledger.write(minutes={START + MINUTE: (2, 3), START + SLOT: (7, 0)}, seen=START)

    told = found(ledger, Span(START, START + 2 * SLOT), step)

    assert totals(told) == expected
    assert all(one.end == following.start for one, following in zip(told.points, told.points[1:], strict=False))
    assert (told.step, told.points[0].start, told.total.total) == (step, START, 12)


def test_zeros_where_nothing_moved_and_none_where_nobody_looked(ledger: WrittenLedger) -> None:
    gap = Gap(START + 2 * SLOT, START + 5 * SLOT + 10, "stopped", 9)
    ledger.write({START: (1, 0), START + 3 * SLOT: (9, 0)}, seen=START, gaps=(gap,))

    told = found(ledger, Span(START - SLOT, START + 7 * SLOT))

    assert totals(told) == [None, 1, 0, None, 9, None, 0, 0]


def test_gaps_that_touch_are_one(ledger: WrittenLedger) -> None:
    gaps = (Gap(START + SLOT, START + SLOT + 400, "a", 0), Gap(START + SLOT + 400, START + 2 * SLOT, "b", 0))
    ledger.write({START: (1, 0)}, seen=START, gaps=gaps)

    assert totals(found(ledger, Span(START, START + 3 * SLOT))) == [1, None, 0]


def test_rows_that_are_not_kept_any_longer_are_not_told_as_zeros(ledger: WrittenLedger) -> None:
    ledger.write({START + number * HOUR: (1, 0) for number in range(4)}, {START + 3 * HOUR: (5, 0)}, seen=START)
    ledger.forget("slot", START + 2 * HOUR)
    span = Span(START, START + 4 * HOUR)

    assert totals(found(ledger, span, "1h")) == [None, None, 1, 6]
    assert totals(found(ledger, span, "1d")) == [9]
    assert totals(found(ledger, span, "5m"))[:36] == [None] * 36


def test_an_idle_start_is_told_as_zeros(ledger: WrittenLedger) -> None:
    ledger.write(minutes={START + HOUR: (5, 0)}, seen=START)

    assert totals(found(ledger, Span(START, START + 2 * HOUR), "1h")) == [0, 5]


def test_an_interface_without_minutes_has_no_points_by_minutes(ledger: WrittenLedger) -> None:
    ledger.write(minutes={START: (1, 0)}, seen=START)
    ledger.write({START: (1, 0)}, device="wg0", seen=START)

    assert totals(found(ledger, Span(START, START + 300), "5m", "wg0")) == [None]
    assert totals(found(ledger, Span(START, START + SLOT), "15m", "wg0")) == [1]
    with pytest.raises(UnknownInterfaceError):
        found(ledger, Span(START, START + SLOT), "15m", "eth9")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_a_day_by_hours_is_as_long_as_its_clock_says(
    day: date, hours: int, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    ledger, period = new_ledger(BERLIN), Period.day(day, BERLIN)
    ledger.write(dict.fromkeys(range(period.start, period.end, SLOT), (1, 0)))

    told = found(ledger, Span(period.start, period.end), "1h", now=period.end + DAY)

    assert totals(told) == [4] * hours
    assert (told.points[0].start, told.points[-1].end) == (period.start, period.end)


@pytest.mark.parametrize("step", ["1h", "1d"])
def test_steps_are_local_ones_in_a_zone_of_half_an_hour(
    step: str, new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    india = ZoneInfo("Asia/Kolkata")
    ledger, midnight = new_ledger(india), day_start(date(2026, 6, 1), india)
    ledger.write({midnight - SLOT: (1, 0), midnight: (2, 0)}, seen=midnight - DAY)

    told = found(ledger, Span(midnight - 1, midnight + 1), step, now=midnight + DAY)

    assert totals(told) == [1, 2]
    assert told.points[1].start == midnight


def test_a_date_that_the_zone_never_had_is_no_point(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    apia = ZoneInfo("Pacific/Apia")
    ledger = new_ledger(apia)
    period = Period.days(date(2011, 12, 29), date(2011, 12, 31), apia)
    ledger.write({period.start: (1, 0), period.end - SLOT: (2, 0)})

    assert totals(found(ledger, Span(period.start, period.end), "1d")) == [1, 2]


def test_the_last_point_is_the_one_that_runs_now_and_holds_what_waits(ledger: WrittenLedger) -> None:
    ledger.write({START: (1, 0)}, seen=START)
    ledger.hold_back(START + SLOT, (5, 0), minute=START + SLOT)

    span = Span(START, START + DAY)

    assert totals(found(ledger, span, now=START + SLOT)) == [1, 5]
    assert totals(found(ledger, span, "1m", now=START + SLOT))[-1] == 5
    assert totals(found(ledger, span, "1d", now=START + SLOT)) == [6]
    assert totals(found(ledger, Span(START + DAY, START + 2 * DAY), now=START)) == []


@pytest.mark.parametrize(
    ("step", "days", "told"),
    [
        ("2m", 1, "step: '2m' is no step: use 1m, 5m, 15m, 1h, 1d"),
        ("", 1, "step: '' is no step: use 1m, 5m, 15m, 1h, 1d"),
        (
            "1m",
            3,
            "step: '1m' gives 4320 points from the first to the last, and at most 3000 are returned: use a longer",
        ),
        ("1h", 126, "step: '1h' gives 3024 points"),
        ("1d", 80_000, "step: '1d' gives 3501 points"),
    ],
)
def test_an_unknown_step_and_too_many_points_are_refused(
    step: str, days: int, told: str, ledger: WrittenLedger
) -> None:
    with pytest.raises(PeriodError) as failure:
        found(ledger, Span(START, START + days * DAY), step, now=START + 3500 * DAY)

    assert str(failure.value).startswith(told)


def test_points_that_are_yet_to_come_are_not_too_many(ledger: WrittenLedger) -> None:
    assert len(found(ledger, Span(START, START + 365 * DAY), "15m", now=START + HOUR - 1).points) == 4


@pytest.mark.parametrize(
    ("length", "step"), [(HOUR, "1m"), (DAY, "5m"), (7 * DAY, "15m"), (30 * DAY, "1h"), (90 * DAY, "1d")]
)
def test_without_a_step_the_shortest_is_taken_that_tells_the_range(
    length: int, step: str, ledger: WrittenLedger
) -> None:
    ledger.write(minutes={START: (1, 0), START + 80 * DAY: (1, 0)}, seen=START)

    assert found(ledger, Span(START, START + length), None).step == step


def test_without_a_step_rows_that_are_gone_make_it_longer(ledger: WrittenLedger) -> None:
    ledger.write(minutes={START + number * DAY: (1, 0) for number in range(9)}, seen=START)
    ledger.forget("minute", START + 5 * DAY)
    assert found(ledger, Span(START, START + DAY), None).step == "15m"

    ledger.forget("slot", START + 5 * DAY)
    assert found(ledger, Span(START, START + DAY), None).step == "1d"
    assert found(ledger, Span(START + 6 * DAY, START + 7 * DAY), None).step == "5m"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ZONES),
    st.dictionaries(st.integers(0, 60 * 1440), st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=30),
    st.integers(0, 40),
    st.integers(1, 15),
    st.sampled_from(list(STEPS)),
)
def test_a_series_of_whole_days_adds_up_to_their_usage(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
    zone: str,
    amounts: dict[int, tuple[int, int]],
    first: int,
    count: int,
    step: str,
) -> None:
    place = ZoneInfo(zone)
    ledger = new_ledger(place)
    begin = day_start(date(2026, 3, 10), place)
    ledger.write(minutes={begin + number * MINUTE: pair for number, pair in amounts.items()})
    days = min(count, MOST_POINTS * STEPS[step].seconds // (DAY + 2 * HOUR))
    period = Period.days(
        date(2026, 3, 10) + timedelta(days=first), date(2026, 3, 10) + timedelta(days=first + days - 1), place
    )
    now = begin + 99 * DAY

    told = found(ledger, Span(period.start, period.end), step, now=now)

    with ledger.reading() as reader:
        total = usage.days(reader, now, period.first, period.last).total
    assert (told.total.received, told.total.sent) == (total.received, total.sent)
    assert (told.points[0].start, told.points[-1].end) == (period.start, period.end)
    assert all(one.end == following.start for one, following in zip(told.points, told.points[1:], strict=False))
