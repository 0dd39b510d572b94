"""Tables of requests: services, routes of one service, and single requests of the log."""

from __future__ import annotations

import sys
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from exporter.session.application_questions import period_of
from exporter.session.questions import ask
from exporter.session.reading import CommandAnswer
from exporter.session.request_questions import all_routes, all_services, all_totals, logged_requests
from exporter.terminal.amounts import UNKNOWN, bytes_text, chosen_style, count_text
from exporter.terminal.dates import time_text
from exporter.terminal.imported import MARK, marked
from exporter.terminal.printing import (
    BORDER,
    GAP,
    TextTable,
    print_sentence,
    print_table,
    printable,
    terminal_width,
)
from exporter.terminal.width import cut, text_width
from reports.calendar.days import FIRST_DAY
from reports.text.milliseconds import human_milliseconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exporter.session.questions import Reply
    from exporter.session.request_questions import LogRequest, RequestsRequest
    from exporter.session.session import Session
    from reports.formats.json.request_log import LogEntry, RequestLogAnswer
    from reports.formats.json.request_rows import RoutesAnswer, ServicesAnswer
    from reports.formats.json.requests import RequestTotals
    from reports.formats.request_shapes import RequestSums

COLUMNS = ("Requests", "Errors", "Average", "p95", "Bytes")
LOG_COLUMNS = ("Time", "Status", "Took", "Client")
TOTAL, NARROWEST_NAME = "TOTAL", 16
DAY, SECOND_OF_DAY = slice(10), slice(11, 19)
"""Of an ISO 8601 time: "2026-06-12" and "14:30:05"."""


def services_answer(session: Session, request: RequestsRequest) -> CommandAnswer:
    """The answer of a command to a question of all services."""
    found, whole = (
        ask(session, all_services(session, request)),
        ask(session, all_totals(session, request)).answer.summary,
    )
    return CommandAnswer(_with_totals(found.answer, whole), partial(print_services, found, whole))


def routes_answer(session: Session, request: RequestsRequest) -> CommandAnswer:
    """The answer of a command to a question of one service by route."""
    found, whole = ask(session, all_routes(session, request)), ask(session, all_totals(session, request)).answer.summary
    return CommandAnswer(_with_totals(found.answer, whole), partial(print_routes, found, whole))


def log_answer(session: Session, request: LogRequest) -> CommandAnswer:
    """The answer of a command to a question of the request log."""
    found = ask(session, logged_requests(session, request))
    return CommandAnswer(found.answer, partial(print_log, found.answer, has_service=request.service is None))


def print_services(found: Reply[ServicesAnswer], whole: RequestTotals) -> None:
    """Every service, and all of them together."""
    rows = found.answer.services
    if not rows:
        print_sentence(f"No request was counted {_when(found)}: `netledger requests key create` lets services report.")
        return
    cells = [(marked(row.service, row.imported_requests), *_cells(row)) for row in rows]
    cells.append((TOTAL, *_cells_of_all(whole)))
    _print(f"Requests, {_period(found)}", "Service", cells, [*_in_all(found, whole), *_notes(found)])


def print_routes(found: Reply[RoutesAnswer], whole: RequestTotals) -> None:
    """Routes of a service, those beyond the limit as one row, and the whole service."""
    answer = found.answer
    cells = [(marked(f"{row.method} {row.route}", row.imported_requests), *_cells(row)) for row in answer.routes]
    if not cells:
        print_sentence(f"{printable(answer.service or '')} had no request {_when(found)}.")
        return
    cells += [*_rest(answer), (TOTAL, *_cells_of_all(whole))]
    _print(f"Requests of {answer.service}, {_period(found)}", "Route", cells, [*_in_all(found, whole), *_notes(found)])


def print_log(answer: RequestLogAnswer, *, has_service: bool) -> None:
    """Single requests, and how the next ones are asked for."""
    if not answer.requests:
        print_sentence("The request log has no such request.")
    else:
        columns = (*LOG_COLUMNS, *(("Service",) if has_service else ()), "Request")
        rows = [_logged(row, has_service=has_service) for row in answer.requests]
        left = frozenset({0, 3, *range(4, len(columns))})
        print_table(TextTable("Requests", columns, _fitted(columns, rows, len(columns) - 1), left))
    if answer.next is not None:
        print_sentence(f"more: --cursor {answer.next}")


def _logged(row: LogEntry, *, has_service: bool) -> tuple[str, ...]:
    return (
        f"{time_text(row.created_at[DAY], has_year=False)} {row.created_at[SECOND_OF_DAY]}",
        str(row.status_code or UNKNOWN),
        _took(row.process_time),
        row.ip or "",
        *((row.service,) if has_service else ()),
        f"{row.method} {row.path}",
    )


