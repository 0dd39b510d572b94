"""What is counted of a service that sends both: spans or histograms, never both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Event
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.otlp.batches import SPANS_LAST, TelemetryBatches
from exporter.meters.requests.otlp.histograms import Buckets, PointAmount, PointAmounts
from exporter.meters.requests.otlp.refusals import Refusals
from exporter.meters.requests.otlp.spans import SpanEvents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.meters.requests.settings import Telemetry

NOW = 1_790_000_000
BEGAN = NOW - 3600


@pytest.fixture
def intake() -> Intake:
    made = Intake()
    made.begin(BEGAN)
    return made


def _spans(intake: Intake, service: str = "shop", at: int = NOW, chosen: Mapping[str, Telemetry] | None = None) -> int:
    event = Event(service, at * 1_000_000, "GET", "/", 200)
    batch = TelemetryBatches(intake, chosen or {}, at).spans(SpanEvents([event], Refusals()), "", f"spans {at}")
    intake.add_soon(batch)
    return len(batch.events)


def _histogram(
    intake: Intake, values: int, service: str = "shop", at: int = NOW, chosen: Mapping[str, Telemetry] | None = None
) -> int:
    amount = PointAmount(
        *(service, "http.server.request.duration", "process", "series", "GET", "/", 200, (BEGAN + 1) * 10**9),
        *(at * 1_000_000, values, values * 1000, Buckets([1000.0], [values], [1e6]), None, None),
    )
    found = PointAmounts([], [amount], Refusals())
    batch = TelemetryBatches(intake, chosen or {}, at).histograms(found, "", f"metrics {at}")
    intake.add_soon(batch)
    return sum(each.requests for each in batch.counts)


def test_histograms_alone_are_counted(intake: Intake) -> None:
    assert [_histogram(intake, 3), _histogram(intake, 5, at=NOW + 60)] == [3, 2]


def test_spans_win_over_histograms(intake: Intake) -> None:
    assert _spans(intake) == 1
    assert _histogram(intake, 3) == 0
    assert _histogram(intake, 3, service="blog") == 3


def test_the_settings_may_choose_histograms(intake: Intake) -> None:
    chosen: dict[str, Telemetry] = {"shop": "metrics"}

    assert _spans(intake, chosen=chosen) == 0
    assert _histogram(intake, 3, chosen=chosen) == 3


def test_histograms_may_be_ruled_out_before_any_span_came(intake: Intake) -> None:
    assert _histogram(intake, 3, chosen={"shop": "spans"}) == 0


def test_histograms_count_again_a_week_after_the_last_span_and_nothing_of_before(intake: Intake) -> None:
    _spans(intake)
    _histogram(intake, 10)

    assert _histogram(intake, 12, at=NOW + SPANS_LAST) == 2


def test_that_spans_came_is_noted_by_the_hour(intake: Intake) -> None:
    _spans(intake)
    first = intake.notes["otlp:shop"]
    _spans(intake, at=NOW + 60)
    same = intake.notes["otlp:shop"]
    _spans(intake, at=NOW + 4000)

    assert first == same != intake.notes["otlp:shop"]


def test_a_note_that_cannot_be_read_is_a_baseline(intake: Intake) -> None:
    intake.notes["otlp:shop"] = "{"

    assert [_histogram(intake, 10), _histogram(intake, 11, at=NOW + 60)] == [0, 1]


def test_services_beyond_the_most_are_not_followed(intake: Intake) -> None:
    for number in range(100):
        _histogram(intake, 1, service=f"s{number}")

    assert _histogram(intake, 1, service="one more") == 0
    assert len(intake.notes) == 101
    assert intake.figures.refused == 1


def test_a_fault_of_a_note_is_a_refusal(intake: Intake) -> None:
    assert _histogram(intake, 3) == 3
    assert _histogram(intake, 1, at=NOW + 60) == 0
    assert intake.figures.refused == 1
