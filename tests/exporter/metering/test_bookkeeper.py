"""One life per interface: births, ends, renames, resets, and who is metered at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.readings import Counts
from exporter.meters.interfaces.counting import CountingRules
from exporter.meters.interfaces.state import interface
from tests.worlds.fake_machine import GIGABIT, Machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books

HOUR = 3600


def test_a_birth_counts_exactly_what_was_moved_since(books: Books) -> None:
    books.start()
    books.machine.create("wlan0", counts=Counts(receive_bytes=50_000_000))
    books.machine.move("wlan0", 999, 1)
    books.run(1)
    books.commit()

    assert books.lifetime("wlan0") == (999, 1)


@pytest.mark.parametrize(
    ("speed", "expected"), [(GIGABIT // 10, 0), (10 * GIGABIT, 50_000_000)], ids=["100 Mbit/s", "10 Gbit/s"]
)
def test_a_stranger_with_50_mb_counts_if_its_link_can_have_moved_them(books: Books, speed: int, expected: int) -> None:
    books.start()
    books.machine.create("usb0", counts=Counts(receive_bytes=50_000_000), speed=speed)
    books.meter.announced.clear()
    books.run(1)
    books.commit()

    assert books.lifetime("usb0") == (expected, 0)
    assert books.audit().difference == 0


def test_a_new_modem_found_after_a_downtime_counts_whole(books: Books) -> None:
    books.start()
    books.stop()
    books.machine.create("wwan0", speed=GIGABIT // 10)
    books.machine.move("wwan0", 50_000_000)
    books.machine.wait(HOUR)

    books.start()

    assert books.lifetime("wwan0") == (50_000_000, 0)


def test_an_interface_that_vanishes_and_returns_keeps_its_total(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 500)
    books.machine.delete("eth0")
    books.run(2)
    books.machine.create("eth0", is_uplink=True)
    books.machine.move("eth0", 70)
    books.run(1)
    books.stop()

    assert books.lifetime("eth0") == (570, 0)


def test_a_life_too_short_for_any_look_counts(books: Books) -> None:
    books.start()
    books.machine.create("ppp0")
    books.machine.move("ppp0", 4321)
    books.machine.delete("ppp0")
    books.run(1)
    books.stop()

    assert books.lifetime("ppp0") == (4321, 0)


def test_a_veth_whose_last_reading_falls_to_nothing_loses_and_invents_nothing(books: Books) -> None:
    books.machine.create("veth0", is_physical=False)
    books.start()
    books.machine.move("veth0", 600, 60)
    books.run(1)
    books.machine.interfaces["veth0"].counts = Counts(receive_bytes=30, transmit_bytes=80)
    books.machine.delete("veth0")
    books.run(1)
    books.stop()

    assert books.lifetime("veth0") == (600, 80)
    assert books.audit().difference == 0


def test_a_rename_and_back_counts_each_byte_under_the_name_it_was_seen_with(books: Books) -> None:
    books.start()
    for name, other in (("eth0", "lan0"), ("lan0", "eth0")):
        books.machine.move(name, 100)
        books.run(1)
        books.machine.rename(name, other)
        books.machine.move(other, 7)
        books.run(1)
    books.stop()

    assert (books.lifetime("eth0"), books.lifetime("lan0")) == ((107, 0), (107, 0))
    assert books.audit().difference == 0


@pytest.mark.parametrize("is_down", [False, True], ids=["between two looks", "while down"])
def test_two_interfaces_that_exchange_their_names_lose_nothing(books: Books, *, is_down: bool) -> None:
    books.machine.create("eth1")
    books.start()
    if is_down:
        books.stop()
    books.machine.swap("eth0", "eth1")
    books.machine.move("eth0", 1)
    books.machine.move("eth1", 20)
    books.machine.wait(1)
    if is_down:
        books.start()
    books.stop()

    assert (books.lifetime("eth0"), books.lifetime("eth1")) == ((1, 0), (20, 0))
    assert books.audit().difference == 0


def test_a_new_interface_under_the_old_name_does_not_hide_the_renamed_one(books: Books) -> None:
    books.start()
    books.machine.rename("eth0", "old0")
    books.machine.create("eth0")
    books.machine.move("old0", 5)
    books.machine.move("eth0", 60)
    books.run(1)
    books.stop()

    assert (books.lifetime("old0"), books.lifetime("eth0")) == ((5, 0), (60, 0))


def test_a_narrow_counter_that_wraps_while_it_is_renamed_counts_whole(books: Books) -> None:
    books.machine.create("usb0", bits=32, counts=Counts(receive_bytes=2**32 - 100))
    books.start()
    books.machine.rename("usb0", "usb1")
    books.machine.move("usb1", 150)
    books.run(1)
    books.stop()

    assert books.lifetime_of_all() == (150, 0)
    assert books.audit().difference == 0


@pytest.mark.parametrize("is_short", [False, True], ids=["read before", "born and gone between two looks"])
def test_a_narrow_counter_that_wraps_before_its_end_counts_whole(books: Books, *, is_short: bool) -> None:
    if is_short:
        books.start()
    books.machine.create("usb0", bits=32, counts=Counts(receive_bytes=2**32 - 100))
    if not is_short:
        books.start()
    books.machine.move("usb0", 150)
    books.machine.delete("usb0")
    books.run(1)
    books.stop()

    assert books.lifetime("usb0") == (150, 0)
    assert books.audit().difference == 0


@pytest.mark.parametrize("bits", [32, 64])
def test_a_counter_that_is_reset_after_its_birth_counts_what_it_shows(books: Books, bits: int) -> None:
    books.start()
    books.machine.create("usb0", bits=bits, counts=Counts(receive_bytes=10**9, receive_packets=10**6))
    books.machine.reset("usb0")
    books.machine.move("usb0", 70)
    books.run(1)
    books.stop()

    assert books.lifetime("usb0") == (70, 0)
    assert books.audit().difference == 0


def test_a_narrow_veth_whose_peer_goes_first_near_its_wrap_invents_nothing(books: Books) -> None:
    full = Counts(2**32 - 100, 60, 4_000_000, 6)
    books.machine.create("veth0", bits=32, is_physical=False, counts=full)
    books.start()
    books.machine.interfaces["veth0"].counts = full._replace(receive_bytes=0, receive_packets=0, transmit_bytes=80)
    books.run(1)
    books.machine.delete("veth0")
    books.run(1)
    books.stop()

    assert books.lifetime("veth0") == (0, 20)
    assert books.audit().difference == 0


def test_a_reset_while_down_counts_the_new_value_whole_and_is_on_record(books: Books) -> None:
    books.start()
    books.stop()
    books.machine.reset("eth0")
    books.machine.move("eth0", 777, 77)
    books.machine.wait(60)

    books.start()

    assert books.lifetime("eth0") == (777, 77)
    with books.reading() as reader:
        assert [incident.what for incident in reader.incidents()] == ["reset"]
    assert books.audit().difference == 0


def test_an_impossible_counter_is_discarded_loudly(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    books.start()
    books.machine.move("eth0", 10**15)
    books.run(1)
    snapshot = books.sample()
    books.commit()

    assert books.lifetime("eth0") == (0, 0)
    assert snapshot.discarded == {("eth0", "impossible"): 10**15}
    assert "discarded 1000000000000000 bytes" in caplog.text
    assert books.audit().difference == 0


def test_what_is_excluded_never_appears(books: Books) -> None:
    books.machine.create("docker0")
    books.rules = CountingRules(exclude=("docker*",))
    books.start()
    books.machine.move("docker0", 5000)
    books.run(1)
    books.machine.delete("docker0")
    books.run(1)
    books.stop()

    assert books.rows("SELECT key FROM subject") == [("eth0",)]


def test_loopback_is_metered_only_by_name(books: Books) -> None:
    books.machine.create("lo", is_loopback=True)
    books.start()
    books.machine.move("lo", 5000)
    books.run(1)
    books.stop()
    assert books.lifetime("lo") == (0, 0)

    books.rules = CountingRules(include=("*", "lo"))
    books.start()
    books.machine.move("lo", 11)
    books.stop()

    assert books.lifetime("lo") == (11, 0)


@pytest.mark.parametrize("was_metered", [False, True], ids=["never metered", "metered before"])
def test_an_interface_that_is_included_anew_begins_at_its_baseline(books: Books, *, was_metered: bool) -> None:
    books.machine.create("wlan0")
    books.rules = CountingRules() if was_metered else CountingRules(exclude=("wlan*",))
    books.start()
    books.stop()
    books.rules = CountingRules(exclude=("wlan*",))
    books.start()
    books.machine.move("wlan0", 5000)
    books.run(5)
    books.stop()

    books.rules = CountingRules()
    books.start()
    books.machine.move("wlan0", 30)
    books.stop()

    assert books.lifetime("wlan0") == (30, 0)
    assert books.audit().difference == 0


def test_one_that_has_been_an_uplink_stays_counted(books: Books) -> None:
    books.machine.create("wlan0")
    books.start()
    books.machine.uplinks = {"wlan0"}
    books.run(1)
    books.stop()
    books.start()
    books.machine.move("eth0", 1)
    books.machine.move("wlan0", 20)
    books.stop()

    with books.reading() as reader:
        assert reader.lifetime().received == 21


def test_a_meter_that_fails_says_so_once(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    books.start()
    for problem in ("/proc/net/dev: gone", "/proc/net/dev: gone", ""):
        books.meter.problem = problem
        books.run(1)

    told = [record.message for record in caplog.records]
    assert len(told) == 2
    assert "nothing is counted until they can: /proc/net/dev: gone" in told[0]


def test_a_meter_that_fails_with_any_exception_fails_alone(books: Books) -> None:
    books.start()
    books.machine.interfaces["odd0"] = None  # type: ignore[assignment]  # no interface at all
    books.machine.move("eth0", 5)
    books.run(1)
    failed = books.sample().health
    del books.machine.interfaces["odd0"]
    books.stop()

    assert not failed.is_up
    assert books.lifetime("eth0") == (5, 0)


def test_a_meter_that_fails_costs_no_byte(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 100)
    books.meter.problem = "/proc/net/dev: gone"
    books.machine.wait(1)
    snapshot = books.sample()
    assert (snapshot.health.is_up, snapshot.health.error) == (False, "/proc/net/dev: gone")

    books.meter.problem = ""
    books.machine.move("eth0", 11)
    books.run(1)
    books.stop()

    assert books.lifetime("eth0") == (111, 0)


def test_a_thousand_interfaces_that_leave_at_once_do_not_stop_the_books(
    open_books: Callable[..., Books],
) -> None:
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    for number in range(1100):
        machine.create(f"veth{number}", is_physical=False)
    books = open_books(machine)
    books.start()
    for number in range(1100):
        machine.delete(f"veth{number}")
    books.run(1)
    books.commit()
    machine.create("tun0")
    books.run(1)
    machine.move("eth0", 42)
    books.stop()

    assert books.lifetime("eth0") == (42, 0)


def test_what_the_kernel_could_not_tell_is_on_record_once_an_hour(books: Books) -> None:
    books.start()
    books.meter.losses = ("links came or went too fast",)
    books.run(3)
    books.machine.wait(HOUR)
    books.run(2)
    books.stop()

    assert (
        books.rows("SELECT what, detail, seen FROM incident")
        == [("kernel messages lost", "links came or went too fast", 1)] * 2
    )


def test_what_was_there_unmetered_in_the_very_first_run_begins_at_its_baseline(books: Books) -> None:
    books.machine.create("docker0")
    books.rules = CountingRules(exclude=("docker*",))
    books.start()
    books.machine.move("docker0", 50_000_000)
    books.run(1)
    books.machine.rename("docker0", "wan0")
    books.run(1)
    books.machine.move("wan0", 3)
    books.stop()

    assert books.lifetime("wan0") == (3, 0)


def test_a_new_epoch_discards_nothing_of_the_one_before(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 10**15)
    books.run(1)
    books.machine.delete("eth0")
    books.run(1)
    books.machine.create("eth0", is_uplink=True)
    books.machine.move("eth0", 70)
    books.run(1)
    books.stop()

    (line,) = books.audit().lines
    assert (books.lifetime("eth0"), line.discarded, line.difference) == ((70, 0), (0, 0), 0)


@pytest.mark.parametrize(("receive", "transmit"), [(10**15, 0), (0, 10**15), (10**15, 10**14)])
def test_what_is_discarded_stays_with_its_direction(books: Books, receive: int, transmit: int) -> None:
    books.start()
    books.machine.move("eth0", receive, transmit)
    books.run(1)
    books.machine.move("eth0", 1, 1)
    books.run(1)
    books.stop()

    (line,) = books.audit().lines
    assert (line.discarded, line.ledger, line.difference) == ((receive, transmit), (1, 1), 0)


@pytest.mark.parametrize("cause", ["reset", "wrap", "boot"])
def test_a_counter_that_begins_again_is_counted_by_its_cause(books: Books, cause: str) -> None:
    books.machine.create("usb0", bits=32, counts=Counts(receive_bytes=2**32 - 10, receive_packets=9))
    books.start()
    if cause == "wrap":
        books.machine.move("usb0", 20)
    elif cause == "reset":
        books.machine.reset("usb0")
    else:
        books.stop()
        books.machine.reboot()
        books.start()
    books.run(3)

    resets = books.sample().resets
    assert {key: count for key, count in resets.items() if key[0] == "usb0"} == {("usb0", cause): 1}


def test_what_vanishes_without_a_farewell_is_absent_and_was_last_seen_then(books: Books) -> None:
    books.machine.create("tun0", is_physical=False)
    books.start()
    books.machine.move("tun0", 5)
    books.run(2)
    books.machine.delete("tun0")
    books.meter.departures.clear()
    books.run(1)
    at = books.machine.seconds
    present = {state.name for state in books.sample().interfaces}
    books.machine.wait(60)
    books.stop()

    assert present == {"eth0"}
    assert books.rows("SELECT last_seen FROM subject WHERE key = 'tun0'") == [(at,)]


def test_exactly_the_seconds_of_a_gap_are_none(books: Books) -> None:
    books.start()
    books.machine.wait(books.gap_seconds)
    books.sample()
    books.machine.wait(books.gap_seconds + 0.001)
    books.sample()
    books.commit()

    assert books.rows("SELECT cause FROM gap") == [("stalled",)]


def test_the_peaks_of_today_are_known_while_the_service_runs(books: Books) -> None:
    books.start()
    books.machine.move("eth0", 3000)
    books.run(1)
    books.machine.move("eth0", 1000, 500)
    books.run(2)

    today = books.totals.today(books.machine.seconds)
    assert books.totals.of(interface("eth0")).peaks_of(today) == (3000, 500, 3000)
