"""One shape for every error, for every bad input; a fault of ours is logged once and shown to nobody."""

from __future__ import annotations

import json
import logging
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService, Told

RANGE = "/api/range?from_date=2026-06-01&to_date=2026-06-02"


def is_error(told: Told, status: int, *words: str) -> bool:
    assert told.status == status, told.text
    assert list(told.json) == ["error"]
    assert told.headers["Content-Type"].startswith("application/json")
    assert "Traceback" not in told.text
    return all(word in told.json["error"] for word in words)


def hide_days(connection: sqlite3.Connection) -> None:
    """Damage the ledger in a way that can be undone: its views look for a table that is not there."""
    connection.execute("PRAGMA legacy_alter_table = ON")
    connection.execute("ALTER TABLE interface_day RENAME TO hidden")
    connection.commit()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/month?month=", "month ''"),
        ("/api/month?month", "month ''"),
        ("/api/month?month=2026-13", "month '2026-13' YYYY-MM"),
        ("/api/month?month=2026-1", "month '2026-1'"),
        ("/api/month?month=garbage", "month 'garbage'"),
        ("/api/month?month=null", "month 'null'"),
        ("/api/month?month=1969-12", "month '1969-12' 1970"),
        ("/api/month?month=9999-01", "month 2200-12"),
        ("/api/month?month=2026-06%0A", "month"),
        ("/api/month?month=%D9%A2%D9%A0%D9%A2%D9%A6-06", "month"),
        ("/api/month?month=2026-06&month=2026-07", "month more than once"),
        ("/api/year?year=26", "year '26' YYYY"),
        ("/api/year?year=2201", "year '2201' 2200"),
        ("/api/week?week=1", "week unknown interface"),
        ("/api/cost?period=decade", "period 'decade' today cycle ever"),
        ("/api/month?months=2026-06", "months unknown month interface"),
        ("/api/range", "from_date missing"),
        ("/api/range?from_date=2026-06-01", "to_date missing"),
        ("/api/range?from_date=&to_date=2026-06-01", "from_date ''"),
        ("/api/range?from_date=2026-02-30&to_date=2026-03-01", "from_date 2026-02-30"),
        ("/api/range?from_date=2026-02-01&to_date=2026-02-29", "to_date 2026-02-29"),
        ("/api/range?from_date=2026-06-02&to_date=2026-06-01", "from_date after to_date"),
        ("/api/range?from_date=20260601&to_date=2026-06-02", "from_date 20260601"),
        ("/api/range?from_date=2026-W09-1&to_date=2026-06-02", "from_date"),
        ("/api/range?from_date=nan&to_date=nan", "from_date nan"),
        ("/api/range?from=2026-06-01", "to_date missing"),
        ("/api/range?from=2026-06-02&to=2026-06-01", "from after to"),
        ("/api/range?from=2026-06-31&to=2026-07-01", "from 2026-06-31"),
        (f"{RANGE}&from=2026-06-01", "from_date from together"),
        ("/api/range?since=2026-06-01&to=2026-06-02", "since unknown from_date to_date from to"),
        (f"{RANGE}&from_date=2026-06-01", "from_date more than once"),
        ("/api/today?interface=", "interface ''"),
        ("/api/today?interface=eth9", "interface eth9"),
        ("/api/today?interface=null", "interface null"),
        ("/api/live?interface=eth9", "interface eth9"),
        ("/api/summary?interface=ETH0", "interface ETH0"),
        ("/api/v1/stats/bandwidth?interface=eth9", "interface eth9"),
        ("/api/v1/stats/monthly-traffic?month=2026-00", "month 2026-00"),
        ("/api/today?cost_per_gb=nan", "cost_per_gb unknown"),
        ("/api/health?x=1", "x unknown none"),
        ("/api/interfaces?interface=eth0", "interface unknown"),
        ("/api/today?%00=1", "unknown"),
    ],
)
async def test_a_bad_value_is_refused_by_its_name_and_rule(service: RunningService, path: str, words: str) -> None:
    told = await service.ask(path)

    assert is_error(told, 400, *words.split())


@pytest.mark.parametrize("query", ["aggressive=maybe", "aggressive=", "vacuum=nan", "vacuum=2", "days=5"])
async def test_a_switch_is_true_or_false(service: RunningService, query: str) -> None:
    told = await service.ask(f"/api/storage/cleanup?{query}", "POST")

    assert is_error(told, 400, query.partition("=")[0])


