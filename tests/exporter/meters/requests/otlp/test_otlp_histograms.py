"""Histograms as counts of requests: units, buckets, and what came since the last point."""

from __future__ import annotations

from math import ceil, log2
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.meters.requests.otlp.conventions import NAMES
from exporter.meters.requests.otlp.counting import counts_of
from exporter.meters.requests.otlp.cumulative import MOST_SERIES, NO_ROOM, ServiceNote, differences
from exporter.meters.requests.otlp.histograms import PointAmount, PointAmounts, amounts_of
from exporter.meters.requests.otlp.messages import (
    CUMULATIVE,
    DELTA,
    ExponentialScale,
    HistogramPoint,
    ScopeHistograms,
    ServerHistogram,
    digest,
)

NOW = 1_790_000_000_000_000
BEGAN = NOW - 3600 * 10**6
STARTED = (BEGAN + 10**6) * 1000
DURATION, OLD_DURATION = "http.server.request.duration", "http.server.duration"
ITEMS = {"http.request.method": "GET", "http.response.status_code": 200, "http.route": "/items/{id}"}
BOUNDS = [0.005, 0.01, 0.1]


def point(**parts: Any) -> HistogramPoint:
    """Three requests of 7, 7 and 50 ms; `parts` are what is different."""
    usual: dict[str, Any] = {
        "attributes": ITEMS,
        "started": STARTED,
        "at": NOW * 1000,
        "values": 3,
        "total": 0.064,
        "counts": [0, 2, 1, 0],
        "bounds": BOUNDS,
        **parts,
    }
    known = {NAMES[name]: value for name, value in usual["attributes"].items()}
    series = digest(repr(sorted(known.items())).encode())
    return HistogramPoint(series, **{**usual, "attributes": known})


def amounts(
    *points: HistogramPoint, name: str = DURATION, unit: str = "s", temporality: int = DELTA, now: int = NOW
) -> PointAmounts:
    scope = ScopeHistograms("shop", b"process", [ServerHistogram(name, unit, temporality, points)])
    return amounts_of([scope], None, now)


def test_a_histogram_is_requests_with_their_times() -> None:
    (counts,) = counts_of(amounts(point(least=0.006, most=0.05)).deltas)

    assert (counts.service, counts.method, counts.route, counts.code) == ("shop", "GET", "/items/{id}", 200)
    assert (counts.requests, counts.duration) == (3, 64_000)
    assert (counts.shortest, counts.longest) == (6_000, 50_000)
    assert counts.durations == {7071: 2, 31_623: 1}


TIMES: dict[str, tuple[HistogramPoint, dict[int, int]]] = {
    "below the first bound": (point(values=1, counts=[1, 0, 0, 0]), {2500: 1}),
    "the same with the least": (point(values=1, counts=[1, 0, 0, 0], least=0.004), {4000: 1}),
    "above the last bound": (point(values=1, counts=[0, 0, 0, 1]), {200_000: 1}),
    "the same with the most": (point(values=1, counts=[0, 0, 0, 1], most=0.4), {200_000: 1}),
    "within the most": (point(values=1, counts=[0, 0, 1, 0], most=0.02), {20_000: 1}),
    "no buckets": (point(values=4, counts=[], bounds=[], least=0.5, most=0.5), {500_000: 4}),
}


@pytest.mark.parametrize(("given_point", "durations"), TIMES.values(), ids=TIMES)
def test_a_bucket_stands_for_its_middle_within_the_least_and_the_most(
    given_point: HistogramPoint, durations: dict[int, int]
) -> None:
    assert counts_of(amounts(given_point).deltas)[0].durations == durations


def test_old_histograms_are_of_milliseconds_rounded_to_zero() -> None:
    old = {"http.method": "GET", "http.status_code": 200, "http.target": "/items/7"}
    given_point = point(attributes=old, values=3, total=7, counts=[2, 0, 1, 0], bounds=[0.0, 5.0, 10.0])
    (counts,) = counts_of(amounts(given_point, name=OLD_DURATION, unit="ms").deltas)

    assert (counts.route, counts.requests, counts.duration) == ("/items/{id}", 3, 7000)
    assert counts.durations == {250: 2, 7071: 1}


@pytest.mark.parametrize("scopes", [1, 2])
def test_old_histograms_beside_new_ones_mean_the_same_requests(scopes: int) -> None:
    both = [ServerHistogram(OLD_DURATION, "ms", DELTA, [point()]), ServerHistogram(DURATION, "s", DELTA, [point()])]
    parts = [both] if scopes == 1 else [[each] for each in both]
    found = amounts_of([ScopeHistograms("shop", b"process", part) for part in parts], None, NOW)

    assert [counts.requests for counts in counts_of(found.deltas)] == [3]
    assert not found.refusals.number


