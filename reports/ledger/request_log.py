"""Single requests of the request log: pages by a cursor in either direction, each from a bounded number of rows."""

from __future__ import annotations

import heapq
import json
from itertools import tee
from typing import TYPE_CHECKING, NamedTuple

from reports.calendar.days import DAY_SECONDS, SLOT_SECONDS, day_from_number, day_number, day_of, day_start
from reports.ledger.amounts import ENDLESS
from reports.ledger.request_filter import FEW_SUBJECTS, LogFilter, conditions_of, service_ids, subjects_of
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reports.ledger.reader import LedgerReader

SECOND = 1_000_000
SLOT = SLOT_SECONDS * SECOND
MOST_SCANNED = 10_000
"""Rows of a service that a page reads: about 5 ms."""

FIELDS = """
  l.at, l.number, k.service, k.method, k.route, ifnull(nullif(l.path, ''), k.route), k.code, client_text(l.client),
  l.duration, l.request_bytes, l.response_bytes, ifnull(a.agent, ''), l.user
"""
# In this order: else the rows of a service that a page may read are all copied before the first is joined.
JOINS = f"CROSS JOIN {REQUEST.subjects} AS k ON k.subject = l.subject LEFT JOIN request_agent AS a ON a.id = l.agent"
ORDERS = {
    "created_at": "l.at, l.number",
    "method": "k.method, l.at, l.number",
    "endpoint": "ifnull(nullif(l.path, ''), k.route), l.at, l.number",
    "ip": "l.client, l.at, l.number",
    "process_time": "l.duration, l.at, l.number",
    "status_code": "CAST(k.code AS INTEGER), l.at, l.number",
}


class LoggedRequest(NamedTuple):
    """One request: UTC microseconds, a number that no other has, what privacy kept of the client, microseconds."""

    at: int
    number: int
    service: str
    method: str
    route: str
    path: str
    code: str
    client: str
    duration: int | None
    request_bytes: int
    response_bytes: int
    agent: str
    user: str


class LogPlace(NamedTuple):
    """Where a page ended."""

    at: int
    number: int


class LogPage(NamedTuple):
    """Requests in their order, and where the next page begins; None after the last one.

    A page may have fewer than asked for, and more behind it: it reads a bounded number of rows.
    """

    requests: Sequence[LoggedRequest]
    following: LogPlace | None


class _Scan(NamedTuple):
    """How rows are read: values and conditions, the direction, and how many are wanted."""

    bounds: dict[str, int | str]
    conditions: Sequence[str]
    is_newest_first: bool
    limit: int


def log_page(
    ledger: LedgerReader,
    chosen: LogFilter,
    *,
    after: LogPlace | None = None,
    newest_first: bool = True,
    limit: int = 100,
) -> LogPage:
    """A page; `after` is where the one before ended."""
    services = service_ids(ledger, chosen.services)
    subjects = subjects_of(ledger, chosen) if chosen.is_of_subjects else None
    if not services or subjects == []:
        return LogPage([], None)
    scan = _Scan(*conditions_of(chosen, subjects), newest_first, limit)
    span = _span(chosen, after, newest_first=newest_first)
    stretches = tee(_stretches(ledger, span, subjects, newest_first=newest_first), len(services))
    pages = [_scanned(ledger, *each, scan, after) for each in zip(services, stretches, strict=True)]
    # Of services that were read to different places, only what all have passed is in order.
    ends = [end for _, end in pages if end is not None]
    sign = -1 if newest_first else 1

    def key(place: LoggedRequest | LogPlace) -> tuple[int, int]:
        return sign * place.at, sign * place.number

    end = min(ends, key=key) if ends else None
    rows = list(heapq.merge(*(rows for rows, _ in pages), key=key))
    if end is not None:
        rows = [row for row in rows if key(row) <= key(end)]
    if len(rows) > limit:
        rows = rows[:limit]
        end = LogPlace(rows[-1].at, rows[-1].number)
    return LogPage(rows, end)


