"""Requests that were imported: every question reads them with those that netledger has counted, and adds both up.

They stand in tables of their own. While there are any, temporary views of a connection have the names of the tables of
requests, and the rows of both; a question about imports alone, or about netledger's own rows, names `main`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import day_from_number, day_number
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import date

    from reports.ledger.reader import LedgerReader

WHOLE = "past IN (SELECT id FROM main.request_past WHERE is_whole)"
GRAINS = ("slot", "day")


class PastService(NamedTuple):
    """What an import has of a service; times are UTC microseconds, None where it has no request."""

    service: str
    requests: int
    errors: int
    first: int | None
    last: int | None


class PastSource(NamedTuple):
    """An import of requests; `at` is UTC seconds."""

    name: str
    kind: str
    at: int
    services: Sequence[PastService]


def show_past_requests(connection: sqlite3.Connection) -> bool:
    """Have the questions of this connection read imported requests, too, where there are any; returns whether."""
    has_any = _has_any(connection)
    # Of a group of machines the other names are views of their own; who reads one asks for no imported requests.
    shown = connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'request_client'").fetchone() is not None
    if has_any != shown:
        for name, view in _views().items():
            connection.execute(f"CREATE TEMP VIEW {name} AS {view}" if has_any else f"DROP VIEW temp.{name}")
    return has_any


def past_requests_began(ledger: LedgerReader, services: Sequence[str]) -> int | None:
    """The first imported request of services, of all without any (UTC seconds); None without one."""
    if not ledger.has_past_requests:
        return None
    firsts = (
        service.first
        for source in past_request_sources(ledger)
        for service in source.services
        if service.first is not None and (not services or service.service in services)
    )
    first = min(firsts, default=None)
    return None if first is None else first // 1_000_000


def past_request_days(ledger: LedgerReader, first: date, last: date) -> tuple[date, date] | None:
    """The first and the last of the days `first` to `last` with an imported request; None without one."""
    if not ledger.has_past_requests:
        return None
    query = f"SELECT min(day), max(day) FROM main.request_past_day WHERE day BETWEEN :first AND :last AND {WHOLE}"
    bounds = {"first": day_number(first), "last": day_number(last)}
    begin, end = ledger.execute(query, bounds).fetchone()
    return None if begin is None else (day_from_number(begin), day_from_number(end))


def past_request_sources(ledger: LedgerReader) -> list[PastSource]:
    """Every import of requests, by its name."""
    if not ledger.has_past_requests:
        return []
    query = "SELECT id, source, kind, at FROM request_past WHERE is_whole ORDER BY source"
    services = "SELECT service, requests, errors, first, last FROM request_past_service WHERE past = :past ORDER BY 1"
    return [
        PastSource(name, kind, at, [PastService(*row) for row in ledger.execute(services, {"past": number})])
        for number, name, kind, at in ledger.execute(query, {}).fetchall()
    ]


def _has_any(connection: sqlite3.Connection) -> bool:
    # A ledger that an older netledger wrote last has no such table.
    if connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'request_past'").fetchone() is None:
        return False
    (found,) = connection.execute("SELECT EXISTS (SELECT 1 FROM main.request_past WHERE is_whole)").fetchone()
    return bool(found)


def _views() -> dict[str, str]:
    views = {}
    for grain in GRAINS:
        columns = ", ".join((grain, "subject", *REQUEST.columns(grain), "posting"))
        views[REQUEST.table(grain)] = (
            f"SELECT {columns} FROM main.request_{grain} "
            f"UNION ALL SELECT {columns} FROM main.request_past_{grain} WHERE {WHOLE}"
        )
    for grain, time in (("slot", "u.slot AS started"), ("day", "u.day")):
        columns = ", ".join((*(f"k.{name}" for name in REQUEST.dimensions), *REQUEST.columns(grain)))
        views[REQUEST.view(grain)] = (
            f"SELECT {time}, {columns} FROM temp.request_{grain} AS u "
            "JOIN main.request_subject AS k ON k.subject = u.subject"
        )
    columns = "day, service, clients, busiest"
    views["request_client"] = (
        f"SELECT {columns} FROM main.request_client "
        f"UNION ALL SELECT {columns} FROM main.request_past_client WHERE {WHOLE}"
    )
    return views
