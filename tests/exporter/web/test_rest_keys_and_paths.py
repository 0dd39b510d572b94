"""Every path that is read, by every kind of key, in every format: nobody reads of another service."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from exporter.meters.requests.monitors.settings import Monitor
from exporter.meters.requests.settings import Requests
from exporter.settings.tree import Auth
from exporter.web.http.doors import DASHBOARD, door_at
from exporter.web.server import RESOURCES, documented
from tests.exporter.web.reported import Keys, new_keys, report
from tests.exporter.web.running_service import RunningService, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

ADMIN = "an-admin-key"
OF_SERVICE = {
    "/raw_logs",
    "/api/requests/summary",
    "/api/requests/services",
    "/api/requests/routes",
    "/api/requests/series",
    "/api/requests/log",
    "/api/requests/monitors",
}
"""What a service's key reads, of its service; the JSON of /dashboard is another."""

OF_ADMINS = {
    "/badge/plan.svg",
    "/badge/{name}.svg",
    "/chart/{name}.svg",
    "/metrics",
    "/reports",
    "/reports/{name}",
    "/api/applications",
    "/api/applications/{name}",
    "/api/cost",
    "/api/cost/applications",
    "/api/export",
    "/api/export/llm",
    "/api/export/wrapup",
    "/api/forecast",
    "/api/health",
    "/api/hosts",
    "/api/hours",
    "/api/imports",
    "/api/interfaces",
    "/api/limits",
    "/api/live",
    "/api/live/applications",
    "/api/live/stream",
    "/api/month",
    "/api/percentile",
    "/api/periods",
    "/api/plans",
    "/api/range",
    "/api/records",
    "/api/requests/keys",
    "/api/series",
    "/api/storage",
    "/api/summary",
    "/api/today",
    "/api/unposted",
    "/api/v1/stats/bandwidth",
    "/api/v1/stats/monthly-traffic",
    "/api/week",
    "/api/year",
}
"""What says something of the whole machine, or of all services."""

OF_ALL = {
    *("/", "/dashboard", "/dashboard/", "/-/healthy", "/-/ready", "/api/docs", "/api/openapi.json"),
    "/assets/{version}/{name}",
}
"""What needs no key, and says nothing without one."""

ENDLESS = {"/api/live/stream"}
FORMATS = {route.path: route.formats for route in documented() if route.method == "GET"}
MORE_FORMATS = {
    "/api/requests/log": ("?format=csv",),
    "/api/export": ("?format=csv", "?format=html", "?table=requests"),
}
SERVICES = ("shop", "blog")
SECRETS = {
    "shop": ("shop", "192.0.2.", "ShopReader", "/items", "shopper", "3131"),
    "blog": ("blog", "198.51.100.", "BlogReader", "/drafts", "blogger", "4242"),
}
"""What only one of the services has."""


class Told(NamedTuple):
    """A service with keys of two services, which only an admin key opens otherwise."""

    service: RunningService
    keys: Mapping[str, Keys]


@pytest.fixture
async def told(unstarted: RunningService) -> AsyncIterator[Told]:
    """Requests of two services that have nothing in common."""
    unstarted.auth = Auth(api_keys=(ADMIN,), protect_metrics=True)
    monitors = (Monitor("shop", "http://192.0.2.1/items"), Monitor("blog", "http://198.51.100.1/drafts"))
    unstarted.requests = Requests(own=False, monitors=monitors)
    async with running(unstarted) as service:
        keys = {name: await new_keys(service, name) for name in SERVICES}
        for name in SERVICES:
            _, network, agent, path, user, size = SECRETS[name]
            await report(
                service,
                keys[name],
                {
                    "endpoint": f"{path}/7",
                    "ip": f"{network}9",
                    "user_agent": agent,
                    "user_id": user,
                    "response_bytes": int(size),
                },
            )
        yield Told(service, keys)


def questions(path: str) -> list[tuple[str, dict[str, str]]]:
    """The path in every format, by Accept and by parameter."""
    plain = path.format(name="shop", version="1")
    asked = [(plain, {"Accept": accept}) for accept in ("*/*", "application/json", *FORMATS.get(path, ()))]
    return [*asked, *((f"{plain}{query}", {}) for query in MORE_FORMATS.get(path, ()))]


def shown(key: str) -> Sequence[dict[str, str]]:
    """Both ways to show a key."""
    return {"X-API-Key": key}, {"Authorization": f"Bearer {key}"}


