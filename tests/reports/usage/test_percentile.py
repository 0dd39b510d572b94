from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.calendar.days import Span
from reports.calendar.parsing import PeriodError
from reports.ledger.reader import UnknownInterfaceError
from reports.ledger.rows import Gap
from reports.usage.percentile import Percentile, nearest_rank, parse_percent, percentile
from tests.worlds.written_ledger import DAY, HOUR, MINUTE, SLOT, WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable

START = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
NINETY_FIVE = Decimal(95)


@pytest.fixture
def ledger(new_ledger: Callable[[ZoneInfo], WrittenLedger]) -> WrittenLedger:
    return new_ledger(ZoneInfo("UTC"))


def found(
    ledger: WrittenLedger,
    now: int,
    *,
    percent: Decimal = NINETY_FIVE,
    span: Span | None = None,
    device: str | None = None,
) -> Percentile:
    with ledger.reading() as reader:
        return percentile(
            reader, now, span or Span(START, START + 30 * DAY), percent, reader.resolve([device] if device else [])
        )


@pytest.mark.parametrize(("first", "told"), [(0, (94, 188, 282)), (1, (95, 190, 285))])
def test_of_a_hundred_intervals_the_95th_counts(ledger: WrittenLedger, first: int, told: tuple[int, ...]) -> None:
    amounts = {START + number * SLOT: (SLOT * (number + first), SLOT * 2 * (number + first)) for number in range(100)}
    ledger.write(amounts, seen=START)

    ranked = found(ledger, START + 100 * SLOT).slots

    assert ranked.rates == told
    assert ranked.coverage == (Span(START, START + 100 * SLOT), 100, 1 - first, 1.0)


def test_idle_intervals_are_ranked_too(ledger: WrittenLedger) -> None:
    ledger.write({START + number * SLOT: (900_000, 0) for number in range(4)}, seen=START)

    at_95, at_97 = (found(ledger, START + 100 * SLOT, percent=Decimal(text)).slots for text in ("95", "97"))

    assert at_95.rates == (0, 0, 0)
    assert at_97.rates == (1000, 0, 1000)
    assert (at_95.coverage.intervals, at_95.coverage.idle) == (100, 96)


def test_both_directions_together_are_ranked_by_themselves(ledger: WrittenLedger) -> None:
    ledger.write({START: (900, 9000), START + SLOT: (9000, 900)}, seen=START)

    ranked = found(ledger, START + 2 * SLOT, percent=Decimal(100)).slots

    assert ranked.rates == (10, 10, 11)


def test_the_running_interval_and_the_one_in_which_counting_began_are_left_out(ledger: WrittenLedger) -> None:
    ledger.write({START: (10**9, 0), START + SLOT: (900, 0), START + 2 * SLOT: (10**9, 0)}, seen=START + 5)

    ranked = found(ledger, START + 3 * SLOT - 1).slots

    assert ranked.coverage == (Span(START + SLOT, START + 2 * SLOT), 1, 0, 0.5)
    assert ranked.rates == (1, 0, 1)


def test_an_interval_in_a_gap_is_not_ranked_unless_bytes_were_counted_across_it(ledger: WrittenLedger) -> None:
    gap = Gap(START + 2 * SLOT - 30, START + 6 * SLOT + 30, "stopped", 900)
    ledger.write({START: (900, 0), START + 3 * SLOT: (900, 0)}, seen=START, gaps=(gap,))

    coverage = found(ledger, START + 10 * SLOT).slots.coverage

    assert (coverage.intervals, coverage.idle, coverage.share) == (7, 5, 0.7)


def test_five_minutes_are_ranked_where_minutes_reach(ledger: WrittenLedger) -> None:
    ledger.write({START + number * SLOT: (1, 0) for number in range(8)}, seen=START)
    ledger.write(minutes={START + 4 * SLOT + number * MINUTE: (60, 0) for number in range(20)}, seen=START)
    ledger.forget("minute", START + 4 * SLOT)

    told = found(ledger, START + 8 * SLOT)

    assert told.five_minutes is not None
    assert told.five_minutes.seconds == 300
    assert told.five_minutes.coverage == (Span(START + 4 * SLOT, START + 8 * SLOT), 12, 8, 0.5)
    assert told.five_minutes.rates == (1, 0, 1)
    assert told.slots.coverage.intervals == 8


