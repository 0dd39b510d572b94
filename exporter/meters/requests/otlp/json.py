"""JSON of OTLP: protobuf's JSON with lowerCamelCase names, 64-bit numbers as text or number, enums as number or name.

Unknown fields are passed over, as the protocol asks; https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import msgspec

from exporter.meters.requests.otlp.conventions import HISTOGRAMS, NAMES
from exporter.meters.requests.otlp.json_shapes import (
    JsonAttribute,
    JsonBuckets,
    JsonMetrics,
    JsonTraces,
)
from exporter.meters.requests.otlp.messages import (
    CUMULATIVE,
    DELTA,
    NO_VALUE,
    SERVER,
    SERVICE_NAME,
    STATUS_ERROR,
    UNKNOWN_SERVICE,
    AttributeValue,
    ExponentialScale,
    HistogramPoint,
    ScopeHistograms,
    ServerHistogram,
    ServerSpan,
    ServiceSpans,
    UndecodableError,
    digest,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from exporter.meters.requests.otlp.json_shapes import (
        Double,
        JsonHistogram,
        JsonMetric,
        JsonPoint,
        JsonResource,
        JsonResourceMetrics,
        JsonResourceSpans,
        JsonValue,
        Number,
    )

Decoded = TypeVar("Decoded")
KINDS = {SERVER, "SPAN_KIND_SERVER"}
ERRORS = {STATUS_ERROR, "STATUS_CODE_ERROR"}
TEMPORALITIES: dict[Number, int] = {
    DELTA: DELTA,
    CUMULATIVE: CUMULATIVE,
    "AGGREGATION_TEMPORALITY_DELTA": DELTA,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": CUMULATIVE,
}
MOST = (1 << 64) - 1
LONGEST_NUMBER = len(str(MOST))


_TRACES, _METRICS = msgspec.json.Decoder(JsonTraces), msgspec.json.Decoder(JsonMetrics)
_ATTRIBUTE = msgspec.json.Decoder(JsonAttribute)


def read_spans(body: bytes) -> list[ServiceSpans]:
    """The server spans of an ExportTraceServiceRequest; raises UndecodableError."""
    return _guarded(lambda: [_service_spans(each) for each in _TRACES.decode(body).resource_spans or ()])


def read_histograms(body: bytes) -> list[ScopeHistograms]:
    """The histograms of an ExportMetricsServiceRequest; raises UndecodableError."""
    return _guarded(
        lambda: [one for each in _METRICS.decode(body).resource_metrics or () for one in _scope_histograms(each)]
    )


def _guarded(read: Callable[[], Decoded]) -> Decoded:
    try:
        return read()
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UndecodableError(f"the JSON is refused: {error}") from error
    except RecursionError as error:
        raise UndecodableError("the JSON is nested too deeply") from error


def _service_spans(group: JsonResourceSpans) -> ServiceSpans:
    spans = [
        ServerSpan(
            _nanoseconds(span.start_time_unix_nano),
            _nanoseconds(span.end_time_unix_nano),
            span.status is not None and span.status.code in ERRORS,
            _attributes(span.attributes or ()),
        )
        for scope in group.scope_spans or ()
        for span in scope.spans or ()
        if span.kind in KINDS
    ]
    return ServiceSpans(_service(group.resource), spans)


def _nanoseconds(number: Number) -> int:
    """An instant, mostly the text of one."""
    if isinstance(number, str) and number.isdecimal() and number.isascii() and len(number) < LONGEST_NUMBER:
        return int(number)
    return _whole(number)


def _service(resource: JsonResource | None) -> str:
    raw = [] if resource is None else resource.attributes or []
    name = _attributes(map(_ATTRIBUTE.decode, raw)).get(SERVICE_NAME)
    return name if name and isinstance(name, str) else UNKNOWN_SERVICE


def _attributes(attributes: Iterable[JsonAttribute]) -> dict[str, AttributeValue]:
    """Those whose names are used."""
    found: dict[str, AttributeValue] = {}
    known_as = NAMES.get
    for each in attributes:
        name = known_as(each.key)
        if name is not None and (given := each.value) is not None:
            value: AttributeValue | None = given.string_value
            if value is None:
                value = _value(given)
            if value is not None:
                found[name] = value
    return found


def _value(given: JsonValue) -> AttributeValue | None:
    """One that is no text; None for a list, a map or bytes."""
    if given.int_value is not None:
        return _whole(given.int_value)
    if given.bool_value is not None:
        return given.bool_value
    return None if given.double_value is None else _double(given.double_value)


def _scope_histograms(group: JsonResourceMetrics) -> Iterator[ScopeHistograms]:
    raw = [] if group.resource is None else group.resource.attributes or []
    resource, service = digest(sets=map(bytes, raw)), _service(group.resource)
    for each in group.scope_metrics or ():
        name = "" if each.scope is None else each.scope.name or ""
        found = [_histogram(metric, kind) for metric in each.metrics or () for kind in _kinds(metric)]
        if found:
            yield ScopeHistograms(service, digest(resource, name.encode()), found)


def _kinds(metric: JsonMetric) -> list[JsonHistogram]:
    if metric.name not in HISTOGRAMS:
        return []
    return [each for each in (metric.histogram, metric.exponential_histogram) if each is not None]


def _histogram(metric: JsonMetric, kind: JsonHistogram) -> ServerHistogram:
    points = [
        _point(point, is_exponential=kind is metric.exponential_histogram)
        for point in kind.data_points or ()
        if not (point.flags or 0) & NO_VALUE
    ]
    temporality = TEMPORALITIES.get(kind.aggregation_temporality, 0)
    return ServerHistogram(metric.name or "", metric.unit or "", temporality, points)


def _point(point: JsonPoint, *, is_exponential: bool) -> HistogramPoint:
    raw = point.attributes or []
    buckets, scale = point.bucket_counts, None
    if is_exponential:
        positive = point.positive or JsonBuckets()
        threshold, buckets = _double(point.zero_threshold), positive.bucket_counts
        scale = ExponentialScale(point.scale or 0, positive.offset or 0, _whole(point.zero_count), threshold)
    return HistogramPoint(
        digest(sets=map(bytes, raw)),
        _attributes(map(_ATTRIBUTE.decode, raw)),
        _whole(point.start_time_unix_nano),
        _whole(point.time_unix_nano),
        _whole(point.count),
        _double(point.sum),
        [_whole(count) for count in buckets or ()],
        [_double(bound) for bound in point.explicit_bounds or ()],
        None if point.min is None else _double(point.min),
        None if point.max is None else _double(point.max),
        scale,
    )


def _whole(number: Number) -> int:
    if isinstance(number, int) and abs(number) <= MOST:
        return number
    text = number or "0"
    digits = text.removeprefix("-") if isinstance(text, str) else ""
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_NUMBER):
        raise UndecodableError(f"{digits[:30]!r} is no whole number of 64 bits")
    return int(text)


def _double(number: Double) -> float:
    try:
        return math.nan if number is None else float(number)
    except ValueError as error:
        raise UndecodableError(f"{str(number)[:30]!r} is no number") from error
