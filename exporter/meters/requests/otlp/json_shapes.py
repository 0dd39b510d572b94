"""Shapes of OTLP in JSON: those fields that are used, under the names of opentelemetry-proto in lowerCamelCase."""

from __future__ import annotations

import msgspec

Number = int | str | None
"""A number of 64 bits, or an enum's number or name."""

Double = float | str | None
"""A double; NaN and the infinities are text."""


class JsonValue(msgspec.Struct, rename="camel", gc=False):
    """An AnyValue; lists and maps are passed over."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: Number = None
    double_value: Double = None


class JsonAttribute(msgspec.Struct, gc=False):
    """A KeyValue."""

    key: str = ""
    value: JsonValue | None = None


class JsonResource(msgspec.Struct):
    """A Resource; its attributes as they were sent tell it from others."""

    attributes: list[msgspec.Raw] | None = None


class JsonStatus(msgspec.Struct, gc=False):
    """A Status."""

    code: Number = 0


class JsonSpan(msgspec.Struct, rename="camel", gc=False):
    """A Span."""

    kind: Number = 0
    start_time_unix_nano: Number = 0
    end_time_unix_nano: Number = 0
    attributes: list[JsonAttribute] | None = None
    status: JsonStatus | None = None


class JsonScopeSpans(msgspec.Struct):
    """A ScopeSpans."""

    spans: list[JsonSpan] | None = None


class JsonResourceSpans(msgspec.Struct, rename="camel"):
    """A ResourceSpans."""

    resource: JsonResource | None = None
    scope_spans: list[JsonScopeSpans] | None = None


class JsonTraces(msgspec.Struct, rename="camel"):
    """An ExportTraceServiceRequest."""

    resource_spans: list[JsonResourceSpans] | None = None


class JsonBuckets(msgspec.Struct, rename="camel"):
    """The Buckets of an exponential histogram."""

    offset: int | None = 0
    bucket_counts: list[Number] | None = None


class JsonPoint(msgspec.Struct, rename="camel"):
    """A HistogramDataPoint or an ExponentialHistogramDataPoint, whose names do not collide."""

    attributes: list[msgspec.Raw] | None = None
    start_time_unix_nano: Number = 0
    time_unix_nano: Number = 0
    count: Number = 0
    sum: Double = 0.0
    bucket_counts: list[Number] | None = None
    explicit_bounds: list[Double] | None = None
    min: Double = None
    max: Double = None
    flags: int | None = 0
    scale: int | None = None
    zero_count: Number = 0
    zero_threshold: Double = 0.0
    positive: JsonBuckets | None = None


class JsonHistogram(msgspec.Struct, rename="camel"):
    """A Histogram or an ExponentialHistogram."""

    data_points: list[JsonPoint] | None = None
    aggregation_temporality: Number = 0


class JsonMetric(msgspec.Struct, rename="camel"):
    """A Metric; other kinds than histograms are passed over."""

    name: str | None = ""
    unit: str | None = ""
    histogram: JsonHistogram | None = None
    exponential_histogram: JsonHistogram | None = None


class JsonScope(msgspec.Struct):
    """An InstrumentationScope."""

    name: str | None = ""


class JsonScopeMetrics(msgspec.Struct):
    """A ScopeMetrics."""

    scope: JsonScope | None = None
    metrics: list[JsonMetric] | None = None


class JsonResourceMetrics(msgspec.Struct, rename="camel"):
    """A ResourceMetrics."""

    resource: JsonResource | None = None
    scope_metrics: list[JsonScopeMetrics] | None = None


class JsonMetrics(msgspec.Struct, rename="camel"):
    """An ExportMetricsServiceRequest."""

    resource_metrics: list[JsonResourceMetrics] | None = None
