"""Services report requests over HTTP: with a key, one by one or in batches, answered when they are in the ledger."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from exporter.web.http import bodies
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADMIN = "an-admin-key"


def row(service: RunningService, **parts: Any) -> dict[str, Any]:
    """An event of this moment in the fields of FastAPI's middleware; `parts` differ from the usual."""
    now = datetime.fromtimestamp(service.machine.seconds, UTC)
    usual = {"created_at": now.isoformat(), "method": "GET", "endpoint": "/items/7", "status_code": 200}
    return {**usual, "ip": "192.0.2.7", "process_time": 1.5, **parts}


async def new_key(service: RunningService, name: str = "shop", right: str = "ingest") -> dict[str, str]:
    """The header of a new key."""
    told = await service.ask(f"/api/requests/keys?service={name}&right={right}", "POST")
    assert told.status == 200, told.text
    return {"X-API-Key": told.json["key"]}


def kept(service: RunningService, columns: str = "service, method, route, code, requests") -> Sequence[tuple[Any, ...]]:
    """What the ledger has of requests by day."""
    query = f"SELECT {columns} FROM request_by_day WHERE code != '(all)' ORDER BY 1, 2, 3"  # noqa: S608 - a test's own
    with closing(sqlite3.connect(service.ledger.path)) as ledger:
        return ledger.execute(query).fetchall()


async def test_an_event_is_in_the_ledger_when_it_is_answered(service: RunningService) -> None:
    key = (await service.ask("/generate_key", "POST", headers={})).json

    told = await service.ask("/track", "POST", headers={"X-API-Key": key}, json=row(service, ip="::1"))

    assert (told.status, told.text) == (200, "")
    assert kept(service) == [("service-1", "GET", "/items/{id}", "200", 1)]


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": ""}, {"X-API-Key": "x" * 65}])
async def test_without_a_key_the_answer_is_that_of_the_seed(service: RunningService, headers: dict[str, str]) -> None:
    told = await service.ask("/track", "POST", headers=headers, json=row(service))

    assert (told.status, told.json) == (401, {"detail": "Missing API Key"})


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "unknown"}])
async def test_without_a_key_that_writes_a_batch_is_answered_with_how_to_make_one(
    service: RunningService, headers: dict[str, str]
) -> None:
    told = await service.ask("/api/requests/track", "POST", headers=headers, json={"id": "a", "events": []})

    assert told.status == 401
    assert "`netledger requests key create SERVICE` makes one" in told.json["error"]


