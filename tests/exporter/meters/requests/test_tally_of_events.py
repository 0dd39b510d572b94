"""Property: a tally adds events up by groups, and has of each cell what one event after the other makes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.requests.events import Event
from exporter.meters.requests.tally import SLOT_MICROSECONDS, Tally
from exporter.meters.requests.times import EPOCH, EventTimes
from reports.ledger.shape import COMPLEMENT, OTHER
from reports.ledger.sketches import bucket_of

EVENTS = st.builds(
    Event,
    service=st.sampled_from(["shop", "quiet"]),
    at=st.integers(1, 3 * SLOT_MICROSECONDS),
    method=st.sampled_from(["GET", "POST"]),
    route=st.sampled_from(["/a", "/b", "/c"]).map(lambda route: f"{route}"),
    code=st.sampled_from([0, 200, 404, 503]),
    duration=st.none() | st.integers(0, 10**12),
    request_bytes=st.integers(0, 2**50),
    response_bytes=st.integers(0, 2**50),
    path=st.sampled_from(["", "/a?b"]),
    client=st.sampled_from(["", "192.0.2.0/24", "198.51.100.0/24"]),
)


@given(st.lists(st.lists(EVENTS, max_size=8), max_size=5))
def test_groups_are_what_single_events_make(batches: list[list[Event]]) -> None:
    """Sums, peaks, times, clients and the log: of every event, with the third route beyond the most."""
    tally, bounded = Tally(), []
    for batch in batches:
        tally.add(batch, _bounded, lambda service: service == "shop")
        bounded += [each if each.route != "/c" else _other(each) for each in batch]
    assert tally.events == len(bounded)
    assert tally.log == [each for each in bounded if each.service == "shop"]
    cells = {_cell(each) for each in bounded}
    assert tally.cells == {cell: _added([each for each in bounded if _cell(each) == cell]) for cell in cells}
    timed = Counter(
        (*_cell(each)[:4], bucket_of(max(each.duration, 1))) for each in bounded if each.duration is not None
    )
    assert Counter((*key, bucket) for key, buckets in tally.buckets.items() for bucket in buckets) == timed
    asked = Counter((*_cell(each)[:2], each.client) for each in bounded if each.client)
    assert {(*key, name): n for key, names in tally.clients.items() for name, n in names.items()} == asked


@given(st.datetimes(datetime(2026, 11, 27, 12), datetime(2026, 11, 28, 12), timezones=st.just(UTC)))  # noqa: DTZ001 - with zones
def test_an_instant_is_read_to_the_microsecond(moment: datetime) -> None:
    """What is written with an offset is this many microseconds after the epoch."""
    times = EventTimes(datetime(2026, 11, 28, 12, tzinfo=UTC).timestamp(), ZoneInfo("UTC"))
    assert times.at(moment.isoformat()) == (moment - EPOCH) // timedelta(microseconds=1)


def _bounded(_service: str, route: str) -> str:
    return OTHER if route == "/c" else route


def _other(event: Event) -> Event:
    return event._replace(route=OTHER, path=event.path or event.route)


def _cell(event: Event) -> tuple[int, str, str, str, int]:
    return event.at // SLOT_MICROSECONDS, event.service, event.method, event.route, event.code


def _added(events: list[Event]) -> list[int]:
    """The sums and peaks of events of one cell."""
    durations = [event.duration for event in events if event.duration is not None]
    code = events[0].code
    return [
        len(events),
        len(events) if not code or code >= 400 else 0,
        sum(event.request_bytes for event in events),
        sum(event.response_bytes for event in events),
        len(durations),
        sum(durations),
        max(durations, default=0),
        max((COMPLEMENT - duration for duration in durations), default=0),
    ]
