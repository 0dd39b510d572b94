"""The real OpenTelemetry SDK for Python with real frameworks reports to a real netledger: each request counts once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.opentelemetry.processes import Netledger, Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OTHER = "(other)"
ROUTES = {
    "fastapi": "/items/{number}",
    "flask": "/items/<int:number>",
    "aiohttp": "/items/{number}",
}
ASKED = [
    *(("GET", f"/items/{number}") for number in range(1, 4)),
    ("HEAD", "/items/7"),
    ("POST", "/orders"),
    ("GET", "/boom"),
    ("GET", "/nope/123456"),
]


class Setup(NamedTuple):
    """What an application exports, and how."""

    signals: str
    conventions: str = ""
    temporality: str = "cumulative"

    @property
    def name(self) -> str:
        return "-".join(filter(None, [self.signals.replace(",", "-"), self.conventions or "old", self.temporality]))


SETUPS = [
    Setup("traces"),
    Setup("traces", "http"),
    Setup("metrics"),
    Setup("metrics", "http"),
    Setup("metrics", "http", "delta"),
    Setup("metrics", "http/dup"),
    Setup("traces,metrics", "http"),
]


@pytest.fixture(scope="module")
def netledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Netledger]:
    made = Netledger(tmp_path_factory.mktemp("netledger"))
    try:
        made.run()
        yield made
    finally:
        made.end()


def _shop(framework: str, setup: Setup, netledger: Netledger, folder: Path) -> Program:
    program = Program(folder, framework)
    environment = {
        "SIGNALS": setup.signals,
        "OTEL_SERVICE_NAME": f"{framework}-{setup.name}",
        "OTEL_EXPORTER_OTLP_ENDPOINT": netledger.url,
        "OTEL_SEMCONV_STABILITY_OPT_IN": setup.conventions,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": setup.temporality,
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
    }
    command = [sys.executable, "-m", f"tests.opentelemetry.applications.{framework}_shop", str(program.port)]
    program.start(command, environment, "/flush")
    return program


def _expected(framework: str, setup: Setup) -> dict[tuple[str, str, str], int]:
    route, order, boom, nope = ROUTES[framework], "/orders", "/boom", "/nope/{id}"
    if setup.signals == "metrics":
        nope = OTHER  # a histogram has no path
    if framework == "aiohttp" and setup == Setup("metrics"):  # no routes, and no code of an exception
        codes = {("GET", OTHER, "200"): 3, ("HEAD", OTHER, "200"): 1, ("POST", OTHER, "201"): 1}
        return codes | {("GET", OTHER, "0"): 1, ("GET", OTHER, "404"): 1}
    return {
        ("GET", route, "200"): 3,
        ("HEAD", route, "200"): 1,
        ("POST", order, "201"): 1,
        ("GET", boom, "500"): 1,
        ("GET", nope, "404"): 1,
    }


@pytest.mark.parametrize("setup", SETUPS, ids=lambda setup: setup.name)
@pytest.mark.parametrize("framework", ROUTES)
def test_each_request_counts_once(framework: str, setup: Setup, netledger: Netledger, tmp_path: Path) -> None:
    shop = _shop(framework, setup, netledger, tmp_path)
    try:
        for _ in range(2):
            for method, path in ASKED:
                shop.ask(method, path, b"{}" if method == "POST" else None)
            assert shop.ask("GET", "/flush") == 200
    finally:
        shop.end()

    found = netledger.requests(f"{framework}-{setup.name}")

    assert found == {key: 2 * requests for key, requests in _expected(framework, setup).items()}
