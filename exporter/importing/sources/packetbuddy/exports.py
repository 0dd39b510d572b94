"""What PacketBuddy exports: its service days and months as JSON, or days as CSV; its command samples of a week.

An export has no names of devices by their bytes: it sums all that the database has.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from exporter.importing.foreign import amounts, moment
from exporter.importing.sources.packetbuddy.history import KIND, DatedBytes, MachineHistory, past
from exporter.ledger.past.rows import ForeignFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past

DAYS, SAMPLES = ("date,bytes_sent,bytes_received,total_bytes,peak_speed", "timestamp,bytes_sent,bytes_received")
"""The first lines of its CSV."""
DOCUMENT = {"metadata", "summary", "daily_data", "monthly_data"}
MOST_DIGITS = 20
NAMES = ("bytes_received", "bytes_sent")
WEEK = "the file has samples of PacketBuddy's last week alone: its first day is not whole"


def claims(file: ForeignFile) -> bool:
    """True for its two documents of JSON, and the first lines of its two kinds of CSV."""
    if isinstance(file.document, dict):
        return set(file.document) >= DOCUMENT or _is_of_samples(file.document)
    return file.text.partition("\n")[0].rstrip("\r") in (DAYS, SAMPLES)


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The history in an export."""
    if file.document is None:
        rows = list(_lines(file.path, file.text))
        is_of_days = file.text.startswith(DAYS)
        history = MachineHistory("export", _days(file.path, rows)) if is_of_days else _of_samples(file.path, rows)
    elif _is_of_samples(file.document):
        history = _of_samples(
            file.path, [(f"logs, row {row}", each) for row, each in enumerate(file.document["logs"], 1)]
        )
    else:
        history = _of_document(file.path, file.document)
    return past(file, history._replace(interface=options.interface or KIND), options.zone)


def _is_of_samples(document: Mapping[str, Any]) -> bool:
    logs = document.get("logs")
    return set(document) == {"logs"} and isinstance(logs, list) and all(isinstance(row, dict) for row in logs)


def _of_document(path: Path, document: Mapping[str, Any]) -> MachineHistory:
    try:
        metadata, days, months = document["metadata"], document["daily_data"], document["monthly_data"]
        identity, written = metadata["device"]["device_id"], moment(metadata["exported_at"], path, "exported_at")
        listed = [(f"daily_data, {day['date']}", day) for day in days]
        by_month = [
            DatedBytes(
                moment(f"{month['month']}-01", path, f"monthly_data, {month['month']}"),
                *_bytes(path, f"monthly_data, {month['month']}", month),
            )
            for month in months
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ForeignFileError(f"{path} is no whole export of PacketBuddy: {error!r}") from error
    return MachineHistory(
        str(identity), _days(path, listed), by_month, written=int(written.replace(tzinfo=UTC).timestamp())
    )


def _of_samples(path: Path, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> MachineHistory:
    samples = [
        DatedBytes(moment(_of(path, place, row, "timestamp"), path, place), *_bytes(path, place, row))
        for place, row in rows
    ]
    days: dict[datetime, list[int]] = {}
    for at, received, sent in samples:
        found = days.setdefault(at.replace(hour=0, minute=0, second=0, microsecond=0), [0, 0])
        found[0] += received
        found[1] += sent
    by_day = [DatedBytes(day, received, sent) for day, (received, sent) in sorted(days.items())]
    return MachineHistory("samples", by_day, samples=samples, notes=[WEEK])


def _days(path: Path, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> list[DatedBytes]:
    found = []
    for place, row in rows:
        received, sent = _bytes(path, place, row)
        if (total := _of(path, place, row, "total_bytes")) != received + sent:
            raise ForeignFileError(f"{path}: {place}: total_bytes is {total!r}, and not {received + sent}")
        found.append(DatedBytes(moment(_of(path, place, row, "date"), path, place), received, sent))
    return found


def _lines(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of CSV with their places, numbers as integers; raises ForeignFileError for a line that is cut."""
    if not text.endswith("\n"):
        raise ForeignFileError(f"{path}: line {text.count(chr(10)) + 1} does not end: the file is cut")
    try:
        names, *lines = csv.reader(io.StringIO(text), strict=True)
    except csv.Error as error:
        raise ForeignFileError(f"{path} is no CSV: {error}") from error
    for number, line in enumerate(lines, 2):
        if len(line) != len(names):
            raise ForeignFileError(f"{path}: line {number} has {len(line)} columns, and not {len(names)}")
        yield f"line {number}", {name: _value(text) for name, text in zip(names, line, strict=True)}


def _value(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else text


def _bytes(path: Path, place: str, row: Mapping[str, Any]) -> tuple[int, int]:
    return amounts(path, place, [_of(path, place, row, name) for name in NAMES], NAMES)


def _of(path: Path, place: str, row: Mapping[str, Any], name: str) -> Any:
    try:
        return row[name]
    except (KeyError, TypeError) as error:
        raise ForeignFileError(f"{path}: {place} has no {name}") from error
