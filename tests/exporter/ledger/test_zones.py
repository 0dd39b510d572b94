"""When the zone of the settings changes, days are cut anew, and totals stay exact."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.upkeep.retention import Keep, Retention
from reports.calendar.days import day_of
from tests.worlds.books import UTC
from tests.worlds.fake_machine import MORNING

if TYPE_CHECKING:
    from tests.worlds.books import Books
    from tests.worlds.fake_machine import Pair

HOUR = 3600
DAY = 86_400
ZONES = ("Asia/Kolkata", "America/St_Johns", "Pacific/Auckland", "Pacific/Kiritimati", "UTC")


def _ten_days(books: Books) -> Pair:
    """Traffic in every hour of ten days, each amount its own power of two, so that no sums are alike by chance."""
    books.start()
    books.commit()
    for number in range(10 * 24):
        books.machine.wait(HOUR - 2)
        books.sample()
        books.machine.wait(1)
        books.sample()
        books.machine.move("eth0", 1 + (number * 7919) ** 2 % 1_000_003, number)
        books.machine.wait(1)
        books.sample()
    books.stop()
    return books.lifetime_of_all()


def _change_zone(books: Books, name: str) -> None:
    books.zone = ZoneInfo(name)
    books.start()
    books.stop()


def _days_by_slots(books: Books) -> dict[str, int]:
    days: dict[str, int] = {}
    for slot, count in books.rows("SELECT slot, receive_bytes FROM interface_slot"):
        day = day_of(slot, books.zone).isoformat()
        days[day] = days.get(day, 0) + count
    return days


@pytest.mark.parametrize("name", ZONES[:-1])
def test_days_that_slots_cover_are_cut_anew_in_the_new_zone(books: Books, name: str) -> None:
    total = _ten_days(books)

    _change_zone(books, name)

    days = dict(books.rows("SELECT date, receive_bytes FROM usage_by_day"))
    assert days == _days_by_slots(books)
    assert books.lifetime_of_all() == total
    with books.reading() as reader:
        assert reader.zone == ZoneInfo(name)


def test_any_number_of_changes_keeps_every_byte_after_slots_were_deleted(books: Books) -> None:
    total = _ten_days(books)
    keep = Keep(30 * DAY, 6 * DAY + 5 * HOUR, 10**9)
    Retention(books.writer, books.path).tidy(keep, books.machine.seconds)
    books.writer.close()
    assert books.lifetime_by_slots() < total

    for name in ZONES * 2:
        _change_zone(books, name)
        assert books.lifetime_of_all() == total
        newest = day_of(MORNING + 9 * DAY, books.zone).isoformat()
        ((told,),) = books.rows(f"SELECT receive_bytes FROM usage_by_day WHERE date = '{newest}'")  # noqa: S608 - a date
        assert told == _days_by_slots(books)[newest]


def test_the_same_zone_again_changes_nothing(books: Books) -> None:
    _ten_days(books)
    held = books.rows("SELECT * FROM interface_day")

    _change_zone(books, UTC.key)

    assert books.rows("SELECT * FROM interface_day") == held
