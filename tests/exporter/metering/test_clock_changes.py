"""Bytes are conserved whatever is done to the clock, and nothing lies in the future after it is back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.metering.clock import SECOND
from exporter.meters.interfaces.state import interface
from reports.calendar.period import Period
from reports.usage import usage
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books

HOUR = 3600
DAY = 86_400


def _latest(books: Books) -> int:
    latest = books.rows("SELECT (SELECT max(slot) FROM interface_slot), (SELECT max(minute) FROM interface_minute)")[0]
    return max(int(at) for at in latest)


def _move(books: Books, count: int) -> None:
    books.machine.move("eth0", count)
    books.run(1)
    books.commit()


@pytest.mark.parametrize("days", [3, 400], ids=["three days", "a year"])
@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_a_clock_that_ran_ahead_and_is_back_leaves_nothing_in_the_future(
    books: Books, days: int, *, is_restarted: bool
) -> None:
    books.start()
    _move(books, 100)
    books.machine.set_clock(days * DAY)
    books.run(30)
    _move(books, 20)
    if is_restarted:
        books.stop()
    books.machine.set_clock(-days * DAY)
    if is_restarted:
        books.start()
    _move(books, 3)

    assert books.lifetime_of_all() == books.lifetime_by_slots() == (123, 0)
    assert _latest(books) <= books.machine.seconds
    with books.reading() as reader:
        assert usage.today(reader, books.machine.seconds).total.received == 123
        assert [incident.what for incident in reader.incidents()] == ["clock set back", "clock set forward"]


def test_an_hour_back_conserves_every_byte(books: Books) -> None:
    books.start()
    for _ in range(8):
        books.machine.wait(900)
        _move(books, 10)
    books.machine.set_clock(-HOUR)
    _move(books, 7)

    assert books.lifetime_of_all() == books.lifetime_by_slots() == (87, 0)
    assert _latest(books) <= books.machine.seconds


def test_two_steps_back_within_one_commit_are_both_followed(books: Books) -> None:
    books.start()
    books.machine.set_clock(3 * DAY)
    _move(books, 20)
    booked = books.machine.seconds - 3 * DAY
    books.machine.wait(2 * HOUR)
    books.machine.set_clock(-3 * DAY)
    books.run(1)
    books.machine.set_clock(-120)
    books.run(1)
    books.commit()

    assert books.rows("SELECT slot, receive_bytes FROM interface_slot") == [((booked - 120) // 900 * 900, 20)]


@pytest.mark.parametrize("step", [0.5, -0.5, 20, -20])
def test_what_ntp_does_every_day_is_no_incident(books: Books, step: float) -> None:
    books.start()
    books.machine.set_clock(step)
    _move(books, 9)

    assert books.lifetime("eth0") == (9, 0)
    with books.reading() as reader:
        assert reader.incidents() == []


def _history(books: Books) -> list[tuple[Any, ...]]:
    return books.rows("SELECT slot, receive_bytes FROM interface_slot ORDER BY slot")[:3]


def test_a_machine_that_boots_without_a_battery_keeps_its_history_in_place(books: Books) -> None:
    books.start()
    for _ in range(3):
        books.machine.wait(900)
        _move(books, 10)
    books.stop()
    held = _history(books)
    now = books.machine.wall
    books.machine.reboot()
    books.machine.wall = 100 * SECOND
    books.start()
    _move(books, 5)
    assert books.lifetime("eth0") == (35, 0)
    books.machine.wall = now + HOUR * SECOND
    _move(books, 7)

    assert books.rows("SELECT slot, receive_bytes FROM interface_slot WHERE slot > 900 ORDER BY slot")[:3] == held
    assert books.lifetime_of_all() == books.lifetime_by_slots() == (42, 0)


def test_a_clock_set_to_1970_by_mistake_does_not_drag_history_along(books: Books) -> None:
    books.start()
    for _ in range(3):
        books.machine.wait(900)
        _move(books, 10)
    held, now = _history(books), books.machine.wall
    books.machine.wall = 100 * SECOND
    _move(books, 5)
    books.machine.wall = now
    _move(books, 7)

    rows = dict(books.rows("SELECT slot, receive_bytes FROM interface_slot"))
    assert [rows[slot] >= count for slot, count in held] == [True] * 3
    assert books.lifetime_of_all() == (42, 0)
    with books.reading() as reader:
        assert reader.first_seen() == books.rows("SELECT min(first_seen) FROM subject")[0][0]
        assert (reader.first_seen() or 0) > DAY


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
    ],
)
def test_a_day_of_another_length_holds_exactly_its_quarter_hours(
    open_books: Callable[..., Books], name: str, day: date, hours: float
) -> None:
    zone = ZoneInfo(name)
    period = Period.day(day, zone)
    machine = Machine(wall=(period.start - HOUR) * SECOND)
    machine.create("eth0", is_uplink=True)
    books = open_books(machine, zone)
    books.start()
    while machine.seconds < period.end + HOUR:
        machine.wait(890)
        machine.move("eth0", 1)
        machine.wait(10)
        books.sample()
    books.commit()

    with books.reading() as reader:
        assert reader.days(day, day)[day].received == hours * 4


@pytest.mark.parametrize("name", ["Asia/Kolkata", "America/St_Johns", "Pacific/Auckland"])
def test_periods_switch_at_local_midnight_everywhere_together(open_books: Callable[..., Books], name: str) -> None:
    zone = ZoneInfo(name)
    midnight = int(datetime(2026, 7, 1, tzinfo=zone).timestamp())
    machine = Machine(wall=(midnight - 5) * SECOND)
    machine.create("eth0", is_uplink=True)
    books = open_books(machine, zone)
    books.start()
    for count in (100, 20):
        machine.wait(3)
        machine.move("eth0", count)
        books.sample()
    before, after = midnight - 1, midnight + 1

    machine.wait(3)
    machine.move("eth0", 3)
    books.sample()
    books.commit()

    totals = books.totals.of(interface("eth0"))
    told = [totals.to_date("month", books.totals.today(at)).receive for at in (before, after)]
    with books.reading() as reader:
        asked = [usage.month(reader, at).total.received for at in (before, after)]
        assert usage.today(reader, after).total.received == totals.to_date("day", date(2026, 7, 1)).receive
    assert told == asked
    assert sum(asked) == 123
    assert books.totals.periods(books.totals.today(after))["month"].start == midnight
    assert datetime.fromtimestamp(midnight, UTC).hour != 0
