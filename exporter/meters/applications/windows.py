"""The source `estats` (Windows, experimental): TCP connections by process, with the counters of extended statistics.

Layouts are those of iphlpapi.h, tcpmib.h and tcpestats.h; none of this was run on Windows.
"""

from __future__ import annotations

import struct
import sys
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.samples import MeterError
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import Backend, Owner, SourceError, Traffic
from exporter.meters.applications.windows_tcp import AF_INET, AF_INET6, WindowsTcp
from reports.ledger.shape import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exporter.meters.applications.windows_tcp import TcpStatistics
    from exporter.settings.tree import Settings

NAME = "estats"
LIMITS = (
    "experimental: counted by the extended statistics of Windows",
    "UDP and QUIC are not seen: only TCP connections have counters",
    "bytes are payload, without headers of TCP and IP",
    "connections are counted from the read that first lists them: short ones are not seen",
)
_COUNT = struct.Struct("<I")
_ROWS = {
    AF_INET: struct.Struct("<I4sI4sII"),
    AF_INET6: struct.Struct("<16sII16sIIII"),
}
"""MIB_TCPROW_OWNER_PID: state, own address, port, peer's, port, process. MIB_TCP6ROW_OWNER_PID: own address, zone,
port, peer's, zone, port, state, process."""
_DATA = struct.Struct("<Q8xQ72x")
"""TCP_ESTATS_DATA_ROD_v0: DataBytesOut and DataBytesIn, of 96 bytes."""
_STATE_BYTES = 4
"""The first field of both; it changes while a connection lives."""
_MOST_ROWS = 1_000_000
_OPEN_STATES = range(5, 11)
"""MIB_TCP_STATE_ESTAB to MIB_TCP_STATE_LAST_ACK."""


class TcpConnection(NamedTuple):
    """A connection; `row` is what Windows knows it by: MIB_TCPROW or MIB_TCP6ROW."""

    family: int
    row: bytes
    own: bytes
    peer: bytes
    pid: int


class _Metered(NamedTuple):
    received: int
    sent: int
    owner: Owner
    scope: str


class EStatsSource:
    """Lists connections at each read, and has Windows count those that are new; raises MeterError."""

    is_quick = False

    def __init__(self, scope_of: Callable[[bytes], str], statistics: TcpStatistics) -> None:
        self._scope_of, self._statistics = scope_of, statistics
        self._known: dict[tuple[bytes, int], _Metered] = {}
        self.backend = Backend(NAME, limits=LIMITS)
        self.read()

    def read(self) -> Sequence[Traffic]:
        """What connections moved since the last read, payload alone; raises MeterError."""
        known: dict[tuple[bytes, int], _Metered] = {}
        moved: list[Traffic] = []
        for connection in self._connections():
            key = (connection.row[_STATE_BYTES:], connection.pid)
            before = self._known.get(key) or self._begin(connection)
            data = self._statistics.data(connection.family, connection.row)
            if before is None or data is None:
                # it has ended since it was listed
                continue
            sent, received = parse_data(data)
            known[key] = before._replace(received=received, sent=sent)
            moved.extend(_difference(before, received, sent))
        self._known = known
        return moved

    def refresh(self) -> None:
        """Nothing: there are no slow facts."""

    def close(self) -> None:
        """Nothing: Windows counts on until a connection ends."""

    def _connections(self) -> Iterator[TcpConnection]:
        for family in _ROWS:
            yield from parse_table(self._statistics.table(family), family)

    def _begin(self, connection: TcpConnection) -> _Metered | None:
        """Have a connection counted from now on; None of one that is gone."""
        if not self._statistics.enable(connection.family, connection.row):
            return None
        owner = Owner(self._statistics.process_name(connection.pid), pid=connection.pid)
        scope = LOOPBACK if connection.own == connection.peer else self._scope_of(connection.peer)
        data = self._statistics.data(connection.family, connection.row)
        if data is None:
            return None
        # where another program had it counted before, that is no usage
        sent, received = parse_data(data)
        return _Metered(received, sent, owner, scope)


def open_source(
    settings: Settings, *, statistics: TcpStatistics | None = None, platform: str = sys.platform
) -> EStatsSource:
    """Begin to measure: what connections moved before is not counted. Raises SourceError."""
    if statistics is None and platform != "win32":
        raise SourceError("estats are a part of Windows")
    try:
        return EStatsSource(Scopes(settings.networks).of, statistics or WindowsTcp())
    except MeterError as error:
        raise SourceError(f"Windows does not count TCP connections here: {error}") from error


def parse_table(table: bytes, family: int) -> list[TcpConnection]:
    """Open connections of the answer of GetExtendedTcpTable; raises MeterError where it is cut off."""
    row = _ROWS[family]
    if len(table) < _COUNT.size:
        raise MeterError(f"GetExtendedTcpTable: {len(table)} bytes are no table")
    (count,) = _COUNT.unpack_from(table)
    if count > _MOST_ROWS or _COUNT.size + count * row.size > len(table):
        raise MeterError(f"GetExtendedTcpTable: {count} rows in {len(table)} bytes")
    parse = _parsed if family == AF_INET else _parsed_v6
    rows = (parse(row.unpack_from(table, _COUNT.size + number * row.size)) for number in range(count))
    return [connection for state, connection in rows if state in _OPEN_STATES]


def _parsed(fields: tuple[int, bytes, int, bytes, int, int]) -> tuple[int, TcpConnection]:
    state, own, own_port, peer, peer_port, pid = fields
    row = struct.pack("<I4sI4sI", state, own, own_port, peer, peer_port)
    return state, TcpConnection(AF_INET, row, own, peer, pid)


def _parsed_v6(fields: tuple[bytes, int, int, bytes, int, int, int, int]) -> tuple[int, TcpConnection]:
    own, own_zone, own_port, peer, peer_zone, peer_port, state, pid = fields
    row = struct.pack("<I16sII16sII", state, own, own_zone, own_port, peer, peer_zone, peer_port)
    return state, TcpConnection(AF_INET6, row, own, peer, pid)


def parse_data(data: bytes) -> tuple[int, int]:
    """Bytes sent and received, of TCP_ESTATS_DATA_ROD_v0; raises MeterError where it is cut off."""
    if len(data) < _DATA.size:
        raise MeterError(f"TCP_ESTATS_DATA_ROD_v0 of {len(data)} bytes")
    sent, received = _DATA.unpack_from(data)
    return int(sent), int(received)


def _difference(before: _Metered, received: int, sent: int) -> Iterator[Traffic]:
    if received < before.received or sent < before.sent:
        # another connection between the same ports
        before = before._replace(received=0, sent=0)
    if received > before.received or sent > before.sent:
        yield Traffic(before.owner, before.scope, "tcp", received - before.received, sent - before.sent)
