"""Questions of requests answer what plain sums over the same events do."""

from __future__ import annotations

import math
import random
from collections import Counter
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from reports.calendar.days import Span
from reports.usage.requests.selection import RequestSelection, is_health
from reports.usage.requests.series import request_series
from reports.usage.requests.summary import RouteSortError, busiest, routes, services, summary
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from tests.worlds.fake_machine import Machine

DAY = 86_400
QUARTER = 900
WITHIN = 0.01


@pytest.fixture
def ledger(machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[RequestLedger]:
    with closing(RequestLedger(machine, tmp_path / "requests.db", empty_ledger)) as made:
        yield made


def some_events(now: int, count: int, seed: int, days: int = 3) -> list[Event]:
    chance = random.Random(seed)  # noqa: S311 - the same ones every time
    return [
        event(
            now - chance.randrange(days * DAY),
            service=chance.choice(["shop", "blog"]),
            method=chance.choice(["GET", "POST"]),
            route=chance.choice(["/", "/items/{id}", "/health", "/api/healthz/"]),
            code=chance.choice([200, 200, 204, 404, 500, 0]),
            duration=chance.choice([None, max(int(chance.lognormvariate(9, 2)), 1)]),
            request_bytes=chance.randrange(1000),
            response_bytes=chance.randrange(100_000),
        )
        for _ in range(count)
    ]


def is_error(one: Event) -> bool:
    return one.code >= 400 or one.code == 0


def exact_quantile(durations: Sequence[int], percent: int) -> float:
    return sorted(durations)[math.ceil(Fraction(percent, 100) * len(durations)) - 1] / 1000


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "selection",
    [
        RequestSelection(),
        RequestSelection(("shop",)),
        RequestSelection(("shop", "blog"), excluded=("404",)),
        RequestSelection(("shop",), excluded=("health",)),
        RequestSelection(("blog",), "POST", "/items/{id}"),
    ],
    ids=str,
)
def test_a_summary_adds_up_its_events(ledger: RequestLedger, seed: int, selection: RequestSelection) -> None:
    events = some_events(ledger.machine.seconds, 400, seed)
    ledger.give(events)
    chance = random.Random(seed)  # noqa: S311 - the same ones every time
    start = ledger.machine.seconds - chance.randrange(3 * DAY)
    span = Span(start, start + chance.randrange(1, 2 * DAY))

    with ledger.read() as reader:
        found = summary(reader, span, ledger.now, selection)

    begin, end = span.start // QUARTER * QUARTER, -(-span.end // QUARTER) * QUARTER
    chosen = [each for each in events if begin <= each.at // 1_000_000 < end and _is_of(each, selection)]
    durations = [each.duration for each in chosen if each.duration is not None]
    assert found.figures.requests == len(chosen)
    assert found.figures.errors == sum(map(is_error, chosen))
    assert found.figures.bytes == sum(each.request_bytes + each.response_bytes for each in chosen)
    assert found.figures.average == pytest.approx(sum(durations) / len(durations) / 1000 if durations else None)
    assert found.figures.minimum == (min(durations) / 1000 if durations else None)
    assert found.figures.maximum == (max(durations) / 1000 if durations else None)
    assert {method: part.requests for method, part in found.methods.items()} == Counter(each.method for each in chosen)
    assert {code: part.requests for code, part in found.codes.items()} == Counter(str(each.code) for each in chosen)
    by_route = Counter((each.service, each.method, each.route) for each in chosen)
    listed = {(row.service, row.method, row.route): row.figures.requests for row in found.routes.routes}
    assert found.routes.row_count == len(by_route)
    assert sum(listed.values()) + found.routes.other.requests == len(chosen)
    assert listed.items() <= by_route.items()
    if durations and "404" not in selection.excluded:
        for name, percent in (("p50", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
            assert getattr(found.quantiles, name) == pytest.approx(exact_quantile(durations, percent), rel=WITHIN)


def _is_of(each: Event, selection: RequestSelection) -> bool:
    return (
        (not selection.services or each.service in selection.services)
        and selection.method in {"", each.method}
        and selection.route in {"", each.route}
        and not ("404" in selection.excluded and each.code == 404)
        and not ("health" in selection.excluded and is_health(each.route))
    )


SHAPES: dict[str, Callable[[random.Random], float]] = {
    "skewed": lambda chance: chance.lognormvariate(9, 2),
    "bimodal": lambda chance: chance.gauss(2_000, 100) if chance.random() < 0.7 else chance.gauss(900_000, 9_000),
    "equal": lambda _chance: 12_345,
    "short": lambda chance: chance.randrange(1, 4),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_quantiles_are_within_one_percent(ledger: RequestLedger, shape: str) -> None:
    chance = random.Random(shape)  # noqa: S311 - the same ones every time
    durations = [max(int(SHAPES[shape](chance)), 1) for _ in range(5_000)]
    now = ledger.machine.seconds
    ledger.give(event(now - chance.randrange(4 * DAY), duration=each) for each in durations)

    with ledger.read() as reader:
        whole = summary(reader, Span(now - 5 * DAY, now + 1), ledger.now, RequestSelection(("shop",)))
        route = routes(reader, Span(now - 5 * DAY, now + 1), sort="p95").routes[0]

    assert whole.quantiles == route.quantiles
    for value, percent in zip(whole.quantiles, (50, 90, 95, 99), strict=True):
        assert value == pytest.approx(exact_quantile(durations, percent), rel=WITHIN)


def test_an_empty_ledger_has_zeros_and_nothing(ledger: RequestLedger) -> None:
    with ledger.read() as reader:
        found = summary(reader, Span(0, ledger.machine.seconds), ledger.now)
        points = request_series(reader, ledger.now, Span(0, ledger.machine.seconds)).points
        known = services(reader, Span(0, ledger.machine.seconds))

    assert (found.figures.requests, found.figures.average, found.quantiles.p95, found.requests_per_second) == (
        0,
        None,
        None,
        0.0,
    )
    assert (found.methods, found.codes, found.routes.routes, points, known) == ({}, {}, [], [], [])


@pytest.mark.parametrize("step", ["15m", "1h", "1d", "1w", "1mo"])
def test_a_series_has_every_request_once_and_no_holes(ledger: RequestLedger, step: str) -> None:
    now = ledger.machine.seconds
    events = some_events(now, 300, 1, days=9)
    ledger.give(events)

    with ledger.read() as reader:
        found = request_series(reader, ledger.now, Span(now - 40 * DAY, now + DAY), step=step, with_quantiles=True)

    assert found.step == step
    assert sum(point.figures.requests for point in found.points) == len(events)
    assert all(one.end == after.start for one, after in zip(found.points, found.points[1:], strict=False))
    assert found.points[-1].start <= now < found.points[-1].end
    for point in found.points:
        within = [each for each in events if point.start <= each.at // 1_000_000 < point.end]
        assert point.figures.requests == len(within)
        assert point.figures.errors == sum(map(is_error, within))


def test_a_series_of_more_steps_than_may_be_keeps_the_newest(ledger: RequestLedger) -> None:
    now = ledger.machine.seconds
    ledger.give(event(now - day * DAY) for day in range(8))

    with ledger.read() as reader:
        points = request_series(reader, ledger.now, Span(0, now + DAY), step="1d", most=5).points

    assert [point.figures.requests for point in points] == [1] * 5
    assert points[-1].end > now


@pytest.mark.parametrize("sort", ["requests", "errors", "time", "p95", "bytes"])
def test_routes_have_an_order_and_the_rest_is_one_row(ledger: RequestLedger, sort: str) -> None:
    now = ledger.machine.seconds
    ledger.give(some_events(now, 300, 2))

    with ledger.read() as reader:
        whole = routes(reader, Span(0, now + 1), sort=sort, limit=100)
        some = routes(reader, Span(0, now + 1), sort=sort, limit=3)

    assert whole.routes[:3] == some.routes
    assert some.row_count == len(whole.routes) == 16
    assert some.other.requests == sum(row.figures.requests for row in whole.routes[3:])


def test_an_unknown_order_is_refused(ledger: RequestLedger) -> None:
    with ledger.read() as reader, pytest.raises(RouteSortError, match="sort: 'size' is refused; use requests, errors"):
        routes(reader, Span(0, 1), sort="size")


def test_services_are_listed_with_the_most_requests_first(ledger: RequestLedger) -> None:
    now = ledger.machine.seconds
    ledger.give([*(event(now, service="blog") for _ in range(3)), event(now, service="shop")])

    with ledger.read() as reader:
        found = services(reader, Span(now - DAY, now + 1))

    assert [(row.service, row.figures.requests, row.quantiles.p50) for row in found] == [
        ("blog", 3, 1.0),
        ("shop", 1, 1.0),
    ]


@pytest.mark.parametrize(
    "route", ["/health", "/Healthz/", "/livez", "/api/v1/readyz", "/ping", "/-/healthy", "/metrics"]
)
def test_routes_of_probes_are_health_checks(route: str) -> None:
    assert is_health(route)


@pytest.mark.parametrize("route", ["/", "/healthy-food", "/users/ping", "/health/{id}", "/shop/metrics"])
def test_other_routes_are_none(route: str) -> None:
    assert not is_health(route)


def test_the_busiest_are_the_first_of_services_and_routes(ledger: RequestLedger) -> None:
    now = ledger.machine.seconds
    ledger.give(some_events(now, 300, 5))
    ledger.give([event(now, service="aside", route=f"/{number}") for number in range(300)])
    span = Span(now - DAY, now + 1)

    with ledger.read() as reader:
        found = busiest(reader, span, most_services=2, most_routes=3, aside="aside")
        every, listed = services(reader, span), routes(reader, span, RequestSelection(("shop", "blog")), limit=3)

    assert (found.services, found.row_count) == (every[:2], 3)
    assert found.services[0].service == "aside"
    assert found.routes == listed
