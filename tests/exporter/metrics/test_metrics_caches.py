"""What is kept from one page to the next never shows a number that has changed since."""

from __future__ import annotations

import gc
import itertools
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest

from exporter.ledger.writing.poster import COMMIT_BUCKETS, CommitHealth
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import NO_SPEED
from exporter.metering.totals import DayRow
from exporter.meters.interfaces.state import interface as interface_subject
from exporter.metrics.exposition import Exposition
from exporter.metrics.families.runtime import READ_SECONDS, runtime_families
from exporter.metrics.tables import Cell, Column, HistoryTable, Table
from exporter.metrics.text import HistoryText, TableText
from tests.fixtures.collected_families import Truth
from tests.fixtures.metrics_states import KOLKATA, TODAY, interface, interface_families, snapshot, state, totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.metering.totals import SubjectTotals, Totals
    from exporter.metrics.state import MetricsState

DEVICES = ("eth0", "wlan0", "wg0")
COUNTED = interface_families(process=False)

devices = st.sampled_from(DEVICES)
amounts = st.integers(0, 2**40)


def noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=KOLKATA).timestamp())


class Service:
    """Totals that live on from scrape to scrape, beside the plain rows that they must agree with."""

    def __init__(self) -> None:
        self.rows: list[DayRow] = []
        self.totals = totals()
        self.today = self._newest = TODAY
        self.counted = dict.fromkeys(DEVICES, True)
        self.present = set(DEVICES)
        self._number = 0
        self._exposition = Exposition(COUNTED)

    def add(self, device: str, days_ago: int, receive: int, transmit: int) -> None:
        day = self.today - timedelta(days=days_ago)
        self.rows.append(DayRow(interface_subject(device), day, receive, transmit, NO_SPEED))
        self.totals.add(interface_subject(device), noon(day), receive, transmit)

    def reload(self) -> None:
        """As after a clock was set back: the ledger has moved its days."""
        self.rows = [row._replace(day=row.day - timedelta(days=1)) for row in self.rows]
        self.totals.load(self.rows)

    def forget(self, device: str) -> None:
        self.rows = [row for row in self.rows if row.subject.name != device]
        self.totals.forget(interface_subject(device))

    def turn(self, days: int) -> None:
        """A clock goes back by a week at most: what is older than can be told then has been dropped."""
        self.today = max(self.today + timedelta(days=days), self._newest - timedelta(days=7))
        self._newest = max(self._newest, self.today)

    def page(self) -> bytes:
        self._number += 1
        return self._exposition.render(self._state(self.totals)).body

    def page_from_nothing(self) -> bytes:
        return generate_latest(Truth(COUNTED, self._state(totals(self.rows))))

    def _state(self, held: Totals) -> MetricsState:
        shown = [
            interface(name, counted=self.counted[name], lifetime=self._lifetime(name))
            for name in DEVICES
            if name in self.present
        ]
        return state(snapshot(shown, number=self._number), totals_held=held, now=noon(self.today))

    def _lifetime(self, device: str) -> Counts:
        mine = [row for row in self.rows if row.subject.name == device]
        return Counts(sum(row.receive_bytes for row in mine), sum(row.transmit_bytes for row in mine))


def flipped(service: Service, device: str) -> None:
    service.counted[device] = not service.counted[device]


def plugged(service: Service, device: str) -> None:
    service.present ^= {device}


events = st.one_of(
    st.tuples(st.just(Service.add), devices, st.just(0), amounts, amounts),
    st.tuples(st.just(Service.add), devices, st.integers(1, 30), amounts, amounts),
    st.tuples(st.just(Service.turn), st.sampled_from([-1, 1, 1, 9, 45])),
    st.tuples(st.just(flipped), devices),
    st.tuples(st.just(plugged), devices),
    st.tuples(st.just(Service.reload)),
    st.tuples(st.just(Service.forget), devices),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(events, min_size=1, max_size=12))
def test_whatever_happens_the_page_is_the_one_that_is_made_from_nothing(
    happened: list[tuple[Callable[..., None], ...]],
) -> None:
    service = Service()

    for event, *details in happened:
        event(service, *details)
        assert service.page() == service.page_from_nothing()


def lived_in() -> Service:
    service = Service()
    for device in DEVICES:
        for days_ago in (0, 1, 2, 6, 25, 60, 300):
            service.add(device, days_ago, 10**9 + days_ago, 10**7 + days_ago)
    service.page()
    return service


