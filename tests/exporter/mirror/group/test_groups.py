"""Groups of machines: what the mirror has of them, and the own ledger's rows, answered as one ledger."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from exporter.metering.postings import MeterCheckpoint, MeterPosting, Posting, SubjectFacts, Usage
from exporter.metering.subjects import Subject
from exporter.mirror.group.groups import Group, Groups, MirrorAccess
from exporter.mirror.group.hosts import GroupPendingError, MirrorAwayError, UnknownHostError, chosen
from exporter.mirror.group.own_rows import connect_to_group
from exporter.mirror.renewal import renew
from reports.calendar.days import Span
from reports.calendar.period import Period
from reports.ledger.host import Host
from reports.ledger.reader import ALL_POSTED, LedgerReader
from reports.ledger.request_times import sketches_by_key
from reports.ledger.requests import amounts_by_key
from reports.ledger.selection import MACHINE, Selection
from reports.ledger.shape import ALL as ALL_KEYS
from reports.ledger.shape import APPLICATION, REQUEST
from reports.ledger.sketches import EMPTY, encoded
from reports.usage.applications import applications
from tests.worlds.application_rows import CLOCK, amounts, hold_applications_back, post, post_applications
from tests.worlds.mirrored_ledger import create_mirror, forget_machine, ledger_id, mirror_ledger
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds.postgresql import Database

ZONE = ZoneInfo("UTC")
NOON = int(datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp())
DAY, SLOT = 86_400, 900
TODAY = date(2026, 11, 20)


class Fleet:
    """Machines with ledgers of their own and one mirror; the first one asks."""

    def __init__(self, folder: Path, template: Path, database: Database) -> None:
        self._folder, self._template, self._database = folder, template, database
        self.ledgers: dict[str, WrittenLedger] = {}
        self.now = float(NOON)
        self.connections = 0
        self.is_away = False

    def machine(self, name: str) -> WrittenLedger:
        """A machine of this name, which has sent nothing yet."""
        folder = self._folder / f"machine-{len(self.ledgers)}"
        folder.mkdir()
        self.ledgers[name] = WrittenLedger(folder, self._template, ZONE)
        return self.ledgers[name]

    async def connect(self) -> Any:
        """A connection to the mirror."""
        if self.is_away:
            raise ConnectionRefusedError("the mirror is away")
        self.connections += 1
        return await asyncpg.connect(self._database.url, statement_cache_size=0)

    async def send(self, name: str, *, called: str = "", **more: Any) -> None:
        """Have the mirror hold what a machine's ledger holds."""
        connection = await asyncpg.connect(self._database.url)
        try:
            await create_mirror(connection)
            await mirror_ledger(connection, self.ledgers[name].path, called or name, sent_at=int(self.now), **more)
        finally:
            await connection.close()

    async def forget(self, name: str) -> None:
        """Remove a machine from the mirror."""
        connection = await asyncpg.connect(self._database.url)
        try:
            await forget_machine(connection, self.ledgers[name].path)
        finally:
            await connection.close()

    def groups(self, interval: float = 0) -> Groups:
        """The groups of the first machine."""
        name, own = next(iter(self.ledgers.items()))
        return Groups(
            ledger=own.path,
            own=Host(name, ledger_id(own.path), "Linux", "1.0"),
            zone=lambda: ZONE,
            now=lambda: self.now,
            mirror=MirrorAccess("netledger", self.connect),
            interval=interval,
        )

    async def read(self, *names: str) -> Group:
        """A group as the mirror has it now."""
        groups = self.groups()
        try:
            return await groups.group(names or ("all",), None)
        finally:
            await groups.close()

    @contextlib.contextmanager
    def reading(self, group: Group) -> Iterator[LedgerReader]:
        """The reader of a group, what waits in the own ledger included."""
        unposted = next(iter(self.ledgers.values())).unposted
        with contextlib.closing(connect_to_group(group.path, group.own)) as connection:
            waits = ALL_POSTED if group.own is None else group.own.unposted(unposted)
            reader = LedgerReader(connection, fetch_unposted=lambda: waits)
            with reader.at_one_moment():
                yield reader

    async def total(self, *names: str, selection: Selection = MACHINE) -> tuple[int, int]:
        """All bytes of some machines ever."""
        with self.reading(await self.read(*names)) as reader:
            found = reader.lifetime(selection)
            return found.received, found.sent


@pytest.fixture
def fleet(tmp_path: Path, empty_ledger: Path, fresh_database: Database) -> Fleet:
    """A fleet without a machine."""
    return Fleet(tmp_path, empty_ledger, fresh_database)


