from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.calendar.days import Span, day_start
from reports.calendar.period import Period
from reports.ledger.reader import UnknownInterfaceError
from reports.usage.hours import DAYS, HOURS, HoursOfWeek, hours
from tests.worlds.written_ledger import DAY, HOUR, SLOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.written_ledger import WrittenLedger

ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Asia/Kathmandu"]
YEAR = Span(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp()))


def found(ledger: WrittenLedger, span: Span = YEAR, device: str | None = None, now: int = YEAR.end) -> HoursOfWeek:
    with ledger.reading() as reader:
        return hours(reader, now, span, reader.resolve([device] if device else []))


def busy(told: HoursOfWeek) -> dict[tuple[int, int], int]:
    """Bytes of the cells that moved something, by weekday (Monday is 0) and hour."""
    return {
        (weekday, hour): used.total
        for weekday, row in enumerate(told.matrix)
        for hour, used in enumerate(row)
        if used.total
    }


@pytest.mark.parametrize(
    ("zone", "when", "cell"),
    [
        ("UTC", (2026, 6, 12, 9, 45), (4, 9)),
        ("UTC", (2026, 6, 14, 23, 45), (6, 23)),
        ("UTC", (2026, 6, 15, 0, 0), (0, 0)),
        ("Asia/Kolkata", (2026, 6, 11, 18, 15), (3, 23)),
        ("Asia/Kolkata", (2026, 6, 11, 18, 30), (4, 0)),
        ("Asia/Kathmandu", (2026, 6, 11, 18, 15), (4, 0)),
        ("Europe/Berlin", (2026, 1, 5, 8, 0), (0, 9)),
        ("Europe/Berlin", (2026, 7, 6, 7, 0), (0, 9)),
        ("America/St_Johns", (2026, 7, 6, 2, 15), (6, 23)),
    ],
)
def test_a_slot_lies_in_the_hour_that_the_clock_on_the_wall_shows(
    zone: str, when: tuple[int, ...], cell: tuple[int, int], new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    ledger = new_ledger(ZoneInfo(zone))
    ledger.write({int(datetime(*when, tzinfo=UTC).timestamp()): (3, 4)})  # type: ignore[misc, arg-type]  # a tuple of any length

    assert busy(found(ledger)) == {cell: 7}


@pytest.mark.parametrize(
    ("day", "counted"),
    [
        (date(2026, 3, 29), {hour: 0 if hour == 2 else 4 for hour in range(24)}),
        (date(2026, 10, 25), {hour: 8 if hour == 2 else 4 for hour in range(24)}),
    ],
    ids=["spring", "autumn"],
)
def test_an_hour_that_the_clock_skips_is_empty_and_one_that_it_repeats_is_double(
    day: date, counted: dict[int, int], new_ledger: Callable[[ZoneInfo], WrittenLedger]
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    ledger, period = new_ledger(berlin), Period.day(day, berlin)
    ledger.write(dict.fromkeys(range(period.start, period.end, SLOT), (1, 0)))

    told = found(ledger, Span(period.start, period.end))

    assert {hour: used.total for hour, used in enumerate(told.matrix[6])} == counted
    assert told.total.received == (period.end - period.start) // SLOT


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ZONES),
    st.dictionaries(
        st.integers(0, 365 * 96 - 1), st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), max_size=40
    ),
    st.tuples(st.integers(0, 365 * 96), st.integers(0, 365 * 96)),
)
def test_the_cells_add_up_to_what_the_slots_of_the_range_hold(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
    zone: str,
    amounts: dict[int, tuple[int, int]],
    ends: tuple[int, int],
) -> None:
    ledger = new_ledger(ZoneInfo(zone))
    slots = {YEAR.start + number * SLOT: pair for number, pair in amounts.items()}
    ledger.write(slots)
    span = Span(*(YEAR.start + number * SLOT for number in sorted(ends)))

    told = found(ledger, span)

    inside = [pair for start, pair in slots.items() if span.start <= start < span.end]
    assert (told.total.received, told.total.sent) == (sum(pair[0] for pair in inside), sum(pair[1] for pair in inside))
    assert sum(busy(told).values()) == told.total.total == sum(used.total for used in told.by_hour())
    assert [len(row) for row in told.matrix] == [HOURS] * DAYS


def test_only_the_range_the_interface_and_what_waits_are_told(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
) -> None:
    zone = ZoneInfo("Asia/Kolkata")
    ledger, monday = new_ledger(zone), day_start(date(2026, 6, 8), zone)
    ledger.write({monday: (1, 0), monday + DAY: (2, 0), monday + 2 * DAY: (4, 0)})
    ledger.write({monday + DAY: (100, 0)}, device="eth1")
    ledger.write({monday + DAY: (1000, 0)}, device="wg0")
    ledger.hold_back(monday + DAY + HOUR, (8, 0))
    day = Span(monday + DAY, monday + 2 * DAY)

    assert busy(found(ledger, day)) == {(1, 0): 102, (1, 1): 8}
    assert busy(found(ledger, day, "eth0")) == {(1, 0): 2, (1, 1): 8}
    assert busy(found(ledger, day, "wg0")) == {(1, 0): 1000}
    with pytest.raises(UnknownInterfaceError):
        found(ledger, day, "eth9")


def test_covered_is_what_the_ledger_keeps_of_the_range_until_now(
    new_ledger: Callable[[ZoneInfo], WrittenLedger],
) -> None:
    ledger, start = new_ledger(ZoneInfo("UTC")), YEAR.start + 100 * DAY
    ledger.write({start + number * DAY: (1, 0) for number in range(10)}, seen=start)
    now = start + 20 * DAY

    assert found(ledger, now=now).covered == (start, now)
    assert found(ledger, Span(start + DAY, start + 2 * DAY), now=now).covered == (start + DAY, start + 2 * DAY)
    assert found(ledger, Span(now + DAY, now + 2 * DAY), now=now).covered is None
    ledger.forget("slot", start + 5 * DAY)
    assert found(ledger, now=now).covered == (start + 5 * DAY, now)
    ledger.forget("slot", now)
    assert found(ledger, now=now).covered is None