def test_without_minutes_there_is_no_answer_by_five_minutes(ledger: WrittenLedger) -> None:
    ledger.write({START: (1, 0)}, seen=START)
    ledger.write({START: (1, 0)}, {START + MINUTE: (5, 5)}, device="eth1", seen=START)

    assert found(ledger, START + DAY, device="eth0").five_minutes is None
    assert found(ledger, START + DAY, device="eth1").five_minutes is not None
    with pytest.raises(UnknownInterfaceError):
        found(ledger, START + DAY, device="eth9")


def test_what_waits_to_be_posted_is_ranked_once_its_interval_is_over(ledger: WrittenLedger) -> None:
    ledger.write({START: (0, 0)}, seen=START)
    ledger.hold_back(START + SLOT, (9_000, 0), minute=START + SLOT)

    told = found(ledger, START + 2 * SLOT, percent=Decimal(100))

    assert told.slots.rates == (10, 0, 10)
    assert told.five_minutes is not None
    assert told.five_minutes.rates == (30, 0, 30)


@pytest.mark.parametrize("span", [Span(START - DAY, START), Span(START + 2 * DAY, START + 3 * DAY)])
def test_a_range_without_intervals_has_no_rates(ledger: WrittenLedger, span: Span) -> None:
    ledger.write({START: (1, 1)}, {START: (1, 1)}, seen=START)

    told = found(ledger, START + DAY, span=span)

    assert (told.slots.rates, told.slots.coverage, told.five_minutes) == (None, (None, 0, 0, 0.0), None)


def test_an_empty_ledger_has_no_rates(ledger: WrittenLedger) -> None:
    told = found(ledger, START + DAY)

    assert (told.slots.rates, told.slots.coverage, told.five_minutes) == (None, (None, 0, 0, 0.0), None)


def test_a_range_that_begins_within_an_interval_begins_with_the_next_one(ledger: WrittenLedger) -> None:
    ledger.write({START + number * SLOT: (900, 0) for number in range(8)}, seen=START)

    coverage = found(ledger, START + DAY, span=Span(START + 1, START + HOUR + 1)).slots.coverage

    assert coverage == (Span(START + SLOT, START + HOUR), 3, 0, 1.0)


@given(
    st.lists(st.integers(0, 10**15), max_size=60),
    st.integers(0, 60),
    st.decimals("0.0001", 100, places=4),
)
def test_the_rank_is_the_nearest_one_and_bounds_its_share(amounts: list[int], idle: int, percent: Decimal) -> None:
    count = len(amounts) + idle
    if not count:
        return

    told = nearest_rank(amounts, count, percent)

    everything = sorted([*amounts, *[0] * idle])
    assert told == everything[max(ceil(Fraction(percent) * count / 100), 1) - 1]
    assert sum(1 for amount in everything if amount <= told) >= Fraction(percent) * count / 100
    assert sum(1 for amount in everything if amount < told) < Fraction(percent) * count / 100
    assert nearest_rank(amounts, count, Decimal(100)) == everything[-1]


@pytest.mark.parametrize("text", ["95", "100", "99.9", "0.001", "1e-3", "1E+1", "5e-324", "100.000"])
def test_a_percentile_is_above_nothing_and_at_most_all(text: str) -> None:
    assert parse_percent(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0.0",
        "101",
        "100.0001",
        "-5",
        "+5",
        "nan",
        "inf",
        "",
        "95%",
        " 95",
        "9_5",
        "९५",
        "1e999",
        "1e-999",
        "0x5f",
        "1/2",
    ],
)
def test_any_other_percentile_is_refused(text: str) -> None:
    with pytest.raises(PeriodError) as failure:
        parse_percent(text)

    assert str(failure.value) == f"p: {text!r} is not a percentile: write a number above 0, at most 100"
