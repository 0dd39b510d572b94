"""What API Analytics' clients read: the dashboard's JSON and the raw log, with its parameters and its errors."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from exporter.web.context import CONTEXT
from exporter.web.http.doors import service_of
from exporter.web.http.responses import RefusedError, json_response
from exporter.web.http.seed_queries import MOST_OFFSET, MOST_RAW, STEPS, DashboardQuery, RawLogsQuery
from reports.calendar.days import ONE_DAY, Span, day_of, day_start
from reports.calendar.parsing import PeriodError
from reports.calendar.requests import Bound
from reports.errors import QuestionError
from reports.formats.json.request_log import raw_log
from reports.formats.json.requests import Dashboard, dashboard
from reports.ledger.request_filter import LogFilter
from reports.ledger.request_log import ORDERS, sorted_log
from reports.usage.clients import client_figures
from reports.usage.requests.logged import parse_code, parse_milliseconds, without
from reports.usage.requests.selection import RequestSelection
from reports.usage.requests.series import request_series
from reports.usage.requests.summary import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from aiohttp import web

    from exporter.web.http.queries import Query
    from reports.ledger.reader import LedgerReader
    from reports.ledger.request_log import LoggedRequest

Value = TypeVar("Value")

MOST_LISTED, MOST_STEPS = 5, 50
SECOND = 1_000_000
WHOLE = re.compile("[0-9]{1,9}", re.ASCII)
REVERSED_DATES = "Start date must be before end date"
REVERSED_TIMES = "Min time must be less than max time"
TIME_NAMES = ("process_time_min", "process_time_max")


async def dashboard_json(request: web.Request) -> web.Response:
    """Requests of the key's service in the shape of API Analytics: the five newest days, fifty with dates or a period.

    An admin key has those of all services, or of `service`. Raises RefusedError.
    """
    context, given = request.app[CONTEXT], _given(request, DashboardQuery)
    step = given.get("period", "daily")
    if step not in STEPS:
        raise _refused("period", step, f"use {', '.join(STEPS)}")
    span = _span(given, context.zone, context.now)
    selection = RequestSelection(_services(request, given), excluded=context.settings.requests.exclude)
    most = MOST_LISTED if given.keys() <= {"service"} else MOST_STEPS
    now = context.now

    def answer(ledger: LedgerReader) -> Dashboard:
        found = summary(ledger, span, now, selection, routes=0)
        steps = request_series(ledger, now, span, selection, step=STEPS[step], most=most)
        days = (day_of(span.start, ledger.zone), day_of(span.end - 1, ledger.zone))
        return dashboard(found, steps, ledger.zone, client_figures(ledger, selection.services, *days, MOST_LISTED))

    await context.merge_events()
    return json_response(await context.ask(answer))


async def raw_logs(request: web.Request) -> web.Response:
    """Single requests of the key's service as API Analytics lists them; raises RefusedError."""
    context, given = request.app[CONTEXT], _given(request, RawLogsQuery)
    limit = _whole(given, "limit", MOST_RAW, 1, MOST_RAW)
    offset = _whole(given, "offset", 0, 0, MOST_OFFSET)
    order = given.get("order_by", "created_at")
    if order not in ORDERS:
        raise _refused("order_by", order, f"use {', '.join(ORDERS)}")
    chosen, excluded = _filter(request, given), context.settings.requests.exclude

    def answer(ledger: LedgerReader) -> list[LoggedRequest]:
        return sorted_log(ledger, without(ledger, chosen, excluded), order, limit=limit, offset=offset)

    found = await context.ask_patiently(answer)
    return json_response([raw_log(row, context.zone) for row in found])


def _filter(request: web.Request, given: Mapping[str, str]) -> LogFilter:
    context = request.app[CONTEXT]
    span = _span(given, context.zone, context.now)
    least, most = (_read(given, name, partial(parse_milliseconds, name)) for name in TIME_NAMES)
    if least is not None and most is not None and least >= most:
        raise RefusedError(422, REVERSED_TIMES)
    return LogFilter(
        _services(request, given),
        start=span.start * SECOND,
        end=span.end * SECOND,
        method=given.get("method", ""),
        code=_read(given, "status_code", partial(parse_code, "status_code")) or "",
        path=given.get("endpoint", ""),
        client=given.get("ip", ""),
        least=least,
        most=most,
    )


def _given(request: web.Request, kind: type[Query]) -> dict[str, str]:
    names = kind.__struct_encode_fields__
    for name, value in request.query.items():
        if name not in names:
            raise _fault(name, value, f"{name}: is unknown here; use {', '.join(names)}")
        if len(request.query.getall(name)) > 1:
            raise _fault(name, value, f"{name}: given more than once")
    return dict(request.query)


def _services(request: web.Request, given: Mapping[str, str]) -> tuple[str, ...]:
    """The service of the key, whatever is asked for; of an admin key the one that is named, or all."""
    own = service_of(request)
    if own is not None:
        if given.get("service", own) != own:
            raise RefusedError(403, "this key reads its own service alone")
        return (own,)
    return (given["service"],) if "service" in given else ()


def _span(given: Mapping[str, str], zone: ZoneInfo, now: float) -> Span:
    first, last = (_read(given, name, Bound) for name in ("start_date", "end_date"))
    start = 0 if first is None else first.start(zone)
    end = day_start(day_of(now, zone) + ONE_DAY, zone) if last is None else last.end(zone)
    if end <= start:
        raise RefusedError(422, REVERSED_DATES)
    return Span(start, end)


def _read(given: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value | None:
    """The value of a parameter, None without it; raises RefusedError."""
    try:
        return parse(given[name]) if name in given else None
    except PeriodError as error:  # a date does not know what it is for
        raise _fault(name, given[name], f"{name}: {error}") from error
    except QuestionError as error:
        raise _fault(name, given[name], str(error)) from error


def _whole(given: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name, str(usual))
    if WHOLE.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    raise _refused(name, text, f"write a whole number from {least} to {most}")


def _refused(name: str, value: str, rule: str) -> RefusedError:
    return _fault(name, value, f"{name}: {value!r} is refused; {rule}")


def _fault(name: str, value: str, message: str) -> RefusedError:
    return RefusedError(422, [{"type": "value_error", "loc": ["query", name], "msg": message, "input": value}])
