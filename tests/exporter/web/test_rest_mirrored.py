"""What PacketBuddy's clients read of several machines: the reference's field names, with a real mirror behind them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.mirror.settings import Mirror
from tests.exporter.web.running_service import INDIA, RunningService, running
from tests.worlds.mirrored_ledger import create_mirror, mirror_ledger
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.postgresql import Database

COST_PART = {"gb_used": 6.0, "cost_inr": 45.00, "cost_formatted": "₹45.00"}
GLOBAL = {
    "bytes_sent": 6442450944,
    "bytes_received": 23622320128,
    "total_bytes": 30064771072,
    "human_readable": {"sent": "6.44 GB", "received": "23.62 GB", "total": "30.06 GB"},
    "cost": {"upload": COST_PART, "download": COST_PART, "total": COST_PART, "cost_per_gb": 7.5, "currency": "INR"},
}
"""As the reference's /api/today and /api/summary have it."""

NEON = {
    "total_mb": 45.2,
    "max_storage_mb": 450.0,
    "usage_percent": 10.0,
    "free_tier_limit_mb": 512.0,
    "warning_threshold_percent": 80,
    "tables": {"usage_logs": 30.5, "daily_aggregates": 10.2, "monthly_aggregates": 4.5},
    "device_count": 2,
    "log_count": 30000,
    "oldest_log": "2025-01-01T00:00:00",
    "newest_log": "2026-02-21T10:30:00",
    "logs_per_device": [{"device_id": "abc123", "count": 15000}],
}
CLEANED = {
    "logs_deleted": 3000,
    "aggregates_deleted": {"daily": 20, "monthly": 1},
    "vacuum_run": True,
    "storage_after_percent": 5.2,
}
LAPTOP = (6 * 10**9, 10**9)


@pytest.fixture
async def mirrored(
    unstarted: RunningService, empty_ledger: Path, tmp_path: Path, fresh_database: Database
) -> AsyncIterator[RunningService]:
    """This machine, and a laptop that has sent the mirror 7 GB of today and 7 of a year ago."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    laptop = WrittenLedger(folder, empty_ledger, INDIA)
    now = unstarted.machine.seconds // 900 * 900
    laptop.write({now: LAPTOP, now - 365 * 86_400: LAPTOP})
    connection = await asyncpg.connect(fresh_database.url)
    await create_mirror(connection)
    await mirror_ledger(connection, laptop.path, "laptop", sent_at=now)
    await connection.close()
    unstarted.mirror = Mirror(url=fresh_database.url)
    async with running(unstarted) as service:
        service.machine.move("eth0", 1000, 100)
        service.pass_time()
        await service.get("/api/today?hosts=all")  # the mirror has been read
        yield service


def lacking(reference: Any, answer: Any, path: str = "") -> list[str]:
    """The fields of the reference that an answer lacks, or has of another type."""
    if isinstance(reference, dict):
        return [
            fault
            for name, value in reference.items()
            for fault in (lacking(value, answer[name], f"{path}.{name}") if name in answer else [f"{path}.{name}"])
        ]
    if isinstance(reference, list):
        return [] if answer == [] else lacking(reference[0], answer[0], f"{path}[0]")
    return [] if type(reference) is type(answer) else [f"{path}: {type(answer).__name__}"]


async def test_global_is_what_all_machines_moved(mirrored: RunningService) -> None:
    today, ever = await mirrored.get("/api/today"), await mirrored.get("/api/summary")

    assert lacking(GLOBAL, today["global"]) == lacking(GLOBAL, ever["global"]) == []
    assert today["total_bytes"] == 1100
    assert today["global"]["total_bytes"] == 7 * 10**9 + 1100
    assert ever["global"]["total_bytes"] == 14 * 10**9 + 1100
    assert today["global"]["cost"]["total"]["gb_used"] == round((7 * 10**9 + 1100) / 2**30, 2)
    assert today["global"]["human_readable"]["total"] == "7.00 GB"


async def test_global_is_never_less_than_this_machine(mirrored: RunningService) -> None:
    mirrored.machine.move("eth0", 10**12)
    mirrored.pass_time()

    today = await mirrored.get("/api/today")

    assert today["global"]["total_bytes"] == today["total_bytes"] + 7 * 10**9


@pytest.mark.parametrize("query", ["interface=eth0", "scope=lan", "hosts=all"])
async def test_an_answer_of_a_selection_has_no_global(mirrored: RunningService, query: str) -> None:
    assert "global" not in await mirrored.get(f"/api/today?{query}")


async def test_without_a_mirror_nothing_is_global(service: RunningService) -> None:
    today, health, storage = [await service.get(f"/api/{name}") for name in ("today", "health", "storage")]
    cleaned = await service.ask("/api/storage/cleanup", "POST")

    assert "global" not in today
    assert (health["device_count"], health["sync_enabled"]) == (1, False)
    assert storage["neon"] is None
    assert storage["retention"]["neon_log_days"] is None
    assert cleaned.json["neon"] is None


async def test_health_says_how_many_machines_there_are(mirrored: RunningService) -> None:
    health = await mirrored.get("/api/health")

    assert (health["device_count"], health["sync_enabled"]) == (2, True)


async def test_every_minute_is_synced_or_not(mirrored: RunningService) -> None:
    await mirrored.ask("/api/commit", "POST")
    for figures in ((await mirrored.get("/api/health"))["storage"], (await mirrored.get("/api/storage"))["local"]):
        assert figures["synced_count"] + figures["unsynced_count"] == figures["usage_logs_count"]


async def test_minutes_that_the_mirror_has_are_synced(mirrored: RunningService) -> None:
    await mirrored.ask("/api/commit", "POST")
    assert mirrored.service._parts
    watch = mirrored.service._parts.mirror
    assert watch is not None
    await asyncio.to_thread(watch.close)  # a round of its own would change what it says
    for current_to in (0, mirrored.machine.seconds + 60):
        watch.health = watch.health._replace(current_to=current_to)
        figures = (await mirrored.get("/api/storage"))["local"]
        assert figures["usage_logs_count"] > 0
        assert (figures["unsynced_count"] == 0) == bool(current_to)


async def test_the_size_of_the_mirror_is_told_as_the_reference_does(mirrored: RunningService) -> None:
    storage = await mirrored.get("/api/storage")

    neon = storage["neon"]
    assert lacking(NEON, neon) == []
    assert neon["total_mb"] > 0
    assert neon["device_count"] == 2
    assert neon["log_count"] == sum(row["count"] for row in neon["logs_per_device"])
    assert {row["count"] for row in neon["logs_per_device"]} >= {2}
    assert storage["retention"]["neon_log_days"] == storage["retention"]["local_slot_days"]
    assert storage["retention"]["neon_aggregate_months"] is None


async def test_a_clean_up_says_what_the_mirror_lets_go_of(mirrored: RunningService) -> None:
    await mirrored.get("/api/storage")
    cleaned = await mirrored.ask("/api/storage/cleanup?aggressive=true", "POST")

    assert lacking(CLEANED | {"vacuum_run": False}, cleaned.json["neon"]) == []
