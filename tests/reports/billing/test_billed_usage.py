"""What a plan bills, against an oracle that asks window by window and adds up every cycle."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import pytest

from reports.billing.plans import (
    ROLLOVER_CYCLES,
    CycleRule,
    FreeHours,
    Plan,
    counted_bytes,
    covers,
    cycle_before,
    cycle_of,
    in_free_hours,
)
from reports.billing.status import plan_status
from reports.calendar.days import SLOT_SECONDS, dates, day_of
from reports.calendar.period import Period
from reports.formats.json import plans as shapes
from reports.ledger.reader import NO_BYTES, Bytes
from reports.ledger.selection import of_interfaces

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.ledger.reader import LedgerReader
    from tests.worlds.written_ledger import WrittenLedger

    NewLedger = Callable[[ZoneInfo], WrittenLedger]

DEVICES = ("eth0", "eth1", "wg0")
NIGHT, EVENING, LUNCH = FreeHours(60, 420), FreeHours(22 * 60, 6 * 60), FreeHours(735, 765)
RULES = (
    CycleRule("monthly", 31),
    CycleRule("weekly"),
    CycleRule("daily"),
    CycleRule("every", every_days=5, since=date(2026, 1, 1)),
)


def window_by_window(ledger: LedgerReader, plan: Plan, first: date, last: date) -> tuple[Bytes, Bytes]:
    """Billed and free bytes of days, by a question for each free quarter hour of each device."""
    billed = free = NO_BYTES
    for device, is_counted in ledger.devices().items():
        if not covers(plan, device, is_counted=is_counted):
            continue
        for moved in ledger.days(first, last, of_interfaces([device])).values():
            billed = billed.plus(moved)
        for day in dates(first, last):
            period = Period.day(day, ledger.zone)
            for slot in range(period.start, period.end, SLOT_SECONDS):
                if in_free_hours(plan, slot, ledger.zone):
                    free = free.plus(ledger.slots(slot, slot + SLOT_SECONDS, of_interfaces([device])))
    return Bytes(billed.received - free.received, billed.sent - free.sent), free


def cap_by_adding_up(ledger: LedgerReader, plan: Plan, cycle: Period, cap: int) -> int:
    began, carried = ledger.first_seen(), 0
    cycles: list[Period] = []
    before = cycle_before(plan, cycle, ledger.zone)
    while began is not None and before.start >= began and len(cycles) < ROLLOVER_CYCLES:
        cycles.append(before)
        before = cycle_before(plan, before, ledger.zone)
    for earlier in reversed(cycles):
        moved, _ = window_by_window(ledger, plan, earlier.first, earlier.last)
        carried = min(cap, max(0, cap + carried - counted_bytes(plan, moved.received, moved.sent)))
    return cap + carried


@pytest.mark.parametrize("number", range(len(RULES)))
@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("Asia/Kathmandu", "2026-06-12"),
        ("Europe/Berlin", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25"),
        ("Australia/Lord_Howe", "2026-04-05"),
        ("Australia/Lord_Howe", "2026-10-04"),
        ("America/Havana", "2026-11-01"),
        ("Africa/Casablanca", "2026-02-15"),
    ],
)
def test_a_plan_bills_what_windows_asked_one_by_one_leave(
    new_ledger: NewLedger, name: str, around: str, number: int
) -> None:
    zone, chance = ZoneInfo(name), random.Random(f"{name} {around} {number}")  # noqa: S311 - the same every time
    ledger, now = written_at_random(new_ledger(zone), date.fromisoformat(around), chance)
    plans = [
        Plan(
            interfaces=chance.choice([("counted",), ("*",), ("eth1", "wg*"), ("ppp0",)]),
            cycle=RULES[number],
            cap_bytes=chance.randrange(100_000),
            counts=counts,
            free_hours=chance.choice([(NIGHT,), (EVENING,), (EVENING, LUNCH), (LUNCH, NIGHT)]),
            rollover=True,
        )
        for counts in ("both", "receive", "transmit", "larger")
    ]

    with ledger.reading() as reader:
        for plan in plans:
            told = plan_status(reader, plan, now)

            today, before = day_of(now, zone), told.last_cycle
            moved, free = window_by_window(reader, plan, told.cycle.first, today)
            last, _ = window_by_window(reader, plan, before.first, before.last)
            assert told.cycle == cycle_of(plan, today, zone)
            assert (told.bytes[:2], told.free) == (moved[:2], free.total)
            assert (told.last_used or 0) == counted_bytes(plan, last.received, last.sent)
            assert told.cap == cap_by_adding_up(reader, plan, told.cycle, plan.cap_bytes or 0)
            assert told.free_hours_since is None


def written_at_random(ledger: WrittenLedger, around: date, chance: random.Random) -> tuple[WrittenLedger, int]:
    """Three weeks to either side of a day, in part not posted yet; returns the ledger and a now within the last day."""
    zone = ledger.zone
    period = Period.days(around - timedelta(days=20), around + timedelta(days=20), zone)
    slots = range(period.start, period.end, SLOT_SECONDS)
    began = period.start + chance.randrange(3 * 86_400)
    for device in DEVICES:
        chosen = [slot for slot in slots if slot >= began and chance.random() < 0.3]
        ledger.write(
            {slot: (chance.randrange(500), chance.randrange(500)) for slot in chosen}, device=device, seen=began
        )
        for slot in chance.sample(slots[-200:], 30):
            ledger.hold_back(slot, (chance.randrange(500), chance.randrange(500)), device=device)
    return ledger, period.end - chance.randrange(1, 86_400)


def at(text: str, zone: ZoneInfo) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC).timestamp())


INDIA = ZoneInfo("Asia/Kolkata")
FREE = Plan(cap_bytes=1000, free_hours=(NIGHT,), rollover=True)


@pytest.fixture
def spring(new_ledger: NewLedger) -> WrittenLedger:
    """From April to June, each month 100 bytes in free hours on its second and 300 by day on its tenth."""
    ledger = new_ledger(INDIA)
    slots = {}
    for month in (4, 5, 6):
        slots[at(f"2026-{month:02}-02 03:00", INDIA)] = (100, 0)
        slots[at(f"2026-{month:02}-10 12:00", INDIA)] = (300, 0)
    ledger.write(slots, seen=at("2026-04-01 00:00", INDIA))
    return ledger


@pytest.mark.parametrize(
    ("deleted_before", "used", "last_used", "cap", "since"),
    [
        ("2026-04-01 00:00", 300, 300, 2000, None),
        # April has lost free hours: what it left is unknown, and May's 700 are all that is carried.
        ("2026-04-03 00:00", 300, 300, 1700, None),
        # So has May, which is billed in full, and carries nothing.
        ("2026-05-03 00:00", 300, 400, 1000, "2026-05-10"),
        ("2026-06-03 00:00", 400, 400, 1000, "2026-06-10"),
        ("2026-06-12 00:00", 400, 400, 1000, "2026-06-11"),
    ],
)
def test_free_hours_whose_quarter_hours_are_gone_are_billed_and_said_to_be(
    spring: WrittenLedger, deleted_before: str, used: int, last_used: int, cap: int, since: str | None
) -> None:
    spring.forget("slot", at(deleted_before, INDIA))

    with spring.reading() as reader:
        now = at("2026-06-12 09:00", INDIA)
        told = plan_status(reader, FREE, now)

    assert (told.used, told.last_used, told.cap) == (used, last_used, cap)
    assert told.free_hours_since == (None if since is None else date.fromisoformat(since))
    assert json.loads(msgspec.json.encode(shapes.plan(told, INDIA, now))).get("free_hours_since") == since


def test_a_day_that_lost_some_of_its_quarter_hours_is_billed_in_full(new_ledger: NewLedger) -> None:
    ledger, slots = new_ledger(INDIA), ("2026-06-12 02:00", "2026-06-12 05:00", "2026-06-12 12:00", "2026-06-13 02:00")
    ledger.write({at(clock, INDIA): (amount, 0) for clock, amount in zip(slots, (1, 10, 100, 1000), strict=True)})
    ledger.forget("slot", at("2026-06-12 03:00", INDIA))

    with ledger.reading() as reader:
        told = plan_status(reader, FREE, at("2026-06-13 09:00", INDIA))

    assert (told.used, told.free, told.free_hours_since) == (111, 1000, date(2026, 6, 13))


def test_rollover_alone_needs_no_quarter_hours(spring: WrittenLedger) -> None:
    spring.forget("slot", at("2026-06-12 00:00", INDIA))

    with spring.reading() as reader:
        told = plan_status(reader, FREE._replace(free_hours=()), at("2026-06-12 09:00", INDIA))

    assert (told.used, told.cap, told.free_hours_since) == (400, 2000, None)