@pytest.mark.parametrize(
    "name", ["e'; DROP TABLE day;--", "<script>", 'a"b', "\u202eeth0", "%FF", "%ED%A0%80", "%00", "\U0001f600"]
)
async def test_a_strange_interface_name_in_a_question_is_only_unknown(service: RunningService, name: str) -> None:
    told = await service.ask(f"/api/today?interface={name}")

    assert is_error(told, 400, "interface")


@pytest.mark.parametrize("name", ["e'; DROP", "<b>&amp;", 'a"b\\', "eth0,eth1", "ünïcode", "a%20b", "null", "(gone)"])
async def test_a_strange_interface_name_is_answered_for(service: RunningService, name: str) -> None:
    service.machine.create(name, is_uplink=True)
    service.machine.move(name, 1000, 10)
    service.pass_time()
    await service.ask("/api/commit", "POST")

    told = await service.ask("/api/today", params={"interface": name})
    listed = await service.get("/api/interfaces")
    average = await service.ask("/api/v1/stats/bandwidth", params={"interface": name})

    assert told.json["total_bytes"] == 1010
    assert name in {row["interface"] for row in listed["interfaces"]}
    assert average.json["network_interface"] == name


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/today", "GET,HEAD"),
        ("DELETE", "/api/health", "GET,HEAD"),
        ("PUT", "/api/storage/cleanup", "POST"),
        ("GET", "/api/storage/cleanup", "POST"),
        ("GET", "/api/commit", "POST"),
        ("POST", "/metrics", "GET,HEAD"),
        ("OPTIONS", "/api/today", "GET,HEAD"),
        ("TRACE", "/api/today", "GET,HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    service: RunningService, method: str, path: str, allowed: str
) -> None:
    told = await service.ask(path, method)

    assert is_error(told, 405)
    assert told.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/costs", "/api/today/", "/nothing", "/api/..%2f..%2fetc/passwd", "//"]
)
async def test_what_is_not_there_is_404(service: RunningService, path: str) -> None:
    assert is_error(await service.ask(path), 404)


@pytest.mark.parametrize("path", ["/api/today", "/api/openapi.json", "/metrics", "/", "/-/healthy"])
async def test_head_is_get_without_the_body(service: RunningService, path: str) -> None:
    got, headed = await service.ask(path), await service.ask(path, "HEAD")

    assert (headed.status, headed.text) == (200, "")
    assert headed.headers["Content-Type"] == got.headers["Content-Type"]


async def test_a_body_that_is_too_large_is_413_whether_its_length_is_told_or_not(service: RunningService) -> None:
    async def chunks() -> object:
        for _ in range(20):
            yield b"x" * 8192

    told = await service.ask("/api/commit", "POST", data=b"x" * 70_000)
    chunked = await service.ask("/api/commit", "POST", data=chunks())
    small = await service.ask("/api/commit", "POST", data=b"{}")

    assert is_error(told, 413, "65536")
    assert is_error(chunked, 413, "65536")
    assert small.json == {"committed": True}


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /api/today HTTP/9.9\r\nHost: localhost\r\n\r\n",
        b"GET /api/today HTTP/1.1\r\nHost: localhost\r\nbad header\r\n\r\n",
        b"GET /api/today HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET /api/today HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /api/commit HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_what_is_not_http_gets_an_error_and_no_traceback(
    service: RunningService, raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await service.send(raw)

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert list(json.loads(body)) == ["error"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (await service.ask("/api/today")).status == 200


async def test_a_fault_of_ours_is_logged_once_and_shown_to_nobody(
    service: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    assert service.service._parts
    context = service.service._parts.context
    broken = ThreadPoolExecutor(1)
    broken.shutdown()
    thread, context._quick.thread = context._quick.thread, broken

    told = await service.ask("/api/today")

    context._quick.thread = thread
    assert is_error(told, 500)
    assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == ["ERROR"]
    assert told.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_ledger_that_cannot_be_read_is_503_and_health_says_so(
    service: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(sqlite3.connect(service.ledger.path)) as other:
        hide_days(other)

    told = await service.ask("/api/today")
    health = await service.get("/api/health")

    assert is_error(told, 503, "ledger")
    assert health["status"] == "degraded"
    assert health["storage"] is None
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_ledger_that_can_be_read_again_is_read_again(service: RunningService) -> None:
    with closing(sqlite3.connect(service.ledger.path)) as other:
        hide_days(other)
        assert (await service.ask("/api/today")).status == 503

        other.execute("ALTER TABLE hidden RENAME TO interface_day")
        other.commit()

    assert (await service.ask("/api/today")).status == 200
    assert (await service.get("/api/health"))["status"] == "running"
