from __future__ import annotations

import os
import socket
import time
from contextlib import closing
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.condition import Condition, condition_of
from reports.calendar.days import day_of
from reports.calendar.period import Period
from reports.ledger.reader import LedgerReader
from reports.ledger.selection import of_interfaces
from tests.bench import request_bytes
from tests.bench.exports import modules_in
from tests.bench.http_client import CHUNKED, KeptConnection, ProtocolError, parse_head
from tests.bench.machine import Machine, memory_of, processor_of
from tests.bench.process_figures import children_ticks, cpu_seconds, kibibytes, named_number
from tests.bench.request_bytes import WORLDS, sizes_of
from tests.bench.rows import Row, percentile
from tests.bench.seeding import History, add_up_days, seed
from tests.bench.settings import Bench

if TYPE_CHECKING:
    from pathlib import Path

ROLLUP = """\
7ffd-7fff ---p 00000000 00:00 0    [rollup]
Rss:               42020 kB
Pss:               31227 kB
Pss_Dirty:         26880 kB
"""


@pytest.mark.parametrize(
    ("judged", "values", "verdict"),
    [
        ("median", (1.0, 2.0, 9.0), True),
        ("median", (1.0, 3.0, 9.0), False),
        ("worst", (1.0, 2.0, 9.0), False),
        ("worst", (1.0, 2.0), True),
        ("median", (), None),
    ],
)
def test_a_target_is_for_the_median_or_for_the_worst(
    judged: Literal["median", "worst"], values: tuple[float, ...], verdict: object
) -> None:
    row = Row("figure", "ms", 2.0, values, judged=judged)

    assert row.is_met is verdict


def test_a_figure_without_a_target_is_neither_met_nor_missed() -> None:
    assert Row("figure", "ms", None, (1.0,)).is_met is None


@pytest.mark.parametrize(("values", "which", "expected"), [([4.0], 99, 4.0), ([1.0, 2.0, 3.0], 50, 2.0)])
def test_a_percentile_is_known_from_one_value_on(values: list[float], which: int, expected: float) -> None:
    assert percentile(values, which) == expected


def test_memory_is_read_by_its_whole_name() -> None:
    assert (kibibytes(ROLLUP, "Rss"), kibibytes(ROLLUP, "Pss")) == (42020, 31227)


def test_what_the_kernel_does_not_tell_is_an_error() -> None:
    with pytest.raises(KeyError):
        named_number("rchar: 1\n", "write_bytes")


def test_a_process_may_have_any_name() -> None:
    stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 200 0 0 11 12 13 14 20 0 3 0"

    assert children_ticks(stat) == 13 + 14


def test_the_cpu_clock_is_the_process_own() -> None:
    before = time.process_time()
    read = cpu_seconds(os.getpid())
    after = time.process_time()

    assert before <= read <= after


@pytest.mark.parametrize(
    ("cpuinfo", "name"),
    [
        ("processor\t: 0\nmodel\t\t: 2\nmodel name\t: Some CPU @ 2 GHz\n", "Some CPU @ 2 GHz"),
        ("processor\t: 0\nModel\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
    ],
)
def test_a_processor_has_a_name(cpuinfo: str, name: str) -> None:
    assert processor_of(cpuinfo) == name


def test_a_machine_is_told_in_one_sentence() -> None:
    machine = Machine("Some CPU", 2, memory_of("MemTotal:  4194304 kB\n"), "Linux 6.1", "3.11.7", "3.40.1", 0.25)

    assert machine.sentence == (
        "Some CPU, 2 cores, 4 GiB; Linux 6.1; Python 3.11.7, SQLite 3.40.1; load average 0.2 at the start."
    )


def test_an_answer_is_as_long_as_its_head_says() -> None:
    assert parse_head(b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 17\r\nX: y") == (200, 17)
    assert parse_head(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked") == (200, CHUNKED)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: y", b"nonsense"])
def test_an_answer_of_unknown_length_is_refused(head: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_head(head)


def test_a_seeded_ledger_is_one_that_the_reader_reads(tmp_path: Path) -> None:
    path = seed(tmp_path / "ledger.db", History(("eth0", "eth1"), days=3), now=1_800_000_000)

    assert condition_of(path) is Condition.GOOD
    with closing(connect_to_read(path)) as connection:
        ledger = LedgerReader(connection)
        slots = connection.execute("SELECT count(*), count(DISTINCT slot) FROM interface_slot").fetchone()
        assert {held.device for held in ledger.interfaces()} == {"eth0", "eth1"}
        assert ledger.lifetime().total > 0
        assert slots == (3 * 96 * 2, 3 * 96)


def test_days_of_a_seeded_ledger_can_be_what_its_slots_are(tmp_path: Path) -> None:
    zone, now = ZoneInfo("Asia/Kolkata"), 1_800_000_000
    path = seed(tmp_path / "ledger.db", History(("eth0", "eth1"), days=3, slot_days=3), now=now)

    add_up_days(path, zone)

    with closing(connect_to_read(path)) as connection:
        ledger = LedgerReader(connection)
        days = ledger.days(day_of(now - 4 * 86_400, zone), day_of(now, zone), of_interfaces(["eth1"]))
        assert ledger.zone == zone
        assert len(days) == 4
        for day, used in days.items():
            period = Period.day(day, zone)
            assert used.total == ledger.slots(period.start, period.end, of_interfaces(["eth1"])).total


def test_a_long_answer_is_measured_and_thrown_away() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n")
        connection = KeptConnection(ours)

        drained = connection.drain("/long")

    assert (drained.status, drained.size) == (200, 15)


def test_modules_are_read_as_python_lists_them() -> None:
    listed = "import time:       199 |        199 |   babel.numbers\nlevel=info msg=jinja2\nimport time: 7 | 8 | rich\n"

    assert modules_in(listed) == {"babel.numbers", "rich"}


def test_a_ledger_of_measured_bytes_has_every_request(tmp_path: Path) -> None:
    path, traffic = tmp_path / "ledger.db", WORLDS[0][0].part(500)

    written, packed = sizes_of(path, traffic)

    with closing(connect_to_read(path)) as connection:
        for table in ("slot", "day"):
            (requests,) = connection.execute(f"SELECT sum(requests) FROM request_{table}").fetchone()  # noqa: S608
            assert requests == traffic.events
        assert connection.execute("SELECT count(*) FROM request_log").fetchone() == (traffic.events,)
    assert 0 < packed.log <= written.log
    assert packed.rest > 0
    assert sum(packed) <= sum(written)  # of one alone, a small ledger may have a page more


def test_bytes_of_requests_are_measured_of_every_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_bytes, "QUICK_PART", 500)

    rows = request_bytes.measure(Bench(tmp_path).quick())

    assert [row.target for row in rows] == [1, 60, None, None]
    assert all(row.result and row.remark for row in rows)
