"""Every endpoint of a known ledger, field by field: what clients of the two older programs rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.fake_machine import Machine

NOVEMBER_2025 = 1_762_000_200
"""2025-11-01T12:30Z."""
JUNE_1 = 1_780_290_000
"""2026-06-01T05:00Z."""
JUNE_3_EARLY = 1_780_430_400
"""2026-06-02T20:00Z: the third of June in India."""
TODAY = 1_781_253_900
"""2026-06-12T08:45Z; the tests begin at 09:00Z."""


def used(received: int, sent: int, *, estimated: int = 0, peak: int = 0) -> Usage:
    return Usage(Counts(received, sent), estimated, Speeds(peak, 0, peak))


@pytest.fixture
async def known(unstarted: RunningService, machine: Machine) -> AsyncIterator[RunningService]:
    """A ledger whose every byte is known; today's are those of PacketBuddy's reference."""
    machine.create("tun0", is_physical=False)
    unstarted.write_before(
        slots={
            (NOVEMBER_2025, interface("eth0")): used(110_359_838_720, 13_430_988_800),
            (JUNE_1, interface("eth0")): used(5_368_709_120, 1_073_741_824),
            (JUNE_3_EARLY, interface("eth0")): used(6_442_450_944, 1_610_612_736, estimated=1_000),
            (TODAY, interface("eth0")): used(21_474_836_480, 5_368_709_120, peak=125_829_120),
            (TODAY, interface("tun0")): used(400, 100),
        }
    )
    async with running(unstarted) as started:
        yield started


def day(date: str, received: int = 0, sent: int = 0) -> dict[str, Any]:
    return {"date": date, "bytes_sent": sent, "bytes_received": received, "total_bytes": received + sent}


def in_order(value: Any) -> Any:
    """Objects as lists of pairs, so that the order of fields counts."""
    if isinstance(value, dict):
        return [(name, in_order(inner)) for name, inner in value.items()]
    return [in_order(inner) for inner in value] if isinstance(value, list) else value


async def test_today_is_as_the_reference_writes_it(known: RunningService) -> None:
    told = await known.get("/api/today")

    assert told.pop("cost")["currency"] == "INR"
    assert in_order(told) == in_order(
        {
            "bytes_sent": 5368709120,
            "bytes_received": 21474836480,
            "total_bytes": 26843545600,
            "peak_speed": 125829120,
            "human_readable": {
                "sent": "5.37 GB",
                "received": "21.47 GB",
                "total": "26.84 GB",
                "peak_speed": "125.83 MB/s",
            },
            "date": "2026-06-12",
        }
    )


async def test_today_of_one_interface_is_its_own(known: RunningService) -> None:
    told = await known.get("/api/today?interface=tun0")

    assert told.pop("cost")["currency"] == "INR"
    assert in_order(told) == in_order(
        {
            "bytes_sent": 100,
            "bytes_received": 400,
            "total_bytes": 500,
            "human_readable": {"sent": "100 B", "received": "400 B", "total": "500 B"},
            "date": "2026-06-12",
        }
    )


async def test_a_month_lists_days_without_traffic_until_today(known: RunningService) -> None:
    told = await known.get("/api/month")

    traffic = {
        1: (5_368_709_120, 1_073_741_824),
        3: (6_442_450_944, 1_610_612_736),
        12: (21_474_836_480, 5_368_709_120),
    }
    assert list(told) == ["month", "days", "summary", "counting_since"]
    assert told["counting_since"] == "2025-11-01T05:30:00+05:30"
    assert told["month"] == "2026-06"
    assert in_order(told["days"]) == in_order(
        [day(f"2026-06-{number:02}", *traffic.get(number, ())) for number in range(1, 13)]
    )
    assert in_order(told["summary"]) == in_order(
        {
            "bytes_sent": 8053063680,
            "bytes_received": 33285996544,
            "total_bytes": 41339060224,
            "human_readable": {"sent": "8.05 GB", "received": "33.29 GB", "total": "41.34 GB"},
            "estimated_bytes": 1000,
        }
    )


@pytest.mark.parametrize(("month", "days"), [("2025-11", 30), ("2026-02", 28), ("2026-07", 0), ("2200-12", 0)])
async def test_any_month_can_be_asked_for(known: RunningService, month: str, days: int) -> None:
    told = await known.get(f"/api/month?month={month}")

    assert told["month"] == month
    assert len(told["days"]) == days
    moved = sum(row["total_bytes"] for row in told["days"])
    assert told["summary"]["total_bytes"] == (moved if days else None)


async def test_days_before_counting_began_are_null(known: RunningService) -> None:
    months = [await known.get(f"/api/month?month={month}") for month in ("2025-10", "1999-01")]
    year = await known.get("/api/range?from=2025-10-30&to=2025-11-02")
    unknown = {"bytes_sent": None, "bytes_received": None, "total_bytes": None}

    for month in months:
        assert all(row == {"date": row["date"], **unknown} for row in month["days"])
        assert month["summary"] == {**unknown, "human_readable": None}
        assert month["counting_since"] == "2025-11-01T05:30:00+05:30"
    assert [row["total_bytes"] for row in year["days"]] == [None, None, 123_790_827_520, 0]
    assert [row.get("partial") for row in year["days"]] == [None, None, True, None]


async def test_an_interface_that_came_later_has_its_own_days_before(known: RunningService, machine: Machine) -> None:
    machine.create("wan9", is_physical=True)
    machine.move("wan9", 7, 3)
    known.pass_time()

    month = await known.get("/api/month?interface=wan9")
    today = await known.get("/api/today?interface=wan9")

    assert [row["total_bytes"] for row in month["days"]] == [None] * 11 + [10]
    assert month["days"][-1]["partial"]
    assert month["counting_since"] == today["counting_since"] == "2026-06-12T14:30:00+05:30"
    assert (await known.get("/api/month"))["days"][0]["total_bytes"] == 6_442_450_944


async def test_the_traffic_of_a_month_before_counting_began_is_null(known: RunningService) -> None:
    told = await known.get("/api/v1/stats/monthly-traffic?month=2025-10")

    assert set(told["raw_bytes"].values()) == set(told["data_usage"].values()) == {None}


async def test_a_range_has_both_its_ends(known: RunningService) -> None:
    told = await known.get("/api/range?from_date=2026-06-01&to_date=2026-06-03")

    assert in_order(told) == in_order(
        {
            "from": "2026-06-01",
            "to": "2026-06-03",
            "days": [
                day("2026-06-01", 5368709120, 1073741824),
                day("2026-06-02"),
                day("2026-06-03", 6442450944, 1610612736),
            ],
            "summary": {
                "bytes_sent": 2684354560,
                "bytes_received": 11811160064,
                "total_bytes": 14495514624,
                "human_readable": {"sent": "2.68 GB", "received": "11.81 GB", "total": "14.50 GB"},
                "estimated_bytes": 1000,
            },
            "counting_since": "2025-11-01T05:30:00+05:30",
        }
    )
    assert told == await known.get("/api/range?from=2026-06-01&to=2026-06-03")
    assert told == await known.get("/api/range?from_date=2026-06-01&to=2026-06-03")


async def test_the_summary_is_everything_ever(known: RunningService) -> None:
    told = await known.get("/api/summary")

    assert told.pop("cost")["currency"] == "INR"
    assert in_order(told) == in_order(
        {
            "bytes_sent": 21484052480,
            "bytes_received": 143645835264,
            "total_bytes": 165129887744,
            "human_readable": {"sent": "21.48 GB", "received": "143.65 GB", "total": "165.13 GB"},
            "estimated_bytes": 1000,
            "counting_since": "2025-11-01T05:30:00+05:30",
        }
    )


async def test_live_is_bytes_per_second_between_two_samples(known: RunningService, machine: Machine) -> None:
    await known.get("/api/live")
    machine.move("eth0", 2_097_152 * 60, 524_288 * 60)
    known.pass_time(60)

    told = await known.get("/api/live")

    assert in_order(told) == in_order(
        {
            "bytes_sent": 524288,
            "bytes_received": 2097152,
            "total_bytes": 2621440,
            "human_readable": {"sent": "524.29 KB", "received": "2.10 MB", "total": "2.62 MB"},
        }
    )
    assert (await known.get("/api/live?interface=tun0"))["total_bytes"] == 0


async def test_health_tells_who_answers(known: RunningService) -> None:
    told = await known.get("/api/health")

    assert list(told) == [
        *("status", "version", "device_id", "os_type", "hostname", "device_count", "sync_enabled", "timestamp"),
        *("storage", "problems", "timezone", "seconds_since_sample"),
    ]
    assert list(told["storage"]) == [
        *("db_size_mb", "max_storage_mb", "usage_logs_count", "daily_aggregates_count", "monthly_aggregates_count"),
        *("synced_count", "unsynced_count", "storage_usage_percent", "warning"),
    ]
    assert (told["status"], told["problems"], told["device_count"]) == ("running", [], 1)
    assert (told["timestamp"], told["timezone"]) == ("2026-06-12T14:30:00+05:30", "Asia/Kolkata")
    assert (told["storage"]["daily_aggregates_count"], told["storage"]["monthly_aggregates_count"]) == (5, 2)
    assert told["storage"]["max_storage_mb"] == 400
    assert 0 < told["storage"]["db_size_mb"] < 1


async def test_storage_has_the_fields_that_clients_read(known: RunningService) -> None:
    told = await known.get("/api/storage")

    assert list(told) == ["local", "neon", "retention"]
    assert list(told["local"]) == [
        *("db_size_mb", "max_storage_mb", "usage_percent", "usage_logs_count", "daily_aggregates_count"),
        *("monthly_aggregates_count", "synced_count", "unsynced_count", "oldest_log", "newest_log"),
    ]
    assert (told["local"]["oldest_log"], told["local"]["newest_log"]) == (None, None)
    assert told["neon"] is None
    assert in_order(told["retention"]) == in_order(
        {
            "local_log_days": 30,
            "local_aggregate_months": None,
            "neon_log_days": None,
            "neon_aggregate_months": None,
            "local_slot_days": 400,
        }
    )


async def test_monthly_traffic_is_golden(known: RunningService) -> None:
    told = await known.get("/api/v1/stats/monthly-traffic?month=2025-11")

    assert in_order(told) == in_order(
        {
            "month": "2025-11",
            "data_usage": {"sent": "12.51 GB", "received": "102.78 GB", "total": "115.29 GB"},
            "raw_bytes": {"sent": 13430988800, "received": 110359838720, "total": 123790827520},
        }
    )


async def test_monthly_traffic_of_nothing_is_as_that_api_writes_it(known: RunningService) -> None:
    told = await known.get("/api/v1/stats/monthly-traffic?month=2026-05")

    assert told["data_usage"] == {"sent": "0.00 B", "received": "0.00 B", "total": "0.00 B"}
    assert told["raw_bytes"] == {"sent": 0, "received": 0, "total": 0}


async def test_an_interface_counts_in_the_list_as_soon_as_it_is_an_uplink(
    known: RunningService, machine: Machine
) -> None:
    machine.uplinks.add("tun0")
    known.pass_time()

    rows = {row["interface"]: row for row in (await known.get("/api/interfaces"))["interfaces"]}

    assert rows["tun0"]["counted"]
    assert rows["tun0"]["last_seen"] == rows["eth0"]["last_seen"] == "2026-06-12T14:30:02+05:30"


async def test_logs_are_counted_and_dated_by_the_same_rows(unstarted: RunningService) -> None:
    unstarted.write_before(
        slots={(JUNE_1, interface("eth0")): used(1, 1)}, minutes={(TODAY + 60, interface("eth0")): used(1, 1)}
    )
    async with running(unstarted) as service:
        local = (await service.get("/api/storage"))["local"]

    assert local["usage_logs_count"] == 1
    assert local["oldest_log"] == local["newest_log"] == "2026-06-12T14:16:00+05:30"


async def test_interfaces_tells_each_with_its_link(known: RunningService) -> None:
    counted, other = (await known.get("/api/interfaces"))["interfaces"]

    assert (counted["interface"], counted["counted"], counted["uplink"]) == ("eth0", True, True)
    assert (other["interface"], other["counted"], other["uplink"]) == ("tun0", False, False)
    assert counted["lifetime"]["total_bytes"] == 165_129_887_744
    assert counted["today"]["total_bytes"] == 26_843_545_600
    assert other["lifetime"]["total_bytes"] == other["today"]["total_bytes"] == 500
    assert (counted["up"], counted["speed_bytes_per_second"], counted["live"]["total_bytes"]) == (True, 125_000_000, 0)
    assert counted["first_seen"] == "2025-11-01T05:30:00+05:30"


@pytest.mark.parametrize("path", ["/api/today", "/api/summary", "/api/month", "/api/health"])
async def test_nothing_is_called_global(known: RunningService, path: str) -> None:
    told = await known.get(path)

    assert "global" not in told


async def test_a_day_that_nothing_moved_has_no_peak(service: RunningService) -> None:
    told = await service.get("/api/today")

    assert "peak_speed" not in told
    assert "peak_speed" not in told["human_readable"]
    assert told["total_bytes"] == 0


async def test_metrics_can_be_picked_by_name(known: RunningService) -> None:
    name = "netledger_interface_receive_bytes_total"

    page = (await known.ask(f"/metrics?name[]={name}&name[]=netledger_meter_up")).text

    told = {line.split("{")[0] for line in page.splitlines() if not line.startswith("#")}
    assert told == {name, "netledger_meter_up"}
