"""The application meter over a source in memory: names, ranks, times, lifetimes."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.clock import SECOND
from exporter.metering.postings import Account, OpeningBalance, SubjectFacts
from exporter.metering.samples import MeterError, SampleInterval
from exporter.metering.subjects import Subject
from exporter.meters.applications.meter import ApplicationHandover, ApplicationMeter
from exporter.meters.applications.owners import CommandNamer, NamedOwners
from exporter.meters.applications.ranks import MOST_CANDIDATES, MOST_REPLACED
from exporter.meters.applications.state import SPECIALS, ApplicationsState
from exporter.meters.applications.store import HeldApplications
from exporter.meters.applications.traffic import KERNEL, OVERFLOW, UNKNOWN, Owner, Traffic
from reports.ledger.shape import APPLICATION, INTERNET, LAN, LOOPBACK, OTHER
from tests.meters.applications import FakeSource
from tests.worlds.fake_machine import MORNING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exporter.metering.samples import Change, Sample

START = 1000 * SECOND


class Meter:
    """A meter, its source, and a clock that passes by samples."""

    def __init__(self, most: int = 3, opening: OpeningBalance | None = None, since: int = START) -> None:
        self.source = FakeSource()
        self.meter = ApplicationMeter(source=self.source, namer=CommandNamer(), most=most, since=since)
        if opening is not None:
            self.meter.resume(opening)
        self.steady, self.wall = START, MORNING * SECOND

    def sample(self, seconds: float = 1, *, gap: str = "", lasted: float | None = None) -> Sample:
        """Read and sample after some seconds; the interval lasted longer where the service was down before."""
        self.steady += round(seconds * SECOND)
        self.wall += round(seconds * SECOND)
        self.meter.read()
        began = self.wall - round((seconds if lasted is None else lasted) * SECOND)
        return self.meter.sample(SampleInterval(began, self.wall, seconds, gap, began // SECOND, steady=self.steady))

    def moved(self, seconds: float = 1) -> dict[tuple[str, ...], int]:
        """Bytes received by subject of the next sample."""
        return {change.subject.key: change.amounts[0] for change in self.sample(seconds).changes}

    def exposed(self) -> dict[str, int]:
        """Bytes received on /metrics, by application."""
        found: Counter[str] = Counter()
        for usage in self.state.usage:
            found[usage.application] += usage.exposed[0]
        return dict(found)

    def post(self) -> None:
        self.meter.checkpoint()
        self.meter.note_posted()

    @property
    def state(self) -> ApplicationsState:
        state = self.meter.sample(SampleInterval(self.wall, self.wall, 0, steady=self.steady)).state
        assert isinstance(state, ApplicationsState)
        return state


def opening(
    lifetimes: dict[tuple[str, str, str], int], held: HeldApplications | None = None, *, is_copy: bool = False
) -> OpeningBalance:
    accounts = {
        Subject(APPLICATION.name, key): Account((moved, 0, 1, 0, 0, 0), SubjectFacts(MORNING - 9, MORNING - 9))
        for key, moved in lifetimes.items()
    }
    return OpeningBalance(None, accounts, held or HeldApplications(), is_copy=is_copy)


def test_processes_of_one_name_are_one_application() -> None:
    meter = Meter()
    meter.source.waiting = [Traffic(Owner("firefox", pid=pid), INTERNET, "tcp", 10, 1, 1, 1) for pid in (7, 8)]

    (change,) = meter.sample().changes

    assert change.subject == Subject("application", ("firefox", INTERNET, "tcp"))
    assert change.amounts == (20, 2, 2, 2, 0, 0)


def test_bytes_in_a_tunnel_are_noted_and_are_not_in_what_interfaces_count() -> None:
    meter = Meter()
    meter.source.waiting = [
        Traffic(Owner("ssh"), INTERNET, "tcp", 100, 10, 1, 1, in_tunnel=True),
        Traffic(Owner("ssh"), INTERNET, "tcp", 5, 3, 1, 1),
        Traffic(Owner("ssh"), LOOPBACK, "tcp", 900, 900, 1, 1),
    ]

    sample = meter.sample()

    amounts = {change.subject.key[1]: change.amounts for change in sample.changes}
    assert amounts == {INTERNET: (105, 13, 2, 2, 100, 10), LOOPBACK: (900, 900, 1, 1, 0, 0)}
    assert isinstance(sample.state, ApplicationsState)
    assert sample.state.counted == (5, 3)


def test_a_protocol_that_is_none_of_ours_is_other() -> None:
    meter = Meter()
    meter.source.move("x", 5, protocol="sctp")

    assert meter.moved() == {("x", INTERNET, "other"): 5}


def test_special_owners_need_no_room() -> None:
    meter = Meter(most=1)
    meter.source.move("a", 5)
    meter.source.waiting += [Traffic(Owner(special=name), LAN, "tcp", 7, 0) for name in (KERNEL, OVERFLOW, UNKNOWN)]

    assert set(meter.moved()) == {
        ("a", INTERNET, "tcp"),
        *((name, LAN, "tcp") for name in (KERNEL, OVERFLOW, UNKNOWN)),
    }


def test_a_newcomer_is_other_until_it_has_moved_more_than_the_smallest_named_one() -> None:
    meter = Meter(most=2)
    meter.source.move("big", 1000)
    meter.source.move("small", 100)
    meter.sample()

    meter.source.move("new", 60)
    assert meter.moved() == {(OTHER, INTERNET, "tcp"): 60}
    meter.source.move("new", 40)
    assert meter.moved() == {(OTHER, INTERNET, "tcp"): 40}, "as much is not more"
    meter.source.move("new", 1)
    assert meter.moved() == {("new", INTERNET, "tcp"): 1}
    meter.source.move("small", 1)
    assert meter.moved() == {(OTHER, INTERNET, "tcp"): 1}
    meter.source.move("small", 1)
    assert meter.moved() == {("small", INTERNET, "tcp"): 1}


def test_where_many_come_at_once_the_largest_are_named() -> None:
    meter = Meter(most=2)
    for size in (5, 50, 20, 70):
        meter.source.move(f"p{size}", size)

    assert set(meter.moved()) == {(name, INTERNET, "tcp") for name in ("p70", "p50", OTHER)}


def test_what_was_busy_the_day_before_yesterday_makes_room() -> None:
    meter = Meter(most=1)
    meter.source.move("old", 10**9)
    meter.sample()

    meter.source.move("new", 5)
    assert meter.moved(86_400) == {(OTHER, INTERNET, "tcp"): 5}
    meter.source.move("new", 5)
    assert meter.moved(86_400) == {("new", INTERNET, "tcp"): 5}


def test_programs_that_exceed_each_other_take_a_bounded_number_of_places_an_hour() -> None:
    meter = Meter(most=2)
    names = set()
    for number in range(2 + MOST_REPLACED + 50):
        meter.source.move(f"p{number}", 100 + number)
        names |= {key[0] for key in meter.moved()}

    assert len(names - {OTHER}) == 2 + MOST_REPLACED
    meter.source.move("later", 10**6)
    assert meter.moved(3600) == {("later", INTERNET, "tcp"): 10**6}


def test_ranks_go_on_after_a_restart() -> None:
    keys = {(name, INTERNET, "tcp"): 10 for name in ("idle", "busy", "seldom")}
    held = HeldApplications(MORNING // 86_400, {"busy": 500}, {"seldom": 3})
    meter = Meter(most=2, opening=opening(keys, held))
    meter.source.move("idle", 3)
    meter.source.move("busy", 1)

    assert meter.moved() == {(OTHER, INTERNET, "tcp"): 3, ("busy", INTERNET, "tcp"): 1}


def test_the_ten_busiest_of_the_quarter_hour_have_minutes() -> None:
    meter = Meter(most=20)
    for number in range(12):
        meter.source.move(f"p{number}", 1000 - number)

    def by_minute(changes: Iterable[Change]) -> set[str]:
        return {change.subject.key[0] for change in changes if change.by_minute}

    assert by_minute(meter.sample().changes) == {f"p{number}" for number in range(10)}
    meter.source.move("p11", 1)
    assert by_minute(meter.sample().changes) == set()
    meter.source.move("p11", 1)
    assert by_minute(meter.sample(900).changes) == {"p11"}


def test_what_a_source_counts_since_it_was_opened_is_not_spread_over_the_time_before() -> None:
    meter = Meter()
    meter.source.move("a", 60)

    (change,) = meter.sample(2, gap="down", lasted=7200).changes

    assert change.span == (meter.wall - 2 * SECOND, meter.wall)
    assert not change.is_estimated


def test_what_was_moved_while_the_machine_slept_is_estimated() -> None:
    meter = Meter()
    meter.sample()
    meter.source.move("a", 60)

    sample = meter.sample(7200, gap="asleep")

    assert [(change.span, change.is_estimated) for change in sample.changes] == [(None, True)]
    assert sample.gap_bytes == 60


def test_a_meter_that_follows_in_the_process_goes_on_from_the_last_sample() -> None:
    before = Meter()
    before.sample()
    handed_over = before.meter.handover()
    assert handed_over == ApplicationHandover(START + SECOND)
    meter = Meter(since=handed_over.sampled)
    meter.source.move("a", 60)

    (change,) = meter.sample(30, gap="down", lasted=29).changes

    assert (change.span, change.is_estimated) == (None, True)


def test_amounts_below_zero_are_refused_and_what_follows_counts() -> None:
    meter = Meter()
    meter.source.move("a", -1)
    with pytest.raises(MeterError, match="ebpf reported"):
        meter.sample()
    meter.source.move("a", 7)

    assert meter.moved() == {("a", INTERNET, "tcp"): 7}


def test_metrics_show_what_is_in_the_ledger_and_goes_on_over_a_restart() -> None:
    key = ("a", INTERNET, "tcp")
    meter = Meter(opening=opening({key: 1000}))
    assert meter.exposed() == {"a": 1000}
    meter.source.move("a", 50)
    meter.source.move("b", 9)
    meter.sample()
    assert meter.exposed() == {"a": 1000, "b": 0}
    meter.meter.checkpoint()
    assert meter.exposed() == {"a": 1000, "b": 0}, "the posting may fail"

    meter.meter.note_posted()

    assert meter.exposed() == {"a": 1050, "b": 9}
    killed = Meter(opening=opening({key: 1050, ("b", INTERNET, "tcp"): 9}))
    assert killed.exposed() == {"a": 1050, "b": 9}


def test_a_process_that_ends_or_an_application_that_idles_takes_nothing_from_a_counter() -> None:
    meter = Meter(most=1)
    meter.source.waiting = [Traffic(Owner("a", pid=pid), INTERNET, "tcp", 100, 0) for pid in (1, 2)]
    meter.sample()
    meter.post()
    meter.source.waiting = [Traffic(Owner("a", pid=2), INTERNET, "tcp", 5, 0)]
    meter.sample()
    meter.post()
    assert meter.exposed() == {"a": 205}
    meter.source.move("b", 500)
    meter.sample()
    meter.post()
    assert meter.exposed() == {"b": 500}, "a was replaced"
    meter.source.move("a", 400)
    meter.sample()
    meter.post()

    assert meter.exposed() == {"a": 605}


def test_after_a_restore_counters_begin_at_0_and_the_base_is_posted() -> None:
    meter = Meter(opening=opening({("a", INTERNET, "tcp"): 1000}, is_copy=True))
    assert meter.exposed() == {"a": 0}
    meter.source.move("a", 5)
    meter.sample()

    checkpoint = meter.meter.checkpoint()
    meter.meter.note_posted()

    assert meter.exposed() == {"a": 5}
    bases = {Subject("application", ("a", INTERNET, "tcp")): (1000, 0, 1, 0, 0, 0)}
    assert checkpoint.state == HeldApplications(bases=bases)
    again = Meter(opening=opening({("a", INTERNET, "tcp"): 1005}, HeldApplications(bases=bases)))
    assert again.exposed() == {"a": 5}


def test_what_is_folded_is_forgotten_and_begins_anew() -> None:
    keys = {("a", INTERNET, "tcp"): 10, ("a", LAN, "tcp"): 20, ("b", LAN, "tcp"): 5}
    meter = Meter(opening=opening(keys))

    meter.meter.forget([Subject("application", key) for key in keys if key[1] == LAN])

    assert meter.exposed() == {"a": 10}
    meter.source.move("b", 1)
    meter.sample()
    meter.post()
    assert meter.exposed() == {"a": 10, "b": 1}


def test_rates_are_of_a_second_by_scope() -> None:
    meter = Meter()
    meter.sample()
    meter.source.move("a", 1000, 20)
    meter.source.move("b", 5000)
    meter.source.move("a", 10**6, scope=LOOPBACK)

    state = meter.sample(2).state

    assert isinstance(state, ApplicationsState)
    assert [tuple(rate) for rate in state.rates] == [
        ("a", LOOPBACK, 500_000, 0),
        ("b", INTERNET, 2500, 0),
        ("a", INTERNET, 500, 10),
    ]
    assert meter.state.rates == state.rates


def test_ten_thousand_applications_in_a_minute_keep_memory_and_labels_bounded() -> None:
    meter = Meter(most=100)
    for second in range(60):
        for number in range(170):
            meter.source.move(f"p{second}-{number}", 1 + number)
        meter.sample()
    meter.post()

    assert len(meter.meter._owners) <= 2 * 4096
    assert len(meter.meter._ranks) <= 2 * MOST_CANDIDATES + 100
    assert len({usage.application for usage in meter.state.usage} - SPECIALS) <= 100
    assert len(list(meter.meter._lifetimes.exposed())) <= 100 + MOST_REPLACED + 1
    total = sum(sums[0] for _, sums in meter.meter._lifetimes.exposed())
    assert total == 60 * sum(range(1, 171))


def test_names_of_owners_that_move_are_kept_and_those_of_vanished_ones_are_not() -> None:
    class Once:
        def __init__(self) -> None:
            self.asked: Counter[str] = Counter()

        def name_of(self, owner: Owner) -> str:
            self.asked[owner.command] += 1
            return owner.command

        def is_settled(self, _: Owner) -> bool:
            return True

        def refresh(self) -> None:
            """Nothing is slow."""

    namer = Once()
    owners = NamedOwners(namer, most=10)
    for number in range(1000):
        owners.name_of(Owner("steady"))
        owners.name_of(Owner(f"p{number}"))

    assert namer.asked["steady"] == 1
    assert len(owners) <= 20


MOVES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from([*"abcdefgh", "(kernel)", "(unknown)"]),
            st.sampled_from([LOOPBACK, LAN, INTERNET]),
            st.sampled_from(["tcp", "udp", "icmp", "other"]),
            st.integers(0, 2**40),
            st.booleans(),
        ),
        max_size=8,
    ),
    max_size=30,
)


@given(MOVES, st.integers(1, 5), st.lists(st.sampled_from([1, 900, 3600, 86_400]), min_size=30, max_size=30))
def test_whatever_moves_the_sum_over_applications_is_the_traffic(
    samples: list[list[tuple[str, str, str, int, bool]]], most: int, seconds: Sequence[int]
) -> None:
    meter = Meter(most=most)
    expected: dict[tuple[str, str], int] = defaultdict(int)
    found: dict[tuple[str, str], int] = defaultdict(int)
    last: dict[tuple[str, str, str], tuple[int, ...]] = {}
    for moves, passed in zip(samples, seconds, strict=False):
        for name, scope, protocol, amount, in_tunnel in moves:
            owner = Owner(special=name) if name.startswith("(") else Owner(name)
            meter.source.waiting.append(Traffic(owner, scope, protocol, amount, 1, 1, 1, in_tunnel))
            expected[scope, protocol] += amount + 1
        sample = meter.sample(passed)
        meter.post()
        for change in sample.changes:
            assert min(change.amounts) >= 0
            found[change.subject.key[1], change.subject.key[2]] += sum(change.amounts[:2])
        shown = {usage[:3]: usage.exposed for usage in meter.state.usage}
        assert len({name for name, *_ in shown} - SPECIALS) <= most
        assert all(last.get(key, (0,)) <= sums for key, sums in shown.items())
        last |= shown

    assert found == expected
