"""What the readers of both encodings make of a body: server spans, and histograms of requests to servers."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

AttributeValue: TypeAlias = str | int | float | bool
Attributes: TypeAlias = "Mapping[str, AttributeValue]"

SERVER = 2
"""SpanKind of a server's span."""

STATUS_ERROR = 2
"""Code of a span's Status."""

DELTA, CUMULATIVE = 1, 2
"""AggregationTemporality."""

NO_VALUE = 1
"""Flag of a data point: nothing was recorded, the series has ended."""

SERVICE_NAME = "service.name"
UNKNOWN_SERVICE = "unknown_service"
"""What the SDKs call a service without a name."""


UNUSED = ""
NOTHING: tuple[str, AttributeValue] = (UNUSED, "")
"""Name and value of an attribute that is not used."""


class UndecodableError(Exception):
    """A body is not what its content type says."""


class ServerSpan(NamedTuple):
    """A span of kind SERVER: UTC nanoseconds, whether its status is an error, and those attributes that are used."""

    started: int
    ended: int
    is_error: bool
    attributes: Attributes


class ServiceSpans(NamedTuple):
    """The server spans of one resource, and the name of its service."""

    service: str
    spans: Sequence[ServerSpan]


class ExponentialScale(NamedTuple):
    """How the buckets of an exponential histogram lie: bucket i ends at 2 ** ((offset + i + 1) / 2 ** scale).

    `zeros` are the values up to `threshold`, which are in no bucket.
    """

    scale: int
    offset: int
    zeros: int
    threshold: float


class HistogramPoint(NamedTuple):
    """A data point: UTC nanoseconds, values and their sum, counts by bucket, whose bounds are one fewer or on a scale.

    `series` tells its attributes from those of other points. `least` and `most` are None where they are not given.
    """

    series: bytes
    attributes: Attributes
    started: int
    at: int
    values: int
    total: float
    counts: Sequence[int]
    bounds: Sequence[float]
    least: float | None = None
    most: float | None = None
    scale: ExponentialScale | None = None


class ServerHistogram(NamedTuple):
    """A metric of one of the names that are used."""

    name: str
    unit: str
    temporality: int
    points: Sequence[HistogramPoint]


class ScopeHistograms(NamedTuple):
    """What one instrumentation of one resource measured; `identity` tells the two from others."""

    service: str
    identity: bytes
    histograms: Sequence[ServerHistogram]


def digest(*parts: bytes, sets: Iterable[bytes] = ()) -> bytes:
    """Eight bytes that tell apart parts, and members of a set in any order."""
    found = hashlib.blake2b(digest_size=8)
    for part in (*parts, *sorted(sets)):
        found.update(len(part).to_bytes(4, "little"))
        found.update(part)
    return found.digest()
