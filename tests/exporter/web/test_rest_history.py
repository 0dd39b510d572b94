"""Records, hours, percentiles and series over HTTP: their shapes, their numbers, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.web.api.history import routes
from reports.ledger.rows import Gap
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.fake_machine import Machine

MIDNIGHT = 1_781_202_600
"""2026-06-12T00:00 in India; the tests begin at 14:30."""
HOUR, DAY = 3600, 86_400
EVERYTHING = "from=2026-06-01&to=2026-06-30"


def used(received: int, sent: int, peak: int = 0, estimated: int = 0) -> Usage:
    return Usage(Counts(received, sent), estimated, Speeds(peak, peak // 2, peak))


@pytest.fixture
async def known(unstarted: RunningService, machine: Machine) -> AsyncIterator[RunningService]:
    """Four quarter hours of yesterday and today, a gap this morning, and bytes that no commit has seen."""
    slots = {
        (MIDNIGHT - 2 * HOUR, interface("eth0")): used(9_000_000, 900_000, 125_000),
        (MIDNIGHT + 9 * HOUR, interface("eth0")): used(900_000, 90_000, 5_000),
        (MIDNIGHT + 9 * HOUR + 900, interface("eth0")): used(1_800_000, 90_000, estimated=7),
    }
    minutes = {(MIDNIGHT + 9 * HOUR, interface("eth0")): used(600_000, 60_000)}
    gap = Gap(MIDNIGHT + 6 * HOUR, MIDNIGHT + 7 * HOUR, "stopped", 0)
    unstarted.write_before(slots=slots, minutes=minutes, gaps=(gap,))
    async with running(unstarted) as started:
        machine.move("eth0", 5_000, 500)
        started.pass_time()
        yield started


async def refusal(service: RunningService, path: str) -> str:
    told = await service.ask(path)
    assert told.status == 400, told.text
    return str(told.json["error"])


async def test_records_are_told_with_their_dates(known: RunningService) -> None:
    told = await known.get("/api/records")

    assert told["busiest_day"] == told["busiest_days"][0]
    assert [(day["date"], day["total_bytes"]) for day in told["busiest_days"]] == [
        ("2026-06-11", 9_900_000),
        ("2026-06-12", 2_885_500),
    ]
    assert told["busiest_day"]["human_readable"] == {"sent": "900.00 KB", "received": "9.00 MB", "total": "9.90 MB"}
    week, month, hour = told["busiest_week"], told["busiest_month"], told["busiest_hour"]
    assert (week["week"], week["from"], week["to"], week["total_bytes"]) == (
        *("2026-W24", "2026-06-08", "2026-06-14"),
        12_785_500,
    )
    assert (month["month"], month["bytes_received"], month["bytes_sent"]) == ("2026-06", 11_705_000, 1_080_500)
    assert (hour["hour"], hour["from"], hour["to"], hour["total_bytes"]) == (22, "2026-05-16", "2026-06-12", 9_900_000)
    assert told["peak_speeds"]["sent"] == {
        "bytes_per_second": 62_500,
        "human_readable": "62.50 KB/s",
        "date": "2026-06-11",
        "interface": "eth0",
    }
    assert told["since"] == "2025-11-01"


async def test_hours_are_a_matrix_of_the_week(known: RunningService) -> None:
    told = await known.get(f"/api/hours?{EVERYTHING}")

    assert [row["weekday"] for row in told["weekdays"]] == [
        *("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    ]
    cells = {
        (row["weekday"], cell["hour"]): cell["total_bytes"]
        for row in told["weekdays"]
        for cell in row["hours"]
        if cell["total_bytes"]
    }
    assert cells == {("Thursday", 22): 9_900_000, ("Friday", 9): 2_880_000, ("Friday", 14): 5_500}
    assert told["summary"]["total_bytes"] == sum(cells.values())
    assert (told["from"], told["to"]) == ("2026-06-01T00:00:00+05:30", "2026-07-01T00:00:00+05:30")
    assert (told["timezone"], told["covered"]["to"]) == ("Asia/Kolkata", "2026-06-12T14:30:02+05:30")


async def test_a_percentile_tells_its_coverage(known: RunningService) -> None:
    told = await known.get("/api/percentile?p=100&range=today")

    assert (told["p"], told["from"], told["to"]) == (100.0, "2026-06-12T00:00:00+05:30", "2026-06-13T00:00:00+05:30")
    assert told["quarter_hours"] == {
        "interval_seconds": 900,
        "coverage": {
            "intervals": 54,
            "idle_intervals": 52,
            "share": 0.931,
            "from": "2026-06-12T00:00:00+05:30",
            "to": "2026-06-12T14:30:00+05:30",
        },
        "bytes_sent_per_second": 100,
        "bytes_received_per_second": 2000,
        "total_bytes_per_second": 2100,
        "human_readable": {"sent": "100 B/s", "received": "2.00 KB/s", "total": "2.10 KB/s"},
    }
    assert told["five_minutes"]["bytes_received_per_second"] == 2000
    assert told["five_minutes"]["coverage"]["from"] == "2026-06-12T09:00:00+05:30"
    assert (await known.get("/api/percentile?range=today"))["quarter_hours"]["total_bytes_per_second"] == 0


async def test_a_series_has_zeros_nulls_and_what_no_commit_has_seen(known: RunningService) -> None:
    told = await known.get("/api/series?range=today&step=1h")

    assert (told["step"], told["timezone"], len(told["points"])) == ("1h", "Asia/Kolkata", 15)
    assert [point["total_bytes"] for point in told["points"]] == [
        *[0] * 6,
        None,
        *(0, 0, 2_880_000),
        *[0] * 4,
        5_500,
    ]
    assert told["points"][9] == {
        "start": "2026-06-12T09:00:00+05:30",
        "seconds": 3600,
        "bytes_sent": 180_000,
        "bytes_received": 2_700_000,
        "total_bytes": 2_880_000,
    }
    assert told["summary"]["total_bytes"] == (await known.get("/api/today"))["total_bytes"] == 2_885_500


@pytest.mark.parametrize("step", ["15m", "1h", "1d"])
async def test_a_series_adds_up_to_the_range_of_the_same_days(known: RunningService, step: str) -> None:
    days = await known.get("/api/range?from_date=2026-06-10&to_date=2026-06-12")

    told = await known.get(f"/api/series?from=2026-06-10&to=2026-06-12&step={step}")

    assert told["summary"] == days["summary"]


async def test_one_interface_is_told_alone_everywhere(known: RunningService, machine: Machine) -> None:
    machine.create("tun0", is_physical=False)
    known.pass_time()
    await known.ask("/api/commit", "POST")

    for route in routes:
        assert (await known.ask(f"{route.path}?interface=tun0")).status == 200
        refused = await refusal(known, f"{route.path}?interface=eth9")
        assert refused.startswith("interface: the ledger knows no 'eth9'; known are ")
        assert "tun0" in refused
    assert (await known.get("/api/records?interface=tun0"))["busiest_days"] == []
    assert (await known.get("/api/hours?interface=tun0"))["summary"]["total_bytes"] == 0


@pytest.mark.parametrize("path", [route.path for route in routes])
async def test_a_new_ledger_answers_everywhere(service: RunningService, path: str) -> None:
    told = await service.ask(path)

    assert told.status == 200
    (shape,) = next(route.answers for route in routes if route.path == path)
    assert msgspec.convert(told.json, shape)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/percentile?p=0", "p: '0' is not a percentile: write a number above 0, at most 100"),
        ("/api/percentile?p=101", "p: '101' is not a percentile"),
        ("/api/percentile?p=nan", "p: 'nan' is not a percentile"),
        ("/api/percentile?p=", "p: '' is not a percentile"),
        ("/api/percentile?q=95", "q: unknown parameter; use interface, scope, hosts, range, from, to, p"),
        ("/api/series?step=2m", "step: '2m' is no step: use 1m, 5m, 15m, 1h, 1d"),
        ("/api/series?step=1m&range=month", "step: '1m' gives 16711 points"),
        ("/api/series?from=2026-06-12&to=2026-06-11", "from: '2026-06-12' is not before to '2026-06-11'"),
        (
            "/api/series?first=2026-06-12",
            "first: unknown parameter; use interface, scope, hosts, range, from, to, step",
        ),
        ("/api/hours?range=fortnight", "range: 'fortnight' is no range: use today, week, month, year, all or custom"),
        ("/api/hours?range=week&to=2026-06-12", "range: 'week' and from or to: give one of them"),
        ("/api/hours?from=2026-02-30", "from: '2026-02-30' is not a date: the calendar has no such day"),
        ("/api/records?range=week", "range: unknown parameter; use interface"),
    ],
)
async def test_nonsense_is_refused_with_field_value_and_rule(service: RunningService, path: str, told: str) -> None:
    assert (await refusal(service, path)).startswith(told)


async def test_an_instant_may_be_written_with_a_plus_that_became_a_blank(known: RunningService) -> None:
    told = await known.get("/api/series?step=15m&from=2026-06-12T09:00:00+05:30&to=2026-06-12T03:45:00Z")

    assert [point["total_bytes"] for point in told["points"]] == [990_000]
