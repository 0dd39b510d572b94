"""Amounts of a selection by time and by dimension, unposted rows included; the columns are those of its meter.

As in `by_dimension(ledger, local_days(selection, first, last), ("receive_bytes",), ("device",), most=10)`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from reports.calendar.days import day_number, day_of
from reports.ledger.past import days_with_past
from reports.ledger.selection import among, parameters, source
from reports.ledger.shape import ESTIMATED, INTERFACE, OTHER, MeterSpec
from reports.ledger.sketches import EMPTY, merged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.ledger.reader import LedgerReader
    from reports.ledger.rows import UnpostedRow
    from reports.ledger.selection import Key, Selection

ENDLESS = 2**62

Amounts = tuple[Any, ...]
"""One value for each column: an integer, or a sketch as bytes."""
Part = TypeVar("Part", bound=tuple[Any, ...])


class Measures(NamedTuple):
    """Columns that are read together: sums are added up, of peaks the highest counts, sketches merge.

    Those that a meter does not have are zero, as the peak speed of applications.
    """

    meter: MeterSpec
    columns: tuple[str, ...]

    def sql(self, grain: str) -> list[str]:
        """Their aggregates; zero for what the grain does not have."""
        held = ("0", *self.meter.columns(grain))
        return [
            self._aggregate(each) if set(self.meter.parts_of_net(each) or [each]) <= set(held) else "0"
            for each in self.columns
        ]

    def of_one_row(self, grain: str) -> list[str]:
        """Themselves as SQL of a row; zero for what the grain does not have."""
        held = self.meter.columns(grain)
        parts = {each: self.meter.parts_of_net(each) or (each,) for each in self.columns}
        return [" - ".join(of_it) if set(of_it) <= {"0", *held} else "0" for of_it in parts.values()]

    def of(self, row: UnpostedRow) -> Amounts:
        """The amounts of a row that is not posted yet."""
        return tuple(self._amount(each, row) for each in self.columns)

    def plus(self, one: Amounts, other: Amounts) -> Amounts:
        """Both together."""
        return tuple(self._sum(*each) for each in zip(self.columns, one, other, strict=True))

    @property
    def nothing(self) -> Amounts:
        """The amounts of no row."""
        return tuple(EMPTY if each in self.meter.sketches else 0 for each in self.columns)

    def _aggregate(self, column: str) -> str:
        if net := self.meter.parts_of_net(column):
            return f"ifnull(sum({' - '.join(net)}), 0)"
        if column in self.meter.sketches:
            return f"ifnull(sketch_sum({column}), x'')"
        return f"ifnull({'max' if column in self.meter.peaks else 'sum'}({column}), 0)"

    def _amount(self, column: str, row: UnpostedRow) -> Any:
        if column == ESTIMATED:
            return row.estimated_bytes
        if net := self.meter.parts_of_net(column):
            whole, tunnel = (row.amounts[self.meter.sums.index(each)] if each != "0" else 0 for each in net)
            return whole - tunnel
        if column in self.meter.sums:
            return row.amounts[self.meter.sums.index(column)]
        if column in self.meter.peaks:
            return row.peaks[self.meter.peaks.index(column)] if row.peaks else 0
        if column in self.meter.sketches:
            return row.sketches[self.meter.sketches.index(column)] if row.sketches else EMPTY
        return 0

    def _sum(self, column: str, one: Any, other: Any) -> Any:
        if column in self.meter.sketches:
            return merged(one, other)
        return max(one, other) if column in self.meter.peaks else one + other


class Rows(NamedTuple):
    """The rows of a selection in [start, end): days by their numbers, slots and minutes by UTC seconds."""

    selection: Selection
    grain: str
    start: int
    end: int

    @property
    def time(self) -> str:
        """The column that says when they begin."""
        return "day" if self.grain == "day" else "started"

    def sql(self, ledger: LedgerReader) -> str:
        """From FROM on, days that were imported included; the parameters are `bounds`."""
        if self.grain == "day" and self.selection.meter is INTERFACE and ledger.has_past:
            return days_with_past(self.selection)
        return f"{source(self.selection, self.grain)} AND {self.time} >= :start AND {self.time} < :end"

    @property
    def bounds(self) -> dict[str, int | str]:
        """The values of the parameters."""
        return {"start": self.start, "end": self.end, **parameters(self.selection)}

    def unposted(self, ledger: LedgerReader) -> Iterator[tuple[int, UnpostedRow]]:
        """Those that are not posted yet, each with its time."""
        for row in ledger.unposted.minutes if self.grain == "minute" else ledger.unposted.slots:
            time = day_number(day_of(row.started, ledger.zone)) if self.grain == "day" else row.started
            if self.start <= time < self.end and self.selection.has(row):
                yield time, row


def local_days(selection: Selection, first: date, last: date) -> Rows:
    """Local days, the last one included."""
    return Rows(selection, "day", day_number(first), day_number(last) + 1)


def every_day(selection: Selection) -> Rows:
    """All local days."""
    return local_days(selection, date.min, date.max)


def every_slot(selection: Selection, begin: int = 0) -> Rows:
    """All slots from an instant (UTC seconds) on."""
    return Rows(selection, "slot", begin, ENDLESS)


def first_time(ledger: LedgerReader, rows: Rows) -> int | None:
    """The time of the oldest row; None without one."""
    return min(_times(ledger, rows, "ASC"), default=None)


def last_time(ledger: LedgerReader, rows: Rows) -> int | None:
    """The time of the newest row; None without one."""
    return max(_times(ledger, rows, "DESC"), default=None)


def total(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> Amounts:
    """All of them together."""
    nothing = Measures(rows.selection.meter, columns).nothing
    return by_parts(ledger, rows, columns, (), "", lambda _time, _row: ()).get((), nothing)


def by_time(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[int, Amounts]:
    """Amounts by day, slot or minute; those without a row are left out."""
    found = by_parts(ledger, rows, columns, (rows.time,), rows.time, lambda time, _row: (time,))
    return {time: amounts for (time,), amounts in found.items()}


def rows_in_order(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Time, one value for each dimension, and amounts of every row, in this order."""
    parts = (rows.time, *rows.selection.meter.dimensions)
    found = by_parts(ledger, rows, columns, parts, ", ".join(parts), lambda time, row: (time, *row.key))
    return [(*part, *found[part]) for part in sorted(found)]


