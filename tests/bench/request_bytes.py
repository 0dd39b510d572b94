"""Bytes that a million requests take in the ledger, with the request log and without, as postings have written them."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from exporter.ledger.schema import migrate
from exporter.ledger.writing.writer import Writer
from exporter.metering.clock import SECOND
from exporter.metering.journal import Journal
from exporter.metering.postings import ClockState, MeterPosting, OpeningBalance, Posting
from exporter.metering.samples import SampleInterval
from exporter.meters.requests.events import Batch, Event
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.meter import RequestMeter
from exporter.meters.requests.store import TABLES, RequestStore
from reports.ledger.shape import REQUEST
from tests.bench.rows import MEGABYTE, Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.bench.settings import Bench

MILLION = 1_000_000
QUICK_PART = 20
ROUTES, DAY_SECONDS = 60, 86_400
BEGAN = 1_790_000_000 // DAY_SECONDS * DAY_SECONDS
TIMES, MEDIAN, SPREAD = 100_003, 20_000, 1.0
CLIENTS, IDS, AGENTS = 20_000, 1_000, 40
UTC = ZoneInfo("UTC")
OF_LOG = ("request_log", "request_agent", "request_service")
PAGES = (
    "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count, pragma_page_size"
)


class Traffic(NamedTuple):
    """Requests of one service, evenly over time and ROUTES routes, of codes with these shares, in so many postings."""

    name: str
    days: float
    codes: Mapping[int, float]
    events: int = MILLION
    postings: int = 5_760

    def part(self, divisor: int) -> Traffic:
        """The same for a part of the time."""
        events, postings = self.events // divisor, self.postings // divisor
        return self._replace(days=self.days / divisor, events=events, postings=postings)


class Size(NamedTuple):
    """Bytes of a ledger's pages in use, an empty one's taken off: of the request log, and of all else."""

    log: int
    rest: int


WORLDS = (
    (Traffic("a day of 60 subjects", 1, {200: 1.0}), 1, 60),
    (Traffic("a month of 180 subjects", 30, {200: 0.95, 404: 0.04, 500: 0.01}), None, None),
)
"""With their targets: those of a million requests were reckoned from 60 subjects with 171 bytes a quarter hour."""


def measure(bench: Bench) -> list[Row]:
    """Megabytes that a million requests take; quickly, from a twentieth of the time and of the requests."""
    rows = []
    for whole, target, target_with_log in WORLDS:
        traffic = whole.part(QUICK_PART) if bench.requests < 100 else whole
        path, scale = bench.folder / "bytes.db", MILLION / traffic.events / MEGABYTE
        written, packed = sizes_of(path, traffic)
        path.unlink()
        figure = f"bytes a million requests in the ledger, {traffic.name}"
        without = f"{traffic.days:g} days in {traffic.postings:,} postings; after VACUUM {packed.rest * scale:.3g} MB"
        with_log = f"with a path, a network and a user agent each; after VACUUM {sum(packed) * scale:.3g} MB"
        rows += [
            Row(f"{figure}: without log", "MB", target, (written.rest * scale,), remark=without),
            Row(
                f"{figure}: with log",
                "MB",
                target_with_log,
                (sum(written) * scale,),
                "API Analytics 79",
                remark=with_log,
            ),
        ]
    return rows


def sizes_of(path: Path, traffic: Traffic) -> tuple[Size, Size]:
    """Write a ledger: its size as its postings have left it, and after a VACUUM."""
    migrate(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table in TABLES:
            connection.execute(table)
        empty = _size(connection)
    fill(path, traffic)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        written = _size(connection)
        connection.execute("VACUUM")
        packed = _size(connection)
    return _less(written, empty), _less(packed, empty)


def fill(path: Path, traffic: Traffic) -> None:
    """Have the request meter write requests into a ledger that was made, in postings one after the other."""
    intake = Intake()
    intake.has_log = lambda _service: True
    meter, store, journal = RequestMeter(intake, 0, UTC), RequestStore(), Journal()
    meter.resume(OpeningBalance(None, {}))
    writer = Writer(path, UTC, [store])
    writer.connection.execute("PRAGMA synchronous = OFF")
    step = traffic.days * DAY_SECONDS / traffic.postings
    source, count = _events(traffic), traffic.events // traffic.postings
    try:
        for number in range(1, traffic.postings + 1):
            last = number == traffic.postings
            batch = list(islice(source, traffic.events if last else count))
            intake.add_soon(Batch(batch, service="shop"))
            writer.post(_posting(meter, journal, number, BEGAN + int(number * step)))
            meter.note_posted()
            if number % 200 == 0:
                writer.checkpoint_log()
    finally:
        writer.close()


def _posting(meter: RequestMeter, journal: Journal, number: int, at: int) -> Posting:
    sample = meter.sample(SampleInterval((at - 10) * SECOND, at * SECOND, 10.0, steady=at * SECOND))
    for change in sample.changes:
        assert change.span is not None
        journal.add(change.subject, change, *change.span, REQUEST.bytes_in)
        if change.sketches:
            journal.merge_sketches(change.subject, change.sketches, change.span[0] // SECOND, (0,) * len(REQUEST.sums))
    clock = ClockState("boot", at * SECOND, at * SECOND)
    part = MeterPosting(REQUEST.name, clock, meter.checkpoint())
    return Posting(number, clock, journal.take_slots({REQUEST.name}), {}, (part,))


def _events(traffic: Traffic) -> Iterator[Event]:
    """Requests in the order of their times; which route, code and time each has is by chance."""
    chance = random.Random(16)  # noqa: S311 - the same figures every time
    times = [int(MEDIAN * chance.lognormvariate(0, SPREAD)) + 1 for _ in range(TIMES)]
    codes = chance.choices([*traffic.codes], [*traffic.codes.values()], k=TIMES)
    step = int(traffic.days * DAY_SECONDS * 1_000_000 / traffic.events)
    for number in range(traffic.events):
        route, client = chance.randrange(ROUTES), chance.randrange(CLIENTS)
        yield Event(
            service="shop",
            at=BEGAN * 1_000_000 + number * step,
            method="GET",
            route=f"/route/{route}/{{id}}",
            code=codes[number % TIMES],
            duration=times[number * 7 % TIMES],
            request_bytes=120,
            response_bytes=500 + number % 4000,
            path=f"/route/{route}/{chance.randrange(IDS)}",
            client=f"10.{client >> 8}.{client & 255}.{number % 251}",
            agent=f"agent/{client % AGENTS} (a library of some version)",
        )


def _size(connection: sqlite3.Connection) -> Size:
    (whole,) = connection.execute(PAGES).fetchone()
    connection.execute("BEGIN")
    for table in OF_LOG:
        connection.execute(f"DROP TABLE {table}")
    (rest,) = connection.execute(PAGES).fetchone()
    connection.execute("ROLLBACK")
    return Size(whole - rest, rest)


def _less(size: Size, empty: Size) -> Size:
    return Size(size.log - empty.log, size.rest - empty.rest)
