"""Health says what is wrong until it is right again; and what may be done to the ledger by hand."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from exporter.metering.counters.readings import Counts
from exporter.metering.pace import BatteryState
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.requests.checks import check
from exporter.meters.requests.intake import Figures
from exporter.settings.tree import Settings
from exporter.update_watch import UpdateState
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from tests.worlds.fake_machine import Machine

DAY = 86_400


async def problems(service: RunningService) -> list[str]:
    """What health tells, which must fit its status."""
    told = await service.get("/api/health")
    assert told["status"] == ("degraded" if told["problems"] else "running")
    found: list[str] = told["problems"]
    return found


async def test_a_damaged_ledger_degrades_health_until_somebody_has_seen_it(unstarted: RunningService) -> None:
    unstarted.ledger.path.write_bytes(b"garbage" * 1000)
    async with running(unstarted) as service:
        (notice,) = await problems(service)
        seen = await service.ask("/api/notices/seen", "POST")
        after = await problems(service)
        again = await service.ask("/api/notices/seen", "POST")
    async with running(unstarted) as service:
        later = await problems(service)

    assert "damaged" in notice
    assert (seen.json, again.json) == ({"notices": 1}, {"notices": 0})
    assert after == later == []


async def test_a_notice_that_nobody_saw_outlives_a_restart(unstarted: RunningService) -> None:
    unstarted.ledger.path.write_bytes(b"garbage" * 1000)
    async with running(unstarted):
        pass
    async with running(unstarted) as service:
        assert len(await problems(service)) == 1


async def test_a_ledger_of_another_machine_is_told_until_somebody_has_seen_it(
    unstarted: RunningService, machine: Machine
) -> None:
    async with running(unstarted):
        pass
    machine.boot_name, machine.elapsed = "elsewhere", 10**9 * 40 * DAY
    async with running(unstarted) as service:
        (notice,) = await problems(service)
        seen = await service.ask("/api/notices/seen", "POST")
        after = await problems(service)

    assert "another machine" in notice
    assert (seen.json, after) == ({"notices": 1}, [])


async def test_commits_that_fail_degrade_health_until_one_works(service: RunningService, machine: Machine) -> None:
    assert service.service._parts
    service.service._parts.writer.connection.execute("PRAGMA busy_timeout = 0")
    machine.move("eth0", 1000)
    with closing(sqlite3.connect(service.ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        failed = await service.ask("/api/commit", "POST")
        during = await problems(service)
        refused = await service.ask("/api/storage/cleanup", "POST")
        other.execute("ROLLBACK")
    worked = await service.ask("/api/commit", "POST")

    assert (failed.json, worked.json) == ({"committed": False}, {"committed": True})
    assert "locked" in during[0]
    assert (refused.status, list(refused.json)) == (503, ["error"])
    assert await problems(service) == []
    assert (await service.get("/api/unposted"))["unposted"] == [[], []]


async def test_a_failing_meter_degrades_health_until_it_works(service: RunningService) -> None:
    service.meter.problem = "/proc/net/dev: permission denied"
    service.pass_time()
    told = await service.ask("/api/live")
    during = await problems(service)
    service.meter.problem = ""
    service.pass_time()
    await service.get("/api/live")

    assert told.status == 200
    assert any("permission denied" in problem for problem in during)
    assert await problems(service) == []


async def test_a_meter_that_never_worked(unstarted: RunningService) -> None:
    unstarted.first_problem = "no counters"
    async with running(unstarted) as service:
        health = await service.get("/api/health")
        waiting = await service.get("/api/unposted")
        ready = await service.ask("/-/ready")
        today = await service.ask("/api/today")

    assert health["status"] == "degraded"
    assert "seconds_since_sample" not in {**health, **waiting}
    assert (ready.status, today.status) == (503, 200)


async def test_late_samples_degrade_health(service: RunningService) -> None:
    service.pass_time(5 + 3 * 60 - 1)
    in_time = await problems(service)
    service.pass_time(2)
    late = await problems(service)
    await service.get("/api/live")

    assert in_time == []
    assert late == ["no sample for 186 s"]
    assert await problems(service) == []


async def test_questions_that_take_long_hold_up_neither_health_nor_page(service: RunningService) -> None:
    asked, answered = threading.Event(), threading.Event()

    def take_long(_: object) -> bool:
        asked.set()
        return answered.wait(60)

    assert service.service._parts
    context = service.service._parts.context
    long_ones = [asyncio.create_task(context.ask_patiently(take_long)) for _ in range(40)]
    await asyncio.to_thread(asked.wait)

    told = [await service.ask(path) for path in ("/api/health", "/", "/api/today", "/metrics")]

    assert not any(task.done() for task in long_ones)
    answered.set()
    assert await asyncio.gather(*long_ones) == [True] * 40
    assert [one.status for one in told] == [200] * 4


@pytest.mark.parametrize(
    ("name", "told"), [(b"caf\xe9", "caf\\xe9"), ("café".encode(), "café"), (b"\xff\xfe", "\\xff\\xfe")]
)
async def test_any_host_name_is_told_everywhere(
    unstarted: RunningService, name: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: name.decode("utf-8", "surrogateescape"))
    async with running(unstarted) as service:
        health = await service.get("/api/health")
        pages = [await service.ask(path) for path in ("/", "/reports", "/api/export/wrapup", "/api/export", "/metrics")]

    assert health["hostname"] == told
    assert [page.status for page in pages] == [200] * 5
    assert all(told in page.text for page in pages[:2])


async def test_without_an_interface_that_counts_nobody_says_that_all_is_well(
    unstarted: RunningService, machine: Machine
) -> None:
    machine.delete("eth0")
    async with running(unstarted) as service:
        health = await service.get("/api/health")
        page = (await service.ask("/")).text

    assert health["status"] == "degraded"
    assert health["problems"] == [
        "no interface counts for the machine's total: connect the machine, or set interfaces.counted"
    ]
    assert "All is well" not in page
    assert "No interface counts" in page


async def test_a_cleanup_deletes_minutes_and_slots_and_never_a_day(unstarted: RunningService) -> None:
    now = unstarted.machine.seconds // 900 * 900
    ages = (1, 10, 40, 100, 500, 3000)
    usage = Usage(Counts(1000, 500))
    unstarted.write_before(
        slots={(now - age * DAY, interface("eth0")): usage for age in ages},
        minutes={(now - age * DAY, interface("eth0")): usage for age in ages},
    )
    async with running(unstarted) as service:
        everything = await service.get("/api/summary")
        days = await service.get("/api/range?from_date=2015-01-01&to_date=2026-12-31")
        plain = await service.ask("/api/storage/cleanup?vacuum=false", "POST")
        aggressive = await service.ask("/api/storage/cleanup?aggressive=true", "POST")
        storage = await service.get("/api/storage")

        assert await service.get("/api/summary") == everything
        assert await service.get("/api/range?from_date=2015-01-01&to_date=2026-12-31") == days

    kept = {"daily": 0, "monthly": 0}
    assert list(plain.json) == ["local", "neon", "vacuum_run"]
    assert list(plain.json["local"]) == ["logs_deleted", "aggregates_deleted", "slots_deleted"]
    assert plain.json["local"]["aggregates_deleted"] == aggressive.json["local"]["aggregates_deleted"] == kept
    assert (plain.json["neon"], plain.json["vacuum_run"], aggressive.json["vacuum_run"]) == (None, False, True)
    assert storage["local"]["daily_aggregates_count"] == len(ages)
    # Aggressive: minutes of 3 days, slots of 62 (a round of upkeep at the start may have been first).
    assert storage["local"]["usage_logs_count"] == 1
    assert storage["local"]["oldest_log"].startswith("2026-06-11")


async def test_it_says_what_was_refused_of_requests(service: RunningService) -> None:
    service.intake.figures = Figures(refused=7)
    service.pass_time()
    await service.get("/api/live")

    running = (await service.get("/api/health"))["meters"]["request"]

    limit = "Refused since the service started, as a field broke a rule: 7 requests."
    assert running == {"backend": "reports", "reason": "", "limits": [limit]}
    assert limit in [each.text for each in check(Settings(), None, running).findings]


@pytest.mark.parametrize(
    ("battery", "lines"),
    [
        (None, ["netledger_sample_interval_seconds 60.0"]),
        (BatteryState(90, is_in_use=False), ["netledger_on_battery 0.0", "netledger_sample_interval_seconds 60.0"]),
        (BatteryState(40, is_in_use=True), ["netledger_on_battery 1.0", "netledger_sample_interval_seconds 60.0"]),
    ],
)
async def test_metrics_say_whether_it_runs_on_battery(
    unstarted: RunningService, battery: BatteryState | None, lines: list[str]
) -> None:
    unstarted.battery = battery
    async with running(unstarted) as service:
        shown = (await service.ask("/metrics")).text.splitlines()

    assert [line for line in shown if line.startswith(("netledger_on_battery", "netledger_sample_interval"))] == lines


@pytest.mark.parametrize(("is_available", "value"), [(True, "1"), (False, "0")])
async def test_an_update_is_told_by_health_page_and_metrics(
    service: RunningService, value: str, *, is_available: bool
) -> None:
    before = ((await service.get("/api/health")).get("update"), (await service.ask("/metrics")).text)
    context = service.service.context
    assert context is not None
    context.updates.state = UpdateState("9.0", is_available, "`netledger update`")

    told, page, metrics = [(await service.ask(path)).text for path in ("/api/health", "/", "/metrics")]

    assert (before[0], "netledger_update_available" in before[1]) == (None, False)
    assert json.loads(told)["update"] == {"version": "9.0", "available": is_available, "note": "`netledger update`"}
    assert ("<dt>Update</dt><dd>9.0 is there: netledger update</dd>" in page) == is_available
    assert f"netledger_update_available {value}.0" in metrics.splitlines()
