"""The past that is told is what scrapes would have told at the time: the families of /metrics are the measure."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.totals import DayRow, Totals
from exporter.meters.interfaces.state import interface as interface_subject
from exporter.metrics.tables import HistogramTable
from reports.calendar.days import Span, day_of, day_start
from reports.ledger.rows import Gap
from reports.ledger.shape import GONE, INTERFACE
from reports.past.samples import FAMILIES, Past
from tests.fixtures.collected_families import collect
from tests.fixtures.metrics_states import interface, interface_families, snapshot, state
from tests.worlds.written_ledger import SLOT, WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.written_ledger import Pair

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = date(2024, 11, 20)
LAST = date(2026, 11, 5)
NOW = day_start(LAST, BERLIN) + 40 * SLOT
KEPT = date(2026, 10, 10)
"""Quarter hours before this day have been deleted."""

SUBJECTS = ("netledger_interface", "netledger_machine")
COUNTERS = tuple(f"{subject}_{way}_bytes_total" for subject in SUBJECTS for way in ("receive", "transmit"))
PERIODS = (*(f"{subject}_period_" for subject in SUBJECTS), "netledger_period_")
HISTORIES = tuple(f"{subject}_{kind}_" for subject in SUBJECTS for kind in ("daily", "monthly"))

Sample = tuple[str, tuple[tuple[str, str], ...]]


def amounts(first: date, last: date, zone: ZoneInfo, *, end: int = NOW) -> dict[int, Pair]:
    """Some quarter hours of every day, each with bytes of its own; the last day is full."""
    found: dict[int, Pair] = {}
    day = first
    while day <= last:
        start, number = day_start(day, zone), day.toordinal() % 97
        step = SLOT if day >= last - timedelta(days=1) else 7 * SLOT
        for slot in range(start + number % 5 * SLOT, min(day_start(day + timedelta(days=1), zone), end), step):
            found[slot] = (1_000_003 * (number + 1) + slot // SLOT % 1009, 70_001 * (number + 1))
        day += timedelta(days=1)
    return found


def write_two_years(folder: Path, template: Path) -> WrittenLedger:
    """Two years of eth0, a month of eth1, and wg0, which does not count; quarter hours of four weeks."""
    ledger = WrittenLedger(folder, template, BERLIN)
    ledger.write(amounts(FIRST, LAST, BERLIN), seen=day_start(FIRST, BERLIN) + 5)
    ledger.write(amounts(date(2026, 10, 7), LAST, BERLIN), device="eth1")
    ledger.write(amounts(date(2026, 10, 20), date(2026, 10, 22), BERLIN), device="wg0")
    ledger.forget("slot", day_start(KEPT, BERLIN))
    return ledger


@pytest.fixture(scope="module")
def two_years(tmp_path_factory: pytest.TempPathFactory, template: Path) -> WrittenLedger:
    """To be read alone."""
    return write_two_years(tmp_path_factory.mktemp("two-years"), template)


@pytest.fixture
def own_two_years(tmp_path: Path, template: Path) -> WrittenLedger:
    """To be changed."""
    return write_two_years(tmp_path, template)


def told(ledger: WrittenLedger, end: int = NOW + 1, window: Span | None = None) -> dict[Sample, dict[int, int]]:
    """Every series by instant; none may have an instant twice or out of order."""
    with ledger.reading() as reader:
        past = Past(reader, end)
        found = {}
        for family in past.families(window or past.span):
            for series in family.series:
                assert list(series.times) == sorted(set(series.times))
                assert (family.name, series.labels) not in found, "each series is told once"
                found[family.name, series.labels] = dict(zip(series.times, series.values, strict=True))
        return found


def scraped(rows: dict[str, dict[int, Pair]], zone: ZoneInfo, at: int, until: int) -> dict[Sample, float]:
    """What /metrics tells at an instant of what was booked before `until`: counters of bytes and all periods."""
    known = {device: {s: pair for s, pair in slots.items() if s < until} for device, slots in rows.items()}
    totals = Totals(zone)
    totals.load(
        DayRow(interface_subject(device), day_of(slot, zone), *pair, Speeds())
        for device in known
        for slot, pair in known[device].items()
    )
    shown = [
        interface(
            device, counted=device != "wg0", lifetime=Counts(*(sum(side) for side in zip(*pairs.values(), strict=True)))
        )
        for device, pairs in known.items()
        if pairs
    ]
    page = collect(interface_families(process=False), state(snapshot(shown), totals_held=totals, now=at))
    return {
        (sample.name, tuple(sample.labels.items())): sample.value
        for metric in page
        for sample in metric.samples
        if sample.name.startswith((*COUNTERS, *PERIODS, *HISTORIES))
    }


def booked() -> dict[str, dict[int, Pair]]:
    return {
        "eth0": amounts(FIRST, LAST, BERLIN),
        "eth1": amounts(date(2026, 10, 7), LAST, BERLIN),
    }


MIDNIGHTS = [date(2025, 1, 1), date(2025, 3, 1), date(2025, 3, 31), date(2026, 10, 26), date(2026, 11, 1)]


@pytest.mark.parametrize("day", MIDNIGHTS, ids=str)
def test_a_second_before_midnight_everything_is_told_as_a_scrape_would(day: date, two_years: WrittenLedger) -> None:
    at = day_start(day, BERLIN) - 1

    found = {key: values[at] for key, values in told(two_years).items() if at in values}

    expected = scraped(booked(), BERLIN, at, at)
    assert found == {key: value for key, value in expected.items() if not key[0].endswith("_total")}


@pytest.mark.parametrize("instant", ["2026-10-25T02:45+01:00", "2026-10-26T00:00+01:00", "2026-11-05T09:45+01:00"])
def test_at_a_quarter_hour_counters_and_periods_are_told_as_a_scrape_would(
    instant: str, two_years: WrittenLedger
) -> None:
    at = int(datetime.fromisoformat(instant).timestamp())

    found = {key: values[at] for key, values in told(two_years).items() if at in values}

    expected = scraped(booked(), BERLIN, at, at)
    ours = {key: value for key, value in found.items() if key in expected}
    assert ours == {key: value for key, value in expected.items() if key[0].startswith((*COUNTERS, *PERIODS))}


def test_at_the_end_of_the_past_everything_is_told_as_a_scrape_would(two_years: WrittenLedger) -> None:
    found = {key: values[NOW] for key, values in told(two_years).items() if NOW in values}

    expected = scraped(booked(), BERLIN, NOW, NOW)
    assert {key: value for key, value in found.items() if key in expected} == expected


def test_names_kinds_and_labels_are_those_of_metrics(two_years: WrittenLedger) -> None:
    columns = {
        column.name: (column.kind, table.label_names)
        for table in interface_families().tables
        if not isinstance(table, HistogramTable)
        for column in table.columns
    }

    with two_years.reading() as reader:
        past = Past(reader, NOW + 1)
        found = [
            (family.name, family.kind, {tuple(k for k, _ in one.labels) for one in family.series})
            for family in past.families(past.span)
        ]

    assert len(found) == FAMILIES
    for name, kind, labels in found:
        assert columns[name][0] == kind
        assert labels <= {columns[name][1]}


def test_windows_tell_what_the_whole_tells(two_years: WrittenLedger) -> None:
    whole = told(two_years)
    edges = [0, day_start(date(2025, 1, 1), BERLIN), day_start(date(2026, 10, 20), BERLIN) + 1000, NOW - SLOT, NOW + 1]

    joined: dict[Sample, dict[int, int]] = {}
    for start, end in itertools.pairwise(edges):
        for key, values in told(two_years, window=Span(max(start, day_start(FIRST, BERLIN)), end)).items():
            joined[key] = joined.get(key, {}) | values

    assert joined == whole


def test_before_quarter_hours_are_kept_counters_are_told_at_midnight(two_years: WrittenLedger) -> None:
    kept = day_start(KEPT, BERLIN)

    times = list(told(two_years)["netledger_interface_receive_bytes_total", (("device", "eth0"),)])

    assert [time for time in times if time <= kept] == sorted(
        {day_start(FIRST + timedelta(days=n), BERLIN) for n in range((KEPT - FIRST).days + 1)}
    )
    assert [time for time in times if time >= kept] == list(range(kept, NOW + 1, SLOT))


def test_a_day_that_its_quarter_hours_do_not_add_up_to_is_told_at_its_end(own_two_years: WrittenLedger) -> None:
    day = date(2026, 10, 15)
    start, end = day_start(day, BERLIN), day_start(day + timedelta(days=1), BERLIN)
    own_two_years.forget("slot", start + SLOT)

    values = told(own_two_years)["netledger_interface_receive_bytes_total", (("device", "eth0"),)]

    moved = sum(pair[0] for slot, pair in booked()["eth0"].items() if start <= slot < end)
    assert [time for time in values if start < time <= end] == [end]
    assert values[end] - values[start] == moved


def test_what_does_not_count_is_told_until_it_left_and_without_periods(two_years: WrittenLedger) -> None:
    series = {key: values for key, values in told(two_years).items() if ("device", "wg0") in key[1]}

    assert {name for name, _ in series} == {f"netledger_interface_{count}_total" for count in INTERFACE.sums}
    assert all(labels == (("device", "wg0"),) for _, labels in series)


def test_the_machines_counters_leave_out_what_an_interface_moved_before_it_counted(
    own_two_years: WrittenLedger,
) -> None:
    before = told(own_two_years)["netledger_machine_receive_bytes_total", ()]
    with contextlib.closing(sqlite3.connect(own_two_years.path)) as connection, connection:
        connection.execute("INSERT INTO state (name, value) VALUES ('machine_base', '1000 100 7 7')")

    after = told(own_two_years)["netledger_machine_receive_bytes_total", ()]

    assert after == {at: value - 1000 for at, value in before.items()}
    assert after[NOW] == sum(pair[0] for slots in booked().values() for pair in slots.values()) - 1000


def test_a_quarter_hour_in_which_nobody_looked_has_no_sample(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    ledger, start = new_ledger(BERLIN), day_start(LAST, BERLIN)
    gap = Gap(start + 10 * SLOT, start + 20 * SLOT + 5, "stopped", 500)
    ledger.write({start: (100, 10), start + 15 * SLOT: (500, 50), start + 30 * SLOT: (7, 1)}, gaps=(gap,))

    values = told(ledger)["netledger_interface_receive_bytes_total", (("device", "eth0"),)]

    assert list(values) == [*range(start, start + 10 * SLOT + 1, SLOT), *range(start + 21 * SLOT, NOW + 1, SLOT)]
    assert (values[start + 10 * SLOT], values[start + 21 * SLOT], values[NOW]) == (100, 600, 607)


def test_all_samples_are_before_the_end(two_years: WrittenLedger) -> None:
    end = day_start(date(2026, 11, 1), BERLIN)

    last = [max(values) for values in told(two_years, end).values()]

    assert max(last) == end - 1 - (end - 1) % SLOT


def test_a_date_that_the_zone_never_had_has_no_instant(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    apia = ZoneInfo("Pacific/Apia")
    ledger, first, last = new_ledger(apia), date(2011, 12, 27), date(2012, 1, 3)
    end = day_start(last, apia)
    ledger.write(amounts(first, last, apia, end=end))

    found = told(ledger, end + 1)

    rows = {"eth0": amounts(first, last, apia, end=end)}
    at = day_start(date(2012, 1, 1), apia) - 1
    assert {key: values[at] for key, values in found.items() if at in values} == {
        key: value for key, value in scraped(rows, apia, at, at).items() if not key[0].endswith("_total")
    }


def test_interfaces_that_were_folded_together_are_not_told(own_two_years: WrittenLedger) -> None:
    own_two_years.write({NOW - SLOT: (1, 1)}, device=GONE)

    assert not [key for key in told(own_two_years) if ("device", GONE) in key[1]]


def test_an_empty_ledger_has_no_past(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> None:
    with new_ledger(BERLIN).reading() as reader:
        span = Past(reader, NOW).span

    assert span.start >= span.end