def test_sizes_of_bodies_are_bytes_of_the_same_route() -> None:
    histograms = [
        ServerHistogram(name, "By", DELTA, [point(values=3, total=total, counts=[], bounds=[])])
        for name, total in {"http.server.request.body.size": 10.0, "http.server.response.body.size": 300.0}.items()
    ]
    duration = ServerHistogram(DURATION, "s", DELTA, [point()])
    found = amounts_of([ScopeHistograms("shop", b"process", [*histograms, duration])], None, NOW)
    (counts,) = counts_of(found.deltas)

    assert (counts.requests, counts.request_bytes, counts.response_bytes) == (3, 10, 300)


def test_exponential_buckets_are_times_too() -> None:
    scale = ExponentialScale(scale=20, offset=-(1 << 20), zeros=1, threshold=0.0)
    given_point = point(values=4, total=1.5, counts=[3], bounds=[], scale=scale)
    (counts,) = counts_of(amounts(given_point).deltas)

    assert counts.requests == 4
    (zero, zeros), (middle, count) = sorted(counts.durations.items())
    assert (zero, zeros, count) == (250, 1, 3)
    assert middle == pytest.approx(500_000, rel=0.01)


REFUSED: dict[str, tuple[HistogramPoint, str]] = {
    "a code": (point(attributes={**ITEMS, "http.response.status_code": 99}), "status_code: 99"),
    "a negative sum": (point(total=-1.0), "sum"),
    "no number": (point(total=float("nan")), "sum"),
    "an endless sum": (point(total=float("inf")), "sum"),
    "a huge count": (point(values=2**63, counts=[2**63, 0, 0, 0]), "count"),
    "buckets that do not add up": (point(values=4), "bucketCounts: they add up to 3"),
    "too few bounds": (point(bounds=[0.1]), "bucketCounts"),
    "bounds that fall": (point(bounds=[0.1, 0.01, 1.0]), "explicitBounds"),
    "a bound that is none": (point(bounds=[0.1, float("nan"), 1.0]), "explicitBounds"),
    "long ago": (point(at=1000), "timeUnixNano"),
    "a scale": (point(scale=ExponentialScale(21, 0, 0, 0.0)), "positive"),
    "an offset": (point(counts=[3], scale=ExponentialScale(0, 2**31 - 1, 0, 0.0)), "positive"),
    "buckets beyond all times": (point(counts=[3], scale=ExponentialScale(0, 2**20, 0, 0.0)), "positive"),
}


@pytest.mark.parametrize(("given_point", "fault"), REFUSED.values(), ids=REFUSED)
def test_a_point_that_cannot_be_counted_is_refused_by_name(given_point: HistogramPoint, fault: str) -> None:
    found = amounts(given_point, point())

    assert [counts.requests for counts in counts_of(found.deltas)] == [3]
    assert found.refusals.number == 1
    assert fault in found.refusals.fault


def test_an_unknown_temporality_is_refused() -> None:
    found = amounts(point(), point(), temporality=0)

    assert (found.deltas, found.cumulative, found.refusals.number) == ([], [], 2)


def _cumulative(*points: HistogramPoint) -> list[PointAmount]:
    return amounts(*points, temporality=CUMULATIVE).cumulative


def _requests(note: ServiceNote, *points: HistogramPoint) -> int:
    return sum(each.values for each in differences(note, _cumulative(*points), BEGAN).amounts)


