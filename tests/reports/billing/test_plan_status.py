from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from reports.billing.plans import CycleRule, FreeHours, Plan
from reports.billing.prices import one_price
from reports.billing.status import plan_status

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.billing.forecast import Forecast
    from reports.billing.plans import Counts
    from reports.billing.status import PlanStatus
    from tests.worlds.written_ledger import Pair, WrittenLedger

    NewLedger = Callable[[ZoneInfo], WrittenLedger]

INDIA = ZoneInfo("Asia/Kolkata")
BERLIN = ZoneInfo("Europe/Berlin")
SLOT = 900
CAPPED = Plan(cap_bytes=1000)


def at(text: str, zone: ZoneInfo = INDIA) -> int:
    """UTC seconds of a local time such as "2026-06-12 09:00"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def local(instant: int | None) -> str:
    assert instant is not None
    return datetime.fromtimestamp(instant, UTC).astimezone(INDIA).strftime("%Y-%m-%d %H:%M")


def written(ledger: WrittenLedger, amounts: dict[str, Pair], device: str = "eth0", seen: str = "2026-01-01") -> None:
    slots = {at(when, ledger.zone): pair for when, pair in amounts.items()}
    ledger.write(slots, device=device, seen=at(seen, ledger.zone))


def ahead(told: PlanStatus) -> Forecast:
    assert told.forecast is not None
    return told.forecast


def status(ledger: WrittenLedger, plan: Plan, now: str) -> PlanStatus:
    with ledger.reading() as reader:
        return plan_status(reader, plan, at(now, ledger.zone))


@pytest.fixture
def india(new_ledger: NewLedger) -> WrittenLedger:
    return new_ledger(INDIA)


def test_used_left_share_and_what_each_day_may_use(india: WrittenLedger) -> None:
    written(india, {"2026-05-31 23:45": (5000, 0), "2026-06-01 00:00": (300, 50), "2026-06-12 08:00": (40, 10)})

    told = status(india, CAPPED._replace(price_steps=one_price(Decimal(2**30))), "2026-06-12 09:00")

    assert (told.cycle.name, told.days_left) == ("2026-06", 19)
    assert (told.bytes.received, told.bytes.sent, told.used) == (340, 60, 400)
    assert (told.cap, told.left, told.share, told.allowed_per_day) == (1000, 600, 0.4, 600 // 19)
    assert told.cost == 400
    assert told.forecast is not None
    assert told.forecast_cost == tuple(map(Decimal, told.forecast[:3]))
    assert told.forecast.low <= told.forecast.expected <= told.forecast.high


def test_a_plan_without_a_cap_has_nothing_left_to_tell(india: WrittenLedger) -> None:
    written(india, {"2026-06-12 08:00": (40, 10)})

    told = status(india, Plan(rollover=True), "2026-06-12 09:00")

    assert (told.used, told.cap, told.left, told.share) == (50, None, None, None)
    assert (told.allowed_per_day, told.cap_reached_at) == (None, None)


def test_an_empty_ledger_has_used_nothing(india: WrittenLedger) -> None:
    told = status(india, CAPPED._replace(rollover=True, free_hours=(FreeHours(60, 420),)), "2026-06-12 09:00")

    assert (told.used, told.free, told.cap, told.left, told.share, told.devices) == (0, 0, 1000, 1000, 0, frozenset())
    assert (told.forecast, told.forecast_cost, told.began, told.counted_seconds) == (None, None, None, 0)
    assert (told.last_used, told.last_used_by_now, told.cap_reached_at) == (None, None, None)


@pytest.mark.parametrize(
    ("counts", "used", "last"),
    [("both", 1000, 1000), ("receive", 400, 600), ("transmit", 600, 400), ("larger", 600, 600)],
)
def test_a_plan_bills_its_direction_and_the_larger_one_by_cycle(
    india: WrittenLedger, counts: Counts, used: int, last: int
) -> None:
    written(
        india,
        {
            "2026-05-02 10:00": (500, 100),
            "2026-05-03 10:00": (100, 300),
            "2026-06-02 10:00": (300, 100),
            "2026-06-03 10:00": (100, 500),
        },
    )

    told = status(india, CAPPED._replace(counts=counts), "2026-06-12 09:00")

    assert (told.used, told.last_used) == (used, last)


def test_free_hours_are_cut_by_the_quarter_hour(india: WrittenLedger) -> None:
    edges = {"00:45": 1, "01:00": 10, "06:45": 100, "07:00": 1000}
    written(india, {f"2026-06-12 {clock}": (amount, 0) for clock, amount in edges.items()})

    told = status(india, Plan(free_hours=(FreeHours(60, 420),)), "2026-06-12 09:00")

    assert (told.used, told.free) == (1001, 110)


def test_free_hours_over_midnight_are_taken_from_the_cycle_that_they_lie_in(india: WrittenLedger) -> None:
    night = Plan(free_hours=(FreeHours(22 * 60, 6 * 60),))
    written(india, {"2026-05-31 23:00": (10, 0), "2026-06-01 03:00": (200, 0), "2026-06-01 12:00": (3000, 0)})

    june, may = status(india, night, "2026-06-01 13:00"), status(india, night, "2026-05-31 23:59")

    assert (june.used, june.free, june.last_used) == (3000, 200, 0)
    assert (may.used, may.free) == (0, 10)


def test_both_passes_of_a_repeated_hour_are_free(new_ledger: NewLedger) -> None:
    ledger = new_ledger(BERLIN)
    begin = at("2026-10-25 02:00", BERLIN)
    ledger.write({begin + number * SLOT: (1, 0) for number in range(8)}, seen=begin)
    ledger.write({begin + 8 * SLOT: (100, 0), begin - SLOT: (100, 0)}, seen=begin)

    told = status(ledger, Plan(free_hours=(FreeHours(120, 180),)), "2026-10-25 09:00")

    assert (told.used, told.free) == (200, 8)


def test_free_hours_of_a_service_that_has_not_posted_yet(india: WrittenLedger) -> None:
    written(india, {"2026-06-12 08:00": (40, 10)})
    india.hold_back(at("2026-06-12 06:45"), (7, 0))
    india.hold_back(at("2026-06-12 08:00"), (300, 0))
    india.hold_back(at("2026-06-12 08:15"), (0, 2000), device="eth1")
    india.hold_back(at("2026-06-12 08:15"), (9999, 0), device="wg0")

    told = status(india, Plan(free_hours=(FreeHours(60, 420),)), "2026-06-12 09:00")

    assert (told.used, told.free, told.devices) == (2350, 7, frozenset({"eth0", "eth1"}))


def test_a_cap_that_waiting_bytes_cross_was_reached_among_them(new_ledger: NewLedger) -> None:
    utc = ZoneInfo("UTC")
    ledger = new_ledger(utc)
    ledger.write({at("2026-06-02 10:00", utc): (100, 0)}, seen=at("2026-06-01 00:00", utc))
    ledger.hold_back(at("2026-06-12 08:00", utc), (900, 0))

    told = status(ledger, Plan(cap_bytes=500), "2026-06-12 09:00")

    assert told.used == 1000
    assert told.cap_reached_at == at("2026-06-12 08:06", utc) + 40


@pytest.mark.parametrize(
    ("april", "may", "cap"),
    [
        (1000, 1000, 1000),
        (1000, 700, 1300),
        (0, 1500, 1500),
        (0, 0, 2000),
        (0, 2500, 1000),
        (1000, 5000, 1000),
    ],
)
def test_what_is_left_moves_one_cycle_and_is_used_first(india: WrittenLedger, april: int, may: int, cap: int) -> None:
    amounts = {"2026-04-10 10:00": (april, 0), "2026-05-10 10:00": (may, 0), "2026-06-10 10:00": (600, 0)}
    written(india, amounts, seen="2026-04-01")

    told = status(india, CAPPED._replace(rollover=True), "2026-06-12 09:00")

    assert (told.cap, told.left, told.share) == (cap, cap - 600, 600 / cap)


def test_a_cycle_that_was_not_counted_from_its_start_leaves_nothing(india: WrittenLedger) -> None:
    written(india, {"2026-05-10 10:00": (100, 0)}, seen="2026-05-01 00:15")

    assert status(india, CAPPED._replace(rollover=True), "2026-06-12 09:00").cap == 1000


@pytest.mark.parametrize(
    ("rule", "now", "first", "last", "before", "days_left"),
    [
        (CycleRule("weekly"), "2026-06-12", "2026-06-08", "2026-06-14", "2026-06-01", 3),
        (CycleRule("daily"), "2026-06-12", "2026-06-12", "2026-06-12", "2026-06-11", 1),
        (CycleRule("every", 1, 30, date(2026, 1, 15)), "2026-06-12", "2026-05-15", "2026-06-13", "2026-04-15", 2),
        (CycleRule("every", 1, 30, date(2026, 7, 1)), "2026-06-12", "2026-06-01", "2026-06-30", "2026-05-02", 19),
        (CycleRule("monthly", 31), "2026-02-28", "2026-02-28", "2026-03-30", "2026-01-31", 31),
        (CycleRule("monthly", 31), "2026-02-27", "2026-01-31", "2026-02-27", "2025-12-31", 1),
        (CycleRule("monthly", 12), "2026-06-12", "2026-06-12", "2026-07-11", "2026-05-12", 30),
    ],
)
def test_a_cycle_holds_its_days_and_no_others(
    india: WrittenLedger, rule: CycleRule, now: str, first: str, last: str, before: str, days_left: int
) -> None:
    first_day = date.fromisoformat(first)
    written(
        india,
        {
            f"{date.fromisoformat(before) - timedelta(days=1)} 23:45": (1, 0),
            f"{before} 00:00": (10, 0),
            f"{first_day - timedelta(days=1)} 23:45": (100, 0),
            f"{first} 00:00": (1000, 0),
        },
        seen="2025-01-01",
    )

    told = status(india, Plan(cycle=rule), f"{now} 23:59")

    assert [str(told.cycle.first), str(told.cycle.last), str(told.last_cycle.first)] == [first, last, before]
    assert (told.used, told.last_used, told.days_left) == (1000, 110, days_left)


def test_a_cycle_changes_at_local_midnight(india: WrittenLedger) -> None:
    written(india, {"2026-06-30 23:45": (100, 0)})
    india.hold_back(at("2026-07-01 00:00"), (7, 0))

    old, new = status(india, CAPPED, "2026-06-30 23:59"), status(india, CAPPED, "2026-07-01 00:00")

    assert (old.cycle.name, old.used, old.days_left, old.allowed_per_day) == ("2026-06", 100, 1, 900)
    assert (new.cycle.name, new.used, new.last_used, new.days_left) == ("2026-07", 7, 100, 31)
    assert old.cycle.end == new.cycle.start == at("2026-07-01 00:00")


def test_the_last_cycle_is_told_by_the_same_time_of_the_clock(india: WrittenLedger) -> None:
    amounts = {"2026-05-01 00:00": 1, "2026-05-12 08:45": 10, "2026-05-12 09:00": 900, "2026-05-12 09:15": 10_000}
    written(india, {when: (amount, 0) for when, amount in amounts.items()})

    told = [status(india, Plan(), f"2026-06-12 {clock}") for clock in ("09:00", "09:05", "09:05:59", "09:15", "23:59")]

    assert [one.last_used_by_now for one in told] == [11, 311, 311, 911, 10_911]
    assert {one.last_used for one in told} == {10_911}


def test_free_hours_of_the_last_cycle_are_not_told(india: WrittenLedger) -> None:
    written(india, {"2026-05-12 01:00": (1000, 0), "2026-05-12 08:00": (10, 0)})

    assert status(india, Plan(free_hours=(FreeHours(60, 420),)), "2026-06-12 09:00").last_used_by_now == 10


def test_without_its_quarter_hours_nobody_knows_what_the_last_cycle_had_used(india: WrittenLedger) -> None:
    written(india, {"2026-05-12 08:45": (10, 0), "2026-05-13 08:45": (10, 0)})
    india.forget("slot", at("2026-05-13 00:00"))

    told = status(india, Plan(), "2026-06-12 09:00")

    assert (told.last_used, told.last_used_by_now) == (20, None)


@pytest.mark.parametrize(
    ("seen", "used", "by_now", "is_whole"),
    [
        ("2026-05-01 00:00", 11, 1, True),
        ("2026-05-01 00:15", 11, None, False),
        ("2026-05-31 23:45", 11, None, False),
        ("2026-06-01 00:00", None, None, False),
    ],
)
def test_a_last_cycle_that_was_not_counted_is_not_told(
    india: WrittenLedger, seen: str, used: int | None, by_now: int | None, *, is_whole: bool
) -> None:
    amounts: dict[str, Pair] = {"2026-05-02 08:45": (1, 0), "2026-05-31 23:45": (10, 0)}
    written(india, amounts if used else {"2026-06-01 00:00": (1, 0)}, seen=seen)
    if used and seen != "2026-05-01 00:00":
        written(india, {}, device="wg0")

    told = status(india, Plan(), "2026-06-12 09:00")

    assert (told.last_used, told.last_used_by_now, told.is_last_whole) == (used, by_now, is_whole)


def test_a_last_cycle_without_that_day_had_used_all_of_it(india: WrittenLedger) -> None:
    written(india, {"2026-02-28 23:45": (10, 0), "2026-03-01 00:00": (500, 0)})

    assert status(india, Plan(), "2026-03-31 09:00").last_used_by_now == 10


@pytest.mark.parametrize(
    ("interfaces", "used"),
    [(("counted",), 11), (("wg*",), 100), (("eth[1-9]",), 10), (("eth0", "wg0"), 101), (("*",), 111), (("ppp*",), 0)],
)
def test_a_plan_bills_the_interfaces_that_it_covers(
    india: WrittenLedger, interfaces: tuple[str, ...], used: int
) -> None:
    for device, amount in (("eth0", 1), ("eth1", 10), ("wg0", 100)):
        written(india, {"2026-06-12 08:00": (amount, 0)}, device=device)

    assert status(india, Plan(interfaces=interfaces), "2026-06-12 09:00").used == used


@pytest.mark.parametrize(
    ("counts", "reached"),
    [("both", "2026-06-03 10:07"), ("receive", "2026-06-03 10:15"), ("larger", "2026-06-03 10:15")],
)
def test_a_cap_that_is_exceeded_was_reached_when_the_quarter_hours_say(
    india: WrittenLedger, counts: Counts, reached: str
) -> None:
    written(india, {"2026-05-02 10:00": (9000, 0), "2026-06-02 10:00": (500, 300), "2026-06-03 10:00": (500, 100)})
    written(india, {"2026-06-04 10:00": (5000, 0)})
    cap = {"both": 1100, "receive": 1000, "larger": 1000}[counts]

    told = status(india, Plan(cap_bytes=cap, counts=counts), "2026-06-12 09:00")

    assert local(told.cap_reached_at) == reached
    assert told.left == cap - told.used < 0
    assert told.allowed_per_day == 0
    assert told.share is not None
    assert told.share > 1


def test_a_cap_whose_quarter_hours_are_gone_was_reached_when_the_days_say(india: WrittenLedger) -> None:
    written(india, {"2026-06-02 10:00": (500, 300), "2026-06-03 10:00": (500, 100)})
    india.forget("slot", at("2026-06-03 10:15"))

    assert local(status(india, Plan(cap_bytes=1100), "2026-06-12 09:00").cap_reached_at) == "2026-06-03 12:00"


@pytest.mark.parametrize("now", ["2026-06-12 08:45", "2026-06-12 09:00", "2026-06-12 23:59", "2026-06-13 09:00"])
def test_the_instant_of_reaching_a_cap_stays_where_it_was(india: WrittenLedger, now: str) -> None:
    written(india, {"2026-06-12 03:00": (9000, 0), "2026-06-12 08:00": (400, 0), "2026-06-12 08:30": (1200, 0)})
    written(india, {"2026-06-12 08:45": (5000, 0), "2026-06-12 20:00": (5000, 0)})

    told = status(india, CAPPED._replace(free_hours=(FreeHours(60, 420),)), now)

    assert local(told.cap_reached_at) == "2026-06-12 08:37"


def test_a_cap_that_this_quarter_hour_reaches_was_reached_before_now(india: WrittenLedger) -> None:
    written(india, {"2026-06-12 08:45": (2000, 0)})

    assert local(status(india, CAPPED, "2026-06-12 08:55").cap_reached_at) == "2026-06-12 08:50"


@pytest.mark.parametrize(("amount", "reached"), [(0, "2026-06-01 00:00"), (5, "2026-06-12 08:00")])
def test_a_cap_of_nothing_is_reached_from_the_start(india: WrittenLedger, amount: int, reached: str) -> None:
    written(india, {"2026-06-12 08:00": (amount, 0)})

    told = status(india, Plan(cap_bytes=0), "2026-06-12 09:00")

    assert (told.left, told.share, told.allowed_per_day) == (-amount, 1.0, 0)
    assert local(told.cap_reached_at) == reached


def test_a_cap_that_the_pace_will_reach_is_reached_later_in_the_cycle(india: WrittenLedger) -> None:
    days = [date(2026, 5, 1) + timedelta(days=number) for number in range(41)]
    written(india, {f"{day} 12:00": (100, 0) for day in days}, seen="2026-05-01")

    told = status(india, Plan(cap_bytes=2000), "2026-06-11 00:00")

    assert (told.used, ahead(told).expected) == (1000, 3000)
    assert local(told.cap_reached_at) == "2026-06-21 00:00"


def test_an_interface_that_is_new_has_no_habit_of_doing_nothing(india: WrittenLedger) -> None:
    written(india, {"2026-05-01 12:00": (100, 0)}, seen="2026-01-01")
    written(india, {"2026-06-10 12:00": (100, 0), "2026-06-11 12:00": (100, 0)}, device="ppp0", seen="2026-06-10")

    told = status(india, Plan(interfaces=("ppp*",)), "2026-06-12 00:00")

    assert ahead(told).expected == 200 + 19 * 100
