"""Is it the kernel that the ledger looked at last? Containers, copies, clones, snapshots, reboots, wrong clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.events import FOREIGN
from exporter.metering.counters.readings import NOTHING
from exporter.meters.interfaces.meter import InterfaceOptions
from tests.worlds.fake_machine import Machine, plus

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.worlds.books import Books

DAY, HOUR = 86_400, 3600
GIGABYTES = 30_000_000_000


def notices(books: Books) -> list[tuple[str]]:
    return books.rows("SELECT what FROM incident WHERE seen = 0")


def run_once(books: Books, moved: int) -> None:
    """A service's life with so much traffic."""
    books.start()
    books.machine.move("eth0", moved)
    books.run(2)
    books.stop()


def test_a_container_whose_kernel_has_another_boot_id_at_each_start_goes_on(books: Books) -> None:
    for number in range(4):
        books.machine.boot_name = f"container-{number}"
        run_once(books, 100)
        books.machine.move("eth0", 7)
        books.machine.wait(HOUR)

    assert books.lifetime("eth0") == (4 * 100 + 3 * 7, 0)
    assert notices(books) == []


def test_a_container_with_another_boot_id_and_a_network_of_its_own_counts_it_whole(books: Books) -> None:
    machine = books.machine
    run_once(books, 100)
    machine.boot_name, machine.namespace = "container-2", machine.namespace + 1
    machine.delete("eth0")
    machine.create("eth0", is_uplink=True)
    machine.move("eth0", 50)
    machine.wait(60)
    run_once(books, 7)

    assert books.lifetime("eth0") == (157, 0)
    assert notices(books) == []


@pytest.mark.parametrize("skew", [0, -30, -300, 300], ids=lambda skew: f"clock {skew:+} s")
@pytest.mark.parametrize("since_boot", [False, True])
def test_a_ledger_from_another_machine_takes_its_counters_for_a_baseline(
    books: Books, open_books: Callable[..., Books], skew: int, *, since_boot: bool
) -> None:
    run_once(books, 100)
    other = Machine(wall=books.machine.wall, elapsed=40 * DAY * 10**9, awake=40 * DAY * 10**9)
    other.boot_name = "elsewhere"
    other.create("eth0", is_uplink=True, counts=plus(NOTHING, GIGABYTES, GIGABYTES))
    other.wait(60)
    other.set_clock(skew)
    copied = open_books(other)
    copied.path.write_bytes(books.path.read_bytes())
    copied.options = InterfaceOptions(count_since_boot=since_boot)

    run_once(copied, 5)

    assert copied.lifetime("eth0") == (105, 0)
    assert notices(copied) == [(FOREIGN,)]
    assert copied.audit().difference == 0


def test_a_twin_that_booted_at_the_same_moment_and_moved_less_is_strange(
    books: Books, open_books: Callable[..., Books]
) -> None:
    run_once(books, 100)
    twin = Machine(wall=books.machine.wall, elapsed=books.machine.elapsed, awake=books.machine.awake)
    twin.boot_name = "twin"
    twin.create("eth0", is_uplink=True, counts=plus(NOTHING, 4_000_000_000, 1))
    twin.wait(60)
    copied = open_books(twin)
    copied.path.write_bytes(books.path.read_bytes())

    run_once(copied, 5)

    assert copied.lifetime("eth0") == (105, 0)
    assert notices(copied) == [(FOREIGN,)]


@pytest.mark.parametrize("seconds_after", [0, 4000], ids=["at once", "older than before"])
def test_a_machine_that_went_back_to_a_snapshot_counts_from_a_baseline(books: Books, seconds_after: int) -> None:
    machine = books.machine
    run_once(books, 100)
    elapsed, counts = machine.elapsed, machine.interfaces["eth0"].counts
    machine.wait(HOUR)
    machine.move("eth0", 1000)
    run_once(books, 100)
    machine.wait(HOUR)
    machine.elapsed = machine.awake = elapsed
    machine.interfaces["eth0"].counts = counts
    machine.wait(seconds_after)

    run_once(books, 5)

    assert books.lifetime("eth0") == (1205, 0)
    assert notices(books) == [(FOREIGN,)]


@pytest.mark.parametrize("hours", [0, -1, 2, -24 * 365, 24 * 365], ids=lambda hours: f"clock {hours:+} h")
@pytest.mark.parametrize("uptime", [20, 300])
def test_a_reboot_counts_whole_whatever_its_clock_says(books: Books, hours: int, uptime: int) -> None:
    run_once(books, 100)
    books.machine.reboot()
    books.machine.move("eth0", 40)
    books.machine.set_clock(hours * HOUR)
    books.machine.wait(uptime)

    run_once(books, 2)

    assert books.lifetime("eth0") == (142, 0)
    assert notices(books) == []


def test_a_reboot_a_moment_after_the_boot_counts_whole(books: Books) -> None:
    books.machine.reboot()
    books.machine.move("eth0", 3)
    run_once(books, 100)
    books.machine.reboot(seconds=15)
    books.machine.move("eth0", 400)
    books.machine.wait(30)

    run_once(books, 2)

    assert books.lifetime("eth0") == (502, 0)


def test_an_older_ledger_of_the_same_boot_catches_up(books: Books) -> None:
    run_once(books, 100)
    backup = books.path.read_bytes()
    books.machine.wait(DAY)
    run_once(books, 1000)
    books.path.write_bytes(backup)

    run_once(books, 5)

    assert books.lifetime("eth0") == (1105, 0)
    assert notices(books) == []
