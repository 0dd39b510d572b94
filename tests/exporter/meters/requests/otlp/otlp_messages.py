"""OTLP messages made with the real protobuf library, and what it reads of them: the oracle of our own readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from exporter.meters.requests.otlp.conventions import HISTOGRAMS, NAMES
from exporter.meters.requests.otlp.messages import SERVER, UNKNOWN_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from exporter.meters.requests.otlp.messages import HistogramPoint, ScopeHistograms, ServiceSpans


def attributes(values: Mapping[str, object]) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(value)) for name, value in values.items()]


def any_value(value: object) -> AnyValue:
    match value:
        case None:
            made = AnyValue()
        case bool():
            made = AnyValue(bool_value=value)
        case int():
            made = AnyValue(int_value=value)
        case float():
            made = AnyValue(double_value=value)
        case bytes():
            made = AnyValue(bytes_value=value)
        case list():
            made = AnyValue(array_value=ArrayValue(values=map(any_value, value)))
        case dict():
            made = AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
        case _:
            made = AnyValue(string_value=str(value))
    return made


def spans_request(*spans: Span, **resource: object) -> ExportTraceServiceRequest:
    """Spans of one resource, whose attributes have underscores for dots."""
    given = Resource(attributes=attributes({name.replace("_", "."): value for name, value in resource.items()}))
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=given, scope_spans=[ScopeSpans(spans=spans)])]
    )


def metrics_request(
    *metrics: Metric, scope: str = "http", resource: Mapping[str, object] | None = None
) -> ExportMetricsServiceRequest:
    scopes = [ScopeMetrics(scope=InstrumentationScope(name=scope), metrics=metrics)]
    given = Resource(attributes=attributes(resource if resource is not None else {"service.name": "shop"}))
    return ExportMetricsServiceRequest(resource_metrics=[ResourceMetrics(resource=given, scope_metrics=scopes)])


whole = st.integers(0, 2**64 - 1)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.just("é" * 100)
names = st.sampled_from(sorted(NAMES)) | texts
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.binary(max_size=9), st.none()
)
values = scalars | st.just([1, {"a": ["b"]}])
attribute_maps = st.dictionaries(names, values, max_size=5)

spans = st.builds(
    lambda given, **parts: Span(attributes=attributes(given), **parts),
    attribute_maps,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    name=texts,
    kind=st.sampled_from([SERVER, SERVER, 0, 1, 3]),
    start_time_unix_nano=whole,
    end_time_unix_nano=whole,
    status=st.builds(Status, code=st.sampled_from([0, 1, 2]), message=texts),
    dropped_attributes_count=st.integers(0, 2**32 - 1),
)
trace_requests = st.builds(
    ExportTraceServiceRequest,
    resource_spans=st.lists(
        st.builds(
            ResourceSpans,
            resource=st.builds(lambda given: Resource(attributes=attributes(given)), attribute_maps),
            scope_spans=st.lists(st.builds(ScopeSpans, spans=st.lists(spans, max_size=3)), max_size=2),
            schema_url=texts,
        ),
        max_size=3,
    ),
)
doubles = st.floats(allow_nan=False)
common_point: dict[str, Any] = {
    "start_time_unix_nano": whole,
    "time_unix_nano": whole,
    "count": whole,
    "sum": doubles,
    "flags": st.sampled_from([0, 0, 0, 1]),
    "min": doubles,
    "max": doubles,
}
points = st.builds(
    lambda given, **parts: HistogramDataPoint(attributes=attributes(given), **parts),
    attribute_maps,
    bucket_counts=st.lists(whole, max_size=3),
    explicit_bounds=st.lists(doubles, max_size=3),
    **common_point,
)
exponential_points = st.builds(
    lambda given, **parts: ExponentialHistogramDataPoint(attributes=attributes(given), **parts),
    attribute_maps,
    scale=st.integers(-(2**31), 2**31 - 1),
    zero_count=whole,
    zero_threshold=doubles,
    positive=st.builds(
        ExponentialHistogramDataPoint.Buckets,
        offset=st.integers(-(2**31), 2**31 - 1),
        bucket_counts=st.lists(whole, max_size=5),
    ),
    **common_point,
)
temporalities = st.sampled_from([0, 1, 2])
kinds = st.one_of(
    st.builds(
        lambda given, temporality: {"histogram": Histogram(data_points=given, aggregation_temporality=temporality)},
        st.lists(points, max_size=3),
        temporalities,
    ),
    st.builds(
        lambda given, temporality: {
            "exponential_histogram": ExponentialHistogram(data_points=given, aggregation_temporality=temporality)
        },
        st.lists(exponential_points, max_size=3),
        temporalities,
    ),
    st.just({"gauge": Gauge(data_points=[NumberDataPoint(as_int=7)])}),
)
metrics = st.builds(
    lambda kind, **parts: Metric(**kind, **parts),
    kinds,
    name=st.sampled_from([*HISTOGRAMS, "process.cpu.time"]),
    unit=st.sampled_from(["s", "ms", "By", ""]),
)
metric_requests = st.builds(
    ExportMetricsServiceRequest,
    resource_metrics=st.lists(
        st.builds(
            ResourceMetrics,
            resource=st.builds(lambda given: Resource(attributes=attributes(given)), attribute_maps),
            scope_metrics=st.lists(
                st.builds(
                    ScopeMetrics,
                    scope=st.builds(InstrumentationScope, name=texts),
                    metrics=st.lists(metrics, max_size=3),
                ),
                max_size=2,
            ),
        ),
        max_size=2,
    ),
)


def oracle_attributes(given: Iterable[KeyValue]) -> dict[str, object]:
    found: dict[str, object] = {}
    for each in given:
        kind = each.value.WhichOneof("value")
        if each.key in NAMES and kind in {"string_value", "bool_value", "int_value", "double_value"}:
            found[NAMES[each.key]] = getattr(each.value, kind)
    return found


def _service(resource: Resource) -> object:
    name = oracle_attributes(resource.attributes).get("service.name")
    return name if name and isinstance(name, str) else UNKNOWN_SERVICE


def oracle_spans(request: ExportTraceServiceRequest) -> list[object]:
    """Service and server spans of each resource."""
    return [
        (
            _service(group.resource),
            [
                (
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    span.status.code == 2,
                    oracle_attributes(span.attributes),
                )
                for scope in group.scope_spans
                for span in scope.spans
                if span.kind == SERVER
            ],
        )
        for group in request.resource_spans
    ]


def plain_spans(groups: Iterable[ServiceSpans]) -> list[object]:
    """The same of what a reader of ours found."""
    return [(group.service, [tuple(span) for span in group.spans]) for group in groups]


def oracle_points(request: ExportMetricsServiceRequest) -> list[object]:
    """Service, name, unit, temporality and points of each histogram that is used."""
    found: list[object] = []
    for group in request.resource_metrics:
        for scope in group.scope_metrics:
            for metric in scope.metrics:
                kind = metric.WhichOneof("data")
                if metric.name in HISTOGRAMS and kind != "gauge":
                    data = getattr(metric, kind)
                    held = [_oracle_point(each) for each in data.data_points if not each.flags & 1]
                    service = _service(group.resource)
                    found.append((service, metric.name, metric.unit, data.aggregation_temporality, held))
    return found


def _oracle_point(point: Any) -> object:
    shared = (
        oracle_attributes(point.attributes),
        *(point.start_time_unix_nano, point.time_unix_nano, point.count, point.sum, point.min, point.max),
    )
    if isinstance(point, HistogramDataPoint):
        return (*shared, list(point.bucket_counts), list(point.explicit_bounds), None)
    scale = (point.scale, point.positive.offset, point.zero_count, point.zero_threshold)
    return (*shared, list(point.positive.bucket_counts), [], scale)


def plain_points(scopes: Iterable[ScopeHistograms]) -> list[object]:
    """The same of what a reader of ours found."""
    return [
        (scope.service, each.name, each.unit, each.temporality, [_plain_point(point) for point in each.points])
        for scope in scopes
        for each in scope.histograms
    ]


def _plain_point(point: HistogramPoint) -> object:
    shared = (point.attributes, point.started, point.at, point.values, point.total, point.least, point.most)
    return (*shared, list(point.counts), list(point.bounds), None if point.scale is None else tuple(point.scale))
