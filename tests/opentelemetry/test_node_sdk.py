"""The real OpenTelemetry SDK for Node.js reports an Express application to netledger: each request counts once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.opentelemetry.processes import Netledger, Program

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).with_name("node")
ROUTE = "/items/:number"
ASKED = [
    *(("GET", f"/items/{number}") for number in range(1, 4)),
    ("HEAD", "/items/7"),
    ("POST", "/orders"),
    ("GET", "/boom"),
    ("GET", "/nope/123456"),
]
ROUTED = {
    ("GET", ROUTE, "200"): 3,
    ("HEAD", ROUTE, "200"): 1,
    ("POST", "/orders", "201"): 1,
    ("GET", "/boom", "500"): 1,
}
SETUPS = {
    "spans, protobuf": ("otlp", "none", "http/protobuf", "cumulative"),
    "spans, JSON": ("otlp", "none", "http/json", "cumulative"),
    "metrics, cumulative": ("none", "otlp", "http/protobuf", "cumulative"),
    "metrics, delta, JSON": ("none", "otlp", "http/json", "delta"),
    "both": ("otlp", "otlp", "http/protobuf", "cumulative"),
}


@pytest.fixture
def netledger(tmp_path: Path) -> Iterator[Netledger]:
    if shutil.which("node") is None:
        pytest.skip("the SDK for Node.js needs node (Debian package nodejs)")
    if not (FOLDER / "node_modules").is_dir():
        pytest.skip("the SDK for Node.js needs tests/opentelemetry/node/node_modules: npm ci in that folder")
    made = Netledger(tmp_path)
    made.run()
    yield made
    made.end()


@pytest.mark.parametrize("setup", SETUPS)
def test_each_request_of_an_express_application_counts_once(setup: str, netledger: Netledger, tmp_path: Path) -> None:
    traces, metrics, protocol, temporality = SETUPS[setup]
    shop = Program(tmp_path, "shop")
    environment = {
        "OTEL_SERVICE_NAME": "shop",
        "OTEL_EXPORTER_OTLP_ENDPOINT": netledger.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": temporality,
        "OTEL_TRACES_EXPORTER": traces,
        "OTEL_METRICS_EXPORTER": metrics,
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_NODE_ENABLED_INSTRUMENTATIONS": "http,express",
        "OTEL_NODE_RESOURCE_DETECTORS": "env",
        "OTEL_BSP_SCHEDULE_DELAY": "600000",
        "OTEL_METRIC_EXPORT_INTERVAL": "600000",
    }
    command = ["node", "--require", "@opentelemetry/auto-instrumentations-node/register", "shop.cjs", str(shop.port)]
    shop.start(command, environment, "/ready", FOLDER)
    for method, path in ASKED:
        shop.ask(method, path, b"{}" if method == "POST" else None)
    shop.end()  # the SDK sends what it has when it is asked to end

    found = {key: count for key, count in netledger.requests("shop").items() if key[1] != "/ready"}

    nope = "(other)" if traces == "none" else "/nope/{id}"  # a histogram has no path
    assert found == {**ROUTED, ("GET", nope, "404"): 1}, shop.said()
