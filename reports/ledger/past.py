"""History that was imported from elsewhere: days are read with those that were counted, longer spans apart.

A day of an interface has one row at most that was counted, and what was imported of it lies before that: they add up.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_from_number, day_number
from reports.ledger.rows import Bytes
from reports.ledger.selection import condition, parameters
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from reports.ledger.reader import LedgerReader
    from reports.ledger.selection import Selection

SOURCE_STATE = "import:"
"""Prefix of a source's state, which is JSON."""

IMPORTED_ALONE = """
SELECT subject FROM imported
WHERE subject NOT IN (SELECT subject FROM interface_checkpoint UNION SELECT subject FROM interface_day)
"""
"""Subjects that netledger has never met itself."""

_MEASURES = INTERFACE.columns("day")
_ADDED = ", ".join(f"{'max' if name in INTERFACE.peaks else 'sum'}({name}) AS {name}" for name in _MEASURES)
_IMPORTED = ", ".join(name if name in INTERFACE.sums else "0" for name in _MEASURES)


class PastSpan(NamedTuple):
    """Bytes of an interface somewhere within the days `first` to `last`; no day of them is known."""

    interface: str
    first: date
    last: date
    bytes: Bytes


class ImportedSource(NamedTuple):
    """What was imported from one source; `days` and `spans` are numbers of rows, `at` is UTC seconds."""

    name: str
    kind: str
    at: int
    first: date | None
    last: date | None
    days: int
    spans: int
    bytes: Bytes
    interfaces: tuple[str, ...]
    applications: tuple[str, ...]


def has_past(ledger: LedgerReader) -> bool:
    """True if anything was imported."""
    (found,) = ledger.execute("SELECT EXISTS (SELECT 1 FROM imported)", {}).fetchone()
    return bool(found)


def days_with_past(selection: Selection) -> str:
    """The days of interfaces in [:start, :end), imported ones included, as SQL from FROM on."""
    among = condition(selection)
    return f"""(
      SELECT day, device, counted, uplink, {_ADDED} FROM (
        SELECT day, device, counted, uplink, {", ".join(_MEASURES)} FROM interface_by_day
        WHERE {among} AND day >= :start AND day < :end
        UNION ALL
        SELECT i.first_day, k.device, k.counted, k.uplink, {_IMPORTED}
        FROM imported AS i JOIN interface_subject AS k USING (subject)
        WHERE {among} AND i.first_day = i.last_day AND i.first_day >= :start AND i.first_day < :end
      ) GROUP BY day, device
    ) WHERE true"""


def past_spans(ledger: LedgerReader, first: date, last: date, selection: Selection) -> list[PastSpan]:
    """Imported spans of several days that lie within `first` to `last`, oldest first."""
    if selection.meter is not INTERFACE or not ledger.has_past:
        return []
    query = f"""
        SELECT k.device, i.first_day, i.last_day, sum(i.receive_bytes), sum(i.transmit_bytes)
        FROM imported AS i JOIN interface_subject AS k USING (subject)
        WHERE {condition(selection)} AND i.first_day < i.last_day AND i.first_day >= :start AND i.last_day < :end
        GROUP BY i.first_day, i.last_day, k.device ORDER BY i.first_day, i.last_day, k.device
    """
    bounds: dict[str, int | str] = {"start": day_number(first), "end": day_number(last) + 1, **parameters(selection)}
    return [
        PastSpan(device, day_from_number(begin), day_from_number(end), Bytes(received, sent))
        for device, begin, end, received, sent in ledger.execute(query, bounds)
    ]


def imported_since(states: Mapping[str, str], instant: int) -> set[str]:
    """The names of sources that were imported at an instant (UTC seconds) or later, by the ledger's states."""
    sources = {name.removeprefix(SOURCE_STATE): text for name, text in states.items() if name.startswith(SOURCE_STATE)}
    return {name for name, text in sources.items() if json.loads(text)["at"] >= instant}


def imported_sources(ledger: LedgerReader) -> list[ImportedSource]:
    """Every source, by its name."""
    query = """
        SELECT k.device, a.application, min(i.first_day), max(i.last_day), sum(i.first_day = i.last_day), count(*),
               sum(i.receive_bytes), sum(i.transmit_bytes)
        FROM imported AS i LEFT JOIN interface_subject AS k USING (subject)
        LEFT JOIN application_subject AS a USING (subject)
        WHERE substr(i.source, 1, length(:source) + 1) = :source || '/' GROUP BY 1, 2 ORDER BY 1, 2
    """
    found = []
    for state, text in sorted(ledger.state().items()):
        if not state.startswith(SOURCE_STATE):
            continue
        name, facts = state.removeprefix(SOURCE_STATE), json.loads(text)
        rows = ledger.execute(query, {"source": name}).fetchall()
        days = sum(row[4] for row in rows)
        found.append(
            ImportedSource(
                name,
                facts["kind"],
                facts["at"],
                day_from_number(min(row[2] for row in rows)) if rows else None,
                day_from_number(max(row[3] for row in rows)) if rows else None,
                days,
                sum(row[5] for row in rows) - days,
                Bytes(sum(row[6] for row in rows), sum(row[7] for row in rows)),
                tuple(row[0] for row in rows if row[0] is not None),
                tuple(row[1] for row in rows if row[1] is not None),
            )
        )
    return found
