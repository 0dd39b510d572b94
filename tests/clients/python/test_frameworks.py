"""What each framework's middleware records, in real applications, whatever state netledger is in."""

from __future__ import annotations

import http.client
import logging
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from netledger_client import ClientSettings, Reporter
from tests.clients.python.applications import (
    PAUSE,
    PIECE,
    PIECES,
    aiohttp_application,
    fastapi_application,
    flask_application,
    served_by_aiohttp,
    served_by_threads,
    served_by_uvicorn,
)
from tests.clients.python.collectors import KEY, Collector, collecting, free_port, hanging

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEM = {
    "fastapi": "/items/{item}",
    "function": "/items/{item}",
    "flask": "/items/<item>",
    "aiohttp": "/items/{item}",
}
Served = Callable[[Reporter], AbstractContextManager[int]]
SERVED: dict[str, Served] = {
    "fastapi": lambda recorder: served_by_uvicorn(fastapi_application(recorder)),
    "function": lambda recorder: served_by_uvicorn(fastapi_application(recorder, as_function=True)),
    "flask": lambda recorder: served_by_threads(flask_application(recorder)),
    "aiohttp": lambda recorder: served_by_aiohttp(aiohttp_application(recorder)),
}


@pytest.fixture(params=SERVED)
def framework(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def reporter(collector: Collector) -> Iterator[Reporter]:
    with closing(_reporter(collector.url)) as found:
        yield found


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL + 1)


def _reporter(url: str) -> Reporter:
    return Reporter(ClientSettings(url, KEY, quiet_seconds=0.02, exit_seconds=0.2, answer_seconds=0.5))


def _ask(port: int, path: str, method: str = "GET", **more: Any) -> httpx.Response:
    return httpx.request(method, f"http://127.0.0.1:{port}{path}", timeout=20, trust_env=False, **more)


def test_requests_are_recorded_as_they_were(framework: str, collector: Collector, reporter: Reporter) -> None:
    with SERVED[framework](reporter) as port:
        answer = _ask(port, "/items/7?secret=1", headers={"User-Agent": "a test", "X-Forwarded-For": "203.0.113.9"})
        _ask(port, "/items/7", "HEAD")
        _ask(port, "/nothing/7")
        events = collector.wait_for(3)

    first, head, nothing = events
    assert (first["method"], first["endpoint"], first["status_code"]) == ("GET", "/items/7", 200)
    assert (first["ip"], first["user_agent"], first["route"]) == ("127.0.0.1", "a test", ITEM[framework])
    assert (first["request_bytes"], first["response_bytes"]) == (0, len(answer.content))
    assert (head["method"], head["response_bytes"]) == ("HEAD", 0)
    assert (nothing["status_code"], nothing.get("route")) == (404, None)
    assert reporter.errors == 0


def test_an_exception_is_a_500_and_goes_on(framework: str, collector: Collector, reporter: Reporter) -> None:
    with SERVED[framework](reporter) as port:
        assert _ask(port, "/boom").status_code == 500
        (event,) = collector.wait_for(1)

    assert (event["status_code"], event["route"]) == (500, "/boom")


def test_a_stream_takes_until_its_last_byte(framework: str, collector: Collector, reporter: Reporter) -> None:
    with SERVED[framework](reporter) as port:
        assert _ask(port, "/stream").content == PIECE * PIECES
        (event,) = collector.wait_for(1)

    assert event["process_time"] >= PIECES * PAUSE * 1000
    assert event["response_bytes"] == PIECES * len(PIECE)


def test_big_uploads_are_counted_by_what_was_read(framework: str, collector: Collector, reporter: Reporter) -> None:
    size = 5_000_000
    with SERVED[framework](reporter) as port:
        assert _ask(port, "/upload", "POST", content=b"u" * size).text == str(size)
        (event,) = collector.wait_for(1)

    assert event["request_bytes"] == size


def test_a_client_that_goes_amid_a_stream_is_recorded(framework: str, collector: Collector, reporter: Reporter) -> None:
    with SERVED[framework](reporter) as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(10)
        (event,) = collector.wait_for(1)

    assert event["route"] == "/stream"
    assert event["response_bytes"] <= PIECES * len(PIECE)


STATES = ("up", "down", "hanging", 401, 422, 429, 503)


@pytest.mark.parametrize("state", STATES)
def test_no_request_fails_or_waits_and_counts_are_equal(framework: str, state: str | int) -> None:
    requests, clients = 200, 4
    with ExitStack() as stack:
        collector = Collector()
        if isinstance(state, int):
            collector.statuses, collector.is_stuck = [state], True
        if state == "hanging":
            url = stack.enter_context(hanging())
        elif state == "down":
            url = f"http://127.0.0.1:{free_port()}"
        else:
            url = stack.enter_context(collecting(collector)).url
        reporter = stack.enter_context(closing(_reporter(url)))
        port = stack.enter_context(SERVED[framework](reporter))
        with ThreadPoolExecutor(clients) as pool:
            statuses = Counter(pool.map(partial(_asked, port), [requests // clients] * clients))

        assert statuses == {(200,): clients}
        if state == "up":
            assert len(collector.wait_for(requests)) == requests
            assert reporter.flush(20)
    assert reporter.errors == 0
    _wait_for_the_thread(reporter)
    assert reporter.sent + reporter.dropped + reporter.refused == requests
    assert reporter.sent == (requests if state == "up" else 0)


def _asked(port: int, count: int) -> tuple[int, ...]:
    """The statuses of so many requests on one connection."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        found = set()
        for number in range(count):
            connection.request("GET", f"/items/{number}")
            response = connection.getresponse()
            response.read()
            found.add(response.status)
        return tuple(found)


def _wait_for_the_thread(reporter: Reporter) -> None:
    """A batch may wait for its answer still: it is dropped when that takes too long."""
    assert reporter._thread is not None
    reporter._thread.join(20)
    assert not reporter._thread.is_alive()
