"""Whatever bytes come to the paths that take reports: never a 500, never a wait, and no more memory than is allowed."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.web.http import bodies
from exporter.web.http.doors import DOORS
from tests.exporter.web.reported import at, new_keys
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

PATHS = tuple(path for (method, path), door in DOORS.items() if method == "POST" and door.right == "ingest")
PATIENCE = 8.0
EXAMPLES = 25
FIELDS = (
    *("created_at", "method", "endpoint", "ip", "process_time", "status_code", "route", "request_bytes"),
    *("response_bytes", "user_agent", "user_id", "id", "events"),
    *("api_key", "requests", "framework", "privacy_level", "hostname", "ip_address", "path", "response_time", "status"),
    *("resourceSpans", "scopeSpans", "spans", "resource", "attributes", "key", "value", "stringValue", "intValue"),
    *("kind", "startTimeUnixNano", "endTimeUnixNano", "resourceMetrics", "scopeMetrics", "metrics", "name"),
    *("histogram", "exponentialHistogram", "dataPoints", "aggregationTemporality", "count", "sum", "bucketCounts"),
    *("explicitBounds", "scale", "zeroCount", "positive", "negative", "offset", "timeUnixNano", "arrayValue", "values"),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["GET", "/a", "200", "2", "::1", "2026-06-12T14:30:00Z", "1e999", "http.route", "\ud800", "\0"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=20,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Content-Type", "Content-Encoding", "Accept", "X-Forwarded-For", "User-Agent", "Idempotency-Key", "Expect"]
    ),
    st.sampled_from(
        ["application/json", "application/x-protobuf", "text/plain", "gzip", "deflate", "identity", "br", "zstd", "*"]
    )
    | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip),
    max_size=3,
)


def texts(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """JSON or anything, gzipped in one member or several, whole or cut, with or without a changed byte."""
    parts = draw(st.lists(VALUES.map(texts) | st.binary(max_size=200), min_size=1, max_size=3))
    made = bytearray(b"".join(map(gzip.compress, parts)))
    if draw(st.booleans()):
        del made[draw(st.integers(0, len(made))) :]
    if made and draw(st.booleans()):
        made[draw(st.integers(0, len(made) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(made) + draw(st.binary(max_size=10))


class Reporter:
    """Sends bodies to one service, each to every path, and notes the statuses."""

    def __init__(self, service: RunningService, key: Mapping[str, str]) -> None:
        self.service, self.key = service, key
        self.statuses: set[int] = set()

    async def send(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """One body; the answer must come, and must not be that something failed."""
        async with asyncio.timeout(PATIENCE):
            told = await self.service.ask(path, "POST", headers={**headers, **self.key}, data=body)
        assert told.status != 500, (path, body, headers)
        assert told.status in {200, 201, 400, 408, 413, 415, 417, 422, 429}, (path, told.status, body, headers)
        self.statuses.add(told.status)


@pytest.fixture
async def reporter(service: RunningService) -> Reporter:
    """A service and a key that writes."""
    return Reporter(service, (await new_keys(service, "shop")).ingest)


def in_one_service(template: Path, folder: Path, cases: Callable[[Any], None]) -> None:
    """Run hypothesis' cases against a service that lives in a loop of its own."""

    async def live() -> None:
        machine = Machine()
        machine.create("eth0", is_uplink=True)
        async with running(RunningService(machine, new_ledger(template, folder))) as service:
            reporter = Reporter(service, (await new_keys(service, "shop")).ingest)
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(
                cases, lambda *case: asyncio.run_coroutine_threadsafe(reporter.send(*case), loop).result(PATIENCE + 2)
            )
            held = await service.ask("/api/requests/services")
            assert held.status == 200

    asyncio.run(live())


@pytest.mark.parametrize("path", PATHS)
def test_any_body_has_an_answer(
    empty_ledger: Path, tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    def cases(send: Any) -> None:
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(VALUES.map(texts) | st.binary(max_size=200), HEADERS)
        def plain(body: bytes, headers: dict[str, str]) -> None:
            send(path, body, headers)

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(damaged(), HEADERS)
        def zipped(body: bytes, headers: dict[str, str]) -> None:
            send(path, body, {**headers, "Content-Encoding": "gzip"})

        plain()
        zipped()

    with caplog.at_level(logging.ERROR):
        in_one_service(empty_ledger, tmp_path, cases)
    assert [record.getMessage() for record in caplog.records] == []


def bomb() -> bytes:
    return gzip.compress(bytes(24 << 20), 9)


def members() -> bytes:
    """Ten thousand empty members before anything."""
    return gzip.compress(b"") * 10_000 + gzip.compress(b"{}")


def bomb_in_members() -> bytes:
    return gzip.compress(bytes(1 << 20)) * 24


def raw_deflate() -> bytes:
    return zlib.compress(bytes(24 << 20))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("make", "encoding"), [(bomb, "gzip"), (bomb_in_members, "gzip"), (raw_deflate, "deflate")])
async def test_a_bomb_takes_no_more_than_a_body_may(
    reporter: Reporter, path: str, make: Callable[[], bytes], encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 0
    grow = bodies.Reservation._grow

    def note(reservation: bodies.Reservation, size: int) -> None:
        nonlocal most
        most = max(most, reservation.size + size)
        grow(reservation, size)

    monkeypatch.setattr(bodies.Reservation, "_grow", note)
    door = DOORS["POST", path]
    headers = {"Content-Encoding": encoding, "Content-Type": "application/json"}

    await reporter.send(path, make(), headers)

    assert reporter.statuses <= {413, 400}
    assert most <= door.largest_body + (1 << 20)  # a piece more than it may have


@pytest.mark.parametrize("path", PATHS)
async def test_members_without_contents_are_passed_over_in_time(reporter: Reporter, path: str) -> None:
    await reporter.send(path, members(), {"Content-Encoding": "gzip", "Content-Type": "application/json"})


@pytest.mark.parametrize("depth", [50, 1_000, 30_000])
@pytest.mark.parametrize("opening", [b"[", b'{"events":[', b'{"value":{"arrayValue":{"values":['])
async def test_what_is_nested_deeply_is_refused(reporter: Reporter, depth: int, opening: bytes) -> None:
    for path in PATHS:
        await reporter.send(path, opening * (depth // len(opening) + 1), {"Content-Type": "application/json"})


async def test_good_rows_between_damaged_ones_still_count(reporter: Reporter) -> None:
    service = reporter.service
    row = {"created_at": at(service), "method": "GET", "endpoint": "/a", "status_code": 200}
    await reporter.send("/api/requests/track", b"\x1f\x8b", {"Content-Encoding": "gzip"})
    told = await service.ask("/api/requests/track", "POST", headers=reporter.key, json={"events": [row, 7, row]})

    assert (told.status, told.json["accepted"]) == (200, 2)
