"""The OpenAPI document says what the service does, and schemathesis holds the service to it."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode

from exporter.web.api.openapi import document, html_page
from exporter.web.http.responses import JSON
from exporter.web.server import RESOURCES, documented, make_app
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = (
    "/",
    "/dashboard",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/api/openapi.json",
    "/api/docs",
    "/api/export",
    "/api/export/llm",
    "/api/requests/log",
)


async def test_every_route_is_in_the_document_and_nothing_else_is(service: RunningService) -> None:
    assert service.service._parts
    app = make_app(service.service._parts.context, object())  # type: ignore[arg-type]  # it is asked nothing
    told = await service.get("/api/openapi.json")

    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    files = {("GET", "/assets/{version}/{name}"), ("GET", "/reports/{name}")}  # addresses that pages give
    assert routes - files == {(method.upper(), path) for path, item in told["paths"].items() for method in item}


async def test_the_document_is_openapi_3_1(service: RunningService) -> None:
    told = await service.get("/api/openapi.json")

    assert told["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(told).validate()


async def test_every_operation_tells_its_parameters_and_errors(service: RunningService) -> None:
    told = await service.get("/api/openapi.json")

    operations = [operation for item in told["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert len({"200", "201"} & operation["responses"].keys()) == 1
        assert {"400", "401", "403", "405", "413", "500", "503"} <= operation["responses"].keys()
        for parameter in operation.get("parameters", []):
            assert parameter["description"]
            assert "anyOf" not in parameter["schema"]
            assert "examples" in parameter["schema"] or "default" in parameter["schema"]


async def test_the_page_lists_everything_and_needs_no_network(service: RunningService) -> None:
    page = (await service.ask("/api/docs")).text

    for route in documented():
        assert f"{route.method} {route.path}<" in page
        for parameter in route.query.__struct_encode_fields__:
            assert f"<code>{parameter}</code>" in page
    assert all(f"GET {path}<" in page for path in PAGES)
    assert re.findall(r"""(?:src|href|action)\s*=\s*["']?([^"'\s>]+)""", page) == ["openapi.json"]
    assert not re.findall(r"<script|<link|@import|url\(|//", page)


def test_the_document_is_made_from_the_routes_alone() -> None:
    first, second, *_ = documented()

    assert list(document([first])["paths"]) == [first.path]
    assert second.path not in html_page([first])


@pytest.mark.parametrize("module", RESOURCES)
def test_the_table_names_every_route_of_a_resource(module: str) -> None:
    routes = {f"{route.method} {route.path}".removeprefix("GET ") for route in import_module(module).routes}

    assert routes == set(RESOURCES[module])


@contextmanager
def in_a_thread(service: RunningService) -> Iterator[str]:
    """A service with a loop of its own, for a client that blocks."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def live() -> None:
        async with running(service):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(live(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield service.url
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def schema(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document as schemathesis loads it from a service on loopback."""
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    service = RunningService(machine, new_ledger(empty_ledger, tmp_path_factory.mktemp("openapi")))
    # Dates that the ledger knows; the format alone would begin with the year 1.
    schemathesis.openapi.format("date", st.dates().filter(lambda day: 1970 <= day.year <= 2200).map(str))
    with in_a_thread(service) as url:
        found = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
        found.config.update(headers={"X-API-Key": service.token})
        yield found


ENDPOINTS = [route for route in documented() if route.formats == (JSON,) and route.path not in PAGES]
OPERATIONS = [*((route.method, route.path) for route in ENDPOINTS), *(("GET", path) for path in PAGES)]
WITH_PARAMETERS = [(route.method, route.path) for route in ENDPOINTS if route.query.__struct_encode_fields__]

KEYS_IN_BODIES = ("/api/log-request", "/api/requests")


def ask_much(schema: Any, method: str, path: str, mode: GenerationMode) -> list[int]:
    """Ask an operation as schemathesis wishes, and check each answer; returns what their statuses were."""
    statuses: list[int] = []
    # A schema cannot say which interfaces there are, nor that a range must not be reversed.
    # The key that these tests send makes every other credential of a request good, too.
    excluded = [checks.CHECKS.get_one(name) for name in ("positive_data_acceptance", "ignored_auth")]

    @hypothesis.settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=schema[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        statuses.append(case.call_and_validate(excluded_checks=excluded).status_code)

    ask()
    return statuses


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_conforms_to_the_document(schema: Any, method: str, path: str) -> None:
    statuses = ask_much(schema, method, path, GenerationMode.POSITIVE)

    # Keys in bodies are made up: they are wrong, and soon too many.
    assert set(statuses) <= ({201, 400, 401, 429} if path in KEYS_IN_BODIES else {200, 400})


@pytest.mark.parametrize(("method", "path"), WITH_PARAMETERS)
def test_everything_that_the_document_forbids_is_refused(schema: Any, method: str, path: str) -> None:
    statuses = ask_much(schema, method, path, GenerationMode.NEGATIVE)

    assert set(statuses) & {400, 405}  # schemathesis has judged each: 0 and 1 are good switches too
