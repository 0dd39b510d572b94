"""What a byte count must survive, without a kernel: restarts, reboots, gaps, resets and strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.interfaces.meter import InterfaceOptions
from tests.worlds.fake_machine import GIGABIT, MORNING, Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books

HOUR = 3600
DAY = 86_400


def test_what_was_counted_before_the_first_start_is_the_baseline(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 100, 10)
    books.run(1)
    books.commit()

    assert books.lifetime("eth0") == (100, 10)


def test_counting_since_boot_books_it_estimated_over_the_slots_since_boot(books: Books) -> None:
    books.machine.elapsed = 2 * HOUR * 10**9
    books.options = InterfaceOptions(count_since_boot=True)

    books.start()

    assert books.lifetime("eth0") == (5_000_000_000, 700_000_000)
    with books.reading() as reader:
        assert reader.lifetime().estimated == 5_700_000_000
    assert books.rows("SELECT min(slot), max(slot), count(*) FROM interface_slot") == [
        (MORNING - 2 * HOUR, MORNING - 900, 8)
    ]


def test_a_clean_restart_counts_what_passed_meanwhile_once(books: Books) -> None:
    books.start()
    books.run(3)
    books.stop()
    books.machine.move("eth0", 12_345, 678)
    books.machine.wait(600)

    books.start()
    assert books.lifetime("eth0") == (12_345, 678)
    books.stop()
    books.start()
    assert books.lifetime("eth0") == (12_345, 678)


def test_a_crash_loses_nothing_that_the_kernel_remembers(books: Books) -> None:
    books.start()
    for _ in range(5):
        books.machine.move("eth0", 1000, 100)
        books.run(1)
    books.crash()

    books.start()

    assert books.lifetime("eth0") == (5000, 500)


def test_a_reboot_while_down_counts_whole_over_a_gap_since_the_last_look(books: Books) -> None:
    books.start()
    books.run(1)
    books.stop()
    stopped = books.machine.seconds
    books.machine.wait(DAY)
    books.machine.reboot()
    booted = books.machine.seconds - 10
    books.machine.wait(HOUR)
    books.machine.move("eth0", 40_000, 4000)

    books.start()

    with books.reading() as reader:
        told, gaps = reader.lifetime(reader.resolve(["eth0"])), reader.gaps(0, 2**40)
    assert (told.received, told.sent, told.estimated) == (40_000, 4000, 44_000)
    assert [(gap.began, gap.ended, gap.bytes) for gap in gaps] == [(stopped, books.machine.seconds, 44_000)]
    assert books.rows("SELECT min(slot) FROM interface_slot") == [(booted - booted % 900,)]


@pytest.mark.parametrize("until", ["2026-06-13", "2026-07-01"], ids=["midnight", "the end of the month"])
def test_a_gap_is_spread_across(books: Books, until: str) -> None:
    books.start()
    books.stop()
    (midnight,) = books.rows(f"SELECT unixepoch('{until}')")[0]
    books.machine.wait(2 * (midnight - books.machine.seconds))
    books.machine.move("eth0", 1_000_001, 7)

    books.start()

    ((before,),) = books.rows(f"SELECT sum(receive_bytes) FROM usage_by_day WHERE date < '{until}'")  # noqa: S608 - a case
    ((after,),) = books.rows(f"SELECT sum(receive_bytes) FROM usage_by_day WHERE date >= '{until}'")  # noqa: S608 - a case
    assert (before + after, abs(before - after) <= 1) == (1_000_001, True)
    assert books.rows("SELECT sum(estimated_bytes) FROM interface_slot") == [(1_000_008,)]


def test_a_suspend_is_a_gap_and_no_peak(books: Books) -> None:
    books.start()
    books.run(2)
    books.machine.move("eth0", 1000)
    books.run(1)
    books.machine.sleep(8 * HOUR)
    books.machine.move("eth0", 900_000_000)
    books.machine.wait(1)
    snapshot = books.sample()
    books.commit()

    assert snapshot.interfaces[0].rates.total == 0
    with books.reading() as reader:
        assert reader.lifetime(reader.resolve(["eth0"])).peak_speed == 1000
        assert [gap.cause for gap in reader.gaps(0, 2**40)] == ["asleep"]
    assert books.lifetime("eth0") == (900_001_000, 0)


def test_a_stalled_sample_counts_whole_at_its_measured_rate(open_books: Callable[..., Books]) -> None:
    machine = Machine()
    machine.create("fast0", speed=10 * GIGABIT, is_uplink=True)
    books = open_books(machine)
    books.start()
    machine.move("fast0", 5 * 10 * GIGABIT, 5 * 10 * GIGABIT)
    machine.wait(5)

    snapshot = books.sample()
    books.commit()

    assert snapshot.interfaces[0].rates == (10 * GIGABIT, 10 * GIGABIT, 20 * GIGABIT)
    assert books.lifetime("fast0") == (50 * GIGABIT, 50 * GIGABIT)
    with books.reading() as reader:
        assert reader.gaps(0, 2**40) == []
