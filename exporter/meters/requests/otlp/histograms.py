"""Histograms of HTTP servers as amounts by route and code, of which deltas are counted at once."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.requests.otlp.conventions import (
    DURATION,
    OLD_DURATION,
    code_of,
    method_of,
    route_of,
    service_name,
)
from exporter.meters.requests.otlp.messages import CUMULATIVE, DELTA, HistogramPoint, digest
from exporter.meters.requests.otlp.refusals import Refusals, RefusedPointError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.requests.otlp.messages import ScopeHistograms, ServerHistogram

MICROSECONDS = {"s": 1e6, "ms": 1e3, "us": 1.0}
USUAL_UNIT = {DURATION: "s", OLD_DURATION: "ms"}
NEW_NAMES = {
    OLD_DURATION: DURATION,
    "http.server.request.size": "http.server.request.body.size",
    "http.server.response.size": "http.server.response.body.size",
}
"""Metrics by their old names: an SDK that sends both means the same requests."""

MOST_BUCKETS = 1000
MOST_VALUES, LARGEST_TOTAL = 10**12, 2**60
"""Of one series: beyond, sums of several would not fit into the ledger."""

FINEST_SCALE = 6
"""Exponential buckets are joined to this scale: a factor of 1.011, as fine as the sketches of the ledger."""


class Buckets(NamedTuple):
    """Counts by the microseconds that stand for a bucket, and where buckets end; those without a count are left out.

    Microseconds within a bucket say which one it is also after buckets were joined, as exponential histograms do.
    """

    middles: list[float]
    counts: list[int]
    bounds: Sequence[float] = ()


class PointAmount(NamedTuple):
    """A data point in the meter's units: of what series of which group (process), and what it says.

    `metric` is the new name; `started` is UTC nanoseconds, `at` when it is counted in UTC microseconds; `total` is
    microseconds or bytes, `least` and `most` are microseconds.
    """

    service: str
    metric: str
    group: str
    series: str
    method: str
    route: str
    code: int
    started: int
    at: int
    values: int
    total: int
    buckets: Buckets
    least: int | None
    most: int | None


class PointAmounts(NamedTuple):
    """The amounts of a body by temporality, and what is not counted."""

    deltas: list[PointAmount]
    cumulative: list[PointAmount]
    refusals: Refusals


def amounts_of(scopes: Sequence[ScopeHistograms], service: str | None, now: int) -> PointAmounts:
    """The amounts of histograms; `service` is that of the key, None for the resource's own name, `now` microseconds."""
    found = PointAmounts([], [], Refusals())
    # An SDK that sends both may give each a scope of its own: of the same name with another schema.
    new = {(scope.identity, each.name) for scope in scopes for each in scope.histograms if each.points}
    for scope in scopes:
        wanted = [each for each in scope.histograms if (scope.identity, NEW_NAMES.get(each.name)) not in new]
        try:
            name = service or service_name(scope.service)
        except ValueError as error:
            found.refusals.add(str(error), sum(len(each.points) for each in wanted))
            continue
        for histogram in wanted:
            _add(found, name, scope.identity, histogram, now)
    return found


def _add(found: PointAmounts, service: str, identity: bytes, histogram: ServerHistogram, now: int) -> None:
    kept = {DELTA: found.deltas, CUMULATIVE: found.cumulative}.get(histogram.temporality)
    if kept is None:
        rule = f"{histogram.temporality} is refused; use 1 (delta) or 2 (cumulative)"
        found.refusals.add(f"aggregationTemporality: {rule}", len(histogram.points))
        return
    for point in histogram.points:
        try:
            amount = _amount(
                service, identity, histogram, point, found.refusals.counted_at("timeUnixNano", point.at, now)
            )
        except (RefusedPointError, ValueError) as error:
            found.refusals.add(str(error))
            continue
        if amount is not None:
            kept.append(amount)


