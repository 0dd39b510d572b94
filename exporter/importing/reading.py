"""Which program a file is of, and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exporter.importing.foreign import opened
from exporter.importing.requests.recognition import KNOWN
from exporter.importing.sources import (
    airtraffic,
    bandwidth_monitor,
    csv_file,
    dd_wrt,
    nlbwmon,
    packetbuddy,
    tomato,
    vnstat,
)
from exporter.ledger.past.rows import ForeignFileError, check, renamed
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.importing.foreign import ForeignFile, ReadingOptions
    from exporter.ledger.past.rows import Past


class ForeignProgram(Protocol):
    """A program whose files are known: one module of `sources`."""

    FILES: str
    """The program and its files, as an error lists them."""

    def claims(self, file: ForeignFile) -> bool:
        """Whether a file is of this program, of whatever version."""

    def read(self, file: ForeignFile, options: ReadingOptions) -> Past:
        """Its history; raises ForeignFileError with the row and the rule."""


SOURCES: tuple[ForeignProgram, ...] = (
    airtraffic,
    packetbuddy,
    vnstat,
    bandwidth_monitor,
    nlbwmon,
    dd_wrt,
    tomato,
    csv_file,
)
"""The first that claims a file reads it: a table of any columns comes last."""


def read(path: Path, options: ReadingOptions) -> Past:
    """The history of a file; raises ForeignFileError where it is of no known program, not whole, or contradictory."""
    file = opened(path)
    source = next((source for source in SOURCES if source.claims(file)), None)
    if source is None:
        known = ", ".join((*(each.FILES for each in SOURCES), *KNOWN))
        held = f": it has the tables {', '.join(file.tables)}" if file.tables else ""
        held = ": it is no text in UTF-8" if file.content and not file.text else held
        raise ForeignFileError(f"{path} is of no program that is known{held}; known are {known}")
    _check_options(path, source, options)
    past = source.read(file, options)
    interfaces = {row.name for row in past.rows} if past.meter == INTERFACE.name else set()
    if options.interface and not interfaces:
        raise ForeignFileError(f"--interface: {path} has applications, whatever interface they used")
    if options.interface and interfaces != {options.interface}:
        named = ", ".join(sorted(interfaces))
        raise ForeignFileError(f"--interface: {path} names its interfaces itself: {named}; --map OLD=NEW renames them")
    check(past, str(path))
    return renamed(past, options.names)


def _check_options(path: Path, source: ForeignProgram, options: ReadingOptions) -> None:
    """Raise ForeignFileError for what would have no effect on a file of this program."""
    if (options.first or options.last) and source is not nlbwmon:
        raise ForeignFileError(f"--from and --to say the period of a file of nlbwmon: all days of {path} come in")
    if (options.columns or options.unit) and source is not csv_file:
        raise ForeignFileError(f"--columns and --unit are of a CSV of unknown columns: {path} is of {source.FILES}")
