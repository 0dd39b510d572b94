"""Pages of the request log: every request once, in both directions, whatever the filter."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.ledger import request_log
from reports.ledger.addresses import address_within, client_text, packed_client
from reports.ledger.request_filter import LogFilter
from reports.ledger.request_log import LogPlace, log_page, sorted_log
from reports.usage.requests.logged import LogFilterError, cursor_text, parse_code, parse_cursor, without
from tests.meters.request_ledgers import RequestLedger
from tests.meters.requests import event

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_log import LoggedRequest
    from tests.worlds.fake_machine import Machine

DAY = 86_400


@pytest.fixture
def ledger(machine: Machine, empty_ledger: Path, tmp_path: Path) -> Iterator[RequestLedger]:
    with closing(RequestLedger(machine, tmp_path / "requests.db", empty_ledger)) as made:
        yield made


def some_events(now: int, count: int) -> list[Event]:
    chance = random.Random(4)  # noqa: S311 - the same ones every time
    return [
        event(
            now - chance.randrange(3 * DAY),
            service=chance.choice(["shop", "blog"]),
            method=chance.choice(["GET", "POST"]),
            route=chance.choice(["/", "/items/{id}", "/health"]),
            path=chance.choice(["", "/items/7", "/items/8"]),
            code=chance.choices([200, 404, 500, 503, 0], [90, 6, 2, 1, 1])[0],
            duration=chance.choice([None, chance.randrange(1, 500_000)]),
            client=chance.choice(["", "192.0.2.7", "198.51.100.9", "2001:db8::1"]),
            agent=chance.choice(["curl/8", "Googlebot/2.1", ""]),
        )
        for _ in range(count)
    ]


def every_page(reader: LedgerReader, chosen: LogFilter, limit: int, *, newest_first: bool) -> list[LoggedRequest]:
    found: list[LoggedRequest] = []
    place: LogPlace | None = None
    for _ in range(2_000):
        page = log_page(reader, chosen, after=place, newest_first=newest_first, limit=limit)
        assert len(page.requests) <= limit
        found += page.requests
        place = page.following
        if place is None:
            return found
    raise AssertionError("the pages do not end")


FILTERS: dict[str, tuple[LogFilter, Callable[[Event], bool]]] = {
    "all": (LogFilter(), lambda _each: True),
    "service": (LogFilter(("shop",)), lambda each: each.service == "shop"),
    "method": (LogFilter(method="POST"), lambda each: each.method == "POST"),
    "code": (LogFilter(code="503"), lambda each: each.code == 503),
    "class": (LogFilter(code="5xx"), lambda each: each.code in {500, 503}),
    "no response": (LogFilter(code="0"), lambda each: each.code == 0),
    "route": (LogFilter(route="/items/*"), lambda each: each.route == "/items/{id}"),
    "path": (LogFilter(path="items/7"), lambda each: each.path == "/items/7"),
    "duration": (
        LogFilter(least=100_000, most=200_000),
        lambda each: each.duration is not None and 100_000 <= each.duration <= 200_000,
    ),
    "client": (LogFilter(client="192.0.2.7"), lambda each: each.client == "192.0.2.7"),
    "prefix": (LogFilter(client="2001:db8::/32"), lambda each: each.client == "2001:db8::1"),
    "bots": (LogFilter(without_bots=True), lambda each: "bot" not in each.agent),
    "nothing": (LogFilter(code="418"), lambda _each: False),
}


@pytest.mark.parametrize("scanned", [7, 10_000])
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("name", FILTERS)
def test_pages_have_every_request_of_a_filter_once(
    ledger: RequestLedger, monkeypatch: pytest.MonkeyPatch, name: str, order: str, scanned: int
) -> None:
    monkeypatch.setattr(request_log, "MOST_SCANNED", scanned)
    events = some_events(ledger.machine.seconds, 300)
    ledger.give(events)
    chosen, is_of = FILTERS[name]
    newest_first = order == "newest"

    with ledger.read() as reader:
        found = every_page(reader, chosen, 9, newest_first=newest_first)

    assert sorted(row.at for row in found) == sorted(each.at for each in events if is_of(each))
    assert len({row.number for row in found}) == len(found)
    places = [(row.at, row.number) for row in found]
    assert places == sorted(places, reverse=newest_first)


def test_rows_of_a_slot_are_not_counted_before_they_are_read(
    ledger: RequestLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = some_events(ledger.machine.seconds, 300)
    ledger.give(events)
    queries: list[str] = []

    with ledger.read() as reader:
        execute = reader.execute

        def noting(query: str, bounds: Mapping[str, int | str]) -> sqlite3.Cursor:
            queries.append(query)
            return execute(query, bounds)

        monkeypatch.setattr(reader, "execute", noting)
        page = log_page(reader, LogFilter(("shop",), code="503"), limit=9)

    assert len(page.requests) == sum(each.service == "shop" and each.code == 503 for each in events)
    assert not [query for query in queries if "count(*)" in query]


def test_a_page_is_within_its_times(ledger: RequestLedger) -> None:
    now = ledger.machine.seconds
    ledger.give(event(now - second) for second in range(100))

    with ledger.read() as reader:
        page = log_page(reader, LogFilter(start=(now - 20) * 1_000_000, end=(now - 10) * 1_000_000))

    assert [row.at // 1_000_000 for row in page.requests] == list(range(now - 11, now - 21, -1))
    assert page.following is None


def test_health_checks_and_404_are_left_out(ledger: RequestLedger) -> None:
    now = ledger.machine.seconds
    ledger.give([event(now, route="/health"), event(now, code=404), event(now)])

    with ledger.read() as reader:
        page = log_page(reader, without(reader, LogFilter(), ("404", "health")))

    assert [(row.route, row.code) for row in page.requests] == [("/items/{id}", "200")]


@pytest.mark.parametrize("order", request_log.ORDERS)
def test_every_order_has_every_request(ledger: RequestLedger, order: str) -> None:
    ledger.give(some_events(ledger.machine.seconds, 50))

    with ledger.read() as reader:
        first = sorted_log(reader, LogFilter(), order, limit=30, offset=0)
        rest = sorted_log(reader, LogFilter(), order, limit=30, offset=30)

    assert len({row.number for row in (*first, *rest)}) == 50


@pytest.mark.parametrize(
    ("client", "chosen", "is_within"),
    [
        ("192.0.2.7", "192.0.2.7", 1),
        ("192.0.2.0/24", "192.0.2.7", 1),
        ("192.0.2.7", "192.0.0.0/20", 1),
        ("192.0.2.7", "192.0.16.0/20", 0),
        ("192.0.2.0/24", "192.0.2.0/28", 0),
        ("2001:db8::1", "2001:DB8::/32", 1),
        ("2001:db8::1", "0.0.0.0/0", 0),
        ("a1b2c3", "a1b2c3", 1),
        ("a1b2c3", "0.0.0.0/0", 0),
        ("", "0.0.0.0/0", 0),
        ("192.0.2.7", "192.0.2.0/33", 0),
        ("192.0.2.7", "192.0.2.0/", 0),
        ("192.0.2.7", "192.0.2.0/x", 0),
    ],
)
def test_a_client_lies_within_a_prefix(client: str, chosen: str, is_within: int) -> None:
    assert address_within(client, chosen) == is_within
    assert address_within(packed_client(client), chosen) == is_within


@pytest.mark.parametrize(
    ("client", "size"),
    [
        ("192.0.2.0/24", 3),
        ("192.0.2.7", 4),
        ("2001:db8:1::/48", 6),
        ("2001:db8::1", 16),
        ("00ff00ff00ff00aa", 8),
        ("", None),
        ("192.0.2.0/16", None),
        ("2001:db8::/24", None),
        ("2001:db8::/64", None),
        ("2001:DB8::1", None),
        ("192.0.2.7/24", None),
        ("00FF00FF00FF00AA", None),
        ("<script>", None),
    ],
)
def test_a_client_comes_back_from_its_bytes(client: str, size: int | None) -> None:
    kept = packed_client(client)

    assert client_text(kept) == client
    assert (len(kept) if isinstance(kept, bytes) else None) == size


@given(st.binary(max_size=20) | st.text(max_size=20))
def test_whatever_the_log_has_of_a_client_is_shown(kept: str | bytes) -> None:
    shown = client_text(kept)

    assert client_text(packed_client(shown)) == shown
    assert address_within(kept, "0.0.0.0/0") in {0, 1}


def test_a_cursor_comes_back() -> None:
    assert parse_cursor(cursor_text(LogPlace(1_781_254_800_000_001, 70))) == LogPlace(1_781_254_800_000_001, 70)


@pytest.mark.parametrize("text", ["", "1", "1-", "g-1", "1-2-3", "-1-1", "1-1'; --"])
def test_another_cursor_is_refused(text: str) -> None:
    with pytest.raises(LogFilterError, match="cursor: "):
        parse_cursor(text)


@pytest.mark.parametrize("text", ["600", "6xx", "x", "4x", "99", "-1"])
def test_another_status_is_refused(text: str) -> None:
    with pytest.raises(LogFilterError, match="status: "):
        parse_code("status", text)
