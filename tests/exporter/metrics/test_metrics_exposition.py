from __future__ import annotations

import gzip
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

from exporter.ledger.upkeep.upkeep import Disk, LedgerFigures
from exporter.ledger.writing.poster import CommitHealth
from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.snapshots import MeterHealth
from exporter.metering.totals import DayRow
from exporter.meters.interfaces.state import interface as interface_subject
from exporter.metrics.exposition import Exposition
from exporter.metrics.numbers import number_text
from reports.calendar.history_length import HistoryLength
from tests.fixtures.collected_families import Truth
from tests.fixtures.metrics_states import (
    NOW,
    TODAY,
    interface,
    interface_families,
    live_plan,
    lived_in,
    snapshot,
    state,
    totals,
)

if TYPE_CHECKING:
    from exporter.meters.interfaces.state import InterfaceState
    from exporter.metrics.state import MetricsState

ALL = interface_families(history=HistoryLength(of_all=True), process=False)
OPENMETRICS = "application/openmetrics-text"

amounts = st.one_of(st.integers(0, 2_000_000), st.integers(0, 2**64 - 1))
seconds = st.floats(min_value=0, allow_nan=False, allow_infinity=False)
names = st.one_of(
    st.sampled_from(["eth0", "wlan0", "docker0", 'a"b\\c\nd', "(gone)", "\udcff"]),
    st.text(min_size=1, max_size=15),
)
disks = st.builds(Disk, amounts, amounts)
plans = st.builds(live_plan, names, cap=st.none() | amounts, used=amounts)
causes = st.dictionaries(st.tuples(names, st.sampled_from(["boot", "reset", "wrap"])), amounts, max_size=3)


@st.composite
def interfaces(draw: st.DrawFn) -> list[InterfaceState]:
    return [
        interface(
            name,
            counted=draw(st.booleans()),
            kind=draw(st.sampled_from(["ethernet", "veth", ""])),
            speed=draw(st.none() | amounts),
            up=draw(st.booleans()),
            gone=draw(st.booleans()),
            lifetime=Counts(*draw(st.tuples(*[amounts] * 8))),
            rates=Speeds(*draw(st.tuples(*[amounts] * 3))),
        )
        for name in draw(st.lists(names, max_size=5, unique=True))
    ]


@st.composite
def states(draw: st.DrawFn) -> MetricsState:
    shown = draw(interfaces())
    rows = [
        DayRow(
            interface_subject(draw(names if not shown else st.sampled_from([each.name for each in shown]))),
            TODAY - timedelta(days=draw(st.integers(0, 800))),
            draw(amounts),
            draw(amounts),
            Speeds(*draw(st.tuples(*[amounts] * 3))),
        )
        for _ in range(draw(st.integers(0, 4)))
    ]
    counts = tuple(sorted(draw(st.lists(st.integers(0, 10**7), min_size=8, max_size=8))))
    health = CommitHealth("", draw(seconds), draw(amounts), counts[-1], draw(seconds), counts[:-1])
    figures = draw(st.none() | st.builds(LedgerFigures, amounts, st.dictionaries(names, amounts, max_size=3), disks))
    return state(
        snapshot(
            shown,
            number=draw(st.integers(1, 3)),
            health=MeterHealth(draw(st.booleans()), draw(seconds)),
            resets=draw(causes),
            discarded=draw(causes),
        ),
        totals_held=totals(rows),
        commit_health=health,
        figures=figures,
        now=NOW + draw(st.sampled_from([0, 86400])),
        unposted_bytes=draw(st.none() | amounts),
        plans=tuple(draw(st.lists(plans, max_size=3, unique_by=lambda live: live.plan.name))),
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(states(), min_size=1, max_size=4))
def test_every_page_is_what_prometheus_client_writes_byte_for_byte(followed: list[MetricsState]) -> None:
    exposition = Exposition(ALL)

    for shown in followed:
        openmetrics = generate_openmetrics(Truth(ALL, shown))  # type: ignore[no-untyped-call]
        assert exposition.render(shown).body == generate_latest(Truth(ALL, shown))
        assert exposition.render(shown, OPENMETRICS).body == openmetrics
        assert gzip.decompress(exposition.render(shown, OPENMETRICS, "gzip").body) == openmetrics


@given(st.one_of(amounts, st.floats(), st.booleans(), st.integers(-(2**70), 2**70)))
def test_a_number_is_written_as_prometheus_client_writes_it(value: float) -> None:
    assert number_text(value) == floatToGoString(value)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("digits", range(1, 20))
@pytest.mark.parametrize("off", [-1, 0, 1])
def test_numbers_around_a_power_of_ten_are_written_alike(digits: int, off: int) -> None:
    value = 10**digits + off

    assert number_text(value) == floatToGoString(value)  # type: ignore[no-untyped-call]


def test_within_a_sample_the_very_same_bytes_are_handed_out() -> None:
    exposition, shown = Exposition(interface_families()), lived_in()

    first = [exposition.render(shown, accept, encoding) for accept in ("", OPENMETRICS) for encoding in ("", "gzip")]
    later = shown._replace(now_seconds=shown.now_seconds + 1)
    again = [exposition.render(later, accept, encoding) for accept in ("", OPENMETRICS) for encoding in ("", "gzip")]

    assert all(one.body is other.body for one, other in zip(first, again, strict=True))
    assert [rendered.content_encoding for rendered in first] == [None, "gzip", None, "gzip"]


def test_a_commit_within_a_sample_is_shown() -> None:
    exposition, shown = Exposition(ALL), lived_in()
    exposition.render(shown)

    later = exposition.render(shown._replace(commit_health=CommitHealth(failures=41)))

    assert b"netledger_ledger_commit_failures_total 41.0\n" in later.body


def test_an_interface_that_leaves_takes_its_series_along() -> None:
    exposition = Exposition(ALL)
    exposition.render(state(snapshot([interface("eth0"), interface("veth1")])))

    later = exposition.render(state(snapshot([interface("eth0")], number=2)))

    assert b"veth1" not in later.body
    assert b'netledger_interface_up{device="eth0"} 1.0\n' in later.body


def test_an_openmetrics_parser_reads_the_whole_page() -> None:
    body = Exposition(interface_families()).render(lived_in(), OPENMETRICS).body.decode()

    parsed = {family.name for family in text_string_to_metric_families(body)}  # type: ignore[no-untyped-call]

    assert {"netledger_interface", "netledger_interface_receive_bytes", "process_cpu_seconds"} <= parsed


def test_names_may_be_asked_for() -> None:
    wanted = ["netledger_meter_up", "netledger_ledger_commit_duration_seconds_sum", "unknown"]

    rendered = Exposition(ALL).render_some(lived_in(), wanted, OPENMETRICS)

    heads = [line for line in rendered.body.decode().split("\n") if line.startswith("# TYPE")]
    assert heads == [
        "# TYPE netledger_meter_up gauge",
        "# TYPE netledger_ledger_commit_duration_seconds histogram",
    ]
    assert rendered.body.endswith(b"# EOF\n")
