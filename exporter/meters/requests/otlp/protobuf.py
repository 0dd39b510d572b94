"""Protobuf of OTLP: a reader of those fields that are used; the others are passed over.

Field numbers: opentelemetry-proto 1.x, whose published fields never change.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeVar

from exporter.meters.requests.otlp.conventions import HISTOGRAMS
from exporter.meters.requests.otlp.messages import (
    NO_VALUE,
    SERVER,
    SERVICE_NAME,
    STATUS_ERROR,
    UNKNOWN_SERVICE,
    UNUSED,
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
from exporter.meters.requests.otlp.wire import (
    FIRST,
    FIXED64,
    KNOWN,
    LENGTH,
    SECOND,
    SEVEN,
    TRUNCATED,
    VARINT,
    attribute,
    attributes_of,
    double,
    field,
    fields,
    places,
    signed,
    varint,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.meters.requests.otlp.wire import Place

Decoded = TypeVar("Decoded")
KIND, STARTED, ENDED = 6 << 3 | VARINT, 7 << 3 | FIXED64, 8 << 3 | FIXED64
ATTRIBUTE, STATUS = 9 << 3 | LENGTH, 15 << 3 | LENGTH
"""Tags of fields of a span."""

ONE_BYTE_TAG = 0x87
"""Bits of a tag's first byte: whether it has another one, and the wire type."""


def read_spans(body: bytes) -> list[ServiceSpans]:
    """The server spans of an ExportTraceServiceRequest; raises UndecodableError."""
    return _guarded(lambda: [_service_spans(body, *place) for place in places(body, (0, len(body)), FIRST)])


def read_histograms(body: bytes) -> list[ScopeHistograms]:
    """The histograms of an ExportMetricsServiceRequest; raises UndecodableError."""
    return _guarded(
        lambda: [each for place in places(body, (0, len(body)), FIRST) for each in _resource_metrics(body, place)]
    )


def _guarded(read: Callable[[], Decoded]) -> Decoded:
    try:
        return read()
    except (IndexError, struct.error) as error:
        raise UndecodableError(TRUNCATED) from error
    except UnicodeDecodeError as error:
        raise UndecodableError("a string of the body is not UTF-8") from error


def _service_spans(data: bytes, at: int, end: int) -> ServiceSpans:
    service, spans = UNKNOWN_SERVICE, list[ServerSpan]()
    for tag, begin, stop in fields(data, at, end):
        if tag == FIRST:
            service = _service(data, (begin, stop)) or service
        elif tag == SECOND:
            _add_spans(spans, data, begin, stop)
    return ServiceSpans(service, spans)


def _add_spans(spans: list[ServerSpan], data: bytes, at: int, end: int) -> None:
    while at < end:
        tag, begin, at = field(data, at, end)
        if tag == SECOND:
            span = _span(data, begin, at)
            if span is not None:
                spans.append(span)


def _service(data: bytes, resource: Place) -> str:
    name = attributes_of(data, places(data, resource, FIRST)).get(SERVICE_NAME, "")
    return name if isinstance(name, str) else ""


def _span(data: bytes, at: int, end: int) -> ServerSpan | None:
    kind = started = ended = 0
    is_error, attributes, known_as = False, dict[str, AttributeValue](), KNOWN.get
    while at < end:
        tag, size = data[at], data[at + 1]
        if tag & ONE_BYTE_TAG == LENGTH and size <= SEVEN:  # nearly all fields: read without a call
            begin = at + 2
            at = begin + size
        elif tag == STARTED:
            begin, at = at + 1, at + 9
            started = int.from_bytes(data[begin:at], "little")
        elif tag == ENDED:
            begin, at = at + 1, at + 9
            ended = int.from_bytes(data[begin:at], "little")
        else:
            tag, begin, at = field(data, at, end)
        if tag == ATTRIBUTE:
            raw = data[begin:at]
            name, value = known_as(raw) or attribute(raw)
            attributes[name] = value
        elif tag == KIND:
            kind = begin
        elif tag == STATUS:
            is_error = _is_error(data, (begin, at))
    if at > end:
        raise UndecodableError(TRUNCATED)
    attributes.pop(UNUSED, None)
    return ServerSpan(started, ended, is_error, attributes) if kind == SERVER else None


def _is_error(data: bytes, status: Place) -> bool:
    codes = [value for tag, value, _ in fields(data, *status) if tag == 3 << 3 | VARINT]
    return codes[-1:] == [STATUS_ERROR]


def _resource_metrics(data: bytes, within: Place) -> Iterator[ScopeHistograms]:
    service, attributes, scopes = UNKNOWN_SERVICE, [], []
    for tag, begin, stop in fields(data, *within):
        if tag == FIRST:
            attributes = places(data, (begin, stop), FIRST)
            service = _service(data, (begin, stop)) or service
        elif tag == SECOND:
            scopes.append((begin, stop))
    resource = digest(sets=(data[slice(*place)] for place in attributes))
    for scope in scopes:
        name, histograms = b"", []
        for tag, begin, stop in fields(data, *scope):
            if tag == FIRST:
                name = data[begin:stop]
            elif tag == SECOND and (histogram := _metric(data, (begin, stop))) is not None:
                histograms.append(histogram)
        if histograms:
            yield ScopeHistograms(service, digest(resource, name), histograms)