def _print(title: str, name: str, rows: Sequence[tuple[str, ...]], notes: Sequence[str]) -> None:
    columns = (name, *COLUMNS)
    print_table(TextTable(title, columns, _fitted(columns, rows, 0)), notes)


def _fitted(columns: Sequence[str], rows: Sequence[tuple[str, ...]], place: int) -> list[tuple[str, ...]]:
    """Rows whose text at a place is cut to the room that the others leave on a terminal; in a pipe as they are."""
    if not sys.stdout.isatty():
        return list(rows)
    safe = [tuple(map(printable, row)) for row in (columns, *rows)]
    others = sum(max(map(text_width, cells)) for at, cells in enumerate(zip(*safe, strict=True)) if at != place)
    room = terminal_width() - others - BORDER * len(columns) - 1
    if room < NARROWEST_NAME:  # without a frame
        room = max(terminal_width() - others - GAP * (len(columns) - 1), NARROWEST_NAME)
    return [(*row[:place], cut(row[place], room), *row[place + 1 :]) for row in safe[1:]]


def _cells(row: RequestSums) -> tuple[str, ...]:
    times = _took(row.avg_time), _took(row.p95)
    return count_text(row.requests), _percent(row.error_rate), *times, bytes_text(_bytes(row))


def _cells_of_all(whole: RequestTotals) -> tuple[str, ...]:
    times = _took(whole.avg_response_time), _took(whole.p95)
    moved = bytes_text(whole.request_bytes + whole.response_bytes)
    return count_text(whole.total_requests), _percent(whole.error_rate), *times, moved


def _in_all(found: Reply[ServicesAnswer] | Reply[RoutesAnswer], whole: RequestTotals) -> Iterator[str]:
    """What no column has: the number of errors, different clients of whole days, and other quantiles."""
    errors = f"{count_text(whole.errors)} error{'' if whole.errors == 1 else 's'}"
    clients = f"{count_text(whole.unique_ips)} different client{'' if whole.unique_ips == 1 else 's'}"
    yield f"{errors}, {clients}" if whole.unique_ips and _is_of_days(found) else errors
    if whole.p50 is not None:
        parts = {"p50": whole.p50, "p95": whole.p95, "p99": whole.p99}
        yield ", ".join(f"{name} {_took(value)}" for name, value in parts.items())
    if whole.imported_requests:
        yield f"{count_text(whole.imported_requests)} of them imported ({MARK}): `netledger import list`"


def _with_totals(answer: ServicesAnswer | RoutesAnswer, whole: RequestTotals) -> dict[str, object]:
    return {**msgspec.to_builtins(answer), "summary": msgspec.to_builtins(whole)}


def _bytes(row: RequestSums) -> int:
    return row.request_bytes + row.response_bytes


def _rest(answer: RoutesAnswer) -> Iterator[tuple[str, ...]]:
    """What the routes beyond the limit had."""
    if answer.other_requests:
        share = _percent(100 * answer.other_errors / answer.other_requests)
        yield f"({answer.total - len(answer.routes)} more)", count_text(answer.other_requests), share, "", "", ""


def _took(milliseconds: float | None) -> str:
    return chosen_style().number(human_milliseconds(milliseconds))


def _percent(percent: float) -> str:
    return chosen_style().number(f"{percent:.1f} %")


def _period(found: Reply[ServicesAnswer] | Reply[RoutesAnswer]) -> str:
    name = _period_name(found)
    return f"until {time_text(name.removeprefix('until '))}" if name.startswith("until ") else time_text(name)


def _period_name(found: Reply[ServicesAnswer] | Reply[RoutesAnswer]) -> str:
    start, end = (datetime.fromisoformat(text) for text in (found.answer.start, found.answer.end))
    last = (end - timedelta(seconds=1)).date()
    if not _is_of_days(found):
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    return f"until {last}" if start.date() == FIRST_DAY else period_of(str(start.date()), str(last), found.zone).name


def _when(found: Reply[ServicesAnswer] | Reply[RoutesAnswer]) -> str:
    """The period within a sentence: "on 2026-06-12", "in 2026-06", "from 2026-06-01 to 2026-06-12"."""
    name, words = _period_name(found), _period(found)
    if name.startswith("until "):
        return words
    if " to " in name:
        return f"from {words}"
    return f"{'on' if len(name) == len('2026-06-12') else 'in'} {words}"


def _is_of_days(found: Reply[ServicesAnswer] | Reply[RoutesAnswer]) -> bool:
    times = {datetime.fromisoformat(text).time() for text in (found.answer.start, found.answer.end)}
    return times == {time.min}


def _notes(found: Reply[ServicesAnswer] | Reply[RoutesAnswer]) -> list[str]:
    excluded = found.answer.excluded
    return [found.until, *([f"without {' and '.join(excluded)}"] if excluded else [])]
