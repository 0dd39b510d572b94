"""The mirror: ten thousand machines at one server, rows a second, the first copy, the fleet's month, bytes, and what it
costs a service. Rows go through the product's own sender, under row-level security.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import time
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.ledger.files import connect_to_read
from exporter.mirror.address import parse_address
from exporter.mirror.connecting import connect
from exporter.mirror.ledger_rows import PAGE_ROWS, RowPage
from exporter.mirror.pushing import HostRow, Pusher
from exporter.mirror.rights import grant, init
from exporter.mirror.rollups import EVER, month_number
from exporter.mirror.sending import MirrorSource, Sender
from exporter.mirror.tables import HOST_DAYS, HOST_MONTHS, SUBJECTS, MirrorTable, usage_table
from reports.calendar.days import day_from_number
from reports.ledger.host import Host
from reports.ledger.shape import APPLICATION, INTERFACE
from tests.bench import machine_answers, mirror_retention
from tests.bench.places import Place
from tests.bench.process_figures import cpu_seconds, memory_of
from tests.bench.rows import KERNEL_MEGABYTE, MEGABYTE, MILLISECOND, Row, percentile, skipped
from tests.bench.running import running
from tests.bench.seeding import History, seed
from tests.bench.settings import QUICK_ROUNDS, Bench
from tests.worlds.postgresql import PostgreSQL, debian

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.worlds.postgresql import Database

SCHEMA = "netledger"
HOSTS, QUICK_HOSTS, INTERFACES, APPLICATIONS = 10_000, 1_000, 2, 20
MINUTE, SLOT, DAY = 60.0, 900, 86_400
CONNECTIONS = 8
"""Of the machines, as a pooler in transaction mode has them."""

BULK_ROWS, QUESTIONS = 300_000, 100
TEN_YEARS, SLOT_DAYS = 3_650, 400
SERVER = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}
_BEGAN = time.time()
COMMITS = {
    "NETLEDGER_APPLICATIONS_METER": "off",
    "NETLEDGER_LEDGER_COMMIT_INTERVAL": "10s",
    "NETLEDGER_MIRROR_INTERVAL": "60s",
}


class Machine(NamedTuple):
    """A simulated machine: its id in the mirror, and its row there (None: it has sent nothing)."""

    host: uuid.UUID
    row: HostRow | None = None


def measure(bench: Bench) -> list[Row]:
    """Needs Debian's PostgreSQL."""
    binaries = debian()
    if binaries is None:
        return [skipped("mirror", "PostgreSQL is not installed")]
    server = PostgreSQL(binaries, settings=SERVER)
    try:
        with server.fresh_database() as database:
            return asyncio.run(_measured(bench, database))
    finally:
        server.close()


async def _measured(bench: Bench, database: Database) -> list[Row]:
    owner = await connect(parse_address(database.url))
    await init(owner, SCHEMA)
    login = await grant(owner, SCHEMA, "bench", own_only=False)
    url = database.url_of(login.name, login.password)
    first, size = await _first_copies(bench, url, owner)
    retained = await mirror_retention.rows(url, owner)
    service = _service_rows(bench, url)
    bulk = [await _rows_per_second(url) for _ in range(min(bench.rounds, 3))]
    hosts = HOSTS if bench.minutes >= 1 else QUICK_HOSTS
    fleet = await _fleet(url, hosts, bench.minutes)
    months = [await _month(owner) for _ in range(bench.rounds)]
    await owner.close()
    answers = await asyncio.to_thread(machine_answers.rows, bench, url, hosts)
    return [
        *fleet,
        Row("mirror: 60,000 rows into one server, committed", "s", 1, tuple(60_000 / rate for rate in bulk)),
        Row("mirror: first copy of ten years, one machine", "s", 60, tuple(first)),
        Row(f"mirror: month of {hosts:,} machines, SQL, p50", "ms", 20, tuple(percentile(each, 50) for each in months)),
        Row(
            f"mirror: month of {hosts:,} machines, SQL, p99", "ms", 100, tuple(percentile(each, 99) for each in months)
        ),
        Row("mirror: bytes a machine and year, 2 interfaces, quarter hours of 400 days", "MB", 25, (size,)),
        *retained,
        *service,
        *answers,
    ]