@pytest.mark.parametrize(
    "event",
    [
        lambda service: service.add("eth0", 0, 70, 7),
        lambda service: service.add("eth0", 1, 70, 7),
        lambda service: service.add("eth0", 400, 70, 7),
        lambda service: service.turn(1),
        lambda service: service.turn(31),
        lambda service: service.turn(-1),
        lambda service: (service.turn(1), service.add("eth0", 1, 70, 7), service.turn(-1)),
        lambda service: service.reload(),
        lambda service: service.forget("eth0"),
        lambda service: (service.forget("eth0"), service.add("eth0", 0, 10**9, 10**7)),
        lambda service: flipped(service, "eth0"),
        lambda service: plugged(service, "eth0"),
    ],
    ids=[
        "traffic today",
        "traffic on a finished day",
        "traffic before all others",
        "midnight",
        "a month asleep",
        "a clock set back over midnight",
        "traffic before a clock is set back",
        "history loaded anew",
        "a device forgotten",
        "a device forgotten that returns with the same bytes today",
        "a device that no longer counts",
        "a device unplugged",
    ],
)
def test_a_change_is_on_the_very_next_page(event: Callable[[Service], object]) -> None:
    service = lived_in()
    before = service.page()

    event(service)

    assert service.page() == service.page_from_nothing() != before


def test_a_device_that_returns_is_told_with_what_it_moved_meanwhile() -> None:
    service = lived_in()
    plugged(service, "eth0")
    service.page()

    service.add("eth0", 0, 70, 7)
    plugged(service, "eth0")

    assert service.page() == service.page_from_nothing()


def test_commit_times_are_told_anew_after_each_commit() -> None:
    exposition, shown = Exposition(COUNTED), snapshot([])
    pages = []

    for commits in (0, 1, 1, 2):
        buckets = (commits,) * len(COMMIT_BUCKETS)
        health = CommitHealth(commits=commits, seconds=commits / 4, buckets=buckets)
        pages.append(exposition.render(state(shown, commit_health=health)).body)

    assert pages[1] == pages[2]
    for commits, page in zip((0, 1, 1, 2), pages, strict=True):
        assert f"netledger_ledger_commit_duration_seconds_count {commits}.0\n".encode() in page
        assert f"netledger_ledger_commit_duration_seconds_sum {commits / 4}\n".encode() in page


def test_the_process_is_asked_again_after_a_few_seconds() -> None:
    now = [1000.0 * READ_SECONDS]
    source = runtime_families(lambda: now[0])
    told = interface_families(process=True)._replace(tables=(), sources=(source,))
    exposition = Exposition(told)

    def collections() -> bytes:
        gc.collect()
        page = exposition.render(state(snapshot([], number=next(numbers)))).body
        return next(
            line for line in page.splitlines() if line.startswith(b'python_gc_collections_total{generation="2"')
        )

    numbers = itertools.count()
    first = collections()
    now[0] += READ_SECONDS - 0.01
    assert collections() == first
    now[0] += 0.01
    assert collections() != first


def test_only_a_row_that_has_changed_is_written_again() -> None:
    rows, written = [("a", 1), ("b", 1)], []

    def value(row: tuple[str, int]) -> float:
        written.append(row)
        return row[1]

    table = Table(("name",), lambda _: tuple(rows), lambda row: (row[0],), (Column("n", "gauge", "A number.", value),))
    text, moment = TableText(table), state(snapshot([]))
    text.update(moment)
    text.update(moment)
    rows[1] = ("b", 2)

    ((_, samples),) = text.update(moment)

    assert written == [("a", 1), ("b", 1), ("b", 2)]
    assert samples == b'n{name="a"} 1.0\nn{name="b"} 2.0\n'


def test_finished_periods_are_written_once_while_today_moves() -> None:
    service, calls = lived_in(), []

    def finished(totals: SubjectTotals, today: date) -> list[Cell]:
        calls.append(today)
        return [Cell("2026-11-01", totals.days[today])]

    columns = (Column("r", "gauge", "R.", attrgetter("receive")), Column("t", "gauge", "T.", attrgetter("transmit")))
    table = HistoryTable(
        ("date",),
        lambda shown: [((), shown.totals.of(interface_subject("eth0")))],
        finished,
        lambda _: [("today", "day")],
        columns,
    )
    text, pages = HistoryText(table), []

    for _ in range(3):
        pages.append(text.update(service._state(service.totals))[0][1])
        service.add("eth0", 0, 70, 7)

    assert calls == [TODAY]
    assert [page.splitlines()[1] for page in pages] == [
        b'r{date="today"} 1e+09',
        b'r{date="today"} 1.00000007e+09',
        b'r{date="today"} 1.00000014e+09',
    ]
