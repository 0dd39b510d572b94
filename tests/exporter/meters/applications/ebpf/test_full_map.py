"""A kernel's table with too little room: what is named, what is not, and what comes back; nothing lost or doubled."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.ebpf import syscalls
from exporter.meters.applications.ebpf.accounts import IDLE_READS
from exporter.meters.applications.ebpf.source import MOST_ACCOUNTS
from exporter.meters.applications.ebpf.syscalls import BpfError
from exporter.meters.applications.traffic import OVERFLOW
from tests.end_to_end.namespaces import Moved
from tests.exporter.meters.applications.ebpf.conftest import Seen, counting
from tests.worlds.datagram_programs import SINK
from tests.worlds.own_line import OURS
from tests.worlds.programs import ACCEPT, CONNECT, program

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds.own_line import Line

pytestmark = pytest.mark.namespaces

HEADERS = 14 + 20 + 8
COMMANDS = """
import ctypes, socket, sys, time
address, port, prefix, count, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
prctl = ctypes.CDLL(None).prctl
for wave in sys.stdin:
    for number in range(count):
        prctl(15, f"{prefix}{number + int(wave)}".encode(), 0, 0, 0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(bytes(size), (address, port))
        if number % 50 == 49:
            time.sleep(0.001)
    print(wave, end="", flush=True)
"""
"""Arguments: address, port, prefix, count, size. For each number it reads, that many names, each with a socket."""


def test_a_map_of_six_accounts_loses_nothing(line: Line, tmp_path: Path) -> None:
    clients = [program(tmp_path, "connect") for _ in range(12)]
    server, sink, sender = (program(tmp_path, role) for role in ("accept", "sink", "send"))
    with (
        counting(line.network.scopes, most=6) as source,
        server.serving(line.far, ACCEPT, line.network.far, "10000", "send") as port,
        sink.serving(line.far, SINK, line.network.far) as sink_port,
    ):
        seen = Seen(source)
        near, far = line.counters()
        for client in clients:
            client.run(line.near, CONNECT, line.network.far, port, "10000", "take")
            seen.read()
        with sender.start(line.near, COMMANDS, line.network.far, sink_port, "many", "20", "1000") as sending:
            sending.communicate("0\n")
        now_near, now_far = line.counters()

        moved = (now_near - near) + (now_far - far)
        assert seen.of("", OURS) == moved
        overflow = seen.of(OVERFLOW, OURS)
        assert 0 < overflow.bytes <= source.overflow_bytes
        assert seen.of(OVERFLOW, OURS, "tcp").bytes > 0
        assert seen.of(OVERFLOW, OURS, "udp").transmit == pytest.approx(20 * (1000 + HEADERS), rel=0.5)
        assert {row.protocol for row in seen.rows("", OURS)} == {"tcp", "udp"}


@pytest.mark.parametrize("is_old", [False, True], ids=["in one step", "before Linux 5.14"])
def test_accounts_that_make_room_come_back_with_nothing_lost_or_doubled(
    line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_old: bool
) -> None:
    if is_old:
        monkeypatch.setattr(syscalls, "take_out", _refuse)
    sender, sink, waves, count = program(tmp_path, "send"), program(tmp_path, "sink"), 4, 30
    prefix = f"{sender.command[-6:]}-"
    with (
        counting(line.network.scopes, most=40) as source,
        sink.serving(line.far, SINK, line.network.far) as port,
        sender.start(line.near, COMMANDS, line.network.far, port, prefix, str(count), "500") as sending,
    ):
        seen = Seen(source)
        assert sending.stdin is not None
        assert sending.stdout is not None
        for wave in (0, count, 0, count):
            sending.stdin.write(f"{wave}\n")
            sending.stdin.flush()
            assert sending.stdout.readline() == f"{wave}\n"
            for _ in range(IDLE_READS + 1):
                seen.read()
        sending.stdin.close()

        one = Moved(0, 500 + HEADERS)
        named = {f"{prefix}{number}": seen.of(f"{prefix}{number}", OURS) for number in range(2 * count)}
        overflow = seen.of(OVERFLOW, OURS)
        assert sum((each for each in named.values()), overflow).transmit == waves * count * one.transmit
        assert all(each.transmit <= 2 * one.transmit for each in named.values())
        assert sum(each == one + one for each in named.values()) > count


def _refuse(*_: object) -> bytes:
    raise BpfError(errno.EINVAL, "Invalid argument")


def test_ten_thousand_commands_fill_the_map_and_no_more(line: Line, tmp_path: Path) -> None:
    sender, sink, count, waves = program(tmp_path, "send"), program(tmp_path, "sink"), 500, 20
    prefix = f"{sender.command[-6:]}-"
    with (
        counting(line.network.scopes) as source,
        sink.serving(line.far, SINK, line.network.far) as port,
        sender.start(line.near, COMMANDS, line.network.far, port, prefix, str(count), "10") as sending,
    ):
        seen = Seen(source)
        assert sending.stdin is not None
        assert sending.stdout is not None
        for wave in range(waves):
            sending.stdin.write(f"{wave * count}\n")
            sending.stdin.flush()
            sending.stdout.readline()
            if wave % 2:  # a minute has 60 reads: 167 new commands each
                seen.read()
        sending.stdin.close()

        rows = [row for row in seen.rows("", OURS, "udp") if row.owner.command.startswith(prefix) or row.owner.special]
        assert sum(row.transmit_packets for row in rows) == count * waves
        named = {row.owner.command for row in rows if not row.owner.special}
        assert MOST_ACCOUNTS / 2 < len(named) <= MOST_ACCOUNTS
        assert source.overflow_bytes >= (count * waves - len(named)) * (10 + HEADERS)