async def _first_copies(bench: Bench, url: str, owner: Any) -> tuple[list[float], float]:
    """Seconds of whole copies, and MB that one takes after a year's traffic, tables and indexes."""
    ledger = _ledger(bench.folder / "mirrored.db", TEN_YEARS)
    seconds = []
    for _ in range(min(bench.rounds, 3)):
        machine = await connect(parse_address(url))
        _set_state(ledger, {"ledger_id": uuid.uuid4().hex})
        began = time.monotonic()
        with contextlib.closing(connect_to_read(ledger)) as connection:
            await Sender(_source(), SCHEMA, _put_state_of(ledger)).round(machine, connection, 0)
        seconds.append(time.monotonic() - began)
        await machine.close()
    (total,) = await owner.fetchrow(
        "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname = $1 AND c.relkind = 'r'",
        SCHEMA,
    )
    return seconds, float(total) / len(seconds) / MEGABYTE


async def _rows_per_second(url: str) -> float:
    """Of quarter hours that several machines send at the same time, in pages of the sender's size."""
    table = usage_table(INTERFACE, "slot")
    pages = BULK_ROWS // PAGE_ROWS // CONNECTIONS

    async def send() -> None:
        connection = await connect(parse_address(url))
        pusher = Pusher(connection, SCHEMA, uuid.uuid4())
        row = (await pusher.read("bench"))._replace(name="bulk")
        for number in range(0, pages, 4):
            several = [
                RowPage(table, _usage_rows(table, range(at * PAGE_ROWS, (at + 1) * PAGE_ROWS), 1), None, is_last=False)
                for at in range(number, number + 4)
            ]
            await pusher.push(several, row)
        await connection.close()

    began = time.monotonic()
    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return BULK_ROWS / (time.monotonic() - began)


