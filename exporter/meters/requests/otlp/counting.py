"""PointAmounts as counts of requests, added up by service, method, route and code."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from exporter.meters.requests.events import LONGEST_DURATION, EventCounts
from exporter.meters.requests.otlp.conventions import DURATION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exporter.meters.requests.otlp.histograms import PointAmount

ZERO = 250
"""Microseconds that stand for times that an SDK has rounded to 0 ms."""

RESPONSE_SIZE = "http.server.response.body.size"


def counts_of(amounts: Iterable[PointAmount]) -> list[EventCounts]:
    """Counts of requests with their bytes, which are histograms of their own; in the order of their coming."""
    found: dict[tuple[str, str, str, int], EventCounts] = {}
    for amount in amounts:
        key = amount.service, amount.method, amount.route, amount.code
        service, method, route, code = key
        held = found.get(key) or EventCounts(service, amount.at, method, route, code, 0)
        found[key] = _with(held, amount)
    return [each for each in found.values() if each.requests or each.request_bytes or each.response_bytes]


def _with(held: EventCounts, amount: PointAmount) -> EventCounts:
    held = held._replace(at=max(held.at, amount.at))
    if amount.metric == RESPONSE_SIZE:
        return held._replace(response_bytes=held.response_bytes + amount.total)
    if amount.metric != DURATION:
        return held._replace(request_bytes=held.request_bytes + amount.total)
    durations = dict(held.durations)
    for middle, count in zip(amount.buckets.middles, amount.buckets.counts, strict=True):
        duration = _duration(middle, amount)
        durations[duration] = durations.get(duration, 0) + count
    ends = [each for each in (held.shortest, amount.least) if each is not None]
    return held._replace(
        requests=held.requests + amount.values,
        duration=held.duration + amount.total,
        durations=durations,
        shortest=min(ends, default=None),
        longest=max((each for each in (held.longest, amount.most) if each is not None), default=None),
    )


def _duration(middle: float, amount: PointAmount) -> int:
    """Microseconds that stand for a bucket, within the least and the most of all where they are known."""
    bounds, least, most = amount.buckets.bounds, amount.least, amount.most
    if middle <= 0:
        return ZERO
    if bounds and most is not None and middle > bounds[-1] > 0:
        middle = math.sqrt(bounds[-1] * max(most, bounds[-1]))
    if most is not None and middle > most > 0:
        middle = most
    if least is not None and middle < least:
        middle = least
    return min(max(round(middle), 1), LONGEST_DURATION)
