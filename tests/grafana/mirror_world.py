"""A mirror with a dozen machines, whose rows Python knows: what the dashboard's SQL must add up to."""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporter.mirror.tables import TABLES, creation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tests.worlds.postgresql import Database

SCHEMA = "netledger"
SLOT, DAY = 900, 86_400
DAYS, SLOT_DAYS = 70, 3
ROWS_AT_ONCE = 400
EPOCH = date(1970, 1, 1)
ZONES = ("Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Etc/GMT+12", "UTC", "Mars/Olympus")
"""From fourteen hours ahead of UTC to twelve behind, and one that no server knows."""
NAMES = ("laptop", "laptop", "", "o'brien's \"desk\"", "nas", "tv", "phone", "büro", "pi", "router", "mac", "vm")
SENT_AGO = (0, 40, 3600, 2 * DAY, 9 * DAY, 30 * DAY)
PROGRAMS = (("firefox", "internet", "tcp"), ("restic", "office", "tcp"), ("postgres", "loopback", "tcp"))


class Moved(NamedTuple):
    """Bytes both ways of a machine, by a day, a month (0: ever), a quarter hour or an application."""

    host: str
    key: Any
    receive: int
    transmit: int

    @property
    def total(self) -> int:
        """Both ways."""
        return self.receive + self.transmit


class Machine(NamedTuple):
    """A machine of the mirror; `sent_at` in UTC seconds."""

    host: str
    name: str
    zone: str
    sent_at: int

    def day(self, moment: float) -> int:
        """The number of its own day."""
        return (datetime.fromtimestamp(moment, self._clock).date() - EPOCH).days

    @property
    def label(self) -> str:
        """What it is called beside the others."""
        if not self.name:
            return self.host[:8]
        return f"{self.name} {self.host[:8]}" if NAMES.count(self.name) > 1 else self.name

    @property
    def _clock(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except ZoneInfoNotFoundError:
            return ZoneInfo("UTC")


class MirrorWorld(NamedTuple):
    """The database, and what stands in it; `slots` are those of counted interfaces, `now` is UTC seconds."""

    database: Database
    now: int
    machines: tuple[Machine, ...]
    days: tuple[Moved, ...]
    months: tuple[Moved, ...]
    slots: tuple[Moved, ...]
    applications: tuple[Moved, ...]

    def ask(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query, numbers as numbers."""
        answer = self.database.execute(f"SELECT row_to_json(answer) FROM (\n{sql}\n) AS answer")  # noqa: S608 - our own text
        return [json.loads(line) for line in answer.splitlines()]


def mirror_world(database: Database) -> MirrorWorld:
    """Make the tables and fill them: the same numbers each time, up to now."""
    now = int(datetime.now(UTC).timestamp())
    machines = tuple(_machines(now))
    database.execute(*creation(SCHEMA))
    chance = random.Random(7)  # noqa: S311 - the same numbers each time
    world = MirrorWorld(
        database,
        now,
        machines,
        days := tuple(_days(machines, now, chance)),
        tuple(_months(days)),
        tuple(_slots(machines, now, chance)),
        tuple(_applications(machines, now, chance)),
    )
    _fill(world)
    return world


def month_of(day: int) -> int:
    """202611 of a day's number."""
    found = EPOCH + timedelta(days=day)
    return found.year * 100 + found.month


def sums(rows: Iterable[Moved]) -> dict[str, int]:
    """Bytes by machine, the one that moved most first, names deciding between equals."""
    found: dict[str, int] = defaultdict(int)
    for row in rows:
        found[row.host] += row.total
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _machines(now: int) -> Iterator[Machine]:
    for number, name in enumerate(NAMES):
        host = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"machine {number}"))
        yield Machine(host, name, ZONES[number % len(ZONES)], now - SENT_AGO[number % len(SENT_AGO)])


def _days(machines: Sequence[Machine], now: int, chance: random.Random) -> Iterator[Moved]:
    for number, machine in enumerate(machines):
        today = machine.day(now)
        for day in range(today - DAYS, today + 1):
            yield Moved(machine.host, day, chance.randrange(10**9) * (number + 1), chance.randrange(10**8))


