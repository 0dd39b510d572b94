"""The calls of iphlpapi.dll that list TCP connections and count their bytes."""

from __future__ import annotations

import ctypes
from typing import Any, Protocol

import psutil

from exporter.metering.samples import MeterError

AF_INET, AF_INET6 = 2, 23
"""As winsock2.h numbers them."""

DATA_BYTES = 96
_TCP_TABLE_OWNER_PID_ALL = 5
_ESTATS_DATA = 1
_ERROR_ACCESS_DENIED = 5
_ERROR_INSUFFICIENT_BUFFER = 122
_ATTEMPTS = 5
_SPARE_BYTES = 4096


class TcpStatistics(Protocol):
    """What a system says of its TCP connections; `row` names one."""

    def table(self, family: int) -> bytes:
        """The table of all connections with their processes; raises MeterError."""

    def enable(self, family: int, row: bytes) -> bool:
        """Have a connection counted, and say whether it is there; raises MeterError where that is not permitted."""

    def data(self, family: int, row: bytes) -> bytes | None:
        """A connection's counters, None of one that is gone."""

    def process_name(self, pid: int) -> str:
        """A process' name; that of one that is gone, or may not be read, is "pid" and its number."""


class WindowsTcp:
    """iphlpapi.dll of this machine."""

    def __init__(self) -> None:
        windows: Any = ctypes
        self._library: Any = windows.WinDLL("iphlpapi")

    def table(self, family: int) -> bytes:
        """The answer of GetExtendedTcpTable; raises MeterError."""
        size = ctypes.c_ulong(0)
        for _ in range(_ATTEMPTS):
            buffer = ctypes.create_string_buffer(size.value + _SPARE_BYTES)
            size.value = len(buffer)
            status = self._library.GetExtendedTcpTable(
                buffer, ctypes.byref(size), 0, family, _TCP_TABLE_OWNER_PID_ALL, 0
            )
            if status == 0:
                return buffer.raw
            if status != _ERROR_INSUFFICIENT_BUFFER:
                break
        raise MeterError(f"GetExtendedTcpTable: error {status}")

    def enable(self, family: int, row: bytes) -> bool:
        """SetPerTcpConnectionEStats with TCP_ESTATS_DATA_RW_v0; raises MeterError to all but administrators."""
        name = "SetPerTcpConnectionEStats" if family == AF_INET else "SetPerTcp6ConnectionEStats"
        status = getattr(self._library, name)(row, _ESTATS_DATA, b"\1", 0, 1, 0)
        if status == _ERROR_ACCESS_DENIED:
            raise MeterError("only an administrator may have connections counted")
        return bool(status == 0)

    def data(self, family: int, row: bytes) -> bytes | None:
        """GetPerTcpConnectionEStats: TCP_ESTATS_DATA_ROD_v0."""
        name = "GetPerTcpConnectionEStats" if family == AF_INET else "GetPerTcp6ConnectionEStats"
        data = ctypes.create_string_buffer(DATA_BYTES)
        status = getattr(self._library, name)(row, _ESTATS_DATA, None, 0, 0, None, 0, 0, data, 0, DATA_BYTES)
        return data.raw if status == 0 else None

    def process_name(self, pid: int) -> str:
        """The name of its program ("chrome.exe")."""
        try:
            return psutil.Process(pid).name()
        except psutil.Error:
            return f"pid {pid}"
