"""The OpenAPI document says what the service does, and schemathesis holds the service to it."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
import jsonschema
import pytest
import schemathesis
from aiohttp.web import BaseRequest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from multidict import MultiDict, MultiDictProxy
from schemathesis import checks
from schemathesis.generation import GenerationMode

import exporter
from exporter.web.api.openapi import document, html_page
from exporter.web.http.doors import DOORS as DOOR_TABLE
from exporter.web.http.responses import JSON
from exporter.web.server import RESOURCES, documented, make_app
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        for parameter in (name for query in route.queries for name in query.__struct_encode_fields__):
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
DOORS = [("POST", path) for path in ("/track", "/v1/traces", "/v1/metrics", "/v1/logs")]
OPERATIONS = [*((route.method, route.path) for route in ENDPOINTS), *(("GET", path) for path in PAGES), *DOORS]
OF_REQUESTS = ("/raw_logs", "/dashboard", "/metrics")
FORBIDDING = [
    (route.method, route.path)
    for route in documented()
    if (route.formats == (JSON,) and route.query.__struct_encode_fields__)
    or (route.path.startswith("/api/requests") and route.query.__struct_encode_fields__)
    or (route.body and JSON in route.body_formats)
    or route.path == "/raw_logs"
]

BATCHES, OK = "/api/requests/track", 200
NUMBERS = ("status_code", "process_time", "request_bytes", "response_bytes")
KEYS_IN_BODIES = ("/api/log-request", "/api/requests")


def good_statuses(path: str) -> set[int]:
    """What may be answered to what the document allows: not every fault can be said in a schema."""
    if path in KEYS_IN_BODIES:
        return {201, 400, 401, 429}  # keys in bodies are made up: they are wrong, and soon too many
    if path in {"/track", "/dashboard", "/raw_logs", "/generate_key"}:
        return {200, 400, 422}
    return {200, 400, 415} if path.startswith("/v1/") else {200, 400}


def check_rows(document: Any, body: Any, answer: Any) -> None:
    """Every row of a batch is accepted or refused, and refused where it is no event of the document."""
    rows = body.get("events", [body])
    row_schema = {"$ref": "#/components/schemas/TrackedEvent", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(row_schema)
    forbidden = {number for number, row in enumerate(rows) if not validator.is_valid(with_numbers(row))}

    assert answer["accepted"] + len(answer["refused"]) == len(rows)
    assert forbidden <= {refusal["row"] for refusal in answer["refused"]}


def with_numbers(row: Any) -> Any:
    """A row as it is read: a text that is a number is one, as in the service that this one replaces."""
    if not isinstance(row, dict):
        return row
    return {
        name: _number(value) if name in NUMBERS and isinstance(value, str) else value for name, value in row.items()
    }


def _number(text: str) -> float | str:
    with suppress(ValueError):
        found = float(text)
        return int(found) if found.is_integer() else found
    return text


def ask_much(schema: Any, method: str, path: str, mode: GenerationMode) -> list[int]:
    """Ask an operation as schemathesis wishes, and check each answer; returns what their statuses were."""
    statuses: list[int] = []
    # A schema cannot say which interfaces there are, nor that a range must not be reversed.
    # The key that these tests send makes every other credential of a request good, too.
    names = ["positive_data_acceptance", "ignored_auth"]
    if path == BATCHES:  # answered row by row: what the document forbids is refused there, and 200 says so
        names.append("negative_data_rejection")
    excluded = [checks.CHECKS.get_one(name) for name in names]

    @hypothesis.settings(max_examples=8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(case=schema[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call_and_validate(excluded_checks=excluded)
        statuses.append(answer.status_code)
        if path == BATCHES and answer.status_code == OK:
            check_rows(schema.raw_schema, case.body, answer.json())

    ask()
    return statuses


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_conforms_to_the_document(schema: Any, method: str, path: str) -> None:
    statuses = ask_much(schema, method, path, GenerationMode.POSITIVE)

    assert set(statuses) <= good_statuses(path)


@pytest.mark.parametrize(("method", "path"), FORBIDDING)
def test_everything_that_the_document_forbids_is_refused(schema: Any, method: str, path: str) -> None:
    statuses = ask_much(schema, method, path, GenerationMode.NEGATIVE)

    assert set(statuses) & {400, 405, 422}  # schemathesis has judged each: 0 and 1 are good switches too


def test_every_path_of_requests_is_tried() -> None:
    tried = set(OPERATIONS)

    doors = {operation for operation in DOOR_TABLE if operation[1] != "/dashboard"}
    assert doors <= tried
    assert {("GET", path) for path in OF_REQUESTS} <= tried


def refused_names(answer: str) -> set[str] | None:
    """The names that an answer to an unknown parameter offers; None of one that takes any."""
    if "there are none here" in answer:
        return set()
    found = re.search(r'(?:unknown parameter; use|is unknown here; use) ([^"}]+)', answer)
    return set(found[1].split(", ")) if found else None


class Noting(MultiDictProxy[str]):
    """A query string that notes which parameters it was asked for by name."""

    asked: ClassVar[set[str]] = set()

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, *more: Any) -> Any:
        """One value."""
        self.asked.add(name)
        return super().get(name, *more)

    def getall(self, name: str, *more: Any) -> Any:
        """Each value."""
        self.asked.add(name)
        return super().getall(name, *more)


def _noted_query(request: BaseRequest) -> MultiDictProxy[str]:
    """Notes what is asked of this test's own requests: something else may scrape the port that another service had."""
    query = MultiDict(request.rel_url.query)
    return Noting(query) if "no_parameter" in query else MultiDictProxy(query)


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_every_parameter_that_a_handler_reads_is_in_the_document(
    service: RunningService, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    monkeypatch.setattr(BaseRequest, "query", property(_noted_query))
    told = (await service.get("/api/openapi.json"))["paths"]

    for path, item in told.items():
        if path == "/api/live/stream":  # it does not end
            continue
        for method, operation in item.items():
            known = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
            Noting.asked.clear()
            asked = f"{path.format(name='x', id='1')}?no_parameter=1"
            answer = await service.ask(
                asked, method.upper(), headers={"X-API-Key": service.token, "Accept": accept}, allow_redirects=False
            )
            names = refused_names(answer.text)
            assert (names or set()) <= known, f"{method} {path}"
            assert Noting.asked - {"no_parameter"} <= known, f"{method} {path}"
            assert names is None or answer.status in {400, 422}
            if path != "/dashboard":  # the page and the JSON have different ones
                assert names is None or names == known, f"{method} {path}"


def test_a_query_is_read_by_its_types_alone() -> None:
    reading = {
        path.name
        for path in Path(exporter.__file__).parent.joinpath("web").rglob("*.py")
        if re.search(r"request[.](query|query_string)\b", path.read_text(encoding="utf-8"))
    }

    assert reading == {"queries.py", "seed_reading.py"}
