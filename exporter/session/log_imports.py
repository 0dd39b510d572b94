"""Importing access logs: each line of a file becomes usage of its own time, once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from exporter.meters.requests.events import Batch
from exporter.meters.requests.logs import positions
from exporter.meters.requests.logs.adding import add_lines
from exporter.meters.requests.logs.formats.named import TRIED_LINES, detected
from exporter.meters.requests.logs.log_files import DAMAGE, TOO_LONG, LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from exporter.meters.requests.logs.formats.named import LogFormat
    from exporter.meters.requests.logs.log_files import Lines

CHUNK_BYTES = 8 << 20
"""Of a log that are one transaction: some 50,000 lines."""

MOST_FAULTS = 5
"""Lines that are shown of those that are no requests."""

QUIET_SECONDS = 60.0
"""The last line of a file that was not written for so long needs no end."""


class ImportTarget(Protocol):
    """Where requests go; `notes` are the positions among others."""

    @property
    def notes(self) -> Mapping[str, str]:
        """The doors' own state by name."""

    def put(self, batch: Batch) -> None:
        """Post a batch."""


class ImportedLog(NamedTuple):
    """What the import of one file did; `already` are bytes that were in the ledger before, `problem` "" if it is done.

    `faults` are the first lines that are no requests: their numbers, and the reasons.
    """

    path: str
    format: str = ""
    requests: int = 0
    refused: int = 0
    already: int = 0
    faults: tuple[tuple[int, str], ...] = ()
    problem: str = ""


def import_log(
    path: Path, service: str, log_format: LogFormat | None, target: ImportTarget, advance: Callable[[int], None]
) -> ImportedLog:
    """Import one file from where it is in the ledger; `advance` takes the bytes of it that are done."""
    try:
        file = LogFile(path, service, target.notes)
    except (OSError, *DAMAGE) as error:
        return ImportedLog(str(path), problem=getattr(error, "strerror", None) or str(error))
    done = ImportedLog(str(path), already=file.position.offset)
    try:
        is_whole = file.is_compressed or time.time() - file.status().st_mtime > QUIET_SECONDS
        number = file.lines_before()
        while (read := file.read(CHUNK_BYTES, is_whole=is_whole)) is not None:
            log_format = log_format or detected(read.lines[:TRIED_LINES])
            if log_format is None:
                return done._replace(problem="its format is not known: give --format")
            done = _imported(done._replace(format=log_format.name), read, log_format, file, target, number)
            number += len(read.lines)
            advance(file.bytes_done)
    except DAMAGE as error:
        done = done._replace(problem=f"it is damaged: {error}")
    finally:
        file.close()
    return done


def _imported(
    done: ImportedLog, read: Lines, log_format: LogFormat, file: LogFile, target: ImportTarget, number: int
) -> ImportedLog:
    service = read.after.service
    added = add_lines(read.lines, log_format, service)
    faults = sorted([*added.faults, *((each, TOO_LONG) for each in read.too_long)])
    notes = {} if file.name in target.notes else positions.superseded(target.notes, service)
    notes[file.name] = positions.encoded(read.after)
    target.put(Batch(counts=added.counts, service=service, notes=notes, refused=len(faults)))
    file.move_to(read)
    first = [(number + line + 1, reason) for line, reason in faults[: MOST_FAULTS - len(done.faults)]]
    return done._replace(
        requests=done.requests + sum(each.requests for each in added.counts),
        refused=done.refused + len(faults),
        faults=(*done.faults, *first),
    )
