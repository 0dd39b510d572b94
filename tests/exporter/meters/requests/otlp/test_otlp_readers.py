"""Our readers of OTLP against the real protobuf library: the same values, and no other exception than ours."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Histogram, HistogramDataPoint, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.meters.requests.otlp import json, protobuf
from exporter.meters.requests.otlp.messages import UndecodableError
from tests.exporter.meters.requests.otlp import otlp_messages as otlp

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

few = settings(max_examples=50, deadline=None)

ATTRIBUTES = {"http.request.method": "GET", "http.route": "/items/{id}", "url.path": "/items/7", "é": [1, {"a": 2.5}]}
SPANS = otlp.spans_request(
    Span(
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1,
        end_time_unix_nano=2**63,
        attributes=otlp.attributes(ATTRIBUTES),
    ),
    service_name="shop",
)
POINT = HistogramDataPoint(
    attributes=otlp.attributes(ATTRIBUTES), count=3, sum=0.5, bucket_counts=[1, 2], explicit_bounds=[0.1], min=0.01
)
METRICS = otlp.metrics_request(
    Metric(name="http.server.request.duration", unit="s", histogram=Histogram(data_points=[POINT]))
)


@few
@given(otlp.trace_requests)
def test_spans_are_read_as_protobuf_reads_them(request: ExportTraceServiceRequest) -> None:
    assert otlp.plain_spans(protobuf.read_spans(request.SerializeToString())) == otlp.oracle_spans(request)


@few
@given(otlp.trace_requests)
def test_spans_in_json_are_read_as_protobuf_reads_them(request: ExportTraceServiceRequest) -> None:
    assert otlp.plain_spans(json.read_spans(MessageToJson(request).encode())) == otlp.oracle_spans(request)


@few
@given(otlp.metric_requests)
def test_histograms_are_read_as_protobuf_reads_them(request: ExportMetricsServiceRequest) -> None:
    assert otlp.plain_points(protobuf.read_histograms(request.SerializeToString())) == otlp.oracle_points(request)


@few
@given(otlp.metric_requests)
def test_histograms_in_json_are_read_as_protobuf_reads_them(request: ExportMetricsServiceRequest) -> None:
    assert otlp.plain_points(json.read_histograms(MessageToJson(request).encode())) == otlp.oracle_points(request)


READERS: list[tuple[Callable[[bytes], Any], Any]] = [
    (protobuf.read_spans, SPANS),
    (protobuf.read_histograms, METRICS),
]


@pytest.mark.parametrize(("read", "message"), READERS)
def test_a_body_that_is_cut_is_refused_or_read_as_far_as_it_is_whole(
    read: Callable[[bytes], Any], message: Any
) -> None:
    body = message.SerializeToString()

    for length in range(1, len(body)):
        with pytest.raises(UndecodableError):
            read(body[:length])


corruptions = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4)


@pytest.mark.parametrize(("read", "message"), READERS)
@given(places=corruptions, length=st.integers(0, 10_000))
@settings(max_examples=200, deadline=None)
def test_a_corrupt_body_raises_no_other_exception(
    read: Callable[[bytes], Any], message: Any, places: list[tuple[int, int]], length: int
) -> None:
    body = bytearray(message.SerializeToString())
    for place, byte in places:
        body[place % len(body)] = byte

    for each in (bytes(body), bytes(body[: length % len(body)])):
        with contextlib.suppress(UndecodableError):
            read(each)


@given(st.binary(max_size=60))
def test_what_we_refuse_of_nonsense_protobuf_refuses_too_or_takes_for_an_unknown_group(body: bytes) -> None:
    try:
        found = otlp.plain_spans(protobuf.read_spans(body))
    except UndecodableError:
        return
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        return  # it reads what we pass over
    assert found == otlp.oracle_spans(request)


@given(st.text(max_size=40) | st.sampled_from(["{", "[]", "null", '{"resourceSpans": 3}', "[" * 100_000]))
def test_nonsense_in_json_raises_no_other_exception(text: str) -> None:
    for read in (json.read_spans, json.read_histograms):
        with contextlib.suppress(UndecodableError):
            read(text.encode("utf-8", "surrogatepass"))


REFUSED_JSON = {
    "a number of words": '{"kind": 2, "startTimeUnixNano": "soon"}',
    "a number beyond 64 bits": '{"kind": 2, "startTimeUnixNano": "99999999999999999999999"}',
    "a long number": '{"kind": 2, "startTimeUnixNano": 99999999999999999999999}',
    "no double": '{"kind": 2, "attributes": [{"key": "url.path", "value": {"doubleValue": "x"}}]}',
}


@pytest.mark.parametrize("span", REFUSED_JSON.values(), ids=REFUSED_JSON)
def test_json_of_other_types_is_refused(span: str) -> None:
    with pytest.raises(UndecodableError):
        json.read_spans(f'{{"resourceSpans": [{{"scopeSpans": [{{"spans": [{span}]}}]}}]}}'.encode())


def test_json_may_have_names_of_enums_numbers_as_such_and_nulls() -> None:
    span = (
        '{"kind": "SPAN_KIND_SERVER", "startTimeUnixNano": 5, "endTimeUnixNano": "6",'
        ' "status": {"code": "STATUS_CODE_ERROR"},'
        ' "attributes": [{"key": "http.status_code", "value": {"intValue": 200}}, {"key": "url.path", "value": null}],'
        ' "events": null, "unknown": [{}]}'
    )
    body = f'{{"resourceSpans": [{{"resource": null, "scopeSpans": [{{"spans": [{span}]}}]}}]}}'

    assert otlp.plain_spans(json.read_spans(body.encode())) == [
        ("unknown_service", [(5, 6, True, {"http.response.status_code": 200})])
    ]


def test_fields_in_any_order_are_read() -> None:
    body = SPANS.SerializeToString()
    span = Span(kind=Span.SPAN_KIND_SERVER, attributes=otlp.attributes(ATTRIBUTES)).SerializeToString()
    attributes, kind = span[2:], span[:2]

    turned = attributes + kind
    whole = b"\x0a" + _sized(b"\x12" + _sized(b"\x12" + _sized(turned)))

    assert protobuf.read_spans(whole)[0].spans[0].attributes == protobuf.read_spans(body)[0].spans[0].attributes


def _sized(data: bytes) -> bytes:
    size = len(data)
    return (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + data
