"""Imports of requests over HTTP: opened, brought in parts, finished; until then no answer has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.web.reported import new_keys, report

if TYPE_CHECKING:
    from tests.exporter.web.running_service import RunningService

PATH = "/api/imports/requests"
DAY = 86_400


def event(running: RunningService, days: int = 3, **parts: object) -> list[object]:
    """As `netledger import` sends it: a list of fields in the order of the type."""
    at = (running.machine.seconds - days * DAY) * 1_000_000
    fields: dict[str, object] = {
        "service": "shop", "at": at, "method": "GET", "route": "/items/{id}", "code": 200, "duration": 1000,
        "request_bytes": 0, "response_bytes": 0, "path": "/items/7", "client": "192.0.2.1", "agent": "", "user": "",
    }  # fmt: skip
    return [*{**fields, **parts}.values()]


async def step(service: RunningService, name: str, status: int = 200, **fields: Any) -> Any:
    answer = await service.ask(PATH, "POST", json={"step": name, **fields})
    assert answer.status == status, answer.text
    return answer.json


async def opened(service: RunningService, **fields: Any) -> Any:
    given: dict[str, Any] = {
        "source": "old",
        "kind": "kind",
        "identity": "",
        "digest": "d",
        "services": ["shop"],
        **fields,
    }
    return await step(service, "open", **given)


async def services(service: RunningService) -> dict[str, int]:
    found = await service.get("/api/requests/services?range=all")
    return {each["service"]: each["requests"] for each in found["services"]}


async def test_answers_have_an_import_from_its_end_on(service: RunningService) -> None:
    number = (await opened(service))["number"]
    await step(service, "add", number=number, part=0, events=[event(service), event(service, 4, code=500)])
    assert await services(service) == {}

    await step(service, "finish", number=number)

    assert await services(service) == {"shop": 2}
    (source,) = (await service.get("/api/imports"))["requests"]
    assert (source["source"], source["services"], source["requests"], source["errors"]) == ("old", ["shop"], 2, 1)
    assert (await service.get("/api/requests/log"))["requests"][0]["path"] == "/items/7"
    assert (await opened(service))["is_same"] is True
    removed = await service.ask("/api/imports/remove?source=old", "POST")
    assert (removed.json["source"], await services(service)) == ("old", {})
    assert (await service.get("/api/requests/log"))["requests"] == []


async def test_a_newer_import_takes_the_place_of_the_one_before_at_its_end(service: RunningService) -> None:
    for digest, count in (("one", 1), ("two", 3)):
        number = (await opened(service, digest=digest))["number"]
        await step(service, "add", number=number, part=0, events=[event(service)] * count)
        before = await services(service)
        await step(service, "finish", number=number)

    assert (before, await services(service)) == ({"shop": 1}, {"shop": 3})
    assert len((await service.get("/api/requests/log"))["requests"]) == 3


async def test_a_service_says_since_when_it_has_counted(service: RunningService) -> None:
    await report(service, await new_keys(service, "shop"), {})

    found = await opened(service, dry_run=True)

    now = service.machine.seconds
    assert found == {"number": 0, "is_same": False, "began": {"shop": now // 900 * 900 * 1_000_000}}


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"method": "BREW"}, "method: 'BREW' is refused"),
        ({"code": 99}, "no request can be of it"),
        ({"at": -1}, "no request can be of it"),
        ({"duration": -1}, "duration: -1 is refused"),
        ({"request_bytes": -1}, "bytes: -1 and 0 are refused"),
        ({"route": "/" * 201}, "route: it is too long"),
        ({"service": "blog"}, "service: blog is none of those that the import was opened with"),
        ({"client": 7}, "Expected `str`, got `int`"),
    ],
)
async def test_an_event_that_cannot_be_is_refused(service: RunningService, parts: dict[str, Any], reason: str) -> None:
    number = (await opened(service))["number"]

    refused = await step(service, "add", 400, number=number, part=0, events=[event(service, **parts)])

    assert reason in refused["error"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"source": "a/b"}, "source: 'a/b' is refused"),
        ({"services": [f"s{number}" for number in range(101)]}, "there are 101 services: 100 have rows of their own"),
        ({"services": ["(other)"]}, "begins with a parenthesis"),
    ],
)
async def test_an_opening_that_cannot_be_is_refused(
    service: RunningService, fields: dict[str, Any], reason: str
) -> None:
    given: dict[str, Any] = {
        "source": "old",
        "kind": "kind",
        "identity": "",
        "digest": "d",
        "services": ["shop"],
        **fields,
    }

    refused = await step(service, "open", 400, **given)

    assert reason in refused["error"]


async def test_an_import_needs_an_admin_key_where_others_do(service: RunningService) -> None:
    keys = await new_keys(service, "shop")

    answer = await service.ask(PATH, "POST", json={"step": "finish", "number": 1}, headers=dict(keys.both))

    assert answer.status == 403


async def test_a_key_that_was_here_before_is_not_adopted_again(service: RunningService) -> None:
    key = {"service": "shop", "hash": "0a" * 32}

    assert (await step(service, "keys", keys=[key]))["number"] == 1
    assert (await step(service, "keys", keys=[{**key, "service": "blog"}]))["number"] == 0
    (listed,) = (await service.get("/api/requests/keys"))["keys"]
    assert (listed["service"], listed["right"]) == ("shop", "both")
    await step(service, "keys", 400, keys=[{**key, "hash": "0a"}])
    await step(service, "keys", 400, keys=[{"service": "(other)", "hash": "0b" * 32}])


@pytest.mark.parametrize("field", ["number", "part"])
@pytest.mark.parametrize("number", [-1, 2**63, 2**64])
async def test_a_number_that_no_import_has_is_refused(service: RunningService, field: str, number: int) -> None:
    fields = {"number": 1, "part": 0, field: number}

    refused = await step(service, "add", 400, events=[event(service)], **fields)

    assert field in str(refused)
