"""Day rows of the meters that have a history in memory."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from exporter.metering.period_sums import PeriodRow
from exporter.metering.subjects import Subject
from exporter.metering.totals import UNMET, Amount, DayRow, ImportedTotals
from reports.calendar.days import day_from_number, day_number
from reports.calendar.history import PERIODS
from reports.calendar.history_length import MONTHS_KEPT
from reports.ledger.past import IMPORTED_ALONE
from reports.ledger.shape import APPLICATION, INTERFACE, LOOPBACK

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reports.ledger.shape import MeterSpec

LAST_DAY = 2_932_896
"""The number of 9999-12-31: what is later is damage, and no date."""


def read_history(connection: sqlite3.Connection, specs: Iterable[MeterSpec]) -> Iterator[DayRow]:
    """The days of the last two years, as far as the totals have them; one at a time."""
    bounds = {"days": (MONTHS_KEPT + 2) * 31, "last": LAST_DAY}
    for spec in specs:
        if spec.has_history:
            count = len(spec.dimensions)
            for day, received, transmitted, *rest in connection.execute(_history_query(spec), bounds):
                subject = Subject(spec.name, tuple(rest[:count]))
                yield DayRow(subject, day_from_number(day), received, transmitted, tuple(rest[count:]))
    yield from _imported_history(connection, bounds)


def read_imported(connection: sqlite3.Connection) -> ImportedTotals:
    """All bytes that were imported of each interface."""
    query = """
        SELECT k.device, max(i.last_day), sum(i.receive_bytes), sum(i.transmit_bytes)
        FROM imported AS i JOIN interface_subject AS k USING (subject) WHERE i.last_day <= ? GROUP BY k.device
    """
    rows = connection.execute(query, (LAST_DAY,)).fetchall()
    last = max((day_from_number(day) for _, day, *_ in rows), default=None)
    return ImportedTotals({Subject(INTERFACE.name, (device,)): Amount(*sums) for device, _, *sums in rows}, last)


def _imported_history(connection: sqlite3.Connection, bounds: Mapping[str, int]) -> Iterator[DayRow]:
    """Imported days and spans; those of counted interfaces that netledger has never met are of UNMET."""
    query = f"""
        SELECT i.first_day, i.last_day, sum(i.receive_bytes), sum(i.transmit_bytes),
               CASE WHEN k.subject IN ({IMPORTED_ALONE}) THEN '{UNMET}' ELSE k.device END AS name
        FROM imported AS i JOIN interface_subject AS k USING (subject)
        WHERE i.first_day <= :last
          AND i.first_day >= (SELECT ifnull(max(day), :last) FROM interface_day WHERE day <= :last) - :days
          AND (k.counted = 1 OR name <> '{UNMET}')
        GROUP BY 1, 2, 5
    """  # noqa: S608 - our own names
    for first, last, received, transmitted, name in connection.execute(query, bounds):
        day = day_from_number(first)
        end = day_from_number(last) if last > first else None
        yield DayRow(Subject(INTERFACE.name, (name,)), day, received, transmitted, last=end)


def read_first_day(connection: sqlite3.Connection, specs: Iterable[MeterSpec]) -> date | None:
    """The first local day of which the ledger holds bytes; None before there is one."""
    days = [
        connection.execute(
            f"SELECT min(day) FROM {spec.view('day')} WHERE day BETWEEN 0 AND ? AND receive_bytes + transmit_bytes > 0",  # noqa: S608 - names of the spec
            (LAST_DAY,),
        ).fetchone()[0]
        for spec in specs
        if spec.has_history
    ]
    imported = """
        SELECT min(first_day) FROM imported JOIN interface_subject USING (subject)
        WHERE first_day = last_day AND receive_bytes + transmit_bytes > 0
    """
    days.append(connection.execute(imported).fetchone()[0])
    return min((day_from_number(day) for day in days if day is not None), default=None)


def read_period_sums(connection: sqlite3.Connection, specs: Iterable[MeterSpec]) -> tuple[date, list[PeriodRow]]:
    """The newest local day, and bytes by name in each of PERIODS that it is in; loopback is in none.

    Those of applications that were imported are in every period that holds their days.
    """
    specs = [spec for spec in specs if spec.has_periods]
    days = [
        connection.execute(f"SELECT max(day) FROM {spec.table('day')} WHERE day <= ?", (LAST_DAY,)).fetchone()[0]  # noqa: S608 - names of the spec
        for spec in specs
    ]
    newest = max((day for day in days if day is not None), default=None)
    if newest is None:  # what netledger has measured is never older than what was imported
        (newest,) = connection.execute(_NEWEST_IMPORTED, (LAST_DAY,)).fetchone()
    if newest is None:
        return date.min, []
    today = day_from_number(newest)
    first_days = (today, today - timedelta(days=today.weekday()), today.replace(day=1), today.replace(month=1, day=1))
    bounds = {f"first_{n}": day_number(first) for n, first in enumerate(first_days)}
    bounds |= {"newest": newest, "first": min(bounds.values())}
    found = [
        PeriodRow(spec.name, name, sums)
        for spec in specs
        for name, *sums in connection.execute(_sums_query(spec), {**bounds, "loopback": LOOPBACK})
    ]
    return today, _with_imported(found, connection.execute(_IMPORTED_SUMS, bounds))


def _with_imported(found: Iterable[PeriodRow], imported: Iterable[Sequence[Any]]) -> list[PeriodRow]:
    rows = {(row.meter, row.name): row for row in found}
    for name, *sums in imported:
        key = (APPLICATION.name, name)
        held = rows.get(key, PeriodRow(*key, [0] * len(sums)))
        rows[key] = held._replace(sums=[one + other for one, other in zip(held.sums, sums, strict=True)])
    return list(rows.values())


_NEWEST_IMPORTED = """
SELECT max(last_day) FROM imported JOIN application_subject USING (subject) WHERE last_day <= ?
"""

_IMPORTED_SUMS = f"""
SELECT k.application, {
    ", ".join(
        f"sum(i.{name} * (i.first_day >= :first_{n}))"
        for n in range(len(PERIODS))
        for name in ("receive_bytes", "transmit_bytes")
    )
}
FROM imported AS i JOIN application_subject AS k USING (subject)
WHERE i.first_day >= :first AND i.last_day <= :newest GROUP BY 1
"""  # noqa: S608 - our own names


def _sums_query(spec: MeterSpec) -> str:
    sums = ", ".join(
        f"sum(u.{name} * (u.day >= :first_{n}))"
        for n in range(len(PERIODS))
        for name in ("receive_bytes", "transmit_bytes")
    )
    aside = "AND k.scope <> :loopback" if "scope" in spec.dimensions else ""
    return (
        f"SELECT k.{spec.dimensions[0]}, {sums} FROM {spec.table('day')} AS u "  # noqa: S608 - names of the spec
        f"JOIN {spec.subjects} AS k ON k.subject = u.subject "
        f"WHERE u.day BETWEEN :first AND :newest {aside} GROUP BY 1"
    )


def _history_query(spec: MeterSpec) -> str:
    columns = ", ".join((*spec.dimensions, *spec.peaks))
    newest = f"SELECT ifnull(max(day), 0) FROM {spec.table('day')} WHERE day <= :last"  # noqa: S608 - names of the spec
    return (
        f"SELECT day, receive_bytes, transmit_bytes, {columns} FROM {spec.view('day')} "  # noqa: S608 - as above
        f"WHERE day BETWEEN ({newest}) - :days AND :last"
    )


def read_notices(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Notices that the user has not put away yet, newest first."""
    rows = connection.execute("SELECT what, detail FROM incident WHERE seen = 0 ORDER BY id DESC")
    return tuple(f"{what}: {detail}" for what, detail in rows)


def mark_notices_seen(connection: sqlite3.Connection) -> None:
    """Put all notices away."""
    connection.execute("UPDATE incident SET seen = 1 WHERE seen = 0")