def _at(seconds: int, values: int, **parts: Any) -> HistogramPoint:
    total = 0.007 * values
    return point(
        at=(NOW // 10**6 - 600 + seconds) * 10**9, values=values, total=total, counts=[0, values, 0, 0], **parts
    )


def test_of_cumulative_points_what_is_new_is_counted() -> None:
    note = ServiceNote()

    assert [_requests(note, _at(at, values)) for at, values in ((0, 3), (60, 3), (120, 10))] == [3, 0, 7]


def test_what_came_since_has_its_own_times() -> None:
    note = ServiceNote()
    _requests(note, point(least=0.006, most=0.05))
    later = point(values=5, total=0.364, counts=[0, 2, 2, 1], least=0.006, most=0.25)
    (counts,) = counts_of(differences(note, _cumulative(later), BEGAN).amounts)

    assert (counts.requests, counts.duration) == (2, 300_000)
    assert (counts.shortest, counts.longest) == (None, 250_000)
    assert set(counts.durations.values()) == {1}


def test_what_a_process_counted_before_the_meter_began_is_not_ours() -> None:
    note, long_ago = ServiceNote(), (BEGAN - 10**6) * 1000

    assert _requests(note, _at(0, 1000, started=long_ago)) == 0
    assert _requests(note, _at(60, 1001, started=long_ago)) == 1


def test_a_new_series_of_a_process_that_is_known_has_no_past() -> None:
    note, long_ago = ServiceNote(), (BEGAN - 10**6) * 1000
    _requests(note, _at(0, 1000, started=long_ago))
    failed = {**ITEMS, "http.response.status_code": 500}

    assert _requests(note, _at(60, 2, started=long_ago, attributes=failed)) == 2


def test_a_process_that_starts_anew_counts_whole() -> None:
    note = ServiceNote()
    _requests(note, _at(0, 5))

    assert _requests(note, _at(60, 3, started=STARTED + 1)) == 3


def test_without_a_start_a_fall_is_a_new_beginning_and_the_first_point_is_none() -> None:
    note = ServiceNote()

    assert [_requests(note, _at(at, values, started=0)) for at, values in ((0, 5), (60, 7), (120, 3))] == [0, 2, 3]


def test_two_processes_under_one_identity_are_refused_not_doubled() -> None:
    note = ServiceNote()
    _requests(note, _at(0, 100))
    found = differences(note, _cumulative(_at(60, 40)), BEGAN)

    assert found.amounts == []
    assert "service.instance.id" in found.refusals.fault


def test_an_older_point_that_comes_late_changes_nothing() -> None:
    note = ServiceNote()
    _requests(note, _at(0, 3))
    _requests(note, _at(120, 10))

    assert _requests(note, _at(60, 5)) == 0
    assert _requests(note, _at(180, 11)) == 1


def _many(count: int, **parts: Any) -> list[HistogramPoint]:
    return [_at(0, 1, attributes={**ITEMS, "http.route": f"/{number}"}, **parts) for number in range(count)]


def test_series_beyond_the_most_are_refused_while_all_report() -> None:
    note = ServiceNote()
    found = differences(note, _cumulative(*_many(MOST_SERIES + 5)), BEGAN)

    assert len(found.amounts) == MOST_SERIES
    assert (found.refusals.number, found.refusals.fault) == (5, NO_ROOM)


def test_a_process_that_is_quiet_makes_room_and_is_not_counted_twice_when_it_returns() -> None:
    note = ServiceNote()
    _requests(note, *_many(MOST_SERIES))
    later_point = point(started=NOW * 1000, at=(NOW + 600 * 10**6) * 1000)
    later = amounts(later_point, temporality=CUMULATIVE, now=NOW + 600 * 10**6).cumulative

    assert sum(each.values for each in differences(note, later, BEGAN).amounts) == 3
    back = [each._replace(at=NOW + 700 * 10**6) for each in _cumulative(*_many(1))]
    assert differences(note, back, BEGAN).amounts == []


@given(
    st.lists(
        st.tuples(
            st.lists(st.integers(1, 5_000_000), max_size=30),  # microseconds
            st.sampled_from(["export", "restart", "no export"]),
        ),
        max_size=12,
    ),
    st.integers(2, 14),
)
@settings(max_examples=60, deadline=None)
def test_any_story_of_exponential_histograms_is_counted_once(story: list[tuple[list[int], str]], scale: int) -> None:
    """Scales fall while a process lives, as those of the SDKs when the range grows."""
    note, held, exported, started, fall = ServiceNote(), list[int](), 0, STARTED, 0
    for number, (durations, step) in enumerate(story):
        held += durations
        if step == "no export":
            continue
        found = differences(note, _cumulative(_scaled(held, scale - fall, started, number)), BEGAN)
        counts = counts_of(found.amounts)

        assert sum(each.requests for each in counts) == len(held) - exported
        assert sum(sum(each.durations.values()) for each in counts) == len(held) - exported
        assert not found.refusals.number

        exported, fall = len(held), fall + number % 2
        if step == "restart":
            held, exported, started, fall = [], 0, started + 1, 0


def _scaled(held: list[int], scale: int, started: int, number: int) -> HistogramPoint:
    places = [ceil(log2(each / 1e6) * 2.0**scale) - 1 for each in held]
    first = min(places, default=0)
    while places and max(places) - first > 150:
        scale -= 1
        places = [place >> 1 for place in places]
        first = min(places)
    counts = [places.count(place) for place in range(first, max(places, default=-1) + 1)]
    at = (NOW // 10**6 - 600 + number) * 10**9
    exponential = ExponentialScale(scale, first, 0, 0.0)
    return point(
        values=len(held), total=sum(held) / 1e6, counts=counts, bounds=[], scale=exponential, started=started, at=at
    )
