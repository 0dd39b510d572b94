"""Totals in memory and the ledger's reader tell the same, across restarts too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.metering.counters.speeds import NO_SPEED
from exporter.metering.totals import DayRow, Totals
from exporter.meters.interfaces.state import interface
from reports.calendar.history import PERIODS, last_months
from reports.usage import bandwidth, usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books
    from tests.worlds.fake_machine import Machine

ASKED = {"day": usage.today, "week": usage.week, "month": usage.month, "year": usage.year}
DAY = 86_400


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Auckland", "UTC"])
def test_every_period_agrees_on_every_day_of_a_quarter(
    machine: Machine, open_books: Callable[..., Books], zone: str
) -> None:
    books = open_books(machine, ZoneInfo(zone))
    books.start()
    for number in range(100):
        machine.wait(DAY - 7)
        machine.move("eth0", 1000 + number, number)
        books.sample()
        if number % 10 == 0:
            books.stop()
            books.start()

        today = books.totals.today(machine.seconds)
        with books.reading() as reader:
            for period in PERIODS:
                asked = ASKED[period](reader, machine.seconds, reader.resolve(["eth0"])).total
                assert books.totals.of(interface("eth0")).to_date(period, today) == (asked.received, asked.sent), period


def test_the_average_counts_only_time_in_which_somebody_looked(books: Books) -> None:
    books.start()
    books.machine.wait(1)
    for _ in range(60):
        books.machine.move("eth0", 6000)
        books.run(10)
    books.stop()
    books.machine.wait(1800)
    books.start()

    with books.reading() as reader:
        told = bandwidth.average(reader, books.machine.seconds, 3600)

    assert told.bytes.received == 360_000
    assert told.seconds == pytest.approx(601, abs=1)


def test_a_ledger_begins_on_its_first_day_however_long_ago() -> None:
    totals = Totals(ZoneInfo("Europe/Berlin"))
    recent = DayRow(interface("eth0"), date(2026, 6, 1), 5, 5, NO_SPEED)

    totals.load([recent], date(2016, 11, 30))
    assert totals.start() == int(datetime(2016, 11, 29, 23, tzinfo=UTC).timestamp())

    totals.load([recent])
    assert totals.start() == int(datetime(2026, 5, 31, 22, tzinfo=UTC).timestamp())


def test_the_last_months_are_two_years_of_them() -> None:
    months = last_months(date(2026, 6, 12))

    assert (len(months), months[0], months[-1]) == (24, (2024, 7), (2026, 6))
