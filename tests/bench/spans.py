"""Spans of OpenTelemetry: from the bytes of a body to events, in both encodings."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from exporter.meters.requests.otlp import json, protobuf
from exporter.meters.requests.otlp.spans import span_events
from tests.bench.rows import MILLISECOND, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.meters.requests.otlp.messages import ServiceSpans
    from tests.bench.settings import Bench

SPANS = 512
"""Of one body: what the SDKs send at most."""

BODIES = 10
"""Each with paths and ports of its own, as those that a service sends."""


def measure(bench: Bench) -> list[Row]:
    """CPU milliseconds that a thousand spans take."""
    requests = [_request(number * SPANS) for number in range(BODIES)]
    binary = [each.SerializeToString() for each in requests]
    text = [MessageToJson(each, indent=None).encode() for each in requests]
    return [
        Row(
            "1,000 OpenTelemetry spans, protobuf, to events",
            "CPU ms",
            25,
            tuple(_per_thousand(protobuf.read_spans, binary) for _ in range(bench.rounds)),
            remark=f"40,000 spans a second are 25 ms; bodies of {SPANS} spans",
        ),
        Row(
            "1,000 OpenTelemetry spans, JSON, to events",
            "CPU ms",
            16.7,
            tuple(_per_thousand(json.read_spans, text) for _ in range(bench.rounds)),
            remark="60,000 spans a second are 16.7 ms",
        ),
    ]


def _per_thousand(read: Callable[[bytes], list[ServiceSpans]], bodies: Sequence[bytes]) -> float:
    began, now = time.process_time(), time.time_ns() // 1000
    for body in bodies:
        found = span_events(read(body), None, now, lambda _address: False)
    taken = time.process_time() - began
    assert len(found.events) == SPANS
    return taken / BODIES / SPANS * 1000 / MILLISECOND


def _request(first: int) -> ExportTraceServiceRequest:
    resource = Resource(attributes=[_attribute("service.name", "shop")])
    spans = [_span(number, time.time_ns()) for number in range(first, first + SPANS)]
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=spans)])]
    )


def _span(number: int, now: int) -> Span:
    """A span as FastAPI's instrumentation sends it."""
    given: dict[str, str | int] = {
        "url.scheme": "http",
        "server.address": "127.0.0.1",
        "server.port": 8000,
        "network.protocol.version": "1.1",
        "url.path": f"/items/{number}",
        "http.request.method": "GET",
        "client.address": f"192.0.2.{number % 250}",
        "client.port": 40_000 + number % 20_000,
        "network.peer.address": f"192.0.2.{number % 250}",
        "user_agent.original": "python-httpx/0.28.1",
        "http.route": "/items/{id}",
        "http.response.status_code": 200,
    }
    return Span(
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        name="GET /items/{id}",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=now - 10_000_000 - number * 1000,
        end_time_unix_nano=now - number,
        attributes=[_attribute(name, value) for name, value in given.items()],
    )


def _attribute(name: str, value: str | int) -> KeyValue:
    held = AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
    return KeyValue(key=name, value=held)
