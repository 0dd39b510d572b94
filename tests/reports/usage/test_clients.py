"""Different clients of a period are those of its days together, and the busiest are added up."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calendar.days import day_number
from reports.ledger.cardinality import Distinct, keyed_hash
from reports.ledger.clients import MOST_BUSIEST, ClientCounts, client_counts
from reports.usage.clients import BusyClient, client_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.worlds.written_ledger import WrittenLedger

FIRST, SECOND, THIRD = (date(2026, 3, day) for day in (1, 2, 3))
COUNTS = st.dictionaries(st.integers(0, 400).map(str), st.integers(1, 50), max_size=400)


def put(ledger: WrittenLedger, day: date, service: str, requests: Mapping[str, int]) -> None:
    distinct = Distinct()
    distinct.update(keyed_hash(client, b"key") for client in requests)
    row = (day_number(day), service, distinct.encoded(), ClientCounts(requests).text())
    with contextlib.closing(sqlite3.connect(ledger.path)) as connection, connection:
        connection.execute("INSERT INTO request_client VALUES (?, ?, ?, ?)", row)


@pytest.fixture
def two_days(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    ledger = new_ledger(ZoneInfo("Europe/Berlin"))
    put(ledger, FIRST, "shop", {"192.0.2.1": 5, "192.0.2.2": 1})
    put(ledger, SECOND, "shop", {"192.0.2.2": 5, "192.0.2.3": 2})
    put(ledger, SECOND, "blog", {"192.0.2.4": 9})
    return ledger


@pytest.mark.parametrize(
    ("services", "first", "last", "expected"),
    [
        (["shop"], FIRST, FIRST, 2),
        (["shop"], FIRST, SECOND, 3),
        ([], FIRST, THIRD, 4),
        (["blog"], FIRST, SECOND, 1),
        (["blog"], FIRST, FIRST, None),
        (["x' OR 1"], FIRST, THIRD, None),
    ],
)
def test_the_clients_of_a_period(
    two_days: WrittenLedger, services: list[str], first: date, last: date, expected: int | None
) -> None:
    with two_days.reading() as reader:
        assert client_figures(reader, services, first, last).unique == expected


def test_the_busiest_clients_of_a_period(two_days: WrittenLedger) -> None:
    with two_days.reading() as reader:
        assert client_figures(reader, ["shop"], FIRST, SECOND, limit=2).busiest == [
            BusyClient("192.0.2.2", 6),
            BusyClient("192.0.2.1", 5),
        ]


def test_a_ledger_of_an_older_netledger_knows_no_clients(two_days: WrittenLedger) -> None:
    with contextlib.closing(sqlite3.connect(two_days.path)) as connection:
        connection.execute("DROP TABLE request_client")

    with two_days.reading() as reader:
        assert client_figures(reader, [], FIRST, THIRD) == (None, [])


@pytest.mark.parametrize(
    "damaged", ["", "[]", "{}", '{"missing": 1, "requests": 3}', '{"missing": 0, "requests": {"a": "x"}}']
)
def test_damaged_counts_are_none(damaged: str) -> None:
    assert client_counts(damaged) == ClientCounts()


@given(COUNTS)
def test_counts_are_read_as_they_were_written(counts: dict[str, int]) -> None:
    assert client_counts(ClientCounts(counts, 7).text()) == ClientCounts(counts, 7)


@given(st.lists(COUNTS, max_size=5))
def test_no_count_is_too_high_and_none_too_low_by_more_than_is_missing(days: list[dict[str, int]]) -> None:
    found, truth = ClientCounts(), Counter[str]()
    for day in days:
        found = found.plus(ClientCounts(day).reduced())
        truth.update(day)

    assert len(found.requests) <= MOST_BUSIEST
    assert found.missing * MOST_BUSIEST <= truth.total()
    assert all(0 <= count - found.requests.get(client, 0) <= found.missing for client, count in truth.items())
    if len(truth) <= MOST_BUSIEST:
        assert found == ClientCounts(truth)
