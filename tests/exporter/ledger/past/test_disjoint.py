"""Spans that hold each other become spans that hold each byte once."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.past.open_days import in_open_days
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


@given(DAYS, st.integers(0, 365), st.integers(0, 364), st.booleans())
def test_what_netledger_has_counted_is_not_added_again(
    moved: dict[int, tuple[int, int]],
    forgotten: int,
    begun: int,
    is_exact: bool,  # noqa: FBT001 - drawn
) -> None:
    """Both have counted the same from the midnight of a day on: together they have each byte once."""
    rows = as_vnstat_has_them(moved, forgotten)

    def own(first: date, last: date) -> tuple[int, int]:
        found = [amounts for number, amounts in moved.items() if number >= begun and first <= day(number) <= last]
        return sum(received for received, _ in found), sum(sent for _, sent in found)

    began = (day(begun) - date(1970, 1, 1)).days * 86_400
    past = Past("vnstat", "eth0", 2**33, rows, is_exact=is_exact)

    found = settled(past, UTC, lambda _interface: Counted(began, own), ())

    before = total([PastRow("eth0", day(n), day(n), *amounts) for n, amounts in moved.items() if n < begun])
    assert total(found.rows) == before
    assert all(row.last <= day(begun) for row in found.rows if row.total)
    assert found.own_bytes == sum(total(rows[-1:])) - sum(before)


YEAR = (day(0), day(364))


def days_within(first: date, last: date) -> set[date]:
    return {first + timedelta(days=number) for number in range((last - first).days + 1)}


def stretch(first: date, last: date, known: set[date]) -> tuple[date, date]:
    """From the first to the last day that is not known; the whole where all are."""
    left_open = sorted(days_within(first, last) - known) or [first, last]
    return left_open[0], left_open[-1]


@given(DAYS, st.dictionaries(st.integers(1, 12), AMOUNTS), AMOUNTS)
def test_what_a_span_has_more_is_of_the_days_that_its_parts_leave_open(
    moved: dict[int, tuple[int, int]], of_months: dict[int, int], of_year: int
) -> None:
    """Some months have some bytes more than their days, and the year has more than all of these."""
    days = [PastRow("eth0", day(number), day(number), *amounts) for number, amounts in sorted(moved.items())]
    known, more, rows = {row.first for row in days}, {}, list(days)
    for number, amount in of_months.items():
        first, last = month_of(date(2026, number, 1))
        received, sent = total([row for row in days if first <= row.first <= last])
        rows.append(PastRow("eth0", first, last, received + amount, sent))
        more[stretch(first, last, known)] = amount
    in_months = set().union(*(days_within(row.first, row.last) for row in rows))
    received, sent = total(days)
    rows.append(PastRow("eth0", *YEAR, received + sum(of_months.values()) + of_year, sent))
    more[stretch(*YEAR, known | in_months)] = of_year

    rests, notes = disjoint(rows)
    found = in_open_days(rests, rows)

    assert notes == []
    assert total(found) == total(rows[-1:])
    assert sorted(found) == sorted(
        [*days, *(PastRow("eth0", *span, amount, 0) for span, amount in more.items() if amount)]
    )


@pytest.mark.parametrize(
    ("parts", "left_open"),
    [
        ([], (0, 364)),
        ([(59, 89)], (0, 364)),
        ([(0, 30)], (31, 364)),
        ([(334, 364)], (0, 333)),
        ([(90, 364)], (0, 89)),
        ([(0, 30), (334, 364)], (31, 333)),
        ([(0, 30), (59, 89), (90, 119), (151, 364)], (31, 150)),
        ([(0, 30), (59, 364)], (31, 58)),
        ([(0, 30), *((number, number) for number in range(31, 60))], (60, 364)),
        ([(0, 99), (101, 364)], (100, 100)),
        ([(0, 364 - 1), (364, 364)], (0, 364)),
    ],
    ids=[
        "nothing known",
        "a month in the middle",
        "its begin",
        "its end",
        "the rest before the first known day",
        "both ends",
        "two holes in the middle",
        "one hole in the middle",
        "a month and days",
        "a single day is left",
        "nothing left open",
    ],
)
def test_the_rest_of_a_year_reaches_over_what_is_not_known(
    parts: list[tuple[int, int]], left_open: tuple[int, int]
) -> None:
    year = PastRow("eth0", day(0), day(364), 5 * len(parts) + 1000, len(parts) + 100)
    rows = [*(PastRow("eth0", day(first), day(last), 5, 1) for first, last in parts), year]

    found = in_open_days(disjoint(rows)[0], rows)

    assert PastRow("eth0", day(left_open[0]), day(left_open[1]), 1000, 100) in found
    assert total(found) == total([year])


def test_own_bytes_of_a_known_month_are_not_taken_from_the_rest_of_its_year() -> None:
    """February and May are not known; netledger began on 15 March, and has counted the same."""
    months = [month_of(date(2026, number, 1)) for number in (1, 3, 4, *range(6, 13))]
    rows = [PastRow("eth0", *span, 100, 0) for span in months]
    year = PastRow("eth0", day(0), day(364), 1200, 0)
    mid_march, of_day = date(2026, 3, 15), 1

    def own(first: date, last: date) -> tuple[int, int]:
        return of_day * ((last - max(first, mid_march)).days + 1), 0

    began = (mid_march - date(1970, 1, 1)).days * 86_400

    past = Past("vnstat", "eth0", 2**33, [*rows, year], is_exact=True)

    found = settled(past, UTC, lambda _interface: Counted(began, own), ())

    assert [row for row in found.rows if row.total] == [
        PastRow("eth0", *months[0], 100, 0),
        PastRow("eth0", date(2026, 3, 1), mid_march, 100 - 17, 0),
        PastRow("eth0", date(2026, 2, 1), mid_march, 200 - 31, 0),
    ]


def test_what_is_rounded_stays_where_it_was() -> None:
    """What a month of whole MiB has more than its days may be of the days that are known, too."""
    rows = [PastRow("eth0", day(0), day(0), 5, 5), PastRow("eth0", day(0), day(30), 9, 9)]
    past = Past("dd-wrt", "", 2**33, rows)

    assert settled(past, UTC, lambda _interface: None, ()).rows[-1] == PastRow("eth0", day(0), day(30), 4, 4)
    exact = settled(past._replace(is_exact=True), UTC, lambda _interface: None, ())
    assert exact.rows[-1] == PastRow("eth0", day(1), day(30), 4, 4)


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
