"""Exports and wrap-ups have the requests of all services: a key of one opens none of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from tests.exporter.web.running_service import RunningService, running
from tests.exporter.web.test_rest_track import ADMIN, new_key, row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FILES = (
    *(f"/api/export?format={name}&range=today" for name in ("json", "csv", "llm", "toon", "markdown", "html")),
    "/api/export?format=csv&range=today&table=requests",
    "/api/export/llm?range=today",
    "/api/export/wrapup?range=today",
    "/reports",
)
WITHOUT_REQUESTS = ("/api/export?format=csv&range=today", "/reports")


@pytest.fixture(params=[(), (ADMIN,)], ids=["open here", "with keys"])
async def shops(unstarted: RunningService, request: pytest.FixtureRequest) -> AsyncIterator[RunningService]:
    """Two services with requests, of which each is not to see the other's."""
    unstarted.auth = replace(unstarted.auth, api_keys=request.param)
    async with running(unstarted) as started:
        for name, path in (("shop", "/till/{id}"), ("blog", "/secret-draft")):
            events = {"id": name, "events": [row(started, endpoint=path, ip="192.0.2.7") for _ in range(12)]}
            headers = await new_key(started, name)
            assert (await started.ask("/api/requests/track", "POST", headers=headers, json=events)).status == 200
        yield started


@pytest.mark.parametrize("right", ["read", "both", "ingest"])
async def test_a_key_of_a_service_opens_no_export(shops: RunningService, right: str) -> None:
    key = await new_key(shops, "shop", right)

    for path in FILES:
        for headers in (key, {"Authorization": f"Bearer {key['X-API-Key']}"}):
            told = await shops.ask(path, headers=headers)
            assert (told.status, told.json) == (403, {"error": "a service's key does not open this: use an admin key"})
            assert (await shops.ask(path, "HEAD", headers=headers)).status == 403


async def test_who_may_read_all_has_every_service_and_no_address(shops: RunningService) -> None:
    for path in FILES:
        told = await shops.ask(path, headers={"X-API-Key": shops.token})
        assert told.status == 200, told.text
        assert "192.0.2" not in told.text
        if path not in WITHOUT_REQUESTS:
            assert "blog" in told.text
            assert "secret-draft" in told.text.replace("\\", "")


async def test_the_table_is_a_file_of_its_own(shops: RunningService) -> None:
    told = await shops.ask("/api/export?format=csv&range=today&table=requests", headers={"X-API-Key": shops.token})
    lines = list(csv.DictReader(io.StringIO(told.text, newline=""), strict=True))

    assert [(line["service"], line["route"], line["requests"]) for line in lines] == [
        ("blog", "/secret-draft", "12"),
        ("shop", "/till/{id}", "12"),
    ]
    assert ".requests.csv" in told.headers["Content-Disposition"]


async def test_the_table_is_of_the_machine_alone(shops: RunningService) -> None:
    path = "/api/export?format=csv&table=requests&interface=eth0"
    told = await shops.ask(path, headers={"X-API-Key": shops.token})

    assert told.status == 400
    assert told.json["error"].startswith("table: requests are of the machine")