def _metric(data: bytes, within: Place) -> ServerHistogram | None:
    name = unit = ""
    has_histogram = False
    temporality, points = 0, list[HistogramPoint]()
    for tag, begin, stop in fields(data, *within):
        if tag == FIRST:
            name = HISTOGRAMS.get(data[begin:stop].decode(), "")
            if not name:
                return None
        elif tag == 3 << 3 | LENGTH:
            unit = data[begin:stop].decode()
        elif tag in {9 << 3 | LENGTH, 10 << 3 | LENGTH}:
            has_histogram = True
            read = _point if tag == 9 << 3 | LENGTH else _exponential_point
            for inner, start, end in fields(data, begin, stop):
                if inner == FIRST:
                    points += filter(None, [read(data, start, end)])
                elif inner == 2 << 3 | VARINT:
                    temporality = start
    return ServerHistogram(name, unit, temporality, points) if name and has_histogram else None


def _point(data: bytes, at: int, end: int) -> HistogramPoint | None:
    """A HistogramDataPoint; None without a value."""
    read = _Point(data)
    bounds: list[float] = []
    for tag, begin, stop in fields(data, at, end):
        if tag == 9 << 3 | LENGTH:
            read.attributes.append((begin, stop))
        elif tag in {6 << 3 | LENGTH, 6 << 3 | FIXED64}:
            read.counts += struct.unpack(f"<{(stop - begin) // 8}Q", data[begin:stop])
        elif tag in {7 << 3 | LENGTH, 7 << 3 | FIXED64}:
            bounds += struct.unpack(f"<{(stop - begin) // 8}d", data[begin:stop])
        elif tag == 11 << 3 | FIXED64:
            read.least = double(data, begin)
        elif tag == 12 << 3 | FIXED64:
            read.most = double(data, begin)
        else:
            read.take(tag, begin, stop)
    return read.point(bounds)


def _exponential_point(data: bytes, at: int, end: int) -> HistogramPoint | None:
    """An ExponentialHistogramDataPoint; None without a value."""
    read = _Point(data)
    scale = ExponentialScale(0, 0, 0, 0.0)
    for tag, begin, stop in fields(data, at, end):
        if tag == FIRST:
            read.attributes.append((begin, stop))
        elif tag == 6 << 3 | VARINT:
            scale = scale._replace(scale=signed(begin))
        elif tag == 7 << 3 | FIXED64:
            scale = scale._replace(zeros=int.from_bytes(data[begin:stop], "little"))
        elif tag == 8 << 3 | LENGTH:
            scale = scale._replace(offset=_positive(data, (begin, stop), read.counts))
        elif tag == 12 << 3 | FIXED64:
            read.least = double(data, begin)
        elif tag == 13 << 3 | FIXED64:
            read.most = double(data, begin)
        elif tag == 14 << 3 | FIXED64:
            scale = scale._replace(threshold=double(data, begin))
        else:
            read.take(tag, begin, stop)
    return read.point([], scale)


def _positive(data: bytes, within: Place, counts: list[int]) -> int:
    offset = 0
    for tag, begin, stop in fields(data, *within):
        if tag == 1 << 3 | VARINT:
            offset = signed(begin)
        elif tag == 2 << 3 | VARINT:
            counts.append(begin)
        elif tag == 2 << 3 | LENGTH:
            while begin < stop:
                count, begin = varint(data, begin)  # noqa: PLW2901 - each number begins where the last one ended
                counts.append(count)
    return offset


class _Point:
    """What both kinds of data points have."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.attributes: list[Place] = []
        self.counts: list[int] = []
        self.least: float | None = None
        self.most: float | None = None
        self.started = self.at = self.values = self.flags = 0
        self.total = 0.0

    def take(self, tag: int, begin: int, stop: int) -> None:
        """A field of the same number in both."""
        if tag == 2 << 3 | FIXED64:
            self.started = int.from_bytes(self.data[begin:stop], "little")
        elif tag == 3 << 3 | FIXED64:
            self.at = int.from_bytes(self.data[begin:stop], "little")
        elif tag == 4 << 3 | FIXED64:
            self.values = int.from_bytes(self.data[begin:stop], "little")
        elif tag == 5 << 3 | FIXED64:
            self.total = double(self.data, begin)
        elif tag == 10 << 3 | VARINT:
            self.flags = begin

    def point(self, bounds: list[float], scale: ExponentialScale | None = None) -> HistogramPoint | None:
        if self.flags & NO_VALUE:
            return None
        series = digest(sets=(self.data[slice(*place)] for place in self.attributes))
        attributes = attributes_of(self.data, self.attributes)
        numbers = self.started, self.at, self.values, self.total
        return HistogramPoint(series, attributes, *numbers, self.counts, bounds, self.least, self.most, scale)
