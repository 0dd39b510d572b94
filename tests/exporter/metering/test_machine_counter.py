"""The machine's counters of /metrics go on where an interface begins or ends to count: Prometheus loses no byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.meters.interfaces.counting import AUTO, CountingRules
from exporter.meters.interfaces.machine_totals import MachineTotals
from exporter.metrics.exposition import Exposition
from tests.fixtures.metrics_states import interface_families, state
from tests.grafana.prometheus_server import import_history, require_prometheus, running_prometheus
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.books import Books

LIFETIME = 10**8
"""What wlan0 has moved before it counts."""


@pytest.fixture
def both(books: Books) -> Books:
    """eth0 counts; wlan0 does not, and has a long life behind it."""
    books.machine.create("wlan0")
    books.start()
    move(books, wlan0=LIFETIME)
    return books


def move(books: Books, **amounts: int) -> None:
    for device, amount in amounts.items():
        books.machine.move(device, amount)
    books.run(1)


def history(books: Books) -> int:
    """Received bytes of the machine by its days."""
    snapshot = books.sampler.snapshot
    assert snapshot is not None
    shown = state(snapshot, totals_held=books.totals, now=books.machine.seconds)
    ((_, machine),) = MachineTotals().follow(shown)
    return sum(amount.receive for amount in machine.days.values())


def restart(books: Books, *, counted: tuple[str, ...], leave: Callable[[], None]) -> None:
    leave()
    books.rules = CountingRules(counted=counted)
    books.start()


def test_only_what_counts_is_in_it(both: Books) -> None:
    move(both, eth0=50, wlan0=1000)

    assert both.machine_exposed == 50


def test_an_interface_that_begins_to_count_adds_what_it_moves_from_then_on(both: Books) -> None:
    move(both, eth0=50)
    both.machine.uplinks.add("wlan0")
    move(both, eth0=3, wlan0=7)
    move(both, wlan0=11)

    assert both.machine_exposed == 50 + 3 + 7 + 11
    assert history(both) == 50 + 3 + 7 + 11 + LIFETIME


@pytest.mark.parametrize("way", ["stop", "crash"])
def test_an_interface_that_ends_to_count_leaves_behind_what_it_moved(both: Books, way: str) -> None:
    both.machine.uplinks.add("wlan0")
    move(both, eth0=50, wlan0=7)
    both.commit()
    move(both, wlan0=5)
    restart(both, counted=("eth0",), leave=getattr(both, way))

    assert both.machine_exposed == 50 + 7 + 5
    move(both, eth0=1, wlan0=1000)
    assert both.machine_exposed == 50 + 7 + 5 + 1
    assert history(both) == 50 + 1


@pytest.mark.parametrize("way", ["stop", "crash"])
def test_what_it_leaves_out_stays_known_over_restarts_and_kills(both: Books, way: str) -> None:
    both.machine.uplinks.add("wlan0")
    move(both, eth0=50, wlan0=7)
    both.commit()
    for _ in range(2):
        restart(both, counted=AUTO, leave=getattr(both, way))

    assert both.machine_exposed == 50 + 7


def test_it_begins_again_where_one_of_its_interfaces_does_after_a_restore(both: Books) -> None:
    move(both, eth0=50)
    both.crash()
    both.machine.reboot()
    both.path.write_bytes(b"garbage" * 1000)
    both.start()

    assert both.machine_exposed == 0
    move(both, eth0=9)
    assert both.machine_exposed == 9


EVENTS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(["eth0", "wlan0"]), st.integers(1, 10**9)),
    st.tuples(st.sampled_from(["sample", "commit", "route"])),
    st.tuples(st.sampled_from(["stop", "crash"]), st.sampled_from([AUTO, ("eth0",), ("wlan0",), ("*",), ("none",)])),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EVENTS, max_size=25))
def test_whatever_counts_it_never_falls(open_books: Callable[..., Books], events: list[tuple[object, ...]]) -> None:
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    machine.create("wlan0")
    books = open_books(machine)
    books.start()
    shown = books.machine_exposed

    for name, *rest in events:
        if name == "move":
            machine.move(*rest)  # type: ignore[arg-type]
        elif name == "sample":
            books.run(1)
            if books.sampler.is_urgent:  # as the service does: what counts from now on is posted at once
                books.commit()
        elif name == "commit":
            books.commit()
        elif name == "route":
            machine.uplinks.add("wlan0")
        else:
            restart(books, counted=rest[0], leave=getattr(books, str(name)))  # type: ignore[arg-type]

        assert books.machine_exposed >= shown
        shown = books.machine_exposed
    books.stop()


@pytest.mark.prometheus
def test_prometheus_itself_loses_no_byte_where_counting_turns(both: Books, tmp_path: Path) -> None:
    require_prometheus()
    pages, began = Pages(both), both.machine.seconds
    pages.scrape()
    for minute in range(1, 31):
        if minute == 11:
            both.machine.uplinks.add("wlan0")
        if minute == 21:
            restart(both, counted=("eth0",), leave=both.stop)
        both.machine.wait(59)
        move(both, eth0=1_000, wlan0=70_000)
        pages.scrape()
    (tmp_path / "data").mkdir()
    (tmp_path / "pages.om").write_text(pages.text(), encoding="utf-8")
    import_history(tmp_path / "pages.om", tmp_path / "data")

    with running_prometheus(tmp_path, {"global": {}}) as server:
        found = {
            query: [float(series["value"][1]) for series in server.at(query, began + 30 * 60)]
            for query in (
                "increase(netledger_machine_receive_bytes_total[30m])",
                'increase(netledger_interface_receive_bytes_total{device="eth0"}[30m])',
                'increase(netledger_interface_receive_bytes_total{device="wlan0"}[30m])',
                "sum(resets(netledger_machine_receive_bytes_total[30m]))",
                "sum(resets(netledger_interface_receive_bytes_total[30m]))",
            )
        }

    assert list(found.values()) == [[30 * 1_000 + 10 * 70_000], [30 * 1_000], [30 * 70_000], [0], [0]]


class Pages:
    """What a Prometheus has scraped of books, as OpenMetrics text."""

    def __init__(self, books: Books) -> None:
        self._books, self._exposition = books, Exposition(interface_families(process=False))
        self._lines: dict[str, list[str]] = {}

    def scrape(self) -> None:
        snapshot = self._books.sampler.snapshot
        assert snapshot is not None
        at = self._books.machine.seconds
        shown = state(snapshot, totals_held=self._books.totals, now=at)
        for line in self._exposition.render(shown).body.decode().splitlines():
            name = line.partition(" ")[0].partition("{")[0]
            if name.endswith("_bytes_total"):
                self._lines.setdefault(name, []).append(f"{line} {at}")

    def text(self) -> str:
        return "\n".join((*(line for lines in self._lines.values() for line in lines), "# EOF\n"))
