"""What `vnstat --dumpdb` of vnStat 1 prints, and `--exportdb`. Facts: vnStat's source since 1.3 (dbshow.c): version 3.

A dump has 30 days, 12 months and the last 24 hours, dated by an instant in them: what is older is in the total alone.
Amounts are whole MiB and the KiB beyond, of hours KiB. It does not say on which day its months begin (MonthRotate).
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from exporter.importing.sources.vnstat.histories import PARTS, SPANS, InterfaceHistory, Record, last_hour, past
from exporter.ledger.past.rows import LAST_SECOND, ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

VERSION = "3"
FACTS = ("interface", "created", "updated", "totalrx", "totaltx", "totalrxk", "totaltxk")
ROWS = {"d": (30, 8), "m": (12, 8), "t": (10, 8), "h": (24, 5)}
"""Rows of a whole dump, and their fields: days, months, the ten days with most, hours."""
SPAN_ROWS = {"d": "day", "m": "month"}
KIB, MIB = 1 << 10, 1 << 20


class DumpLine(NamedTuple):
    """A line of a dump, split into its fields."""

    path: Path
    number: int
    fields: Sequence[str]

    def integer(self, place: int) -> int:
        """A field; raises ForeignFileError where it is no number, or missing."""
        text = self.fields[place] if place < len(self.fields) else ""
        if not (text.isascii() and text.isdecimal()):
            raise self.error(f"{text!r} is no number")
        return int(text)

    def local(self, place: int, zone: ZoneInfo) -> datetime:
        """A field that is a time (UTC seconds), by the clock of a zone."""
        if (stamp := self.integer(place)) > LAST_SECOND:
            raise self.error(f"{stamp} is no time")
        return datetime.fromtimestamp(stamp, zone).replace(tzinfo=None)

    def error(self, reason: str) -> ForeignFileError:
        """What is wrong in it."""
        return ForeignFileError(f"{self.path}, line {self.number}: {reason}")


def claims(file: ForeignFile) -> bool:
    """True for text that begins as a dump does."""
    return file.text.startswith("version;")


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in a dump: of one interface, or of several one after the other."""
    histories = [_history(file.path, lines, options.zone) for lines in _interfaces(file)]
    return past(file.path, histories, options.zone, options.month_begins)


def _interfaces(file: ForeignFile) -> Iterator[list[DumpLine]]:
    lines: list[DumpLine] = []
    for number, text in enumerate(file.text.splitlines(), start=1):
        if text.startswith("version;") and lines:
            yield lines
            lines = []
        if text.strip():
            lines.append(DumpLine(file.path, number, text.strip().split(";")))
    yield lines


def _history(path: Path, lines: Sequence[DumpLine], zone: ZoneInfo) -> InterfaceHistory:
    facts = {line.fields[0]: line for line in lines if line.fields[0] not in ROWS}
    if (version := facts["version"].fields[1]) != VERSION:
        raise ForeignFileError(f"{path}: version {version} of vnStat's dump is not known, only {VERSION}")
    _check_whole(path, lines, facts)
    updated = facts["updated"].local(1, zone)
    entries: dict[str, list[Record]] = {table: [] for table in (*PARTS, *SPANS)}
    for line in lines:
        if line.fields[0] in SPAN_ROWS and line.integer(7):
            received, sent, received_kib, sent_kib = (line.integer(place) for place in range(3, 7))
            moved = received * MIB + received_kib * KIB, sent * MIB + sent_kib * KIB
            entries[SPAN_ROWS[line.fields[0]]].append(Record(line.local(2, zone), *moved))
        elif line.fields[0] == "h" and line.integer(2):
            entries["hour"].append(_hour(line, updated, zone))
    received, sent = (
        facts[f"total{side}"].integer(1) * MIB + facts[f"total{side}k"].integer(1) * KIB for side in ("rx", "tx")
    )
    name, created = facts["interface"].fields[1], facts["created"].local(1, zone)
    return InterfaceHistory(name, created, updated, (received, sent), entries)


def _hour(line: DumpLine, updated: datetime, zone: ZoneInfo) -> Record:
    try:
        begin = last_hour(line.local(2, zone), line.integer(1), updated)
    except ValueError as error:
        raise line.error(str(error)) from error
    return Record(begin, line.integer(3) * KIB, line.integer(4) * KIB)


def _check_whole(path: Path, lines: Sequence[DumpLine], facts: Mapping[str, DumpLine]) -> None:
    missing = [name for name in FACTS if name not in facts or len(facts[name].fields) == 1]
    if missing:
        raise ForeignFileError(f"{path} is no whole dump of vnStat: it has no line {missing[0]}")
    found = Counter(line.fields[0] for line in lines)
    for name, (count, _) in ROWS.items():
        if found[name] != count:
            raise ForeignFileError(f"{path} is no whole dump of vnStat: it has {found[name]} of {count} rows {name}")
    for line in lines:
        _, width = ROWS.get(line.fields[0], (0, len(line.fields)))
        if len(line.fields) != width:
            raise line.error(f"{len(line.fields)} fields, not {width}")
