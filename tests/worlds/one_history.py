"""A history that every place has to tell alike, and the same history added up by hand, row by row.

Three interfaces and two that have vanished, one of which counts; a year's end, midnights, the hour that comes twice, a
gap, and bytes that are not posted yet.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from exporter.metering.counters.readings import Counts
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import Usage
from exporter.meters.interfaces.state import interface
from reports.ledger.rows import Gap
from tests.exporter.web.running_service import BEGAN
from tests.worlds.fake_machine import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exporter.metering.subjects import Subject

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 10, 28, 13, 37, 20, tzinfo=BERLIN).timestamp())
"""A Wednesday; three days before, a day had 25 hours."""

SLOT, MINUTE = 900, 60
VANISHED = "usb'\"<b>,0"
GONE = (VANISHED, "tun9")
COUNTED = ("eth0", "wlan0", VANISHED)
DEVICES = (*COUNTED, "wg0", "tun9")
UNPOSTED = {"eth0": (123_456_789, 9_876_543), "wlan0": (2_345_678, 345_678), "wg0": (45_678, 5_678)}
UNPOSTED_SECONDS = 10
HOSTILE = "<b>\"'; =1+1, \u202e\u200f👩‍🚀"
PLANS: list[dict[str, object]] = [
    {
        "name": "home",
        "cycle_day": 31,
        "cap": "400 GB",
        "base_price": 99.5,
        "price_steps": [{"up_to": "100 GB", "price_per_gb": 5}, {"price_per_gb": 2.25}],
    },
    {
        "name": "night",
        "interfaces": ["eth*", "wg*"],
        "cycle": "weekly",
        "cap": "45 GB",
        "free_hours": ["23:00-05:00"],
        "rollover": True,
        "base_price": 3.456,
        "price_steps": [{"up_to": "10 GB", "price_per_gb": 0.1234}, {"price_per_gb": 0.05}],
        "currency": "EUR",
    },
    {
        "name": HOSTILE,
        "cycle": "every 30 days from 2026-01-15",
        "cap": "1 GB",
        "counts": "larger",
        "price_per_gb": 100,
        "currency": "JPY",
        "gigabyte": "binary",
    },
]


class Row(NamedTuple):
    """What an interface moved in the quarter hour from `started`."""

    started: int
    device: str
    received: int
    sent: int
    estimated: int = 0
    peak: int = 0

    @property
    def local(self) -> datetime:
        return datetime.fromtimestamp(self.started, BERLIN)

    @property
    def total(self) -> int:
        return self.received + self.sent


class Moved(NamedTuple):
    """Sums of some rows."""

    received: int
    sent: int
    estimated: int
    peak: int

    @property
    def total(self) -> int:
        return self.received + self.sent


def at(year: int, month: int, day: int, hour: int, minute: int = 0, fold: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=BERLIN, fold=fold).timestamp())


GAP_BEGAN, GAP_ENDED = at(2026, 10, 26, 3), at(2026, 10, 26, 4)
EDGES = (
    *(at(2025, 12, 31, 23, 45), at(2026, 1, 1, 0)),
    *(at(2026, 3, 29, 1, 45), at(2026, 3, 29, 3)),
    *(at(2026, 9, 29, 23, 45), at(2026, 9, 30, 0), at(2026, 9, 30, 23, 45), at(2026, 10, 1, 0)),
    *(at(2026, 10, 11, 23, 45), at(2026, 10, 12, 0), at(2026, 10, 18, 22, 45), at(2026, 10, 18, 23)),
    *(at(2026, 10, 19, 4, 45), at(2026, 10, 19, 5)),
    *(at(2026, 10, 25, 2, 30), at(2026, 10, 25, 2, 30, fold=1), at(2026, 10, 25, 23, 45), at(2026, 10, 26, 0)),
    *(at(2026, 10, 26, 3), at(2026, 10, 26, 3, 45), at(2026, 10, 27, 23, 45), at(2026, 10, 28, 0)),
    *(at(2026, 10, 28, 4, 45), at(2026, 10, 28, 5), at(2026, 10, 28, 13, 15)),
)
"""Quarter hours beside every border: of years, months, cycles, weeks, days, free hours, the clock, and a gap."""


def posted_rows() -> list[Row]:
    """What the ledger holds before the service starts."""
    chance = random.Random(20261028)  # noqa: S311 - a history, not a secret
    starts = {NOW // SLOT * SLOT - SLOT * chance.randrange(1, 75 * 96) for _ in range(240)}
    starts |= {NOW // SLOT * SLOT - SLOT * chance.randrange(75 * 96, 350 * 96) for _ in range(40)}
    return [_row(chance, started, device) for started in sorted(starts | set(EDGES)) for device in DEVICES]


def _row(chance: random.Random, started: int, device: str) -> Row:
    received, sent = chance.randrange(10**6, 2 * 10**9), chance.randrange(10**5, 3 * 10**8)
    estimated = received + sent if GAP_BEGAN <= started < GAP_ENDED else 0
    return Row(started, device, received, sent, estimated, chance.randrange(20_000_000, 110_000_000))


def the_gap(rows: list[Row]) -> Gap:
    """Nobody looked for an hour; what was counted across it is in its quarter hours."""
    return Gap(GAP_BEGAN, GAP_ENDED, "stopped", sum(row.estimated for row in rows if row.device in COUNTED))


def unposted_rows() -> list[Row]:
    """What the service counts afterwards; its speed is lower than every other one."""
    return [Row(NOW // SLOT * SLOT, device, *moved) for device, moved in UNPOSTED.items()]


def as_usage(rows: list[Row], seconds: int) -> dict[tuple[int, Subject], Usage]:
    """Rows as the writer takes them: by quarter hours, or all in their third minute."""
    first = 0 if seconds == SLOT else 2 * MINUTE
    return {
        (row.started + first, interface(row.device)): Usage(
            Counts(row.received, row.sent), row.estimated, Speeds(row.peak - 2, row.peak - 1, row.peak)
        )
        for row in rows
    }


def new_machine() -> Machine:
    """Nothing has moved since it was started; the interfaces that vanish are still there."""
    made = Machine(wall=NOW * 10**9)
    for device in DEVICES:
        made.create(device, is_uplink=device in COUNTED)
    return made


class History(NamedTuple):
    """All rows; sums are of local days of Berlin, an interface, or where that is None, all that count.

    Quarter hours of days before `free_since` are not kept: nobody knows any longer which bytes were free.
    """

    rows: list[Row]
    free_since: date = date(1970, 1, 1)

    def of(self, whose: str | None, first: date, last: date) -> Moved:
        return self.sum(whose, lambda row: first <= row.local.date() <= last)

    def sum(self, whose: str | None, is_meant: Callable[[Row], bool]) -> Moved:
        found = [row for row in self.rows if is_meant(row) and row.device in ([whose] if whose else COUNTED)]
        return Moved(
            sum(row.received for row in found),
            sum(row.sent for row in found),
            sum(row.estimated for row in found),
            max((row.peak for row in found), default=0),
        )

    def billed(self, number: int, first: date, last: date) -> int:
        """Bytes that the plan of this number bills of whole days, by its settings in words."""
        found = [row for row in self.rows if first <= row.local.date() <= last]
        if number == 1:
            found = [row for row in found if row.device in {"eth0", "wg0"} and not self.is_free(row)]
            return sum(row.total for row in found)
        found = [row for row in found if row.device in COUNTED]
        if number == 2:
            return max(sum(row.received for row in found), sum(row.sent for row in found))
        return sum(row.total for row in found)

    def billed_until(self, number: int, first: date, last: date, clock: time) -> int | None:
        """The same of days until the last one's time of the clock, a quarter hour moved evenly; None if not kept."""
        begun = timedelta(hours=clock.hour, minutes=clock.minute)
        rows = []
        for row in self.rows:
            begins = datetime.combine(row.local, row.local.time()) - datetime.combine(last, time())
            seconds = min(int((begun - begins).total_seconds()), SLOT)
            if seconds > 0 and not (number == 1 and self.is_free(row)):
                rows.append((row, seconds))
        cut = Counter[tuple[int, int, int]]()
        for row, seconds in rows:
            if row.local.date() >= first and row.device in (COUNTED if number != 1 else {"eth0", "wg0"}):
                cut[row.started, seconds, 0] += row.received
                cut[row.started, seconds, 1] += row.sent
        received, sent = (
            sum(amount * seconds // SLOT for (_, seconds, way), amount in cut.items() if way == side) for side in (0, 1)
        )
        is_lost = last < self.free_since and self.billed(number, last, last) > 0
        return None if is_lost else max(received, sent) if number == 2 else received + sent

    def is_free(self, row: Row) -> bool:
        return is_night(row) and row.local.date() >= self.free_since


def is_night(row: Row) -> bool:
    return row.local.hour >= 23 or row.local.hour < 5


TODAY = date(2026, 10, 28)
PERIODS = {
    "today": (TODAY, TODAY),
    "week": (date(2026, 10, 26), TODAY),
    "month": (date(2026, 10, 1), TODAY),
    "year": (date(2026, 1, 1), TODAY),
    "ever": (date(2025, 1, 1), TODAY),
}
CYCLES = (
    (date(2026, 9, 30), date(2026, 10, 30), date(2026, 8, 31), date(2026, 9, 29)),
    (date(2026, 10, 26), date(2026, 11, 1), date(2026, 10, 19), date(2026, 10, 25)),
    (date(2026, 10, 12), date(2026, 11, 10), date(2026, 9, 12), date(2026, 10, 11)),
)
"""First and last day of each plan's cycle, and of the one before, by a calendar."""


CAPS = (400 * 10**9, 45 * 10**9, 10**9)
"""What each plan allows by itself."""


def caps(history: History) -> tuple[int, int, int]:
    """The second plan's with what rolled over: each week passes on what it left of its own."""
    cap, carried = 45 * 10**9, 0
    monday = date(2025, 11, 3)  # counting began on the Saturday before
    while monday < history.free_since:
        monday += timedelta(days=7)
    while monday < CYCLES[1][0]:
        used = history.billed(1, monday, monday + timedelta(days=6))
        carried = min(cap, max(0, cap - max(0, used - carried)))
        monday += timedelta(days=7)
    return 400 * 10**9, cap + carried, 10**9


BASE_PRICES = (Decimal("99.5"), Decimal("3.456"), Decimal(0))
COVERED = (COUNTED, ("eth0", "wg0"), COUNTED)
"""The interfaces of each plan."""


def exact_cost(number: int, used: int) -> Decimal:
    """What the plan of this number costs, in words of its settings."""
    if number == 0:
        first = min(used, 100 * 10**9)
        return Decimal("99.5") + Decimal(first) / 10**9 * 5 + Decimal(used - first) / 10**9 * Decimal("2.25")
    if number == 1:
        first = min(used, 10 * 10**9)
        parts = Decimal(first) * Decimal("0.1234") + Decimal(used - first) * Decimal("0.05")
        return BASE_PRICES[1] + parts / 10**9
    return Decimal(used) / 2**30 * 100


def days() -> Iterator[date]:
    """Every day that is told, from the one on which counting began."""
    day = datetime.fromtimestamp(BEGAN, UTC).date()
    while day <= TODAY:
        yield day
        day += timedelta(days=1)
