"""What other programs have counted of a stretch of days: single days, spans whose days are not known, and sources."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_from_number, day_number
from reports.ledger.past import IMPORTED_ALONE
from reports.ledger.rows import NO_BYTES, Bytes, add_up
from reports.ledger.selection import condition, parameters
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection


SEPARATOR = " + "


class ImportedPart(NamedTuple):
    """Bytes of one day, or somewhere within the days `first` to `last`, and the names of their sources."""

    first: date
    last: date
    bytes: Bytes
    sources: tuple[str, ...]

    @property
    def label(self) -> str:
        """The names of its sources for people, as in "laptop + vnstat"."""
        return SEPARATOR.join(self.sources)


class Imported(NamedTuple):
    """Imported days, and imported spans of several days, oldest first; a byte is in one of them."""

    days: Mapping[date, ImportedPart] = MappingProxyType({})
    spans: tuple[ImportedPart, ...] = ()

    @property
    def by_date(self) -> dict[str, ImportedPart]:
        """The days by their dates as ISO texts."""
        return {part.first.isoformat(): part for part in self.days.values()}

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of all sources."""
        return tuple(sorted({name for part in (*self.days.values(), *self.spans) for name in part.sources}))

    @property
    def total(self) -> Bytes:
        """All of them together."""
        return add_up(part.bytes for part in (*self.days.values(), *self.spans))

    @property
    def facts(self) -> tuple[object, ...]:
        """What has the same repr in every process where it is the same; empty where nothing was imported."""
        days = [(day_number(part.first), *part.bytes) for part in self.days.values()]
        return (hash(tuple(days)), self.sources, self.spans) if days or self.spans else ()

    def of_day(self, day: date) -> Bytes:
        """The imported part of a day's bytes."""
        found = self.days.get(day)
        return NO_BYTES if found is None else found.bytes


NOTHING_IMPORTED = Imported()


def imported(ledger: LedgerReader, first: date, last: date, selection: Selection) -> Imported:
    """What was imported of a selection's days `first` to `last`, and the spans that lie within them."""
    if selection.meter is not INTERFACE or not ledger.has_past:
        return NOTHING_IMPORTED
    query = f"""
        SELECT i.first_day, i.last_day, i.source, sum(i.receive_bytes), sum(i.transmit_bytes)
        FROM imported AS i JOIN interface_subject AS k USING (subject)
        WHERE {condition(selection)} AND i.first_day >= :start AND i.last_day < :end
        GROUP BY i.first_day, i.last_day, i.source ORDER BY i.first_day, i.last_day, i.source
    """
    bounds: dict[str, int | str] = {"start": day_number(first), "end": day_number(last) + 1, **parameters(selection)}
    return _by_span(
        (begin, end, source, Bytes(received, sent))
        for begin, end, source, received, sent in ledger.execute(query, bounds)
    )


def imported_application(ledger: LedgerReader, first: date, last: date, name: str) -> Imported:
    """What was imported of an application's days `first` to `last`, and within them: all of it is estimated."""
    rows = (row[1:] for row in _of_applications(ledger, first, last) if row[0] == name)
    return _by_span((begin, end, source, moved) for begin, end, source, moved in rows)


def imported_by_application(ledger: LedgerReader, first: date, last: date) -> dict[str, ImportedPart]:
    """What was imported of each application's days `first` to `last`, and within them: all of it is estimated."""
    found: dict[str, ImportedPart] = {}
    for name, begin, end, source, moved in _of_applications(ledger, first, last):
        begun, ended = day_from_number(begin), day_from_number(end)
        held = found.get(name) or ImportedPart(begun, ended, NO_BYTES, ())
        sources = tuple(sorted({*held.sources, source.partition("/")[0]}))
        found[name] = ImportedPart(min(held.first, begun), max(held.last, ended), held.bytes.plus(moved), sources)
    return found


def imported_application_days(ledger: LedgerReader, first: date, last: date) -> tuple[date, date] | None:
    """The first and the last day of what was imported of applications within `first` to `last`; None without any."""
    if not ledger.has_past:
        return None
    query = """
        SELECT min(i.first_day), max(i.last_day) FROM imported AS i JOIN application_subject AS k USING (subject)
        WHERE i.first_day >= :start AND i.last_day < :end
    """
    bounds = {"start": day_number(first), "end": day_number(last) + 1}
    begin, end = ledger.execute(query, bounds).fetchone()
    return None if begin is None else (day_from_number(begin), day_from_number(end))


def _of_applications(ledger: LedgerReader, first: date, last: date) -> Iterator[tuple[str, int, int, str, Bytes]]:
    """Application, first and last day, source, bytes."""
    if not ledger.has_past:
        return
    query = """
        SELECT k.application, i.first_day, i.last_day, i.source, i.receive_bytes, i.transmit_bytes
        FROM imported AS i JOIN application_subject AS k USING (subject)
        WHERE i.first_day >= :start AND i.last_day < :end ORDER BY i.first_day, i.last_day, i.source
    """
    bounds = {"start": day_number(first), "end": day_number(last) + 1}
    for *place, received, sent in ledger.execute(query, bounds):
        name, begin, end, source = place
        yield name, begin, end, source, Bytes(received, sent, received + sent)


def _by_span(rows: Iterable[tuple[int, int, str, Bytes]]) -> Imported:
    """Rows of first and last day, source and bytes, in this order."""
    found: dict[tuple[int, int], ImportedPart] = {}
    for begin, end, source, moved in rows:
        part = found.get((begin, end)) or ImportedPart(day_from_number(begin), day_from_number(end), NO_BYTES, ())
        sources = (*part.sources, source.partition("/")[0])
        found[begin, end] = part._replace(bytes=part.bytes.plus(moved), sources=sources)
    days = {part.first: part for part in found.values() if part.first == part.last}
    return Imported(days, tuple(part for part in found.values() if part.first < part.last))


def imported_by_interface(ledger: LedgerReader) -> dict[str, Bytes]:
    """All that was ever imported of each interface."""
    if not ledger.has_past:
        return {}
    query = """
        SELECT k.device, sum(i.receive_bytes), sum(i.transmit_bytes)
        FROM imported AS i JOIN interface_subject AS k USING (subject) GROUP BY k.device
    """
    return {device: Bytes(received, sent) for device, received, sent in ledger.execute(query, {})}


def imported_alone(ledger: LedgerReader) -> frozenset[str]:
    """Interfaces that netledger has never met itself."""
    if not ledger.has_past:
        return frozenset()
    query = f"SELECT device FROM interface_subject WHERE subject IN ({IMPORTED_ALONE})"
    return frozenset(device for (device,) in ledger.execute(query, {}))