def _months(days: Iterable[Moved]) -> Iterator[Moved]:
    found: dict[tuple[str, int], list[int]] = defaultdict(lambda: [0, 0])
    for row in days:
        for month in (month_of(row.key), 0):
            amounts = found[row.host, month]
            amounts[0] += row.receive
            amounts[1] += row.transmit
    for (host, month), (receive, transmit) in found.items():
        # What was imported by spans of several days belongs to no month
        yield Moved(host, month, receive + (10**12 if month == 0 else 0), transmit)


def _slots(machines: Sequence[Machine], now: int, chance: random.Random) -> Iterator[Moved]:
    for machine in machines:
        newest = machine.sent_at // SLOT * SLOT
        for slot in range(now // SLOT * SLOT - SLOT_DAYS * DAY, newest + 1, SLOT):
            yield Moved(machine.host, slot, chance.randrange(10**8), chance.randrange(10**7))


def _applications(machines: Sequence[Machine], now: int, chance: random.Random) -> Iterator[Moved]:
    for machine in machines[:-2]:
        for day in range(machine.day(now) - 20, machine.day(now) + 1):
            for program in PROGRAMS:
                yield Moved(machine.host, (program[0], day), chance.randrange(10**9), chance.randrange(10**8))


def _fill(world: MirrorWorld) -> None:
    _insert(
        world.database,
        "host",
        (
            {"host": each.host, "name": each.name, "zone": each.zone, "sent_at": each.sent_at, "system": "linux"}
            for each in world.machines
        ),
    )
    for table, key, moved in (("host_day", "day", world.days), ("host_month", "month", world.months)):
        _insert(world.database, table, (_row(each, key, each.key) for each in moved))
    _insert(world.database, "interface_subject", _subjects(world.machines))
    slots = [_row(each, "slot", each.key) | {"subject": 1} for each in world.slots]
    # A tunnel, which is not counted: its bytes have crossed the uplink as well
    tunnel = [{**row, "subject": 2, "receive_bytes": 5 * 10**9} for row in slots]
    _insert(world.database, "interface_slot", [*slots, *tunnel])
    names = {program[0]: number for number, program in enumerate(PROGRAMS, 1)}
    _insert(
        world.database,
        "application_subject",
        (
            {"host": each.host, "subject": number, "application": name, "scope": scope, "protocol": protocol}
            for each in world.machines
            for number, (name, scope, protocol) in enumerate(PROGRAMS, 1)
        ),
    )
    # What a tunnel's own packets carry again is in the rows, and is taken off
    _insert(
        world.database,
        "application_day",
        (
            _row(each, "day", each.key[1])
            | {"subject": names[each.key[0]], "receive_bytes": each.receive + 777, "tunnel_receive_bytes": 777}
            for each in world.applications
        ),
    )


def _row(moved: Moved, key: str, value: int) -> dict[str, object]:
    return {"host": moved.host, key: value, "receive_bytes": moved.receive, "transmit_bytes": moved.transmit}


def _subjects(machines: Iterable[Machine]) -> Iterator[dict[str, object]]:
    for machine in machines:
        yield {"host": machine.host, "subject": 1, "device": "eth0", "counted": 1}
        yield {"host": machine.host, "subject": 2, "device": "wg0", "counted": 0}


def _insert(database: Database, name: str, rows: Iterable[Mapping[str, object]]) -> None:
    """Columns that a row does not name are empty, or 0."""
    (table,) = (each for each in TABLES if each.name == name)
    columns = {"host": "uuid", **table.types}
    lines = [
        "("
        + ", ".join(_literal(row.get(column, "" if kind == "text" else 0)) for column, kind in columns.items())
        + ")"
        for row in rows
    ]
    for start in range(0, len(lines), ROWS_AT_ONCE):
        values = ",".join(lines[start : start + ROWS_AT_ONCE])
        database.execute(f"INSERT INTO {SCHEMA}.{name} (host, {', '.join(table.types)}) VALUES {values}")  # noqa: S608 - our own text


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