@pytest.fixture
async def three(fleet: Fleet) -> Fleet:
    """This machine, which has sent nothing, and two that have."""
    fleet.machine("desk").write({NOON: (100, 10)})
    for name, size in (("laptop", 1000), ("nas", 10_000)):
        fleet.machine(name).write({NOON: (size, size // 10), NOON - 40 * DAY: (size, 0)})
        await fleet.send(name)
    return fleet


async def test_all_machines_are_added_up_and_each_is_an_interface(three: Fleet) -> None:
    with three.reading(await three.read()) as reader:
        assert reader.days(TODAY, TODAY)[TODAY][:2] == (11_100, 1110)
        assert {name: used[:2] for name, used in reader.days_by_interface(date.min, date.max).items()} == {
            "desk": (100, 10),
            "laptop": (2000, 100),
            "nas": (20_000, 1000),
        }
        assert reader.slots(NOON, NOON + SLOT)[:2] == (11_100, 1110)
        assert reader.zone == ZONE
        assert reader.first_seen() == NOON - 40 * DAY


async def test_some_machines_are_chosen_by_name_or_by_id(three: Fleet) -> None:
    assert await three.total("laptop", "nas") == (22_000, 1100)
    assert await three.total(ledger_id(three.ledgers["nas"].path)) == (20_000, 1000)
    assert await three.total("desk", "laptop") == (2100, 110)


async def test_an_unknown_name_is_refused_with_those_that_are_known(three: Fleet) -> None:
    with pytest.raises(UnknownHostError, match="'phone'; use all, or of these: desk, laptop, nas"):
        await three.read("phone")


def test_of_many_names_an_error_lists_some() -> None:
    labels = {f"{number:032x}": f"machine-{number:05}" for number in range(10_000)}

    with pytest.raises(UnknownHostError) as caught:
        chosen(["phone"], labels)

    assert str(caught.value).endswith("machine-00019, and 9,980 more: `netledger hosts` lists them")
    assert len(str(caught.value)) < 500


async def test_the_own_rows_are_there_before_they_are_sent_and_before_they_are_posted(three: Fleet) -> None:
    group = await three.read()
    desk = three.ledgers["desk"]

    desk.write({NOON + SLOT: (7, 0)})
    desk.hold_back(NOON + SLOT, (3, 0))

    with three.reading(group) as reader:
        assert reader.lifetime()[:2] == (22_110, 1110)
        assert reader.days_by_interface(TODAY, TODAY)["desk"][:2] == (110, 10)


async def test_own_rows_that_were_sent_count_once(three: Fleet) -> None:
    await three.send("desk")

    assert await three.total() == (22_100, 1110)
    assert [name for name, _ in (await three.read()).members] == ["desk", "laptop", "nas"]


async def test_interfaces_that_do_not_count_are_in_no_total(three: Fleet) -> None:
    three.ledgers["laptop"].write({NOON: (5555, 0)}, device="wg0")
    three.ledgers["desk"].write({NOON: (7777, 0)}, device="wg0")
    await three.send("laptop")

    assert await three.total() == (22_100, 1110)


async def test_what_is_sent_later_is_read_later_whatever_its_age(three: Fleet) -> None:
    await three.read()

    three.ledgers["laptop"].write({NOON: (1, 0), NOON + DAY: (2, 0)})
    three.now += DAY
    three.ledgers["nas"].write({NOON - 3 * DAY: (4, 0)})  # older than what is looked at between two whole readings
    await three.send("laptop")
    await three.send("nas")

    assert await three.total() == (22_107, 1110)


async def test_machines_that_sent_nothing_new_are_not_read_again(three: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    await three.read()
    queries = list[str]()
    fetch = asyncpg.Connection.fetch

    async def noted(self: Any, query: str, *arguments: Any, **more: Any) -> Any:
        queries.append(query)
        return await fetch(self, query, *arguments, **more)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noted)
    await three.read()
    assert len(queries) == 3  # the machines, what counts of them, what they imported

    three.ledgers["nas"].write({NOON: (1, 0)})
    await three.send("nas")
    queries.clear()
    await three.read()
    assert sum("DISTINCT" in query for query in queries) == 4  # of two meters, slots and days; machines by a cursor


async def test_a_restored_ledger_is_read_whole(three: Fleet) -> None:
    await three.read()
    laptop = three.ledgers["laptop"]
    laptop.forget("day", NOON // DAY)
    laptop.forget("slot", NOON)
    await three.send("laptop", generation="2")

    assert await three.total() == (21_100, 1110)


async def test_an_interface_that_counts_from_now_on_changes_history(three: Fleet) -> None:
    three.ledgers["laptop"].write({NOON - 40 * DAY: (5000, 0)}, device="wg0")
    await three.send("laptop")
    await three.read()

    with contextlib.closing(sqlite3.connect(three.ledgers["laptop"].path)) as connection, connection:
        connection.execute("UPDATE interface_subject SET counted = 1")
    await three.send("laptop")

    assert await three.total() == (27_100, 1110)


async def test_a_machine_that_was_removed_is_gone(three: Fleet) -> None:
    await three.read()
    await three.forget("nas")

    assert await three.total() == (2100, 110)


async def test_machines_of_one_name_are_told_apart(three: Fleet) -> None:
    await three.send("nas", called="laptop")

    with three.reading(await three.read()) as reader:
        found = reader.days_by_interface(date.min, date.max)

    ids = {name: ledger_id(three.ledgers[name].path)[:8] for name in ("laptop", "nas")}
    assert {name: used.received for name, used in found.items()} == {
        "desk": 100,
        f"laptop ({ids['laptop']})": 2000,
        f"laptop ({ids['nas']})": 20_000,
    }


async def test_machines_that_swap_their_names_keep_their_rows(three: Fleet) -> None:
    await three.read()
    await three.send("nas", called="laptop")
    await three.send("laptop", called="nas")

    with three.reading(await three.read()) as reader:
        found = reader.days_by_interface(date.min, date.max)

    assert {name: used.received for name, used in found.items()} == {"desk": 100, "laptop": 20_000, "nas": 2000}


async def test_imported_history_is_added_up(three: Fleet) -> None:
    three.ledgers["desk"].bring((date(2025, 3, 1), date(2025, 3, 1), 500, 0))
    three.ledgers["nas"].bring((date(2025, 3, 1), date(2025, 3, 1), 70, 0), (date(2024, 1, 1), date(2024, 1, 31), 9, 1))
    await three.send("nas")

    with three.reading(await three.read()) as reader:
        assert reader.lifetime()[:2] == (22_679, 1111)
        assert reader.days(date(2025, 3, 1), date(2025, 3, 1))[date(2025, 3, 1)].received == 570
        assert [span.interface for span in reader.spans(date.min, date.max)] == ["nas"]


async def test_imports_that_come_later_are_read(three: Fleet) -> None:
    await three.read()
    three.ledgers["nas"].bring((date(2025, 3, 1), date(2025, 3, 1), 70, 0))
    await three.send("nas")

    assert await three.total() == (22_170, 1110)


async def test_applications_of_one_name_are_one(three: Fleet) -> None:
    firefox, apt = ("firefox", "internet", "tcp"), ("apt", "internet", "tcp")
    post_applications(three.ledgers["desk"], {(NOON, firefox): amounts(5, 1)})
    hold_applications_back(three.ledgers["desk"], {(NOON, firefox): amounts(2, 0)})
    post_applications(three.ledgers["laptop"], {(NOON, firefox): amounts(50, 10), (NOON - DAY, apt): amounts(3, 0)})
    post_applications(three.ledgers["nas"], {(NOON, firefox): amounts(500, 100)})
    await three.send("laptop")
    await three.send("nas")

    everything = Selection(APPLICATION, "all", where={"application": ("firefox",)})
    assert await three.total(selection=everything) == (557, 111)
    assert await three.total("nas", selection=everything) == (500, 100)
    with three.reading(await three.read()) as reader:
        assert reader.values(APPLICATION, "application") == {"firefox", "apt"}


async def test_applications_of_all_machines_are_listed_once_each(three: Fleet) -> None:
    firefox = ("firefox", "internet", "tcp")
    for name, size in (("desk", 5), ("laptop", 50), ("nas", 500)):
        post_applications(three.ledgers[name], {(NOON, firefox): amounts(size, 0)})
    hold_applications_back(three.ledgers["desk"], {(NOON, firefox): amounts(2, 0)})
    await three.send("laptop")
    await three.send("nas")

    with three.reading(await three.read()) as reader:
        found = applications(reader, Period.day(TODAY, ZONE), NOON + 60)

    assert [(row.name, row.bytes.received) for row in found.applications] == [("firefox", 557)]


async def test_requests_of_all_machines_are_one_with_their_times(three: Fleet) -> None:
    key, times = ("shop", "GET", "/", "200"), ("shop", "GET", "/", ALL_KEYS)
    for name, number, bucket in (("desk", 1, 10), ("laptop", 10, 20), ("nas", 100, 20)):
        usage = {
            (NOON, Subject(REQUEST.name, key)): Usage((number, 0, 0, 0, number, 0), 0, (number, 0), (EMPTY,)),
            (NOON, Subject(REQUEST.name, times)): Usage((0,) * 6, 0, (0, 0), (encoded({bucket: number}),)),
        }
        post_requests(three.ledgers[name], usage)
        if name != "desk":
            await three.send(name)

    with three.reading(await three.read()) as reader:
        selection, span = Selection(REQUEST, "all"), Span(NOON, NOON + SLOT)
        assert amounts_by_key(reader, selection, span, ("requests", "longest_microseconds"))[key] == (111, 100)
        assert sketches_by_key(reader, selection, span) == {times: {10: 1, 20: 110}}


def post_requests(ledger: WrittenLedger, rows: dict[tuple[int, Subject], Usage]) -> None:
    """Post rows of the request meter."""
    facts = {subject: SubjectFacts(NOON, NOON) for _, subject in rows}
    part = MeterPosting(REQUEST.name, CLOCK, MeterCheckpoint(facts, {}))
    post(ledger.path, ZONE, Posting(ledger.next_posting(), CLOCK, rows, {}, (part,)))


async def test_without_the_server_the_last_rows_are_answered_and_their_age_is_known(three: Fleet) -> None:
    first = await three.read()
    three.is_away, three.now = True, three.now + DAY
    groups = three.groups()

    try:
        group = await groups.group(["all"])
        await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})
        with three.reading(group) as reader:
            assert reader.lifetime().received == 22_100
        assert group.read_at == first.read_at == NOON
        assert group.members == (("desk", None), ("laptop", NOON), ("nas", NOON))
        assert groups.problem == "the mirror is away"
        with pytest.raises(MirrorAwayError, match="the mirror is away"):
            await groups.group(["laptop"])
    finally:
        await groups.close()


async def test_a_slow_mirror_is_waited_for_a_moment_and_then_in_the_background(three: Fleet) -> None:
    groups, connect, goes_on = three.groups(), three.connect, asyncio.Event()

    async def slow() -> Any:
        await goes_on.wait()
        return await connect()

    three.connect = slow  # type: ignore[method-assign]
    groups = three.groups()
    try:
        with pytest.raises(GroupPendingError):
            await groups.hosts(0.01)
        goes_on.set()
        group = await groups.group(["all"], None)
        with three.reading(group) as reader:
            assert reader.lifetime().received == 22_100
    finally:
        await groups.close()


async def test_a_group_is_read_once_an_interval(three: Fleet) -> None:
    groups = three.groups(interval=3600)
    try:
        for _ in range(5):
            await groups.group(["all"], None)
    finally:
        await groups.close()

    assert three.connections == 1


@pytest.mark.parametrize("seconds", [0.0, 60.0])
async def test_a_reading_that_failed_is_tried_again_before_the_interval_ends(
    three: Fleet, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("exporter.mirror.group.groups.AGAIN_SECONDS", seconds)
    groups = three.groups(interval=3600)
    try:
        three.is_away = True
        with pytest.raises(MirrorAwayError):
            await groups.group(["all"])
        three.is_away = False

        if seconds:
            with pytest.raises(MirrorAwayError):
                await groups.group(["all"])
        else:
            assert (await groups.group(["all"])).label == "all machines"
    finally:
        await groups.close()


async def test_a_machine_that_has_another_id_from_now_on_is_known_by_it(three: Fleet) -> None:
    groups = three.groups(interval=3600)
    try:
        former = (await groups.group(["all"], None)).members

        groups.adopt_identity("f" * 32)

        assert groups.labels["f" * 32] == "desk"
        assert groups.own_names == {"f" * 32, "desk"}
        assert (await groups.group(["all"], None)).members == former
    finally:
        await groups.close()


async def test_files_of_many_choices_are_removed(three: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.mirror.group.kept_files.MOST_FILES", 2)
    for names in (["desk"], ["laptop"], ["nas"], ["desk", "nas"], ["laptop", "nas"]):
        await three.read(*names)

    folder = three.ledgers["desk"].path.with_name("ledger.db.hosts")
    assert 2 <= len(list(folder.glob("*.db"))) <= 3  # the newest one comes after the removal


async def test_beyond_the_most_that_are_named_machines_are_one(three: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.mirror.group.filling.MOST_NAMED", 2)
    three.machine("phone").write({NOON: (5, 0)})
    await three.send("phone")

    with three.reading(await three.read()) as reader:
        found = reader.days_by_interface(date.min, date.max)
        assert {name: used.received for name, used in found.items()} == {"desk": 100, "nas": 20_000, "(other)": 2005}
    three.ledgers["phone"].write({NOON: (1, 0)})
    await three.send("phone")
    assert await three.total() == (22_106, 1110)


async def test_a_renewed_machine_brings_what_it_counted_from_the_next_day_on(three: Fleet) -> None:
    """What its ledger holds of before is that of the machine that it was copied from, which the mirror has."""
    whole = await three.total()
    desk = three.ledgers["desk"]
    with contextlib.closing(sqlite3.connect(desk.path, isolation_level=None)) as connection:
        renew(connection, ZONE, NOON)
    before = await three.total()
    desk.write({NOON + DAY: (7, 1)})
    three.now += DAY

    assert whole == (22_100, 1110)
    assert before == (22_000, 1100)
    assert await three.total() == (22_007, 1101)
