"""Applications: every byte of the counted interfaces is attributed to one, or unattributed."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, date, datetime
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.ledger.schema import migrate
from reports.calendar.days import SLOT_SECONDS, day_of
from reports.calendar.period import Period
from reports.ledger.reader import LedgerReader
from reports.ledger.shape import APPLICATION, INTERFACE, LOOPBACK
from reports.usage.applications import (
    SortError,
    UnknownApplicationError,
    application,
    applications,
    has_applications,
)
from reports.usage.scopes import ScopeError, known_scopes, select_usage
from reports.usage.usage import usage
from tests.worlds.application_rows import amounts, hold_applications_back, post_applications

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reports.ledger.selection import Key
    from tests.worlds.written_ledger import WrittenLedger

    MakeLedger = Callable[[ZoneInfo], WrittenLedger]

ZONE = ZoneInfo("Asia/Kathmandu")
NOW = datetime(2026, 8, 12, 18, 0, tzinfo=ZONE).timestamp()
BEGAN = (int(NOW) // SLOT_SECONDS - 60 * 96) * SLOT_SECONDS
PERIODS = {
    "day": Period.day(date(2026, 8, 12), ZONE),
    "week": Period.week(date(2026, 8, 12), ZONE),
    "month": Period.month(2026, 8, ZONE),
    "last month": Period.month(2026, 7, ZONE),
    "year": Period.year(2026, ZONE),
    "days": Period.days(date(2026, 8, 1), date(2026, 8, 11), ZONE),
}
NAMES = ("firefox", "sshd.service", "wireguard", "(unknown)", '=cmd|"x"')
SCOPES = (LOOPBACK, "lan", "internet", "office")
SOME_SCOPES: list[tuple[str, ...]] = [(), ("internet",), ("lan", "office"), (LOOPBACK,)]
PROTOCOLS = ("tcp", "udp")


class Row(NamedTuple):
    """What one subject moved in one slot."""

    started: int
    key: Key
    amounts: tuple[int, ...]

    @property
    def day(self) -> date:
        return day_of(self.started, ZONE)


class World(NamedTuple):
    """A ledger, and all that was measured: applications' rows, and interfaces' bytes by slot."""

    reader: LedgerReader
    rows: Sequence[Row]
    interfaces: Sequence[tuple[int, tuple[int, int]]]

    def within(self, period: Period) -> list[Row]:
        return [row for row in self.rows if period.first <= row.day <= period.last]


def random_rows(chance: random.Random, count: int) -> dict[tuple[int, Key], tuple[int, ...]]:
    found: dict[tuple[int, Key], tuple[int, ...]] = {}
    for _ in range(count):
        start = BEGAN + chance.randrange(60 * 96) * SLOT_SECONDS
        received, sent = chance.randrange(10**9), chance.randrange(10**9)
        key = (chance.choice(NAMES), chance.choice(SCOPES), chance.choice(PROTOCOLS))
        tunnel = (chance.randrange(received + 1), chance.randrange(sent + 1)) if chance.random() < 0.3 else (0, 0)
        found[(start, key)] = amounts(received, sent, tunnel)
    return found


@pytest.fixture(params=[(seed, is_posted) for seed in range(2) for is_posted in (False, True)])
def world(request: pytest.FixtureRequest, new_ledger: MakeLedger) -> Iterator[World]:
    """Two months of five applications; a part of the rows is not posted yet, or was."""
    seed, is_posted = request.param
    chance = random.Random(seed)  # noqa: S311 - a history, not a secret
    ledger = new_ledger(ZONE)
    posted, late = random_rows(chance, 150), random_rows(chance, 50)
    moved = {start: (chance.randrange(10**9), chance.randrange(10**9)) for start, _ in [*posted, *late]}
    ledger.write(moved)
    post_applications(ledger, posted, seen=BEGAN)
    if is_posted:
        post_applications(ledger, late, seen=BEGAN)
    else:
        hold_applications_back(ledger, late)
    rows = [Row(start, key, each) for table in (posted, late) for (start, key), each in table.items()]
    with ledger.reading() as reader:
        yield World(reader, rows, list(moved.items()))


def test_attributed_and_unattributed_bytes_are_those_of_the_counted_interfaces(world: World) -> None:
    for period in PERIODS.values():
        require_every_byte(world, period)


def require_every_byte(world: World, period: Period) -> None:
    found = applications(world.reader, period, NOW)

    kept = [row for row in world.within(period) if row.key[1] != LOOPBACK]
    moved = [pair for start, pair in world.interfaces if period.first <= day_of(start, ZONE) <= period.last]
    attributed = tuple(sum(row.amounts[side] - row.amounts[4 + side] for row in kept) for side in (0, 1))
    assert found.account.interfaces[:2] == tuple(sum(pair[side] for pair in moved) for side in (0, 1))
    assert found.account.attributed[:2] == attributed
    assert found.account.unattributed.total == found.account.interfaces.total - sum(attributed)
    assert found.total[:2] == attributed
    assert found.whole[:2] == tuple(sum(row.amounts[side] for row in kept) for side in (0, 1))


def test_an_application_has_its_bytes_by_scope_and_protocol(world: World) -> None:
    for scopes in SOME_SCOPES:
        require_parts(world, scopes)


def require_parts(world: World, scopes: tuple[str, ...]) -> None:
    found = applications(world.reader, PERIODS["month"], NOW, scopes=scopes)

    rows = [row for row in world.within(PERIODS["month"]) if not scopes or row.key[1] in scopes]
    assert {each.name for each in found.applications} == {row.key[0] for row in rows}
    for each in found.applications:
        own = [row for row in rows if row.key[0] == each.name]
        counted = [row for row in own if scopes or row.key[1] != LOOPBACK]
        assert each.bytes.total == sum(sum(row.amounts[:2]) for row in counted)
        assert totals(each.scopes) == sums(own, 1)
        assert totals(each.protocols) == sums(counted, 2)
    assert sum(each.bytes.total for each in found.applications) == found.whole.total
    assert totals(found.scopes) == sums(rows, 1, is_net=True)


def test_the_days_of_an_application_are_its_bytes(world: World) -> None:
    for period, scopes in product(PERIODS.values(), SOME_SCOPES):
        require_days(world, period, scopes)


def require_days(world: World, period: Period, scopes: tuple[str, ...]) -> None:
    listed = applications(world.reader, period, NOW, scopes=scopes).applications

    for row in listed:
        found = application(world.reader, row.name, period, NOW, scopes)

        assert found.application == row
        assert found.usage.total == row.bytes
        assert sum(day.bytes.total for day in found.usage.days if day.bytes) == row.bytes.total


def test_the_usage_of_scopes_is_that_of_all_applications(world: World) -> None:
    for period, scopes in product(PERIODS.values(), SOME_SCOPES[1:]):
        listed = applications(world.reader, period, NOW, scopes=scopes)

        found = usage(world.reader, period, NOW, select_usage(world.reader, (), scopes))

        assert found.total == listed.total
        assert found.began == listed.began


def totals(parts: Any) -> dict[str, int]:
    return {name: used.total for name, used in parts.items()}


def sums(rows: list[Row], place: int, *, is_net: bool = False) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        moved = sum(row.amounts[:2]) - (sum(row.amounts[4:]) if is_net else 0)
        found[row.key[place]] = found.get(row.key[place], 0) + moved
    return found


@pytest.fixture
def ledger(new_ledger: MakeLedger) -> WrittenLedger:
    """One day of five applications."""
    found = new_ledger(ZONE)
    start = int(NOW) // SLOT_SECONDS * SLOT_SECONDS
    found.write({start: (900, 500)})
    rows = {
        ("firefox", "internet", "tcp"): (400, 20),
        ("(unknown)", "internet", "udp"): (300, 10),
        ("Curl", "lan", "tcp"): (200, 90),
        ("apt", "internet", "tcp"): (200, 30),
        ("postgres", LOOPBACK, "tcp"): (5000, 5000),
    }
    post_applications(found, {(start, key): amounts(*pair) for key, pair in rows.items()})
    return found


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("total", ["firefox", "(unknown)", "Curl", "apt", "postgres"]),
        ("received", ["firefox", "(unknown)", "Curl", "apt", "postgres"]),
        ("sent", ["Curl", "apt", "firefox", "(unknown)", "postgres"]),
        ("name", ["apt", "Curl", "firefox", "postgres", "(unknown)"]),
    ],
)
def test_applications_come_in_the_requested_order(ledger: WrittenLedger, sort: str, names: list[str]) -> None:
    with ledger.reading() as reader:
        found = applications(reader, PERIODS["day"], NOW, sort=sort)
        part = applications(reader, PERIODS["day"], NOW, sort=sort, limit=2, offset=1)

    assert [row.name for row in found.applications] == names
    assert [row.name for row in part.applications] == names[1:3]
    assert part._replace(applications=()) == found._replace(applications=())
    assert part.row_count == len(names)


def test_what_passes_no_counted_interface_makes_the_unattributed_bytes_negative(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        found = applications(reader, PERIODS["day"], NOW)

    assert found.account.unattributed[:2] == (900 - 1100, 500 - 150)


def test_unknown_orders_scopes_and_applications_are_refused_with_what_is_known(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        with pytest.raises(SortError, match="sort: 'size' is refused; use total, received, sent, name"):
            applications(reader, PERIODS["day"], NOW, sort="size")
        with pytest.raises(ScopeError, match="scope: 'ofice' is unknown; use loopback, lan, internet, office"):
            select_usage(reader, (), ("ofice",), ("office",))
        with pytest.raises(ScopeError, match="scope: 'lan' and interface exclude each other"):
            select_usage(reader, ("eth0",), ("lan",))
        with pytest.raises(UnknownApplicationError, match=r"knows no 'firfox'; near are firefox$"):
            application(reader, "firfox", PERIODS["day"], NOW)
        with pytest.raises(UnknownApplicationError, match=r"knows no 'zsh'$"):
            application(reader, "zsh", PERIODS["day"], NOW)


def test_a_scope_that_only_the_ledger_has_is_known(new_ledger: MakeLedger) -> None:
    ledger = new_ledger(ZONE)
    post_applications(ledger, {(900, ("curl", "backup", "tcp")): amounts(1, 1)})
    hold_applications_back(ledger, {(900, ("curl", "attic", "tcp")): amounts(1, 1)})

    with ledger.reading() as reader:
        assert known_scopes(reader, ("office",)) == ["loopback", "lan", "internet", "office", "attic", "backup"]


def test_an_application_without_traffic_in_the_period_has_days_of_zeros(new_ledger: MakeLedger) -> None:
    ledger = new_ledger(ZONE)
    start = int(datetime(2026, 8, 3, tzinfo=UTC).timestamp())
    post_applications(ledger, {(start, ("curl", "lan", "tcp")): amounts(5, 6)})

    with ledger.reading() as reader:
        found = application(reader, "curl", PERIODS["week"], NOW)

    assert (found.application.name, found.application.bytes.total) == ("curl", 0)
    assert [day.bytes and day.bytes.total for day in found.usage.days] == [0, 0, 0]


def test_a_ledger_of_an_older_netledger_has_no_applications(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    migrate(path, (INTERFACE,))

    with closing(connect_to_read(path)) as connection, LedgerReader(connection).at_one_moment() as reader:
        assert not reader.has_tables(APPLICATION)
        assert not has_applications(reader)
        assert applications(reader, PERIODS["year"], NOW).row_count == 0
        assert usage(reader, PERIODS["day"], NOW, select_usage(reader, (), ("lan",))).total.total == 0


def test_a_ledger_without_a_row_has_no_applications(new_ledger: MakeLedger) -> None:
    ledger = new_ledger(ZONE)
    ledger.write({int(NOW) // SLOT_SECONDS * SLOT_SECONDS: (7, 8)})

    with ledger.reading() as reader:
        found = applications(reader, PERIODS["day"], NOW)

    assert (found.applications, found.began) == ([], None)
    assert found.account.unattributed[:2] == (7, 8)


def test_rows_of_all_meters_are_counted(ledger: WrittenLedger) -> None:
    with ledger.reading() as reader:
        found = reader.row_counts()

    assert (found.slots, found.days, found.months) == (1 + 5, 1 + 5, 1)
