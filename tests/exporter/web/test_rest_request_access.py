"""A service's key reads its own service, and nothing else: not by another path, a parameter, a cursor or an error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from exporter.meters.requests.monitors.settings import Monitor
from exporter.meters.requests.settings import Requests
from exporter.settings.tree import Auth
from exporter.web.http.doors import READ_PATHS, door_at
from exporter.web.server import documented
from tests.exporter.web.reported import Keys, new_keys, report
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

SUMS = ("summary", "services", "routes", "series")
PATHS = [f"/api/requests/{name}" for name in (*SUMS, "log", "log?format=csv", "monitors")]
SECRETS = ("blog", "198.51.100", "BlogReader", "/drafts", "blogger", "4242", "203.0.113")
"""What only the other service has: name, clients, agent, routes, user, bytes."""

FILTERS = (
    "route=/drafts/{id}",
    "route=/drafts/*",
    "route=*",
    "path=/drafts",
    "method=PATCH",
    "status=418",
    "status=4xx",
    "ip=198.51.100.9",
    "ip=0.0.0.0/0",
    "exclude=none",
    "exclude=404,health",
    "range=all",
    "from=1970-01-01",
    "sort=bytes&limit=500",
    "step=15m&limit=1000",
    "order=oldest",
    "limit=1000",
    "min_time=0",
)


class Told(NamedTuple):
    """A service with keys of two services."""

    service: RunningService
    shop: Keys
    blog: Keys


@pytest.fixture
async def told(unstarted: RunningService) -> AsyncIterator[Told]:
    """Requests of two services that have nothing in common."""
    unstarted.requests = Requests(
        own=False,
        applications={"shop": "shop.service", "blog": "blog.service"},
        monitors=(Monitor("blog", "http://203.0.113.1/drafts"),),
    )
    async with running(unstarted) as service:
        told = Told(service, await new_keys(service, "shop"), await new_keys(service, "blog"))
        await report(service, told.shop, {}, {"status_code": 404})
        await report(
            service,
            told.blog,
            {
                "method": "PATCH",
                "endpoint": "/drafts/7",
                "status_code": 418,
                "ip": "198.51.100.9",
                "user_agent": "BlogReader",
                "user_id": "blogger",
                "response_bytes": 4242,
            },
        )
        yield told


def with_parameter(path: str, parameter: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}{parameter}"


def assert_is_of_shop(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text]


def test_every_path_that_a_services_key_reads_is_tried() -> None:
    doors = {route.path for route in documented() if route.method == "GET" and route.path.startswith(READ_PATHS)}

    open_to_readers = {path for path in doors if (door := door_at("GET", path)) is not None and door.right == "read"}
    assert open_to_readers == {path.partition("?")[0] for path in PATHS}


@pytest.mark.parametrize("path", PATHS)
async def test_without_a_parameter_the_answer_is_of_the_keys_service(told: Told, path: str) -> None:
    for key in (told.shop.read, told.shop.both):
        answer = await told.service.ask(path, headers=key)

        assert answer.status == 200
        assert_is_of_shop(answer.text)
    assert "shop" in answer.text or "monitors" in path


@pytest.mark.parametrize("path", PATHS)
async def test_no_parameter_reads_another_service(told: Told, path: str) -> None:
    for parameter in FILTERS:
        answer = await told.service.ask(with_parameter(path, parameter), headers=told.shop.read)

        assert answer.status in {200, 400}
        if answer.status == 200:
            assert_is_of_shop(json.dumps(_without_echoes(answer.json)) if answer.json is not None else answer.text)


@pytest.mark.parametrize("path", [path for path in PATHS if "monitors" not in path])
async def test_to_name_another_service_is_refused_alike_whether_it_exists(told: Told, path: str) -> None:
    for name in ("blog", "nobody", "", "shop,blog", "*", "sho_", "BLOG"):
        answer = await told.service.ask(with_parameter(path, f"service={name}"), headers=told.shop.read)

        assert (answer.status, answer.json) == (400, {"error": "service: this key reads 'shop' alone"})
    both = await told.service.ask(with_parameter(path, "service=shop&service=blog"), headers=told.shop.read)
    assert (both.status, both.json) == (400, {"error": "service: given more than once"})


async def test_a_cursor_of_another_service_leads_to_ones_own_requests(told: Told) -> None:
    for order in ("newest", "oldest"):
        page = await told.service.ask(f"/api/requests/log?limit=1&order={order}")
        stolen = page.json["next"]
        answer = await told.service.ask(f"/api/requests/log?order={order}&cursor={stolen}", headers=told.shop.read)
        assert answer.status == 200
        assert_is_of_shop(answer.text)


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_that_writes_reads_nothing(told: Told, path: str) -> None:
    answer = await told.service.ask(path, headers=told.shop.ingest)

    assert answer.status == 403
    assert "only writes" in answer.json["error"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_of_a_service_without_requests_reads_nothing(told: Told, path: str) -> None:
    empty = await new_keys(told.service, "empty")

    answer = await told.service.ask(path, headers=empty.read)

    assert answer.status == 200
    assert_is_of_shop(answer.text)
    assert "shop" not in answer.text


@pytest.mark.parametrize("path", PATHS)
async def test_with_admin_keys_set_nobody_reads_without_one(unstarted: RunningService, path: str) -> None:
    unstarted.auth = Auth(api_keys=("an-admin-key",))
    headers: list[Mapping[str, str]] = [{}, {"X-API-Key": "wrong"}, {"X-API-Key": "an-admin-key"}]
    async with running(unstarted) as service:
        answers = [await service.ask(path, headers=each) for each in headers]

    assert [answer.status for answer in answers] == [401, 401, 200]


async def test_an_admin_reads_all(told: Told) -> None:
    services = await told.service.get("/api/requests/services")
    log = await told.service.ask("/api/requests/log")
    monitors = await told.service.ask("/api/requests/monitors")

    assert [each["service"] for each in services["services"]] == ["shop", "blog"]
    assert [secret for secret in SECRETS if secret not in log.text + monitors.text] == []


def _without_echoes(answer: Any) -> Any:
    """The answer without the filters of the question, which it repeats."""
    return {name: value for name, value in answer.items() if name not in {"route", "method"}}
