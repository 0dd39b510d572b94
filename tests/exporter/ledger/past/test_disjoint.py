"""Spans that hold each other become spans that hold each byte once."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.past.rows import Past, PastRow, disjoint
from exporter.ledger.past.settling import Counted, OtherRow, settled

NEW_YEAR = date(2026, 1, 1)
UTC = ZoneInfo("UTC")
AMOUNTS = st.integers(0, 10**12)
DAYS = st.dictionaries(st.integers(0, 364), st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=40)


def day(number: int) -> date:
    return NEW_YEAR + timedelta(days=number)


def month_of(at: date) -> tuple[date, date]:
    after = (at.replace(day=28) + timedelta(days=4)).replace(day=1)
    return at.replace(day=1), after - timedelta(days=1)


def as_vnstat_has_them(moved: dict[int, tuple[int, int]], forgotten: int) -> list[PastRow]:
    """Days after the first `forgotten` ones, all months, and the year."""
    days = [PastRow("eth0", day(number), day(number), *amounts) for number, amounts in moved.items()]
    months: dict[tuple[date, date], tuple[int, int]] = {}
    for row in days:
        held = months.get(month_of(row.first), (0, 0))
        months[month_of(row.first)] = held[0] + row.received, held[1] + row.sent
    spans = [PastRow("eth0", *span, *amounts) for span, amounts in months.items()]
    year = PastRow("eth0", day(0), day(364), sum(r.received for r in days), sum(r.sent for r in days))
    return [*(row for row in days if row.first >= day(forgotten)), *spans, year]


def total(rows: list[PastRow] | tuple[PastRow, ...]) -> tuple[int, int]:
    return sum(row.received for row in rows), sum(row.sent for row in rows)


@given(DAYS, st.integers(0, 365))
def test_every_byte_is_in_one_row(moved: dict[int, tuple[int, int]], forgotten: int) -> None:
    rows = as_vnstat_has_them(moved, forgotten)

    found, notes = disjoint(rows)

    assert total(found) == (rows[-1].received, rows[-1].sent)
    assert notes == []
    assert {row.first for row in found if row.first == row.last} == {day(n) for n in moved if n >= forgotten}


@given(DAYS, st.integers(0, 365), st.integers(0, 364))
def test_what_netledger_has_counted_is_not_added_again(
    moved: dict[int, tuple[int, int]], forgotten: int, begun: int
) -> None:
    """Both have counted the same from the midnight of a day on: together they have each byte once."""
    rows = as_vnstat_has_them(moved, forgotten)

    def own(first: date, last: date) -> tuple[int, int]:
        found = [amounts for number, amounts in moved.items() if number >= begun and first <= day(number) <= last]
        return sum(received for received, _ in found), sum(sent for _, sent in found)

    began = (day(begun) - date(1970, 1, 1)).days * 86_400
    past = Past("vnstat", "eth0", 2**33, rows)

    found = settled(past, UTC, lambda _interface: Counted(began, own), ())

    before = total([PastRow("eth0", day(n), day(n), *amounts) for n, amounts in moved.items() if n < begun])
    assert total(found.rows) == before
    assert all(row.last <= day(begun) for row in found.rows if row.total)
    assert found.own_bytes == sum(total(rows[-1:])) - sum(before)


def test_a_span_that_crosses_another_is_left_out_and_named() -> None:
    rows = [PastRow("eth0", day(0), day(9), 5, 5), PastRow("eth0", day(5), day(40), 7, 7)]

    assert disjoint(rows) == (
        [rows[0]],
        ["eth0, 2026-01-06 to 2026-02-10, overlaps a shorter span in part, and is left out"],
    )


def test_days_are_right_where_a_month_has_less() -> None:
    rows = [PastRow("eth0", day(0), day(0), 5, 5), PastRow("eth0", day(0), day(30), 4, 9)]

    found, notes = disjoint(rows)

    assert found == [rows[0], PastRow("eth0", day(0), day(30), 0, 4)]
    assert notes == ["eth0, 2026-01-01 to 2026-01-31, has less than its days together: the days count"]


def test_a_day_of_another_source_stays() -> None:
    rows = [PastRow("eth0", day(number), day(number), 5, 5) for number in range(3)]
    past = Past("vnstat", "eth0", 2**33, rows)
    other = PastRow("eth0", day(1), day(1), 1, 1)

    def kept(interface: str, *, is_machine: bool) -> list[date]:
        taken = OtherRow(other._replace(name=interface), is_machine)
        return [row.first for row in settled(past, UTC, lambda _interface: None, [taken]).rows]

    assert kept("eth0", is_machine=False) == kept("all", is_machine=True) == [day(0), day(2)]
    assert kept("wlan0", is_machine=False) == [day(0), day(1), day(2)]
