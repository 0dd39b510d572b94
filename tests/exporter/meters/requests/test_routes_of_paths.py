"""Paths are grouped into routes, and times are read, whatever strangers send."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.meters.requests.faults import FieldError
from exporter.meters.requests.routes import LONGEST_ROUTE, grouped
from exporter.meters.requests.times import DAY, EventTimes

if TYPE_CHECKING:
    import uuid

NOW = datetime(2026, 11, 28, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/users/42", "/users/{id}"),
        ("/users/42/orders/2026-11-28", "/users/{id}/orders/{id}"),
        ("/a/0b8c5bb1-3a3e-4b6e-9c55-0d4b6d2f4a11?x=1#y", "/a/{id}"),
        ("/commit/deadbeef0", "/commit/{id}"),
        ("/commit/deadbeef", "/commit/deadbeef"),
        ("/e/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/e/{id}"),
        ("/t/eyJhbGciOiJIUzI1NiIsInR5cCI6", "/t/{id}"),
        ("/img/42.png", "/img/{id}.png"),
        ("/by/ann@example.org", "/by/{id}"),
        ("/v1/organization-memberships/", "/v1/organization-memberships/"),
        ("", "/"),
        ("?a=1", "/"),
        ("/a\x1b[2J\n/b", "/a[2J/b"),
    ],
)
def test_what_stands_for_one_of_many_is_an_id(path: str, route: str) -> None:
    assert grouped(path) == route


@given(st.text(max_size=400) | st.lists(st.text("ab1-{}.@", max_size=40), max_size=20).map("/".join))
def test_a_route_is_its_own_route_and_short(path: str) -> None:
    route = grouped(path)

    assert grouped(route) == route
    assert len(route) <= LONGEST_ROUTE
    assert route.isprintable()
    assert not set(route) & {"?", "#"}


@given(st.integers(0) | st.uuids() | st.binary(min_size=16, max_size=32).map(lambda raw: f"1{raw.hex()}"))
def test_numbers_uuids_and_hashes_are_grouped(thing: int | uuid.UUID | str) -> None:
    assert grouped(f"/things/{thing}/parts") == "/things/{id}/parts"


@given(
    st.timedeltas(timedelta(days=-2), timedelta(days=2)),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_every_way_to_write_an_instant_is_the_same(ago: timedelta, zone: str) -> None:
    moment = NOW + ago
    seconds, local = moment.timestamp(), moment.astimezone(ZoneInfo(zone))
    ways: list[str | float] = [
        local.isoformat(),
        local.replace(tzinfo=None).isoformat(),
        seconds,
        seconds * 1000,
        seconds * 1e6,
    ]

    found = {_at(way, zone) for way in ways}

    assert len(found) <= 2  # floats differ by a microsecond
    assert found == {None} or max(filter(None, found)) - min(filter(None, found)) <= 1 or abs(ago) >= timedelta(days=1)


def _at(written: str | float, zone: str) -> int | None:
    try:
        return EventTimes(NOW.timestamp(), ZoneInfo(zone)).at(written)
    except FieldError:
        return None


@given(st.text(max_size=40) | st.floats() | st.integers() | st.datetimes().map(datetime.isoformat))
def test_no_text_or_number_is_more_than_an_error(written: str | float) -> None:
    times = EventTimes(NOW.timestamp(), ZoneInfo("Europe/Berlin"))

    try:
        at = times.at(written)
    except FieldError:
        return
    assert times.now - DAY <= at <= times.now


def test_an_offset_is_honoured() -> None:
    now = datetime(2026, 11, 28, 5, 0, tzinfo=UTC)

    at = EventTimes(now.timestamp(), ZoneInfo("UTC")).at("2026-11-27T23:30:00-05:00")

    assert at == datetime(2026, 11, 28, 4, 30, tzinfo=UTC).timestamp() * 1e6


def test_of_two_local_times_the_one_nearer_to_now_counts() -> None:
    zone = ZoneInfo("Europe/Berlin")
    after = datetime(2026, 10, 25, 1, 31, tzinfo=UTC)

    at = EventTimes(after.timestamp(), zone).at("2026-10-25T02:30:00")

    assert at == (after - timedelta(minutes=1)).timestamp() * 1e6
