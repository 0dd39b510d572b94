"""What follows the clock besides bytes, and where the edges of gaps and retention are."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.upkeep.retention import Keep, Retention
from exporter.metering.clock import SECOND, Instant
from exporter.metering.samples import Boot
from exporter.metering.timeline import ClockTimeline, MeterTimeline

if TYPE_CHECKING:
    from tests.worlds.books import Books

DAY = 86_400


def test_minutes_go_back_to_where_they_belong(books: Books) -> None:
    books.start()
    books.machine.set_clock(3 * DAY)
    books.machine.move("eth0", 20)
    books.run(1)
    books.commit()
    minute = (books.machine.seconds - 1 - 3 * DAY) // 60 * 60
    books.machine.wait(300)
    books.machine.set_clock(-3 * DAY)
    books.run(1)
    books.commit()

    assert books.rows("SELECT minute, receive_bytes FROM interface_minute WHERE receive_bytes > 0") == [(minute, 20)]


def test_no_empty_day_is_left_in_the_future(books: Books) -> None:
    books.start()
    for count, step in ((5, 3 * DAY), (20, -3 * DAY), (1, 0)):
        books.machine.move("eth0", count)
        books.run(1)
        books.commit()
        books.machine.set_clock(step)

    assert books.rows("SELECT date, receive_bytes FROM usage_by_day") == [("2026-06-12", 26)]


def test_an_interface_first_seen_in_the_future_was_seen_when_it_was(books: Books) -> None:
    books.start()
    books.machine.set_clock(3 * DAY)
    books.machine.create("tun0")
    books.machine.move("tun0", 5)
    books.run(1)
    books.commit()
    books.machine.set_clock(-3 * DAY)
    books.run(1)
    books.commit()
    books.machine.delete("tun0")
    books.run(1)
    books.commit()

    ((first, last),) = books.rows("SELECT first_seen, last_seen FROM subject WHERE key = 'tun0'")
    assert first <= last <= books.machine.seconds


def test_three_incidents_that_were_seen_stay_on_record(books: Books) -> None:
    books.start()
    for _ in range(3):
        books.machine.move("eth0", 9000)
        books.run(1)
        books.machine.reset("eth0")
        books.run(3)
    books.commit()
    held = books.rows("SELECT count(*) FROM incident")

    Retention(books.writer, books.path).tidy(Keep(30 * DAY, 400 * DAY, 10**12), books.machine.seconds)

    assert books.rows("SELECT count(*) FROM incident") == held != [(0,)]


def test_the_minutes_of_every_shrinking_round_are_told(books: Books) -> None:
    books.start()
    for _ in range(10):
        books.machine.wait(DAY - 2)
        books.sample()
        books.machine.move("eth0", 1000)
        books.run(2)
    books.commit()
    ((before,),) = books.rows("SELECT count(*) FROM interface_minute")

    removed = Retention(books.writer, books.path).tidy(Keep(8 * DAY, 400 * DAY, 1), books.machine.seconds)

    ((after,),) = books.rows("SELECT count(*) FROM interface_minute")
    assert removed.minutes == before - after > 0


def test_peaks_survive_another_zone(books: Books) -> None:
    books.start()
    for _ in range(3):
        books.machine.move("eth0", 4000)
        books.run(1)
    books.stop()
    before = books.rows("SELECT max(peak_speed) FROM usage_by_day")
    books.zone = ZoneInfo("Asia/Kolkata")
    books.start()
    books.stop()

    assert books.rows("SELECT max(peak_speed) FROM usage_by_day") == before != [(0,)]


@pytest.mark.parametrize(("seconds", "gap"), [(15, ""), (16, "stalled")])
def test_exactly_the_seconds_of_a_gap_are_none(seconds: int, gap: str) -> None:
    line = MeterTimeline(None, 15)
    line.last = Instant(0, 0, 0)
    later = seconds * SECOND

    assert line.interval(Instant(later, later, later), Boot("boot"), ClockTimeline(None, None), []).gap == gap


def test_a_closed_ledger_leaves_no_log(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 5)
    books.run(1)
    books.commit()

    books.writer.close()

    log = books.path.with_name(books.path.name + "-wal")
    assert not log.exists() or log.stat().st_size == 0
