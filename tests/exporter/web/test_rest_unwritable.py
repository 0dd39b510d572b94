"""While the ledger cannot be written, reports are answered with 503; none is lost, and none counts twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from exporter.web.http import ingest
from tests.exporter.web.reported import at, new_keys
from tests.exporter.web.test_rest_track import kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exporter.web.running_service import RunningService, Told

HOLD = """
import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
ledger.close()
"""
LIMIT = 0.3
PATIENCE = 10.0


@contextmanager
def held_by_another_process(service: RunningService) -> Iterator[None]:
    """Another process holds the write lock."""
    command = [sys.executable, "-c", HOLD, str(service.ledger.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdin
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            holder.stdin.close()


@contextmanager
def read_only(service: RunningService) -> Iterator[None]:
    """Writes fail as they do on a file system that has become read-only."""
    pragma(service, "query_only = 1")
    try:
        yield
    finally:
        pragma(service, "query_only = 0")


def pragma(service: RunningService, text: str) -> None:
    assert service.service._parts
    service.service._parts.writer.connection.execute(f"PRAGMA {text}")


def batch(service: RunningService, name: str, count: int = 3) -> dict[str, Any]:
    row = {
        "created_at": at(service),
        "method": "GET",
        "endpoint": "/a",
        "status_code": 200,
        "ip": None,
        "process_time": 1,
    }
    return {"id": name, "events": [row] * count}


def one_span(service: RunningService) -> dict[str, Any]:
    ended = service.machine.seconds * 10**9
    texts = {"http.request.method": "GET", "http.route": "/span", "http.response.status_code": "200"}
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in texts.items()]
    times = {"startTimeUnixNano": str(ended - 10**6), "endTimeUnixNano": str(ended)}
    span = {"name": "GET /span", "kind": 2, "attributes": attributes, **times}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


async def track(service: RunningService, headers: Any, name: str) -> Told:
    return await service.ask("/api/requests/track", "POST", headers=headers, json=batch(service, name))


async def until_taken(service: RunningService, headers: Any, name: str) -> Told:
    """Send a batch again, as its client does, until it is acknowledged."""
    async with asyncio.timeout(PATIENCE):
        while (told := await track(service, headers, name)).status == 503:
            assert int(told.headers["Retry-After"]) > 0
            await asyncio.sleep(0.1)
    return told


async def test_a_commit_that_hangs_is_waited_for_so_long_and_no_longer(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await new_keys(service, "shop")).ingest
    monkeypatch.setattr(ingest, "ACKNOWLEDGE_SECONDS", LIMIT)
    pragma(service, "busy_timeout = 60000")
    loop = asyncio.get_running_loop()
    with held_by_another_process(service):
        began = loop.time()
        told = await asyncio.gather(*(track(service, key, name) for name in ("a", "b")))
        took = loop.time() - began
        again = await track(service, key, "a")
        summary = await service.ask("/metrics")
    monkeypatch.undo()
    good = [await until_taken(service, key, name) for name in ("a", "b", "c")]

    assert [each.status for each in (*told, again)] == [503] * 3
    assert all(int(each.headers["Retry-After"]) > 0 for each in (*told, again))
    assert LIMIT <= took < PATIENCE / 2
    assert summary.status == 200
    assert [each.json["repeat"] for each in good] == [True, True, False]
    assert kept(service) == [("shop", "GET", "/a", "200", 9)]


@pytest.mark.parametrize("hindrance", [held_by_another_process, read_only])
async def test_a_commit_that_fails_is_503_and_made_again(service: RunningService, hindrance: Any) -> None:
    key = (await new_keys(service, "shop")).ingest
    pragma(service, "busy_timeout = 50")
    span = one_span(service)
    with hindrance(service):
        told = await track(service, key, "a")
        again = await track(service, key, "a")
        single = await service.ask("/track", "POST", headers=key, json=batch(service, "")["events"][0])
        spans = await service.ask("/v1/traces", "POST", headers=key, json=span)
        span_again = await service.ask("/v1/traces", "POST", headers=key, json=span)
    good = [await until_taken(service, key, name) for name in ("a", "b")]
    span_good = await service.ask("/v1/traces", "POST", headers=key, json=span)

    assert [each.status for each in (told, again, single, spans, span_again)] == [503] * 5
    assert all(int(each.headers["Retry-After"]) > 0 for each in (told, again, single, spans, span_again))
    assert single.json.keys() == {"detail"}
    assert spans.json.keys() == {"code", "message"}
    assert ([each.json["repeat"] for each in good], span_good.status) == ([True, False], 200)
    assert {row[2]: row[4] for row in kept(service)} == {"/a": 7, "/span": 1}  # 3, 3 and the single one


async def test_no_key_is_given_out_that_is_not_kept(service: RunningService) -> None:
    pragma(service, "busy_timeout = 50")
    with read_only(service):
        told = await service.ask("/generate_key", "POST", headers={})

    assert (told.status, told.json.keys()) == (503, {"detail"})