async def _fleet(url: str, hosts: int, minutes: float) -> list[Row]:
    """Every machine posts once a minute: the lag is from when it is due to its commit in the mirror."""
    machines = asyncio.Queue[tuple[float, Machine]]()
    connections = [await connect(parse_address(url)) for _ in range(CONNECTIONS)]
    start = time.monotonic() + 1
    for number in range(hosts):
        host = uuid.UUID(int=random.Random(number).getrandbits(128))  # noqa: S311 - the same hosts in every run
        machines.put_nowait((start + number * MINUTE / hosts, Machine(host)))
    ends, lags = start + max(minutes, 1.0) * MINUTE, list[float]()

    async def work(connection: Any) -> None:
        while True:
            due, machine = await machines.get()
            if due >= ends:
                return
            await asyncio.sleep(max(due - time.monotonic(), 0))
            row = await _post(connection, machine, int(due - start) // 60)
            lags.append(time.monotonic() - due)
            machines.put_nowait((due + MINUTE, Machine(machine.host, row)))

    await asyncio.gather(*(work(connection) for connection in connections))
    for connection in connections:
        await connection.close()
    figure = f"mirror: {hosts:,} machines x 2 interfaces x 20 applications, a posting a minute each"
    remark = f"for {max(minutes, 1.0):g} min; {len(lags):,} rounds of 47 rows, over {CONNECTIONS} connections"
    return [Row(f"{figure}: lag p99", "s", 60, (percentile(lags, 99),), remark=remark)]


async def _post(connection: Any, machine: Machine, minute: int) -> HostRow:
    """A round of one machine, as its sender has it: its row is read by the first; then what has changed is written."""
    pusher = Pusher(connection, SCHEMA, machine.host, machine.row)
    held = machine.row or await pusher.read("bench")
    pages = [RowPage(table, rows, None, is_last=True) for table, rows in _posted(minute).items()]
    if machine.row is None:
        pages.append(RowPage(SUBJECTS[0], [(1, "eth0", 1, 1), (2, "wlan0", 1, 0)], None, is_last=True))
    after = held._replace(name=f"machine {machine.host}", token=str(minute), posting=minute, sent_at=int(time.time()))
    await pusher.push(pages, after)
    return pusher.row


def _posted(minute: int) -> Mapping[MirrorTable, list[tuple[Any, ...]]]:
    """Rows of a posting: both grains of every subject, and the rollups."""
    now = int(_BEGAN) + minute * int(MINUTE)
    slot, day = now // SLOT, now // DAY
    found: dict[MirrorTable, list[tuple[Any, ...]]] = {}
    for spec, count in ((INTERFACE, INTERFACES), (APPLICATION, APPLICATIONS)):
        for grain, at in (("slot", slot * SLOT), ("day", day)):
            table = usage_table(spec, grain)
            found[table] = [(at, number, *_amounts(table, minute), minute) for number in range(1, count + 1)]
    found[HOST_DAYS] = [(day, minute, minute, 0, minute)]
    found[HOST_MONTHS] = [(month, minute, minute, 0, minute) for month in (EVER, _month_of(day))]
    return found


def _usage_rows(table: MirrorTable, times: range, subject: int) -> list[tuple[Any, ...]]:
    return [(at * SLOT, subject, *_amounts(table, at), 1) for at in times]


def _amounts(table: MirrorTable, value: int) -> Iterator[int]:
    return (value * 1_000 + place for place in range(len(table.types) - 3))


def _month_of(day: int) -> int:
    return month_number(day_from_number(day))


async def _month(owner: Any) -> Sequence[float]:
    """Milliseconds of the fleet's total of a month."""
    query = f"SELECT sum(receive_bytes), sum(transmit_bytes), count(*) FROM {SCHEMA}.host_month WHERE month = $1"  # noqa: S608 - our own
    found = []
    for _ in range(QUESTIONS):
        began = time.monotonic()
        await owner.fetchrow(query, _month_of(int(_BEGAN) // DAY))
        found.append((time.monotonic() - began) / MILLISECOND)
    return found


def _service_rows(bench: Bench, url: str) -> list[Row]:
    """What the mirror adds to a service: the same one with it and without, by turns."""
    memory, cpu = [], []
    for number in range(max(bench.rounds - QUICK_ROUNDS, 1)):
        figures: list[tuple[int, float]] = []
        for settings in (COMMITS, COMMITS | {"NETLEDGER_MIRROR_URL": url}):
            ledger = bench.folder / f"mirroring-{number}-{len(figures)}.db"
            with running(Place(), ledger, settings) as service:
                time.sleep(15)
                before = cpu_seconds(service.pid)
                time.sleep(MINUTE)
                figures.append((memory_of(service.pid).resident, cpu_seconds(service.pid) - before))
        (without, idle), (mirrored, busy) = figures
        memory.append((mirrored - without) / KERNEL_MEGABYTE)
        cpu.append(max(busy - idle, 0.0))
    return [
        Row("mirror: RSS added to a service", "MB", 6, tuple(memory)),
        Row("mirror: CPU added to a service, commits every 10 s, a round a minute", "s/min", 0.02, tuple(cpu)),
    ]


def _ledger(path: Path, days: int) -> Path:
    seed(path, History(("eth0", "eth1"), days, SLOT_DAYS))
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        ledger.execute("UPDATE interface_subject SET counted = 1")
        ledger.execute(
            "INSERT INTO meter (name, posting, boot_id, wall, elapsed) VALUES ('interface', 1, '', ?, 0)",
            (time.time_ns(),),
        )
    return path


def _set_state(path: Path, states: Mapping[str, str | None]) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as ledger:
        for name, value in states.items():
            ledger.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, value or ""))


def _put_state_of(path: Path) -> Any:
    async def put(states: Mapping[str, str | None]) -> None:
        _set_state(path, states)

    return put


def _source() -> MirrorSource:
    return MirrorSource(Host("bench", "", "Linux", "1"), "bench")
