"""Answers of OTLP/HTTP as the real protobuf library reads them."""

from __future__ import annotations

import pytest
from google.protobuf.json_format import Parse  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exporter.meters.requests.otlp.answers import INVALID, JSON, PROTOBUF, failure, success

WHY = "http.response.status_code: 999 is no status code é use 100 to 599"


def _traces(media_type: str, body: bytes) -> ExportTraceServiceResponse:
    response = ExportTraceServiceResponse()
    if media_type == JSON:
        Parse(body, response)
    else:
        response.ParseFromString(body)
    return response


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
def test_full_success_has_no_partial_success(media_type: str) -> None:
    assert not _traces(media_type, success(media_type, "spans")).HasField("partial_success")


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
@pytest.mark.parametrize("rejected", [1, 127, 128, 300_000])
def test_partial_success_says_how_many_and_why(media_type: str, rejected: int) -> None:
    partial = _traces(media_type, success(media_type, "spans", rejected, WHY)).partial_success

    assert (partial.rejected_spans, partial.error_message) == (rejected, WHY)


def test_data_points_are_rejected_under_their_own_name() -> None:
    body = success(JSON, "dataPoints", 3, WHY)

    assert Parse(body, ExportMetricsServiceResponse()).partial_success.rejected_data_points == 3


def test_a_long_message_is_cut() -> None:
    assert len(_traces(PROTOBUF, success(PROTOBUF, "spans", 1, "é" * 10_000)).partial_success.error_message) == 500


@pytest.mark.parametrize("media_type", [JSON, PROTOBUF])
def test_a_failure_is_a_status(media_type: str) -> None:
    body = failure(media_type, INVALID, WHY)
    status = Parse(body, Status()) if media_type == JSON else Status.FromString(body)

    assert (status.code, status.message) == (INVALID, WHY)
