"""Clients of tom-draper/api-analytics post to netledger."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.exporter.web.running_service import RunningService

PATHS = ("/api/log-request", "/api/requests")


async def new_key(service: RunningService, right: str = "both") -> str:
    told = await service.ask(f"/api/requests/keys?service=shop&right={right}", "POST")
    return str(told.json["key"])


def row(service: RunningService, **parts: Any) -> dict[str, Any]:
    """A request as a client reports it; `parts` differ from the usual."""
    at = datetime.fromtimestamp(service.machine.seconds, service.zone).replace(tzinfo=None)
    usual = {"hostname": "localhost", "ip_address": "192.0.2.7", "path": "/a", "user_agent": "curl/8", "method": "GET"}
    return {**usual, "status": 200, "response_time": 12, "user_id": None, "created_at": at.isoformat(), **parts}


def kept(service: RunningService) -> Sequence[tuple[Any, ...]]:
    query = "SELECT method, route, code, requests FROM request_by_day WHERE code != '(all)' ORDER BY 1, 2, 3"
    with closing(sqlite3.connect(service.ledger.path)) as ledger:
        return ledger.execute(query).fetchall()


@pytest.mark.parametrize("path", PATHS)
async def test_any_framework_path_agent_and_method_counts(service: RunningService, path: str) -> None:
    rows = [
        row(service),
        row(service, method=7, user_agent="a'; DROP TABLE--", path="/api/users/update?x=1"),
        row(service, method="head", ip_address="unknown", created_at=datetime.now(UTC).isoformat(), status=500),
        row(service, created_at=service.machine.seconds * 1000, user_id="u"),
    ]
    rows[2]["created_at"] = datetime.fromtimestamp(service.machine.seconds, UTC).isoformat()
    body = {"api_key": await new_key(service), "framework": "Elysia", "privacy_level": 0, "requests": rows}

    told = await service.ask(path, "POST", headers={}, json=body)

    assert (told.status, told.json) == (201, {"status": 201, "message": "API requests logged successfully."})
    assert kept(service) == [("GET", "/a", "200", 2), ("HEAD", "/a", "500", 1), ("HEAD", "/api/users/update", "200", 1)]


async def test_a_row_that_cannot_be_used_is_skipped(service: RunningService) -> None:
    rows = [row(service), row(service, status=0), row(service, method=9), row(service, created_at="x"), {}, 1]

    told = await service.ask(
        "/api/log-request", "POST", headers={}, json={"api_key": await new_key(service), "requests": rows}
    )

    assert told.status == 201
    assert kept(service) == [("GET", "/a", "200", 1)]
    assert service.intake.figures.refused == 5


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ({"api_key": ""}, 400),
        ({"api_key": None}, 400),
        ({"api_key": "unknown"}, 401),
        ({"requests": []}, 400),
        ({"requests": [{}]}, 400),
        ({"requests": 7}, 400),
        ({}, 201),
    ],
)
async def test_errors_are_in_its_shape(service: RunningService, parts: dict[str, Any], status: int) -> None:
    body = {"api_key": await new_key(service), "requests": [row(service)], **parts}

    told = await service.ask("/api/requests", "POST", headers={}, json=body)

    assert told.status == told.json["status"] == status
    assert told.json.keys() == {"status", "message"}


async def test_a_read_key_writes_nothing_and_wrong_ones_are_attempts(service: RunningService) -> None:
    async def post(key: str) -> int:
        body = {"api_key": key, "requests": [row(service)]}
        return (await service.ask("/api/requests", "POST", headers={}, json=body)).status

    reading = await post(await new_key(service, "read"))
    wrong = [await post("wrong") for _ in range(22)]

    assert reading == 403
    assert (wrong[0], wrong[-1]) == (401, 429)
    assert kept(service) == []
