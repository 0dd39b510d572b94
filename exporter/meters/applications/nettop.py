"""The source `nettop` (macOS, experimental): bytes by process, as the system's own nettop prints them.

Its forms are those that public parsers of its output agree on; none of this was run on a Mac.
"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.samples import MeterError
from exporter.meters.applications.traffic import Backend, Owner, SourceError, Traffic
from exporter.meters.commands import run_command
from reports.ledger.shape import INTERNET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exporter.settings.tree import Settings

NAME = "nettop"
LIMITS = (
    "experimental: counted by what nettop prints",
    "lan and internet are not told apart: all is internet, and loopback is left out",
    "processes that end between two reads are not seen",
    "protocols are not told apart: all is other",
)
_COMMAND = ("/usr/bin/nettop", "-P", "-L", "1", "-x", "-n", "-t", "external", "-J", "bytes_in,bytes_out")
_COLUMNS = ("", "bytes_in", "bytes_out")
"""The column of processes has no name."""
_LONGEST_NUMBER = 20
_READS_KEPT = 60
"""A process without an open socket is not listed; when it comes back within these reads, it goes on."""


class NettopRow(NamedTuple):
    """A process, and the bytes that it moved since it began."""

    command: str
    pid: int
    received: int
    sent: int


class _Counters(NamedTuple):
    received: int
    sent: int
    read: int


class NettopSource:
    """Runs nettop at each read; raises MeterError where it fails."""

    is_quick = False

    def __init__(self, run: Callable[[Sequence[str]], str] = run_command) -> None:
        self._run = run
        self._reads = 0
        self._counters: dict[tuple[str, int], _Counters] = {}
        self.backend = Backend(NAME, limits=LIMITS)
        # what processes moved before is not usage
        self.read()

    def read(self) -> Sequence[Traffic]:
        """What processes moved since the last read; raises MeterError."""
        rows = parse_nettop(self._run(_COMMAND))
        self._reads += 1
        moved = [traffic for row in rows if (traffic := self._difference(row)) is not None]
        oldest = self._reads - _READS_KEPT
        self._counters = {key: counters for key, counters in self._counters.items() if counters.read > oldest}
        return moved

    def refresh(self) -> None:
        """Nothing: there are no slow facts."""

    def close(self) -> None:
        """Nothing: nettop ends at each read."""

    def _difference(self, row: NettopRow) -> Traffic | None:
        key = (row.command, row.pid)
        before = self._counters.get(key, _Counters(0, 0, 0))
        self._counters[key] = _Counters(row.received, row.sent, self._reads)
        if row.received < before.received or row.sent < before.sent:
            # another process of this name and number
            before = _Counters(0, 0, 0)
        receive, transmit = row.received - before.received, row.sent - before.sent
        if not (receive or transmit):
            return None
        return Traffic(Owner(row.command, pid=row.pid), INTERNET, "other", receive, transmit)


def open_source(
    settings: Settings,  # noqa: ARG001 - every source takes them; nettop can follow none
    *,
    run: Callable[[Sequence[str]], str] = run_command,
    platform: str = sys.platform,
) -> NettopSource:
    """Begin to measure: what processes moved before is not counted. Raises SourceError."""
    if platform != "darwin":
        raise SourceError("nettop is a part of macOS")
    try:
        return NettopSource(run)
    except MeterError as error:
        raise SourceError(f"nettop does not report bytes by process here: {error}") from error


def parse_nettop(text: str) -> list[NettopRow]:
    """Processes of nettop's CSV, one row a process, by the names of its columns; raises MeterError."""
    places: list[int] | None = None
    found: dict[tuple[str, int], NettopRow] = {}
    for fields in _records(text):
        if "bytes_in" in fields:
            places = _places(fields)
        elif places is not None and any(fields):
            row = _row(fields, places)
            before = found.get(row[:2], row._replace(received=0, sent=0))
            found[row[:2]] = row._replace(received=before.received + row.received, sent=before.sent + row.sent)
    if places is None:
        raise MeterError("nettop: prints no header with bytes_in and bytes_out")
    return list(found.values())


def _records(text: str) -> Iterable[list[str]]:
    """Lines as fields. On a terminal, control characters stand before the header."""
    lines = ("".join(filter(str.isprintable, line)) for line in text.splitlines())
    try:
        yield from csv.reader(lines)
    except csv.Error as error:
        raise MeterError(f"nettop: {error}") from error


def _places(header: list[str]) -> list[int]:
    try:
        # the trailing comma makes another column without a name, behind the first
        return [header.index(name) for name in _COLUMNS]
    except ValueError as error:
        raise MeterError(f"nettop: a header without process, bytes_in or bytes_out: {header!r}") from error


def _row(fields: list[str], places: list[int]) -> NettopRow:
    texts = [fields[place] if place < len(fields) else "" for place in places]
    command, _, pid = texts[0].rpartition(".")
    numbers = (pid, texts[1], texts[2])
    if not all(text.isdecimal() and len(text) <= _LONGEST_NUMBER for text in numbers):
        raise MeterError(f"nettop: not a process: {','.join(fields)[:200]!r}")
    return NettopRow(command, *map(int, numbers))
