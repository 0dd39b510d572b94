"""The source estats, from the bytes that Windows answers with."""

from __future__ import annotations

import struct
from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.samples import MeterError
from exporter.meters.applications.traffic import Owner, SourceError, Traffic
from exporter.meters.applications.windows import EStatsSource, open_source, parse_data, parse_table
from exporter.meters.applications.windows_tcp import AF_INET, AF_INET6
from exporter.settings.tree import Settings

LISTEN, ESTABLISHED, CLOSE_WAIT, TIME_WAIT = 2, 5, 8, 11
OWN, PEER, PEER_6 = "192.0.2.10", "8.8.8.8", "2600::8"


def counters(sent: int, received: int) -> bytes:
    """TCP_ESTATS_DATA_ROD_v0, with the paddings of a 64-bit compiler."""
    counts = struct.pack("<6Q", sent, 9, received, 8, 11, 10)
    return counts + struct.pack("<5I4xQI4xQ", 0, 0, 1, 2, 3, sent, 4, received)


def row(peer: str, port: int, pid: int, *, state: int = ESTABLISHED, own: str = OWN) -> bytes:
    return struct.pack("<I4sI4sII", state, ip_address(own).packed, port, ip_address(peer).packed, 443, pid)


def row_6(peer: str, port: int, pid: int, *, state: int = ESTABLISHED) -> bytes:
    own = ip_address("2600::1").packed
    return struct.pack("<16sII16sIIII", own, 0, port, ip_address(peer).packed, 0, 443, state, pid)


def table(*rows: bytes) -> bytes:
    # Windows leaves room behind the rows
    return struct.pack("<I", len(rows)) + b"".join(rows) + bytes(50)


class Windows:
    """A Windows with these connections, which counts once it is told to."""

    def __init__(self) -> None:
        self.rows: dict[int, list[bytes]] = {AF_INET: [], AF_INET6: []}
        self.counts: dict[int, bytes] = {}
        self.enabled: set[bytes] = set()
        self.is_administrator = True

    def table(self, family: int) -> bytes:
        return table(*self.rows[family])

    def enable(self, family: int, row: bytes) -> bool:
        if not self.is_administrator:
            raise MeterError("only an administrator may have connections counted")
        self.enabled.add(row[4:])
        return self._port(family, row) in self.counts

    def data(self, family: int, row: bytes) -> bytes | None:
        assert row[4:] in self.enabled
        return self.counts.get(self._port(family, row))

    def process_name(self, pid: int) -> str:
        return f"program{pid}.exe"

    def _port(self, family: int, row: bytes) -> int:
        fields = struct.unpack("<I4sI4sI" if family == AF_INET else "<I16sII16sII", row)
        return int(fields[2 if family == AF_INET else 3])

    def source(self) -> EStatsSource:
        return open_source(Settings(), statistics=self)


def test_open_connections_are_read_from_the_tables() -> None:
    rows = (row(PEER, 1, 7), row(PEER, 2, 8, state=LISTEN), row(PEER, 3, 0, state=TIME_WAIT))

    (connection,) = parse_table(table(*rows), AF_INET)
    (connection_6,) = parse_table(table(row_6(PEER_6, 1, 7), row_6(PEER_6, 2, 8, state=LISTEN)), AF_INET6)

    own, peer = ip_address(OWN).packed, ip_address(PEER).packed
    assert connection[2:] == (own, peer, 7)
    assert connection.row == struct.pack(
        "<I4sI4sI", ESTABLISHED, ip_address(OWN).packed, 1, ip_address(PEER).packed, 443
    )
    assert connection_6.peer == ip_address(PEER_6).packed
    assert len(connection_6.row) == 52


def test_counters_are_those_of_data() -> None:
    assert len(counters(5, 6)) == 96
    assert parse_data(counters(5, 6)) == (5, 6)


def test_connections_are_counted_from_the_start_on() -> None:
    windows = Windows()
    windows.rows[AF_INET] = [row(PEER, 1, 7)]
    windows.rows[AF_INET6] = [row_6(PEER_6, 3, 9)]
    # another program had the first one counted before
    windows.counts = {1: counters(1000, 2000), 3: counters(0, 0)}
    source = windows.source()

    windows.counts = {1: counters(1010, 2000), 3: counters(4, 5)}
    windows.rows[AF_INET] = [row(PEER, 1, 7, state=CLOSE_WAIT)]

    assert source.read() == [
        Traffic(Owner("program7.exe", pid=7), "internet", "tcp", 0, 10),
        Traffic(Owner("program9.exe", pid=9), "internet", "tcp", 5, 4),
    ]
    assert source.read() == []


def test_a_connection_that_ends_while_it_is_read_is_left_out() -> None:
    windows = Windows()
    source = windows.source()
    windows.rows[AF_INET] = [row(PEER, 1, 7), row(OWN, 2, 7)]
    windows.counts = {2: counters(0, 0)}
    assert source.read() == []

    windows.counts = {2: counters(3, 0)}
    assert source.read() == [Traffic(Owner("program7.exe", pid=7), "loopback", "tcp", 0, 3)]


def test_another_connection_between_the_same_ports_begins_anew() -> None:
    windows = Windows()
    windows.rows[AF_INET] = [row(PEER, 1, 7)]
    windows.counts = {1: counters(100, 100)}
    source = windows.source()

    windows.counts = {1: counters(20, 200)}
    assert source.read() == [Traffic(Owner("program7.exe", pid=7), "internet", "tcp", 200, 20)]

    windows.rows[AF_INET] = []
    assert source.read() == []
    assert source._known == {}


def test_only_an_administrator_can_measure() -> None:
    windows = Windows()
    windows.rows[AF_INET] = [row(PEER, 1, 7)]
    windows.is_administrator = False

    with pytest.raises(SourceError, match="only an administrator"):
        windows.source()


def test_another_system_has_no_estats() -> None:
    with pytest.raises(SourceError, match="Windows"):
        open_source(Settings(), platform="linux")


@pytest.mark.parametrize("answer", [b"", b"\1\0\0", struct.pack("<I", 3) + bytes(70), b"\xff" * 100])
def test_a_table_that_is_cut_off_is_an_error(answer: bytes) -> None:
    with pytest.raises(MeterError, match="GetExtendedTcpTable"):
        parse_table(answer, AF_INET)


@given(st.binary(max_size=600), st.sampled_from([AF_INET, AF_INET6]))
def test_any_table_is_connections_or_an_error(answer: bytes, family: int) -> None:
    for data in (answer, b"\3\0\0\0" + answer):
        with suppress(MeterError):
            for connection in parse_table(data, family):
                assert len(connection.peer) in {4, 16}


@given(st.binary(max_size=200))
def test_any_counters_are_numbers_or_an_error(data: bytes) -> None:
    with suppress(MeterError):
        assert min(parse_data(data)) >= 0