def says_nothing_of(text: str, *services: str) -> bool:
    return not [secret for name in services for secret in SECRETS[name] if secret in text]


def test_every_path_that_is_read_has_a_row() -> None:
    paths = {path for operations in RESOURCES.values() for path in operations if path.startswith("/")}

    assert paths == OF_SERVICE | OF_ADMINS | OF_ALL
    assert not (OF_SERVICE & OF_ADMINS)
    assert not (OF_SERVICE & OF_ALL)
    assert not (OF_ADMINS & OF_ALL)
    readers = {path for path in paths if (door := door_at("GET", path)) is not None and door.right == "read"}
    assert readers == OF_SERVICE


@pytest.mark.parametrize("path", sorted({*OF_SERVICE, DASHBOARD}))
async def test_a_key_reads_its_own_service_alone(told: Told, path: str) -> None:
    for asked, headers in questions(path):
        if path == DASHBOARD and headers["Accept"] == "text/html":
            continue  # the page
        for name, other in (SERVICES, SERVICES[::-1]):
            keys = told.keys[name]
            for key in (*shown(keys.read["X-API-Key"]), *shown(keys.both["X-API-Key"])):
                if path == DASHBOARD and headers["Accept"] != "application/json" and "Authorization" in key:
                    continue  # the page, too
                answer = await told.service.ask(asked, headers={**key, **headers})
                assert answer.status == 200, (asked, answer.text)
                assert says_nothing_of(answer.text, other), asked
                assert not says_nothing_of(answer.text, name), asked
                named = f"{asked}{'&' if '?' in asked else '?'}service={other}"
                answer = await told.service.ask(named, headers={**key, **headers})
                assert answer.status in {400, 403, 422}, named
                assert says_nothing_of(answer.text.replace(repr(name), "").replace(f"'{other}'", ""), other), named


@pytest.mark.parametrize("path", sorted({*OF_SERVICE, DASHBOARD}))
async def test_a_key_that_writes_or_none_or_a_wrong_one_reads_nothing(told: Told, path: str) -> None:
    for asked, headers in questions(path):
        if path == DASHBOARD and headers["Accept"] != "application/json":
            continue  # the page
        ingest, admin = told.keys["shop"].ingest["X-API-Key"], {"X-API-Key": ADMIN}
        writer = [await told.service.ask(asked, headers={**key, **headers}) for key in shown(ingest)]
        nobody = await told.service.ask(asked, headers=headers)
        wrong = await told.service.ask(asked, headers={**headers, "X-API-Key": ingest[:-1]})
        every = await told.service.ask(asked, headers={**headers, **admin})

        assert [each.status for each in (*writer, nobody, wrong, every)] == [403, 403, 401, 401, 200]
        assert all(says_nothing_of(each.text, *SERVICES) for each in (*writer, nobody, wrong))
        if path != "/api/requests/series":  # it adds them up
            assert not says_nothing_of(every.text, "shop")
            assert not says_nothing_of(every.text, "blog")


@pytest.mark.parametrize("path", sorted(OF_ADMINS))
async def test_no_key_of_a_service_opens_what_is_of_all(told: Told, path: str) -> None:
    for asked, headers in questions(path):
        for keys in told.keys.values():
            for key in (each for kind in keys for each in shown(kind["X-API-Key"])):
                answer = await told.service.ask(asked, headers={**key, **headers})
                assert answer.status == 403, asked
                assert says_nothing_of(answer.text, *SERVICES)
        nobody = await told.service.ask(asked, headers=headers)
        assert nobody.status == 401, asked
        assert says_nothing_of(nobody.text, *SERVICES)
        if path not in ENDLESS:
            every = await told.service.ask(asked, headers={**headers, "X-API-Key": ADMIN})
            assert every.status in {200, 400, 404}, asked


@pytest.mark.parametrize("path", sorted(OF_ALL))
async def test_what_needs_no_key_says_nothing_of_a_service(told: Told, path: str) -> None:
    texts = ("198.51.100.", "BlogReader", "/drafts", "blogger", "4242")
    for asked, headers in questions(path):
        keys = [{}, *(kind for keys in told.keys.values() for kind in keys)]
        for key in keys:
            if path == DASHBOARD and (key or headers["Accept"] == "application/json"):
                continue  # the JSON
            answer = await told.service.ask(asked, headers={**key, **headers}, allow_redirects=False)
            assert answer.status in {200, 308, 401, 403, 404}, asked
            assert not [text for text in texts if text in answer.text], asked
