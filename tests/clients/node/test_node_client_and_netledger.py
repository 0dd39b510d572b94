"""Real applications of Express, Fastify, Koa and plain http report to a real netledger: it has what they answered."""

from __future__ import annotations

import http.client
import json
import signal
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.clients.node.test_node_client import require_frameworks
from tests.opentelemetry.processes import ROOT, Netledger, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = str(Path(__file__).with_name("shop.cjs"))
FRAMEWORKS = ("express 4", "express 5", "fastify", "koa", "http")
READY = "/users/0"
UPLOADED = b"x" * 70_000
ASKED = {
    ("GET", "/users/1"): ("/users/:id", 200),
    ("GET", "/users/2?secret=1"): ("/users/:id", 200),
    ("HEAD", "/users/7"): ("/users/:id", 200),
    ("POST", "/upload"): ("/upload", 200),
    ("GET", "/stream"): ("/stream", 200),
    ("GET", "/empty"): ("/empty", 204),
    ("GET", "/boom"): ("/boom", 500),
    ("GET", "/orgs/5/members/ada"): ("/orgs/:org/members/:member", 200),
    ("GET", "/missing/9"): ("/missing/{id}", 404),
}
GROUPED = {"/users/:id": "/users/{id}", "/orgs/:org/members/:member": "/orgs/{id}/members/ada"}
"""What plain http has in place of templates: the paths, as netledger groups them."""

AT_ONCE_SECONDS = 2
"""A request that waited for a netledger that hangs would take the ten seconds of a post."""


@pytest.fixture(scope="module")
def netledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netledger]:
    """One for all: each test is a service of its own."""
    require_frameworks()
    made = Netledger(tmp_path_factory.mktemp("netledger"))
    made.run()
    yield made
    made.end(is_killed=True)


def _start(netledger: Netledger, service: str, folder: Path, framework: str) -> Program:
    """An application with a key of its own; its first answer is the request that it starts with."""
    body = json.dumps({"service": service}).encode()
    asked = urllib.request.Request(f"{netledger.url}/generate_key", body, method="POST")  # noqa: S310 - of loopback
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310 - of loopback
        key = json.load(answer)
    shop = Program(folder, "shop")
    environment = {"NETLEDGER_URL": netledger.url, "NETLEDGER_KEY": key}
    shop.start(["node", SHOP, framework, str(shop.port)], environment, READY, ROOT)
    return shop


def _answered(shop: Program, method: str, path: str) -> tuple[int, int]:
    """The status of an answer, and the bytes of its body."""
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=30)
    body = UPLOADED if method == "POST" else None
    connection.request(method, path, body, {"Content-Type": "text/x"} if body else {})
    answer = connection.getresponse()
    size = len(answer.read())
    connection.close()
    return answer.status, size


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_the_ledger_has_exactly_what_was_answered(framework: str, netledger: Netledger, tmp_path: Path) -> None:
    service = f"exact {framework}"
    shop = _start(netledger, service, tmp_path, framework)
    expected = Counter({("GET", "/users/:id", "200"): 1})
    response_bytes = len("user 0")
    for (method, path), (route, code) in ASKED.items():
        status, size = _answered(shop, method, path)
        assert status == code, (method, path)
        expected[method, route, str(code)] += 1
        response_bytes += size
    shop.end()  # what waits is posted at the end

    if framework == "http":
        expected = Counter(
            {(method, GROUPED.get(route, route), code): n for (method, route, code), n in expected.items()}
        )
    assert netledger.requests(service) == expected, shop.said()
    sums = "sum(request_bytes), sum(response_bytes), sum(timed_requests)"
    found = netledger.query(f"SELECT {sums} FROM request_by_day WHERE service = ?", service)  # noqa: S608 - as above
    assert found == [(len(UPLOADED), response_bytes, len(ASKED) + 1)]


@pytest.mark.parametrize("framework", ["express 5", "fastify"])
def test_a_netledger_that_hangs_delays_nothing_and_counts_each_request_once(
    framework: str, netledger: Netledger, tmp_path: Path
) -> None:
    service = f"hanging {framework}"
    shop = _start(netledger, service, tmp_path, framework)
    netledger.signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        for number in range(20):
            assert _answered(shop, "GET", f"/users/{number}")[0] == 200
        taken = time.monotonic() - began
    finally:
        netledger.signal(signal.SIGCONT)
    shop.end()

    assert taken < AT_ONCE_SECONDS
    assert netledger.requests(service) == {("GET", "/users/:id", "200"): 21}, shop.said()


@pytest.mark.parametrize("framework", ["express 5", "koa"])
def test_a_netledger_that_is_killed_and_starts_again_counts_each_request_once(
    framework: str, netledger: Netledger, tmp_path: Path
) -> None:
    service = f"killed {framework}"
    shop = _start(netledger, service, tmp_path, framework)
    for number in range(10):
        _answered(shop, "GET", f"/users/{number}")
    netledger.end(is_killed=True)
    for number in range(10):
        _answered(shop, "GET", f"/users/{number}")
    netledger.run()
    shop.end()

    assert netledger.requests(service) == {("GET", "/users/:id", "200"): 21}, shop.said()