async def test_an_unknown_key_is_invalid_and_counts_as_an_attempt(service: RunningService) -> None:
    told = await service.ask("/track", "POST", headers={"X-API-Key": "unknown"}, json=row(service))
    many = [await service.ask("/track", "POST", headers={"X-API-Key": "unknown"}, json=row(service)) for _ in range(21)]

    assert (told.status, told.json) == (401, {"detail": "Invalid API Key"})
    assert many[-1].status == 429
    assert int(many[-1].headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"created_at": None}, "created_at"),
        ({"method": ""}, "method"),
        ({"endpoint": ""}, "endpoint"),
        ({"ip": "nowhere"}, "ip"),
        ({"process_time": -1}, "process_time"),
        ({"process_time": "fast"}, "process_time"),
        ({"status_code": 99}, "status_code"),
        ({"status_code": 600}, "status_code"),
        ({"request_bytes": -1}, "request_bytes"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_field_that_cannot_be_used_is_named(service: RunningService, parts: dict[str, Any], field: str) -> None:
    key = await new_key(service)

    told = await service.ask("/track", "POST", headers=key, json=row(service, **parts))

    assert told.status == 422
    [fault] = told.json["detail"]
    assert fault["loc"] == ["body", field]
    assert fault.keys() == {"type", "loc", "msg"}
    assert kept(service) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[[[", b"\xff", b"[" * 5000, b'"text"', b"null"])
async def test_what_is_no_event_is_refused(service: RunningService, body: bytes) -> None:
    key = await new_key(service)

    told = [await service.ask(path, "POST", headers=key, data=body) for path in ("/track", "/api/requests/track")]

    assert [each.status for each in told] == [422, 400]


async def test_of_a_batch_the_good_rows_count_and_each_bad_one_is_named(service: RunningService) -> None:
    key = await new_key(service)
    rows = [row(service), row(service, status_code=99), row(service, ip="x"), {"method": "GET"}, 7, row(service)]

    told = await service.ask("/api/requests/track", "POST", headers=key, json={"events": rows})

    assert told.json["accepted"] == 2
    assert [refused["row"] for refused in told.json["refused"]] == [1, 2, 3, 4]
    assert kept(service) == [("shop", "GET", "/items/{id}", "200", 2)]
    assert service.intake.figures.refused == 4


async def test_a_batch_that_comes_again_counts_once_also_after_a_restart(unstarted: RunningService) -> None:
    async with running(unstarted) as service:
        key = await new_key(service)
        batch = {"id": "first", "events": [row(service)]}
        told = [await service.ask("/api/requests/track", "POST", headers=key, json=batch) for _ in range(2)]
    service.intake = type(service.intake)()
    async with running(service):
        told.append(await service.ask("/api/requests/track", "POST", headers=key, json=batch))
        other = await service.ask("/api/requests/track", "POST", headers=await new_key(service, "b"), json=batch)

    assert [each.json["repeat"] for each in told] == [False, True, True]
    assert not other.json["repeat"]
    assert kept(service) == [("b", "GET", "/items/{id}", "200", 1), ("shop", "GET", "/items/{id}", "200", 1)]


async def test_one_event_needs_no_batch(service: RunningService) -> None:
    key = await new_key(service)

    told = await service.ask("/api/requests/track", "POST", headers=key, json=row(service, status_code=0, more=1))

    assert told.json == {"accepted": 1, "refused": [], "repeat": False}
    assert kept(service) == [("shop", "GET", "/items/{id}", "0", 1)]


async def test_a_batch_of_2001_rows_is_refused_whole(service: RunningService) -> None:
    key = await new_key(service)

    told = await service.ask("/api/requests/track", "POST", headers=key, json={"events": [row(service)] * 2001})

    assert told.status == 400
    assert kept(service) == []


async def test_optional_fields_are_kept(service: RunningService) -> None:
    key = await new_key(service)
    parts = {"route": "/items/{item}", "request_bytes": 10, "response_bytes": 20, "user_agent": "curl/8", "user_id": 7}

    told = await service.ask("/track", "POST", headers=key, json=row(service, method="BREW", **parts))

    assert told.status == 200
    columns = "route, method, request_bytes, response_bytes, duration_microseconds"
    assert kept(service, columns) == [("/items/{item}", "(other)", 10, 20, 1500)]


async def test_a_key_opens_what_its_right_says(service: RunningService) -> None:
    reading, both = await new_key(service, right="read"), await new_key(service, right="both")

    told = [await service.ask("/track", "POST", headers=key, json=row(service)) for key in (reading, both)]
    house = await service.ask("/api/commit", "POST", headers=both)
    keys = await service.ask("/api/requests/keys", headers=both)

    assert [each.status for each in told] == [403, 200]
    assert house.status == 403
    assert keys.status == 403


async def test_an_admin_key_names_the_service(unstarted: RunningService) -> None:
    unstarted.auth = replace(unstarted.auth, api_keys=(ADMIN,))
    async with running(unstarted) as service:
        headers = {"X-API-Key": ADMIN}
        bare = await service.ask("/api/requests/track", "POST", headers=headers, json=row(service))
        named = await service.ask("/api/requests/track?service=blog", "POST", headers=headers, json=row(service))

    assert (bare.status, named.status) == (400, 200)
    assert kept(service)[0][0] == "blog"


async def test_keys_are_shown_once_and_end(service: RunningService) -> None:
    first = await new_key(service)
    rotated = await service.ask("/api/requests/keys/1/rotate", "POST")
    second = {"X-API-Key": rotated.json["key"]}
    statuses = [(await service.ask("/track", "POST", headers=key, json=row(service))).status for key in (first, second)]
    revoked = await service.ask("/api/requests/keys/2/revoke", "POST")
    after = await service.ask("/track", "POST", headers=second, json=row(service))
    again = await service.ask("/api/requests/keys/2/revoke", "POST")
    listed = (await service.get("/api/requests/keys"))["keys"]

    assert statuses == [401, 200]
    assert (revoked.status, after.status, again.status) == (200, 401, 400)
    assert [key.keys() for key in listed] == [{"id", "service", "right", "created", "revoked"}] * 2
    assert all(key["revoked"] for key in listed)
    text = json.dumps(listed)
    assert first["X-API-Key"] not in text
    assert second["X-API-Key"] not in text


async def test_keys_outlive_the_service(unstarted: RunningService) -> None:
    async with running(unstarted) as service:
        key = await new_key(service)
    service.intake = type(service.intake)()
    async with running(service):
        told = await service.ask("/track", "POST", headers=key, json=row(service))

    assert told.status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "198.51.100.1"}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-API-Key": "wrong"}, 401),
    ],
)
async def test_this_machine_makes_keys_and_no_proxy_for_others(
    service: RunningService, headers: Mapping[str, str], status: int
) -> None:
    told = await service.ask("/generate_key", "POST", headers=headers)

    assert told.status == status


async def test_a_generated_key_of_a_service_that_has_one_needs_an_admin(service: RunningService) -> None:
    first = await service.ask("/generate_key", "POST", headers={}, json={"service": "shop"})
    second = await service.ask("/generate_key", "POST", headers={}, json={"service": "shop"})
    admin = await service.ask("/generate_key", "POST", json={"service": "shop"})
    getting = await service.ask("/generate_key")

    assert [first.status, second.status, admin.status, getting.status] == [200, 403, 200, 405]
    assert getting.json == {"detail": "this method is not allowed here"}


async def test_a_generated_key_never_opens_what_others_reported(service: RunningService) -> None:
    row = {"created_at": service.machine.seconds, "method": "GET", "endpoint": "/", "status_code": 200}
    told = await service.ask("/api/requests/track", "POST", params={"service": "service-1"}, json=row)
    assert told.status == 200

    named = await service.ask("/generate_key", "POST", headers={}, json={"service": "service-1"})
    new = await service.ask("/generate_key", "POST", headers={})
    keys = (await service.ask("/api/requests/keys")).json["keys"]

    assert (named.status, new.status) == (403, 200)
    assert [key["service"] for key in keys] == ["service-2"]


@pytest.mark.parametrize("name", ["", "(other)", "a\nb", "x" * 101, "netledger"])
async def test_a_service_has_a_name_that_can_be_shown(service: RunningService, name: str) -> None:
    told = await service.ask("/api/requests/keys", "POST", params={"service": name})

    assert told.status == 400
    assert told.json["error"].startswith("service:")


async def test_bodies_are_decompressed_within_the_limit(service: RunningService) -> None:
    key = await new_key(service) | {"Content-Encoding": "gzip"}
    good, bomb = json.dumps(row(service)).encode(), bytes(100 << 20)

    told = [
        await service.ask("/api/requests/track", "POST", headers=key, data=gzip.compress(body)) for body in (good, bomb)
    ]
    broken = await service.ask("/api/requests/track", "POST", headers=key, data=b"no gzip")

    assert [each.status for each in told] == [200, 413]
    assert broken.status == 400


async def test_more_bodies_than_memory_holds_come_again_later(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST_HELD", 1000)
    key = await new_key(service)

    told = await service.ask("/api/requests/track", "POST", headers=key, json={"events": [row(service)] * 20})
    small = await service.ask("/api/requests/track", "POST", headers=key, json=row(service))

    assert (told.status, told.headers["Retry-After"]) == (429, "1")
    assert small.status == 200


async def test_times_are_those_of_the_service(unstarted: RunningService) -> None:
    unstarted.requests = replace(unstarted.requests, timezones={"shop": "America/New_York"})
    async with running(unstarted) as service:
        key = await new_key(service)
        now = datetime.fromtimestamp(service.machine.seconds, UTC)
        naive = now.astimezone(ZoneInfo("America/New_York")).replace(tzinfo=None).isoformat()
        told = await service.ask("/track", "POST", headers=key, json=row(service, created_at=naive))
        with closing(sqlite3.connect(service.ledger.path)) as ledger:
            [(slot,)] = ledger.execute("SELECT max(started) FROM request_by_slot").fetchall()

    assert told.status == 200
    assert slot == service.machine.seconds // 900 * 900


@pytest.mark.parametrize("body", [b"\r\n\r\n", b" ", b"\x00", b"null", b"[]"])
async def test_a_body_that_names_no_service_is_refused_and_makes_no_key(body: bytes, service: RunningService) -> None:
    refused = await service.ask("/generate_key", "POST", headers={"Content-Type": "application/json"}, data=body)

    assert refused.status == 422
    assert (await service.get("/api/requests/keys"))["keys"] == []