def _amount(
    service: str, identity: bytes, histogram: ServerHistogram, point: HistogramPoint, at: int
) -> PointAmount | None:
    method = method_of(point.attributes)
    if method is None:
        return None
    metric = NEW_NAMES.get(histogram.name, histogram.name)
    unit = _unit(histogram)
    total = _whole("sum", point.total, unit, LARGEST_TOTAL)
    if not 0 <= point.values <= MOST_VALUES:
        raise RefusedPointError(f"count: {point.values} is refused; use 0 to {MOST_VALUES}")
    buckets = _buckets(point, unit) if metric == DURATION else Buckets([], [])
    group = digest(identity, histogram.name.encode(), str(point.started).encode())
    return PointAmount(
        *(service, metric, group.hex(), point.series.hex(), method, route_of(point.attributes)),
        *(code_of(point.attributes), point.started, at, point.values, total, buckets),
        None if point.least is None else _whole("min", point.least, unit, LARGEST_TOTAL),
        None if point.most is None else _whole("max", point.most, unit, LARGEST_TOTAL),
    )


def _unit(histogram: ServerHistogram) -> float:
    if histogram.name not in USUAL_UNIT:
        return 1.0
    return MICROSECONDS.get(histogram.unit) or MICROSECONDS[USUAL_UNIT[histogram.name]]


def _whole(field: str, value: float, unit: float, largest: int) -> int:
    if not 0 <= value * unit <= largest:  # NaN, too
        raise RefusedPointError(f"{field}: {value} is refused; use 0 to {largest / unit:.0f}")
    return round(value * unit)


def _buckets(point: HistogramPoint, unit: float) -> Buckets:
    """Buckets in microseconds; raises RefusedPointError."""
    counts, bounds = (point.counts, point.bounds) if point.scale is None else _exponential(point)
    if not counts:
        counts = [point.values]
    if len(counts) > MOST_BUCKETS or len(counts) != len(bounds) + 1:
        rule = f"use one more than bounds, {MOST_BUCKETS} at most"
        raise RefusedPointError(f"bucketCounts: {len(counts)} of {len(bounds)} explicitBounds are refused; {rule}")
    if min(counts) < 0 or sum(counts) != point.values:
        raise RefusedPointError(f"bucketCounts: they add up to {sum(counts)}, and count is {point.values}")
    ends = [bound * unit for bound in bounds]
    if not all(map(math.isfinite, ends)) or any(low >= high for low, high in pairwise(ends)):
        raise RefusedPointError("explicitBounds: they do not ascend")
    middles = (_middle(ends[n - 1] if n else 0.0, ends[n] if n < len(ends) else math.inf) for n in range(len(counts)))
    held = [(round(middle, 3), count) for middle, count in zip(middles, counts, strict=True) if count]
    return Buckets([middle for middle, _ in held], [count for _, count in held], ends)


def _middle(low: float, high: float) -> float:
    """What stands for a bucket: the geometric middle, within its bounds also where it has one only."""
    if high == math.inf:
        return low * 2 or 1.0
    if high <= 0:
        return high
    return math.sqrt(low * high) if low > 0 else high / 2


def _exponential(point: HistogramPoint) -> tuple[list[int], list[float]]:
    """Counts and bounds of a histogram on a scale, joined to FINEST_SCALE; raises RefusedPointError."""
    assert point.scale is not None  # noqa: S101 - its caller has asked
    scale, offset, zeros, threshold = point.scale
    place = f"positive: {len(point.counts)} buckets of scale {scale} from {offset} on"
    if len(point.counts) > MOST_BUCKETS or abs(scale) > 20 or abs(offset) > 1 << 30:  # noqa: PLR2004 - of the SDKs
        raise RefusedPointError(f"{place} are refused")
    shift = max(scale - FINEST_SCALE, 0)
    joined: dict[int, int] = {}
    for number, count in enumerate(point.counts, offset):
        joined[number >> shift] = joined.get(number >> shift, 0) + count
    lowest = max(threshold, 0.0) if threshold == threshold else 0.0  # noqa: PLR0124 - NaN is not itself
    if not joined:
        return [zeros, 0], [lowest]
    first, last, step = min(joined), max(joined), 2.0 ** (shift - scale)
    try:
        ends = [2.0 ** (number * step) for number in range(first, last + 2)]
    except OverflowError as error:
        raise RefusedPointError(f"{place} end beyond all times") from error
    counts = [joined.get(number, 0) for number in range(first, last + 1)]
    return [zeros, 0, *counts, 0], [min(lowest, ends[0] / 2), *ends]
