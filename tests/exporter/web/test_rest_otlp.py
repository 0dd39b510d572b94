"""OpenTelemetry over HTTP: who may send, what the answers are, and that a repeat counts once."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from msgspec.structs import replace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AGGREGATION_TEMPORALITY_DELTA,
    Histogram,
    HistogramDataPoint,
    Metric,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.meters.requests.intake import MOST_PENDING
from reports.ledger.addresses import client_text
from tests.exporter.meters.requests.otlp.otlp_messages import attributes, metrics_request, spans_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.exporter.web.running_service import RunningService, Told

PROTOBUF, JSON = "application/x-protobuf", "application/json"
ITEMS = {"http.request.method": "GET", "http.route": "/items/{id}", "http.response.status_code": 200}


def span(service: RunningService, **more: object) -> Span:
    ended = service.machine.seconds * 10**9
    given = attributes({**ITEMS, **{name.replace("__", "."): value for name, value in more.items()}})
    kind = Span.SPAN_KIND_SERVER
    return Span(kind=kind, start_time_unix_nano=ended - 10**6, end_time_unix_nano=ended, attributes=given)


def spans(service: RunningService, *codes: int, name: str = "shop") -> ExportTraceServiceRequest:
    return spans_request(*(span(service, http__response__status_code=code) for code in codes), service_name=name)


def histogram(service: RunningService, requests: int, temporality: Any = AGGREGATION_TEMPORALITY_CUMULATIVE) -> bytes:
    now = service.machine.seconds * 10**9
    point = HistogramDataPoint(
        attributes=attributes(ITEMS),
        start_time_unix_nano=now if temporality == AGGREGATION_TEMPORALITY_DELTA else STARTED * 10**9,
        time_unix_nano=now,
        count=requests,
        sum=0.02 * requests,
        bucket_counts=[0, requests],
        explicit_bounds=[0.01],
    )
    data = Histogram(data_points=[point], aggregation_temporality=temporality)
    metric = Metric(name="http.server.request.duration", unit="s", histogram=data)
    body: bytes = metrics_request(metric).SerializeToString()
    return body


STARTED = 4_000_000_000
"""In the future of the machine: a process that began after the meter."""


async def send(
    service: RunningService,
    body: bytes,
    path: str = "/v1/traces",
    media_type: str = PROTOBUF,
    method: str = "POST",
    **headers: str,
) -> Told:
    given: Mapping[str, str] = {"Content-Type": media_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return await service.ask(path, method, headers=given, data=body)


def kept(service: RunningService) -> Sequence[tuple[Any, ...]]:
    """What the ledger has of requests by day."""
    query = "SELECT service, code, requests FROM request_by_day WHERE code != '(all)' ORDER BY 1, 2"
    with closing(sqlite3.connect(service.ledger.path)) as ledger:
        return ledger.execute(query).fetchall()


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON, f"{JSON}; charset=utf-8"])
async def test_spans_are_in_the_ledger_when_they_are_answered(service: RunningService, media_type: str) -> None:
    request = spans(service, 200, 404)
    body = request.SerializeToString() if media_type == PROTOBUF else MessageToJson(request).encode()

    told = await send(service, body, media_type=media_type)

    assert (told.status, told.headers["Content-Type"]) == (200, media_type.partition(";")[0])
    assert told.text == ("" if media_type == PROTOBUF else "{}")
    assert kept(service) == [("shop", "200", 1), ("shop", "404", 1)]


async def test_a_compressed_body_is_read(service: RunningService) -> None:
    body = gzip.compress(spans(service, 200).SerializeToString())

    assert (await send(service, body, Content_Encoding="gzip")).status == 200
    assert kept(service) == [("shop", "200", 1)]


async def test_a_repeat_counts_once_also_after_a_restart(service: RunningService) -> None:
    body = spans(service, 200).SerializeToString()
    for compressed in (body, gzip.compress(body)):
        encoding = {"Content_Encoding": "gzip"} if compressed != body else {}
        assert (await send(service, compressed, **encoding)).status == 200
    await service.restart()
    assert (await send(service, body)).status == 200

    assert kept(service) == [("shop", "200", 1)]


async def test_cumulative_points_go_on_after_a_restart(service: RunningService) -> None:
    await send(service, histogram(service, 3), "/v1/metrics")
    await service.restart()
    service.pass_time()
    await send(service, histogram(service, 5), "/v1/metrics")

    assert kept(service) == [("shop", "200", 5)]


async def test_deltas_are_added_and_a_repeat_is_not(service: RunningService) -> None:
    for requests in (3, 4):
        body = histogram(service, requests, AGGREGATION_TEMPORALITY_DELTA)
        for _ in range(2):
            assert (await send(service, body, "/v1/metrics")).status == 200

    assert kept(service) == [("shop", "200", 7)]


async def test_with_a_key_the_service_is_the_keys(service: RunningService) -> None:
    made = await service.ask("/api/requests/keys?service=blog&right=ingest", "POST")
    told = await send(service, spans(service, 200).SerializeToString(), X_API_Key=made.json["key"])

    assert told.status == 200
    assert kept(service) == [("blog", "200", 1)]


async def test_a_key_that_reads_may_not_write_and_a_wrong_one_is_refused(service: RunningService) -> None:
    made = await service.ask("/api/requests/keys?service=blog&right=read", "POST")
    body = spans(service, 200).SerializeToString()

    assert (await send(service, body, X_API_Key=made.json["key"])).status == 403
    assert (await send(service, body, X_API_Key="wrong")).status == 401
    assert kept(service) == []


async def test_partial_success_counts_the_others_and_names_the_first_fault(service: RunningService) -> None:
    request = spans(service, 200, 999, 99)
    told = await send(service, request.SerializeToString())
    in_json = await send(service, MessageToJson(request).encode(), media_type=JSON)

    partial = ExportTraceServiceResponse.FromString(told.text.encode()).partial_success
    assert (told.status, partial.rejected_spans) == (200, 2)
    assert "http.response.status_code: 999" in partial.error_message
    assert in_json.json["partialSuccess"]["rejectedSpans"] == "2"
    assert kept(service)[0][:2] == ("shop", "200")


async def test_what_cannot_be_decoded_is_never_sent_again(service: RunningService) -> None:
    told = await send(service, b"\x0a\xff")
    in_json = await send(service, b"{", media_type=JSON)

    assert (told.status, in_json.status) == (400, 400)
    assert Status.FromString(told.text.encode()).message == "the body ends within a field"
    assert "JSON" in json.loads(in_json.text)["message"]


REFUSED: dict[str, tuple[str, bytes, dict[str, str], int, int]] = {
    "no key": ("POST", b"", {"X_Forwarded_For": "192.0.2.9"}, 401, 16),
    "wrong key": ("POST", b"", {"X_API_Key": "wrong"}, 401, 16),
    "foreign host": ("POST", b"", {"Host": "evil.example"}, 403, 7),
    "too large": ("POST", gzip.compress(bytes(9 << 20)), {"Content_Encoding": "gzip"}, 413, 3),
    "damaged gzip": ("POST", b"no gzip at all", {"Content_Encoding": "gzip"}, 400, 3),
    "not a method": ("PUT", b"", {}, 405, 3),
}


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
@pytest.mark.parametrize("media_type", [PROTOBUF, JSON, "text/plain"])
async def test_every_error_is_a_status_in_the_encoding_of_the_request(
    service: RunningService, path: str, media_type: str
) -> None:
    for name, (method, body, headers, status, code) in REFUSED.items():
        told = await send(service, body, path, media_type, method, **headers)

        assert told.status == status, name
        if media_type == PROTOBUF:
            assert told.headers["Content-Type"] == PROTOBUF
            found = Status.FromString(told.text.encode())
            assert (found.code, bool(found.message)) == (code, True), name
        else:
            assert told.json.keys() == {"code", "message"}, name
            assert (told.json["code"], bool(told.json["message"])) == (code, True), name


async def test_a_length_that_is_too_large_is_refused_before_the_body(service: RunningService) -> None:
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {9 << 20}\r\n\r\n"
    )

    told, _, body = (await service.send(head.encode())).partition(b"\r\n\r\n")

    assert told.startswith(b"HTTP/1.1 413 ")
    assert Status.FromString(body).message == "the body is larger than 8388608 bytes"


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
async def test_other_content_types_are_refused_and_empty_bodies_are_good(service: RunningService, path: str) -> None:
    assert (await send(service, b"x", path, "text/plain")).status == 415
    assert (await send(service, b"", path)).status == 200


async def test_a_busy_service_says_when_to_come_again_and_counts_what_comes_then(service: RunningService) -> None:
    body = spans(service, 200).SerializeToString()
    service.intake._unposted += MOST_PENDING
    busy = await send(service, body)
    service.intake._unposted -= MOST_PENDING

    assert (busy.status, busy.headers["Retry-After"]) == (429, "1")
    assert (await send(service, body)).status == 200
    assert kept(service) == [("shop", "200", 1)]


async def test_logs_are_taken_and_not_kept(service: RunningService) -> None:
    told = await send(service, b"anything", "/v1/logs")

    assert (told.status, told.text) == (200, "")
    assert kept(service) == []


async def test_a_large_body_is_refused_also_when_it_is_small_compressed(service: RunningService) -> None:
    bomb = gzip.compress(bytes(9 << 20))

    assert (await send(service, bomb, Content_Encoding="gzip")).status == 413


async def test_a_batch_of_thousands_is_decoded_beside_the_loop(service: RunningService) -> None:
    body = spans(service, *([200] * 3000)).SerializeToString()

    assert (await send(service, body)).status == 200
    assert kept(service) == [("shop", "200", 3000)]


async def test_the_settings_choose_what_is_counted(unstarted: RunningService) -> None:
    unstarted.requests = replace(unstarted.requests, otlp={"shop": "metrics"})
    await unstarted.start()
    try:
        await send(unstarted, spans(unstarted, 404).SerializeToString())
        await send(unstarted, histogram(unstarted, 3), "/v1/metrics")

        assert kept(unstarted) == [("shop", "200", 3)]
    finally:
        await unstarted.stop()


async def test_only_a_trusted_proxy_names_the_client(unstarted: RunningService) -> None:
    unstarted.requests = replace(unstarted.requests, trusted_proxies=("10.0.0.0/8",), privacy="full")
    await unstarted.start()
    try:
        for number, peer in enumerate(("10.0.0.9", "192.0.2.1")):
            named = {"client__address": f"198.51.100.{number}", "network__peer__address": peer}
            await send(unstarted, spans_request(span(unstarted, **named)).SerializeToString())
        with closing(sqlite3.connect(unstarted.ledger.path)) as ledger:
            clients = ledger.execute("SELECT client FROM request_log ORDER BY number").fetchall()

        assert [client_text(kept) for (kept,) in clients] == ["198.51.100.0", "192.0.2.1"]
    finally:
        await unstarted.stop()
