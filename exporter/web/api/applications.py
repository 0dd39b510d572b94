"""Applications over HTTP: who moved how much, and where to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from exporter.web.http.queries import BadRequestError, FirstDay, Hosts, LastDay, PeriodQuery, RangeName, Scopes
from exporter.web.http.routes import PATIENT, LedgerRequest, Routes
from reports.calendar.days import day_of
from reports.formats.json import applications as shapes
from reports.usage.applications import SORTS, application, applications, first_application_day
from reports.usage.scopes import require_scopes

if TYPE_CHECKING:
    from reports.calendar.period import Period

routes = Routes()

MOST_ROWS = 10_000
WHOLE = re.compile("[0-9]{1,9}", re.ASCII)

SortName = Annotated[
    str,
    msgspec.Meta(
        description="total, received, sent: the largest first; name: special ones as (unknown) last.",
        extra_json_schema={"enum": list(SORTS), "default": "total"},
    ),
]
Limit = Annotated[
    str,
    msgspec.Meta(
        description=f"So many applications at most, 1 to {MOST_ROWS:,}; all without it.",
        extra_json_schema={"type": "integer", "minimum": 1, "maximum": MOST_ROWS},
        examples=["10"],
    ),
]
Offset = Annotated[
    str,
    msgspec.Meta(
        description="So many applications are left out at the begin.",
        extra_json_schema={"type": "integer", "minimum": 0, "maximum": MOST_ROWS, "default": 0},
    ),
]
ApplicationName = Annotated[
    str,
    msgspec.Meta(description="Name of an application, percent-encoded; it may hold slashes.", examples=["sshd"]),
]


class DaysOfScopes(PeriodQuery, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days, which scopes, and which machines."""

    range: RangeName | None = None
    first: FirstDay | None = None
    last: LastDay | None = None
    scope: Scopes = ()
    hosts: Hosts = ()


class ApplicationsQuery(DaysOfScopes, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which of the applications, in which order."""

    sort: SortName = "total"
    limit: Limit | None = None
    offset: Offset = "0"


class ApplicationQuery(DaysOfScopes, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which application."""

    name: ApplicationName


@routes.question(
    "/api/applications", "Usage by application", link=lambda at, query: at.applications(query, "today"), ask=PATIENT
)
def list_applications(request: LedgerRequest, query: ApplicationsQuery) -> shapes.ApplicationsAnswer:
    """Bytes of programs, services, containers and pods by scope and protocol, today's by default.

    The same sums as the interfaces', but for what is unattributed. Empty where no application was measured.
    """
    limit = None if query.limit is None else _whole("limit", query.limit, 1)
    offset = _whole("offset", query.offset, 0)
    require_scopes(request.ledger, query.scope, request.service.settings.networks)
    found = applications(
        request.ledger,
        _period(request, query, "today"),
        request.now,
        scopes=query.scope,
        sort=query.sort,
        limit=limit,
        offset=offset,
    )
    return shapes.applications(found, request.zone, query.scope, limit, offset)


@routes.question(
    "/api/applications/{name}",
    "Usage of an application by day",
    link=lambda at, query: at.applications(query, "month"),
    ask=PATIENT,
)
def one_application(request: LedgerRequest, query: ApplicationQuery) -> shapes.ApplicationAnswer:
    """Every day of one application until today, this month's by default: zeros where it moved nothing."""
    require_scopes(request.ledger, query.scope, request.service.settings.networks)
    found = application(request.ledger, query.name, _period(request, query, "month"), request.now, query.scope)
    return shapes.application(found, request.zone, query.scope)


def _period(request: LedgerRequest, query: DaysOfScopes, default: str) -> Period:
    """The period of the query; all days begin with the first of the machine."""
    today = day_of(request.now, request.zone)
    return query.period_request.period(today, request.zone, default, first_application_day(request.ledger) or today)


def _whole(name: str, text: str, least: int) -> int:
    if WHOLE.fullmatch(text) and least <= int(text) <= MOST_ROWS:
        return int(text)
    raise BadRequestError(f"{name}: {text!r} is refused; write a whole number from {least} to {MOST_ROWS}")
