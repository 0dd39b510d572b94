"""Any CSV with a row for each day, month or part of a day, its columns named by its header or by the user."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, time
from itertools import zip_longest
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from exporter.importing.cells import CellError, amount, begin
from exporter.importing.headers import DATE, INTERFACE, RECEIVED, SENT, FoundColumn, HeaderError, columns
from exporter.importing.spans import Span, end
from exporter.importing.tables import header, rows
from exporter.ledger.past.rows import ForeignFileError, Past, PastHour, PastRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from exporter.importing.foreign import ForeignFile, ReadingOptions

KIND = "csv"
FILES = "CSV (a header with date, received, sent)"
FEWEST_COLUMNS = 3
HOUR = 3600
MOST_PARTS = 20_000
"""Parts of days that are kept, the newest: only those of the day on which netledger began to count matter."""


class TableLine(NamedTuple):
    """A row of the file: its first line number, whose it is, its time, its bytes."""

    number: int
    interface: str
    at: Span | datetime
    received: int
    sent: int


def claims(file: ForeignFile) -> bool:
    """True for text whose first line has at least three columns."""
    return file.tables is None and file.document is None and len(header(file.text)[0]) >= FEWEST_COLUMNS


def read(file: ForeignFile, options: ReadingOptions) -> Past:
    """The rows of a table; raises ForeignFileError with the line and the rule."""
    names, delimiter = header(file.text)
    try:
        found = columns(names, options.columns)
    except HeaderError as error:
        raise ForeignFileError(f"{file.path} {error}") from error
    table = list(rows(file, delimiter))
    if INTERFACE in found and not any(cells[found[INTERFACE].number].strip() for _, cells in table):
        del found[INTERFACE]  # a column that names none, as netledger's own export of the machine has it
    lines = [_line(file, *row, found, options) for row in table]
    if not lines:
        raise ForeignFileError(f"{file.path} has no rows below its header")
    lines = _whole_days(lines)
    days = _spans(file, lines)
    hours = list(_hours(file, lines, options.zone))
    days += _days(hours, options.zone)
    ends = [end(row.last, options.zone) for row in days]
    return Past(
        kind=KIND,
        identity=file.path.name,
        read_until=min(max(ends), file.modified),
        rows=days,
        hours=sorted(hours, key=attrgetter("start"))[-MOST_PARTS:],
        machine=[] if INTERFACE in found else options.machine(KIND),
        notes=_notes(found, options.unit),
    )


def _line(
    file: ForeignFile, number: int, cells: Sequence[str], found: Mapping[str, FoundColumn], options: ReadingOptions
) -> TableLine:
    column = found[DATE]
    try:
        at = begin(cells[column.number])
        moved = []
        for role in (RECEIVED, SENT):
            column = found[role]
            moved.append(amount(cells[column.number], options.unit or column.unit or 1))
    except CellError as error:
        place = f"{file.path}, line {number}, {column.name}"
        raise ForeignFileError(f"{place}: {cells[column.number]!r} {error}") from error
    interface = options.subject(KIND)
    if INTERFACE in found and not (interface := cells[found[INTERFACE].number].strip()):
        raise ForeignFileError(f"{file.path}, line {number}: {found[INTERFACE].name} is empty")
    return TableLine(number, interface, at, *moved)


def _whole_days(lines: Sequence[TableLine]) -> list[TableLine]:
    """Rows whose times are all midnight are of whole days: some programs write days so."""
    if any(isinstance(line.at, datetime) and (line.at.tzinfo or line.at.time() != time.min) for line in lines):
        return list(lines)
    return [
        line._replace(at=Span(line.at.date(), line.at.date())) if isinstance(line.at, datetime) else line
        for line in lines
    ]


def _spans(file: ForeignFile, lines: Sequence[TableLine]) -> list[PastRow]:
    """Days and months; raises ForeignFileError for one that comes twice."""
    found: dict[tuple[str, Span], PastRow] = {}
    for line in lines:
        if isinstance(line.at, Span):
            if (line.interface, line.at) in found:
                span = " to ".join(dict.fromkeys(map(str, line.at)))
                raise ForeignFileError(f"{file.path}, line {line.number}: {line.interface} has {span} twice")
            found[line.interface, line.at] = PastRow(line.interface, *line.at, line.received, line.sent)
    return list(found.values())


def _hours(file: ForeignFile, lines: Sequence[TableLine], zone: ZoneInfo) -> Iterator[PastHour]:
    """Parts of days, each up to the next one, and up to an hour.

    Raises ForeignFileError for one that comes twice, and for a time that the zone does not have.
    """
    times: Counter[tuple[str, datetime]] = Counter()
    begun: dict[tuple[str, int], TableLine] = {}
    for line in lines:
        if isinstance(line.at, datetime):
            # The hour that clocks repeat in autumn comes twice.
            at = line.at.replace(fold=min(times[line.interface, line.at], 1))
            times[line.interface, line.at] += 1
            second = int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp())
            if not at.tzinfo and datetime.fromtimestamp(second, zone).replace(tzinfo=None) != at:
                raise ForeignFileError(
                    f"{file.path}, line {line.number}: clocks in {zone} leave {at} out: name the zone with --timezone"
                )
            if (line.interface, second) in begun:
                raise ForeignFileError(f"{file.path}, line {line.number}: {line.interface} has {line.at} twice")
            begun[line.interface, second] = line
    ordered = sorted(begun)
    for (interface, start), after in zip_longest(ordered, ordered[1:]):
        stop = min(start + HOUR, after[1]) if after and after[0] == interface else start + HOUR
        yield PastHour(interface, start, stop, *begun[interface, start][3:])


def _days(hours: Sequence[PastHour], zone: ZoneInfo) -> list[PastRow]:
    sums: dict[tuple[str, date], list[int]] = {}
    for hour in hours:
        day = datetime.fromtimestamp(hour.start, zone).date()
        held = sums.setdefault((hour.name, day), [0, 0])
        held[0] += hour.received
        held[1] += hour.sent
    return [PastRow(interface, day, day, *moved) for (interface, day), moved in sums.items()]


def _notes(found: Mapping[str, FoundColumn], unit: int | None) -> list[str]:
    """What the names of columns say of their units, where nothing else does."""
    if unit is not None:
        return []
    named = [found[role] for role in (RECEIVED, SENT) if (found[role].unit or 1) > 1]
    units = " and ".join(dict.fromkeys(f"{column.unit:,}" for column in named))
    names = ", ".join(column.name for column in named)
    return [f"{names}: in units of {units} bytes; --unit says another"] if named else []
