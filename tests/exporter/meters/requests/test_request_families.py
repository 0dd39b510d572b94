"""The families of requests: what /metrics shows of a meter's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.metering.clock import SECOND
from exporter.metering.postings import Account, OpeningBalance, SubjectFacts
from exporter.metering.samples import SampleInterval
from exporter.metering.snapshots import MeterHealth, MeterView
from exporter.metering.subjects import Subject
from exporter.meters.requests.events import Batch
from exporter.meters.requests.families import REQUEST_TABLES
from exporter.meters.requests.intake import Figures, Intake
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.state import BOUNDS, RequestsState
from exporter.meters.requests.store import HeldRequests, RequestCheckpoint
from exporter.metrics.exposition import Exposition
from exporter.metrics.families.registry import Families
from tests.fixtures.collected_families import Truth
from tests.fixtures.metrics_states import FAILING, HEALTHY, NOW, snapshot, state
from tests.meters.requests import event

if TYPE_CHECKING:
    from exporter.metrics.state import MetricsState

OURS = Families(REQUEST_TABLES, ())
LISTED = ("shop", "GET", "/items/{id}")


def scraped(shown: RequestsState, health: MeterHealth = HEALTHY, number: int = 1) -> MetricsState:
    taken = snapshot([], number=number)
    return state(taken._replace(meters={"request": MeterView(shown, health)}))


def page(shown: RequestsState, health: MeterHealth = HEALTHY) -> str:
    return Exposition(OURS).render(scraped(shown, health)).body.decode()


def samples(text: str) -> dict[str, float]:
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if not line.startswith("#")
    }


SHOWN = RequestsState(
    {(*LISTED, "200"): (7, 0, 70, 700, 7, 21_000), (*LISTED, "500"): (2, 2, 20, 200, 1, 9_000_000)},
    {LISTED: [5, 2, *[0] * (len(BOUNDS) - 3), 1, 0]},
    {LISTED: 9.021},
    Figures(9, 1, 0, 3),
    {"shop": 4},
)


def test_requests_are_counted_by_code_and_bytes_and_times_by_route() -> None:
    found = samples(page(SHOWN))

    route = 'method="GET",route="/items/{id}",service="shop"'
    assert found[f'netledger_http_requests_total{{code="500",{route}}}'] == 2
    assert found[f"netledger_http_request_bytes_total{{{route}}}"] == 90
    assert found[f"netledger_http_response_bytes_total{{{route}}}"] == 900
    assert found[f'netledger_http_request_duration_seconds_bucket{{le="0.01",{route}}}'] == 7
    assert found[f'netledger_http_request_duration_seconds_bucket{{le="+Inf",{route}}}'] == 8
    assert found[f"netledger_http_request_duration_seconds_count{{{route}}}"] == 8
    assert found[f"netledger_http_request_duration_seconds_sum{{{route}}}"] == 9.021
    assert found['netledger_http_unique_clients{service="shop"}'] == 4
    assert found['netledger_http_events_total{result="late"}'] == 3


@pytest.mark.parametrize("route", ['/"quoted"', "/back\\slash", "/line\nbreak", "/\udcff", "/<script>{}", "/ä"])
def test_both_formats_are_those_of_prometheus_client(route: str) -> None:
    key = ("shop", "GET", route)
    shown = RequestsState({(*key, "404"): (1, 1, 2, 3, 1, 4)}, {key: [1] + [0] * len(BOUNDS)}, {key: 0.5})
    truth = Truth(OURS, scraped(shown))

    ours = Exposition(OURS)

    assert ours.render(scraped(shown)).body == generate_latest(truth)
    text = ours.render(scraped(shown), "application/openmetrics-text").body
    assert text == generate_openmetrics(truth)  # type: ignore[no-untyped-call]
    assert len(list(text_string_to_metric_families(text.decode()))) == 6  # type: ignore[no-untyped-call]


def test_while_the_meter_fails_events_alone_are_shown() -> None:
    assert {name.split("{")[0] for name in samples(page(SHOWN, FAILING))} == {"netledger_http_events_total"}


def test_without_the_meter_there_is_no_family() -> None:
    assert Exposition(OURS).render(state(snapshot([]))).body == b""


def test_a_second_page_has_what_has_changed_since() -> None:
    counts = [0] * (len(BOUNDS) + 1)
    shown = RequestsState({}, {LISTED: counts}, {LISTED: 0.0})
    exposition = Exposition(OURS)
    exposition.render(scraped(shown))
    counts[3] += 2

    assert exposition.render(scraped(shown, number=2)).body == generate_latest(Truth(OURS, scraped(shown)))


def opened(opening: OpeningBalance) -> tuple[Intake, RequestMeter, RequestsState]:
    intake = Intake()
    meter = RequestMeter(intake, 0)
    return intake, meter, meter.resume(opening)


def run(intake: Intake, meter: RequestMeter, requests: int) -> tuple[RequestCheckpoint, RequestsState]:
    intake.add_soon(Batch([event(NOW, request_bytes=3)] * requests))
    meter.sample(SampleInterval(NOW * SECOND, NOW * SECOND, 0, steady=SECOND))
    checkpoint = meter.checkpoint().state
    assert isinstance(checkpoint, RequestCheckpoint)
    return checkpoint, meter.note_posted()


def opening(requests: int, held: HeldRequests | None = None, *, is_copy: bool = False) -> OpeningBalance:
    accounts = {
        Subject("request", (*LISTED, "200")): Account((requests, 0, 0, 0, 0, 0), SubjectFacts(NOW - 9, NOW - 9))
    }
    return OpeningBalance(None, accounts, held or HeldRequests(), is_copy=is_copy)


def test_after_a_restore_counters_begin_at_0_and_the_base_is_posted() -> None:
    intake, meter, shown = opened(opening(1000, is_copy=True))
    assert shown.sums[*LISTED, "200"][0] == 0

    checkpoint, shown = run(intake, meter, 5)

    assert shown.sums[*LISTED, "200"][0] == 5
    assert checkpoint.bases[Subject("request", (*LISTED, "200"))] == (1000, 0, 0, 0, 0, 0)
    *_, again = opened(opening(1005, HeldRequests(bases=checkpoint.bases)))
    assert again.sums[*LISTED, "200"][0] == 5


def test_times_and_their_sum_are_of_the_same_requests() -> None:
    intake, meter, _ = opened(opening(0))

    _, shown = run(intake, meter, 4)

    assert sum(shown.times[LISTED]) == 4
    assert shown.seconds[LISTED] == pytest.approx(0.004)
