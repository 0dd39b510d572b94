"""A gap is told while it is open, not only once the look that ends it has measured it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.metering.clock import Instant
from exporter.metering.postings import ClockState
from exporter.metering.timeline import MeterTimeline
from tests.worlds.fake_machine import MORNING

if TYPE_CHECKING:
    from tests.worlds.books import Books

NANOSECONDS = 10**9
GAP_SECONDS = 15


def test_a_meter_that_fails_opens_a_gap_and_the_first_look_that_works_closes_it(books: Books) -> None:
    books.start()
    books.meter.problem = "/proc/net/dev: gone"

    def is_open_after(seconds: float) -> bool:
        books.machine.wait(seconds)
        return books.sample().is_gap_open

    assert [is_open_after(seconds) for seconds in (1, 14, 0.5, 60)] == [False, False, True, True]
    books.meter.problem = ""
    assert not is_open_after(1)


def test_a_machine_that_slept_has_no_open_gap_once_it_looks_again(books: Books) -> None:
    books.start()
    books.machine.sleep(8 * 3600)

    snapshot = books.sample()

    assert (snapshot.is_gap_open, snapshot.gap_seconds) == (False, 8 * 3600)


@pytest.mark.parametrize(
    ("seconds_since_the_last_service", "is_open"),
    [(1, False), (GAP_SECONDS, False), (GAP_SECONDS + 1, True), (-3600, False)],
)
def test_before_the_first_look_the_last_service_began_the_gap(
    seconds_since_the_last_service: int, *, is_open: bool
) -> None:
    state = ClockState("boot-1", MORNING * NANOSECONDS, 0)
    now = Instant((MORNING + seconds_since_the_last_service) * NANOSECONDS, 0, 0)

    assert MeterTimeline(state, GAP_SECONDS).is_gap_open(now) is is_open
    assert not MeterTimeline(None, GAP_SECONDS).is_gap_open(now)
