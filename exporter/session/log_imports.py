"""Importing access logs: each line of a file becomes usage of its own time, once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from exporter.meters.requests.logs.adding import add_lines
from exporter.meters.requests.logs.formats.named import TRIED_LINES, detected
from exporter.meters.requests.logs.log_files import DAMAGE, TOO_LONG, LogFile
from exporter.meters.requests.logs.parts import ImportedPart

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from exporter.meters.requests.logs.formats.named import LogFormat
    from exporter.meters.requests.logs.log_files import Lines

MOST_FAULTS = 5
"""Lines that are shown of those that are no requests."""

QUIET_SECONDS = 60.0
"""The last line of a file that was not written for so long needs no end."""


class RefusedPartError(Exception):
    """A part of a log may not be counted; the text says why, and nothing of this log goes on."""


class ImportTarget(Protocol):
    """Where requests go, so many bytes of a log in one transaction; `notes` are the positions among others."""

    @property
    def chunk_bytes(self) -> int:
        """Of a log at once."""

    @property
    def notes(self) -> Mapping[str, str]:
        """The doors' own state by name."""

    def put(self, part: ImportedPart) -> None:
        """Post a part; raises RefusedPartError."""


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
        while (read := file.read(target.chunk_bytes, is_whole=is_whole)) is not None:
            log_format = log_format or detected(read.lines[:TRIED_LINES])
            if log_format is None:
                return done._replace(problem="its format is not known: give --format")
            done = _imported(done._replace(format=log_format.name), read, log_format, file, target, number)
            number += len(read.lines)
            advance(file.bytes_done)
    except DAMAGE as error:
        done = done._replace(problem=f"it is damaged: {error}")
    except RefusedPartError as error:
        done = done._replace(problem=str(error))
    finally:
        file.close()
    return done


def _imported(
    done: ImportedLog, read: Lines, log_format: LogFormat, file: LogFile, target: ImportTarget, number: int
) -> ImportedLog:
    added = add_lines(read.lines, log_format, read.after.service)
    faults = sorted([*added.faults, *((each, TOO_LONG) for each in read.too_long)])
    path = str(file.path.resolve())
    target.put(ImportedPart(path, file.name, read.before, read.after, added.counts, len(faults), added.clients))
    file.move_to(read)
    first = [(number + line + 1, reason) for line, reason in faults[: MOST_FAULTS - len(done.faults)]]
    return done._replace(
        requests=done.requests + sum(each.requests for each in added.counts),
        refused=done.refused + len(faults),
        faults=(*done.faults, *first),
    )