def sorted_log(ledger: LedgerReader, chosen: LogFilter, order: str, *, limit: int, offset: int) -> list[LoggedRequest]:
    """Requests in an order of ORDERS: all rows are read for one that is not of time."""
    services = service_ids(ledger, chosen.services)
    subjects = subjects_of(ledger, chosen) if chosen.is_of_subjects else None
    if not services or subjects == []:
        return []
    bounds, conditions = conditions_of(chosen, subjects)
    query = f"""
        SELECT {FIELDS} FROM request_log AS l {JOINS}
        WHERE {_of_services(services)} AND l.at >= :start AND l.at < :end
        {"".join(f" AND {each}" for each in conditions)} ORDER BY {ORDERS[order]} LIMIT :limit OFFSET :offset
    """
    bounds |= {"start": chosen.start, "end": chosen.end, "limit": limit, "offset": offset}
    return [LoggedRequest(*row) for row in ledger.execute(query, bounds)]


def _of_services(services: Sequence[int]) -> str:
    return f"l.service = {services[0]}" if len(services) == 1 else f"l.service IN ({', '.join(map(str, services))})"


def _span(chosen: LogFilter, after: LogPlace | None, *, newest_first: bool) -> tuple[int, int]:
    """Microseconds that are left to read."""
    if after is None:
        return chosen.start, chosen.end
    if newest_first:
        return chosen.start, min(chosen.end, after.at + 1)
    return max(chosen.start, after.at), chosen.end


def _stretches(
    ledger: LedgerReader, span: tuple[int, int], subjects: Sequence[int] | None, *, newest_first: bool
) -> Iterator[tuple[int, int]]:
    """The parts of a span (microseconds) that have rows of the subjects, in the order of reading, sought as it goes on.

    A page may end long before all of them were sought.
    """
    if subjects is None or len(subjects) > FEW_SUBJECTS:
        yield span
        return
    for parts in _parts(ledger, span, subjects, newest_first=newest_first):
        found: list[tuple[int, int]] = []
        for start, end in parts:
            if found and found[-1][1] >= start:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            else:
                found.append((start, end))
        yield from found[::-1] if newest_first else found


