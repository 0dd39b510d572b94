"""Readings that no counter can show, that fall and come back, or that no link can have moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.readings import NOTHING, Counts
from exporter.meters.interfaces.meter import InterfaceOptions
from tests.worlds.fake_machine import GIGABIT, plus

if TYPE_CHECKING:
    from tests.worlds.books import Books

COLUMNS = Counts._fields
IMPOSSIBLE = (2**63, 2**64 - 1, -1, 10**30)


def whats(books: Books) -> list[tuple[str, str]]:
    """Subject and kind of all incidents."""
    return books.rows("SELECT subject, what FROM incident ORDER BY id")


@pytest.mark.parametrize("value", IMPOSSIBLE)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_count_that_no_counter_shows_costs_neither_its_interface_nor_another_a_byte(
    books: Books, column: str, value: int, caplog: pytest.LogCaptureFixture
) -> None:
    machine = books.machine
    machine.create("bad0", counts=plus(NOTHING, 10**9, 10**8))
    books.start()
    for seconds in range(6):
        machine.move("eth0", 1000, 10)
        machine.move("bad0", 300, 30)
        bad = machine.interfaces["bad0"]
        bad.shown = bad.counts._replace(**{column: value}) if 1 <= seconds <= 3 else None
        books.run(1)
        books.commit()
    books.stop()

    assert books.lifetime("eth0") == (6000, 60)
    assert books.lifetime("bad0") == (1800, 180)
    assert books.audit().difference == 0
    assert whats(books) == [("bad0", "unreadable")]
    assert caplog.text.count(column) == 1


@pytest.mark.parametrize("since_boot", [False, True], ids=["baseline", "since boot"])
@pytest.mark.parametrize("column", COLUMNS)
def test_a_count_that_cannot_be_read_at_first_is_a_baseline_when_it_can(
    books: Books, column: str, *, since_boot: bool
) -> None:
    books.options = InterfaceOptions(count_since_boot=since_boot)
    old = plus(NOTHING, 10**9, 10**8)
    bad = books.machine.create("bad0", counts=old)
    bad.shown = old._replace(**{column: 2**64 - 1000})
    books.start()
    books.run(2)
    books.crash()
    books.start()
    bad.shown = None
    books.machine.move("bad0", 300, 30)
    books.run(1)
    books.machine.move("bad0", 5, 5)
    books.stop()

    received, sent = books.lifetime("bad0")
    before = (10**9, 10**8) if since_boot else (0, 0)
    unseen = (300 if column == "receive_bytes" else 0, 30 if column == "transmit_bytes" else 0)
    expected = (305 + before[0], 35 + before[1])
    if not since_boot:
        expected = (expected[0] - unseen[0], expected[1] - unseen[1])
    assert (received, sent) == expected
    assert books.audit().difference == 0


def test_a_count_that_cannot_be_read_after_a_reboot_counts_whole_when_it_can(books: Books) -> None:
    books.start()
    books.stop()
    books.machine.reboot()
    books.machine.move("eth0", 1000, 10)
    eth0 = books.machine.interfaces["eth0"]
    eth0.shown = eth0.counts._replace(receive_bytes=2**63)
    books.start()
    eth0.shown = None
    books.run(1)
    books.stop()

    assert books.lifetime("eth0") == (1000, 10)
    assert books.audit().difference == 0


def test_counters_that_leap_again_and_again_never_outgrow_the_ledger(books: Books) -> None:
    eth0 = books.machine.interfaces["eth0"]
    books.start()
    for _ in range(4):
        eth0.shown = Counts(*[2**63 - 1] * 8)
        books.run(2)
        books.commit()
        eth0.shown = NOTHING
        books.run(2)
        books.commit()
    books.machine.reboot()
    books.machine.interfaces["eth0"].shown = Counts(*[2**63 - 1] * 8)
    books.stop()
    books.start()

    assert books.lifetime("eth0") == (0, 0)
    assert max(amount for (amount,) in books.rows("SELECT bytes FROM incident")) < 2**63


@pytest.mark.parametrize("low", [NOTHING, Counts(1000, 100, 3, 3), Counts(4 * 10**9, 10**8, 9, 9)], ids=str)
@pytest.mark.parametrize("fate", ["goes on", "is killed", "is stopped", "is killed for long"])
def test_a_counter_that_falls_and_comes_back_counts_the_difference(books: Books, low: Counts, fate: str) -> None:
    eth0 = books.machine.interfaces["eth0"]
    books.start()
    books.run(2)
    eth0.shown = low
    books.run(1)
    books.commit()
    eth0.shown = None
    books.machine.move("eth0", 3000, 500)
    if fate != "goes on":
        (books.stop if fate == "is stopped" else books.crash)()
        books.machine.wait(3600 if fate == "is killed for long" else 2)
        books.start()
    books.run(2)
    books.stop()

    assert books.lifetime("eth0") == (3000, 500)
    assert books.audit().difference == 0
    if fate == "goes on":
        assert [what for _, what in whats(books)] == ["reset", "no reset"]
        assert books.sampler.snapshot
        assert books.shot.resets == {("eth0", "reset"): 1, ("eth0", "slip"): 1}


@pytest.mark.parametrize("looks", [1, 2, 5])
def test_a_counter_that_was_reset_counts_whole_from_the_second_look_on(books: Books, looks: int) -> None:
    books.start()
    books.machine.reset("eth0")
    books.machine.move("eth0", 777, 77)
    books.run(1)
    books.machine.move("eth0", 5)
    books.run(looks)
    books.stop()

    assert books.lifetime("eth0") == (782, 77)
    assert books.rows("SELECT what, bytes, seen FROM incident") == [("reset", 854, 1)]
    assert books.sampler.snapshot
    assert books.shot.resets == {("eth0", "reset"): 1}


@pytest.mark.parametrize("fate", ["goes on", "is killed", "is killed for long", "loses the interface"])
@pytest.mark.parametrize("is_posted", [False, True])
def test_a_reset_loses_nothing_whatever_happens_before_the_second_look(
    books: Books, fate: str, *, is_posted: bool
) -> None:
    books.start()
    books.machine.move("eth0", 10, 1)
    books.run(1)
    books.commit()
    books.machine.reset("eth0")
    books.machine.move("eth0", 777, 77)
    books.run(1)
    if is_posted:
        books.commit()
    books.machine.move("eth0", 5)
    if fate == "loses the interface":
        books.machine.delete("eth0")
    elif fate != "goes on":
        books.crash()
        books.machine.wait(3600 if fate == "is killed for long" else 2)
        books.start()
    books.run(2)
    books.stop()

    assert books.lifetime("eth0") == (792, 78)
    assert books.audit().difference == 0


def test_a_reset_just_before_a_stop_and_a_reboot_counts_whole(books: Books) -> None:
    books.start()
    books.run(1)
    books.machine.reset("eth0")
    books.machine.move("eth0", 777, 77)
    books.machine.wait(1)
    books.stop()
    books.machine.reboot()
    books.start()

    assert books.lifetime("eth0") == (777, 77)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("when", ["at the fall", "at the second look", "at both"])
def test_a_reset_that_cannot_be_read_for_a_look_counts_whole(books: Books, column: str, when: str) -> None:
    eth0 = books.machine.interfaces["eth0"]
    books.start()
    books.run(1)
    books.machine.reset("eth0")
    for look in ("at the fall", "at the second look", ""):
        books.machine.move("eth0", 100, 10)
        bad = eth0.counts._replace(**{column: 2**63})
        eth0.shown = bad if look and when in {look, "at both"} else None
        books.run(1)
    books.run(2)
    books.stop()

    assert books.lifetime("eth0") == (300, 30)
    assert books.audit().difference == 0


@pytest.mark.parametrize("seconds", [1, 60, 686, 7200])
def test_a_32_bit_counter_that_was_reset_has_not_turned_over_however_late_the_second_look(
    books: Books, seconds: int
) -> None:
    books.machine.create("narrow0", bits=32, counts=plus(NOTHING, 2**32 - 2**26, 2**32 - 2**24))
    books.start()
    books.machine.reset("narrow0")
    books.run(1)
    books.machine.move("narrow0", 3, 1)
    books.machine.wait(seconds)
    books.stop()

    assert books.lifetime("narrow0") == (3, 1)


def test_a_small_counter_that_is_reset_between_two_looks_of_one_moment_counts_whole(books: Books) -> None:
    books.machine.create("wlan0")
    books.start()
    books.machine.move("wlan0", 1)
    books.sample()
    books.machine.reset("wlan0")
    books.sample()
    books.machine.move("wlan0", 1)
    books.run(1)
    books.stop()

    assert books.lifetime("wlan0") == (2, 0)


def test_a_reset_of_one_direction_leaves_the_other_as_it_is(books: Books) -> None:
    eth0 = books.machine.interfaces["eth0"]
    books.start()
    eth0.counts = eth0.counts._replace(transmit_bytes=0, transmit_packets=0)
    for _ in range(3):
        books.machine.move("eth0", 10, 7)
        books.run(1)
    books.stop()

    assert books.lifetime("eth0") == (30, 21)
    assert books.audit().difference == 0


@pytest.mark.parametrize(
    ("speed", "is_label", "leap", "is_counted"),
    [
        (GIGABIT, False, 50 * 10**9, False),
        (GIGABIT, False, 300 * 10**9, False),
        (GIGABIT // 10, False, 5 * 10**9, False),
        (10 * GIGABIT, False, 50 * 10**9, False),
        (GIGABIT, False, 3 * GIGABIT, True),
        (100 * GIGABIT, False, 12 * 10**9, True),
        (GIGABIT // 100, False, 2 * GIGABIT, True),
        (GIGABIT, True, 12 * 10**9, True),
        (None, False, 50 * 10**9, True),
        (None, False, 10**12, False),
    ],
)
def test_a_leap_counts_unless_its_link_cannot_have_moved_it(
    books: Books, speed: int | None, leap: int, *, is_label: bool, is_counted: bool
) -> None:
    books.machine.create("eth1", speed=speed, is_speed_a_label=is_label)
    books.start()
    books.run(2)
    books.machine.move("eth1", leap, 7)
    books.run(1)
    books.machine.move("eth1", 100, 1)
    books.run(1)
    books.stop()

    assert books.lifetime("eth1") == (leap * is_counted + 100, 8)
    assert books.audit().difference == 0
    assert whats(books) == [] if is_counted else [("eth1", "discarded")]


@pytest.mark.parametrize("pause", ["sleep", "stall", "stop", "another speed"])
def test_no_speed_of_now_limits_what_was_moved_in_a_gap_or_at_another_speed(books: Books, pause: str) -> None:
    machine = books.machine
    eth1 = machine.create("eth1", speed=100 * GIGABIT)
    books.start()
    books.run(2)
    machine.move("eth1", 12_000_000_000 if pause == "another speed" else 100 * GIGABIT * 60)
    eth1.speed = GIGABIT
    machine.changes += 1
    if pause == "stop":
        books.crash()
    elif pause == "sleep":
        machine.sleep(60)
    elif pause == "stall":
        machine.wait(60)
    if pause == "stop":
        machine.wait(60)
        books.start()
    books.run(1)
    books.stop()

    assert books.lifetime("eth1")[0] == eth1.moved[0]