def by_dimension(
    ledger: LedgerReader, rows: Rows, columns: tuple[str, ...], dimensions: tuple[str, ...], most: int | None = None
) -> dict[Key, Amounts]:
    """Amounts by the values of dimensions, the largest of the first column first; those beyond `most` as "(other)"."""
    meter = rows.selection.meter
    places = [meter.dimensions.index(name) for name in dimensions]
    key_of = lambda _time, row: tuple(row.key[place] for place in places)  # noqa: E731
    found = by_parts(ledger, rows, columns, dimensions, ", ".join(dimensions), key_of)
    keys = sorted(found, key=lambda key: (-found[key][0], key))
    kept, other = {key: found[key] for key in keys[:most]}, (OTHER,) * len(dimensions)
    for key in keys[len(kept) :]:
        kept[other] = Measures(meter, columns).plus(kept[other], found[key]) if other in kept else found[key]
    return kept


def by_key(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[Key, Amounts]:
    """Amounts by subject, in no order: for a meter of many subjects, of which a year has 200,000 rows of days."""
    measures = Measures(rows.selection.meter, columns)
    return _with_unposted(posted_by_key(ledger, rows, columns), ledger, rows, measures, lambda _time, row: row.key)


def posted_by_key(ledger: LedgerReader, rows: Rows, columns: tuple[str, ...]) -> dict[Key, Amounts]:
    """The same without what is not posted yet."""
    meter, measures = rows.selection.meter, Measures(rows.selection.meter, columns)
    # One day has one row of a subject, and another one where something was imported.
    is_of_one_day = rows.grain == "day" and rows.end == rows.start + 1 and not ledger.has_past_requests
    # Grouped by numbers before the names come to them: by names it takes three times as long.
    values = measures.of_one_row(rows.grain) if is_of_one_day else measures.sql(rows.grain)
    parts = [*meter.dimensions, *(f"sum_{place}" for place in range(len(columns)))]
    source = f"""
        FROM (
          SELECT subject, {", ".join(f"{each} AS sum_{place}" for place, each in enumerate(values))}
          FROM {meter.table(rows.grain)} WHERE {rows.grain} >= :start AND {rows.grain} < :end
          {among(rows.selection)} {"" if is_of_one_day else "GROUP BY subject"}
        ) JOIN {meter.subjects} USING (subject)
    """
    size = len(meter.dimensions)
    if set(columns) & set(meter.sketches):
        found = ledger.posted(meter, f"SELECT {', '.join(parts)} {source}", rows.bounds)
    else:  # one text of all rows, read as JSON: rows as tuples would take twice the time
        texts = ledger.posted(meter, f"SELECT json_group_array(json_array({', '.join(parts)})) {source}", rows.bounds)
        found = (tuple(row) for (text,) in texts for row in msgspec.json.decode(text, type=list[list[Any]]))
    listed = list(found)
    amounts: dict[Key, Amounts] = {row[:size]: row[size:] for row in listed}
    if len(amounts) < len(listed):  # of several machines, a key is a subject here and another one there
        amounts.clear()
        for row in listed:
            held = amounts.get(row[:size])
            amounts[row[:size]] = row[size:] if held is None else measures.plus(held, row[size:])
    return amounts


def by_parts(
    ledger: LedgerReader,
    rows: Rows,
    columns: tuple[str, ...],
    parts: tuple[str, ...],
    group: str,
    parts_of: Callable[[int, UnpostedRow], Part],
    **bounds: int,
) -> dict[Part, Amounts]:
    """Amounts by the values of expressions; `parts_of` gives them for a row that is not posted yet."""
    measures = Measures(rows.selection.meter, columns)
    order = f"GROUP BY {group}" if group else ""
    query = f"SELECT {', '.join([*parts, *measures.sql(rows.grain)])} FROM {rows.sql(ledger)} {order}"
    posted = ledger.posted(rows.selection.meter, query, {**rows.bounds, **bounds})
    found: dict[Part, Amounts] = {row[: len(parts)]: row[len(parts) :] for row in posted}
    return _with_unposted(found, ledger, rows, measures, parts_of)


def _times(ledger: LedgerReader, rows: Rows, order: str) -> Iterator[int]:
    """The time of the first posted row in an order of time, and of those that are not posted yet."""
    query = f"SELECT {rows.time} FROM {rows.sql(ledger)} ORDER BY {rows.time} {order} LIMIT 1"
    yield from (time for (time,) in ledger.posted(rows.selection.meter, query, rows.bounds))
    yield from (time for time, _ in rows.unposted(ledger))


def _with_unposted(
    found: dict[Part, Amounts],
    ledger: LedgerReader,
    rows: Rows,
    measures: Measures,
    parts_of: Callable[[int, UnpostedRow], Part],
) -> dict[Part, Amounts]:
    for time, row in rows.unposted(ledger):
        key, amounts = parts_of(time, row), measures.of(row)
        found[key] = measures.plus(found[key], amounts) if key in found else amounts
    return found