def _parts(
    ledger: LedgerReader, span: tuple[int, int], subjects: Sequence[int], *, newest_first: bool
) -> Iterator[list[tuple[int, int]]]:
    """Slots that have rows of the subjects, day by day; whole days where slots are not kept any longer."""
    zone, among = ledger.zone, json.dumps(list(subjects))
    oldest_day, newest_day = _ends(ledger, "day")
    oldest_slot, _ = _ends(ledger, "slot")
    first = max(day_number(day_of(max(span[0] // SECOND, 0), zone)), oldest_day)
    last = min(day_number(day_of(min(span[1] // SECOND, newest_day * DAY_SECONDS + 2 * DAY_SECONDS), zone)), newest_day)
    days = _with_rows(ledger, "day", range(first, last + 1), among)
    for day in sorted(days, reverse=newest_first):
        start, end = day_start(day_from_number(day), zone), day_start(day_from_number(day + 1), zone)
        if start < oldest_slot:
            yield [_within(span, start, end)]
        else:
            slots = _with_rows(ledger, "slot", range(start, end, SLOT_SECONDS), among)
            yield [_within(span, slot, slot + SLOT_SECONDS) for slot in sorted(slots)]


def _within(span: tuple[int, int], start: int, end: int) -> tuple[int, int]:
    return max(span[0], start * SECOND), min(span[1], end * SECOND)


def _ends(ledger: LedgerReader, grain: str) -> tuple[int, int]:
    table = REQUEST.table(grain)
    ends = (f"(SELECT {grain} FROM {table} ORDER BY {grain} {order} LIMIT 1)" for order in ("ASC", "DESC"))
    first, last = next(iter(ledger.execute(f"SELECT {', '.join(ends)}", {})))
    return (0, -1) if first is None else (first, last)


def _with_rows(ledger: LedgerReader, grain: str, times: range, subjects: str) -> list[int]:
    """Those of the times at which one of the subjects has a row: one search each."""
    query = f"""
        SELECT t.value FROM json_each(:times) AS t WHERE EXISTS (
          SELECT 1 FROM {REQUEST.table(grain)} WHERE {grain} = t.value
          AND subject IN (SELECT value FROM json_each(:subjects))
        )
    """
    return [time for (time,) in ledger.execute(query, {"times": json.dumps(list(times)), "subjects": subjects})]


def _scanned(
    ledger: LedgerReader, service: int, stretches: Iterable[tuple[int, int]], scan: _Scan, after: LogPlace | None
) -> tuple[list[LoggedRequest], LogPlace | None]:
    """Rows of one service, and where reading ended before all was read; one row more than asked for says so, too."""
    found: list[LoggedRequest] = []
    budget = MOST_SCANNED
    for start, end in stretches:
        if start >= end:
            continue
        bounds = {"service": service, "start": start, "end": end, "budget": budget, **_after(after, scan)}
        rows, read, last = _stretch(ledger, bounds, scan, scan.limit + 1 - len(found))
        found += rows
        if len(found) > scan.limit:
            return found, None
        budget -= read
        if budget <= 0:
            return found, last
    return found, None


def _requests_within(ledger: LedgerReader, bounds: Mapping[str, int]) -> int:
    """Requests of a service in the slots of a stretch, which its log does not exceed; 0 where slots are not kept.

    To count rows of the log takes four times as long: as long as to read them.
    """
    query = f"""
        SELECT ifnull(sum(s.requests), 0)
        FROM {REQUEST.table("slot")} AS s CROSS JOIN {REQUEST.subjects} AS k USING (subject)
        WHERE s.slot >= :first AND s.slot < :end AND k.service = (SELECT name FROM request_service WHERE id = :service)
    """
    first, end = bounds["start"] // SLOT * SLOT_SECONDS, -(-bounds["end"] // SECOND)
    found = ledger.execute(query, {"service": bounds["service"], "first": first, "end": end}).fetchone()
    return int(found[0])


def _after(after: LogPlace | None, scan: _Scan) -> dict[str, int]:
    if after is None:
        return {"at": ENDLESS, "number": ENDLESS} if scan.is_newest_first else {"at": -1, "number": -1}
    return after._asdict()


def _stretch(
    ledger: LedgerReader, bounds: dict[str, int], scan: _Scan, limit: int
) -> tuple[list[LoggedRequest], int, LogPlace | None]:
    """Rows of a stretch, how many were read for them at most, and the last one that was read where that is all."""
    order, past = ("DESC", "<") if scan.is_newest_first else ("ASC", ">")
    rows = f"""
        FROM request_log AS l WHERE l.service = :service AND l.at >= :start AND l.at < :end
        AND (l.at, l.number) {past} (:at, :number)
    """
    ordered = f"ORDER BY l.at {order}, l.number {order}"
    count = f"SELECT count(*) FROM (SELECT 1 {rows} {ordered} LIMIT :budget)"
    read = bounds["budget"]
    if bounds["end"] - bounds["start"] <= SLOT:
        read = _requests_within(ledger, bounds) or ledger.execute(count, bounds).fetchone()[0]
    chosen, values = "".join(f" AND {each}" for each in scan.conditions), {**scan.bounds, **bounds, "limit": limit}
    if read < bounds["budget"]:  # all of them may be read: no row is copied before it is known to be one of these
        query = f"SELECT {FIELDS} {rows.replace('WHERE', f'{JOINS} WHERE')} {chosen} {ordered} LIMIT :limit"
        return [LoggedRequest(*row) for row in ledger.execute(query, values)], read, None
    query = f"""
        SELECT {FIELDS} FROM (SELECT * {rows} {ordered} LIMIT :budget) AS l {JOINS} WHERE 1 {chosen} LIMIT :limit
    """
    found = [LoggedRequest(*row) for row in ledger.execute(query, values)]
    if len(found) >= limit:
        return found, len(found), None
    read = ledger.execute(count, bounds).fetchone()[0]
    if read < bounds["budget"]:
        return found, read, None
    last = ledger.execute(f"SELECT at, number {rows} {ordered} LIMIT 1 OFFSET :budget - 1", bounds).fetchone()
    return found, read, LogPlace(*last)
