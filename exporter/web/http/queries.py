"""Query parameters: their types, which OpenAPI describes, too, and the parsing of a query string into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from reports.calendar.requests import CUSTOM, RANGES, Bound, IsoDate, IsoMonth, IsoYear, PeriodRequest
from reports.errors import QuestionError
from reports.usage.scopes import UsageFilter

if TYPE_CHECKING:
    from aiohttp import web

REPEATED = ("interface", "scope", "hosts")
"""Parameters that may be given again."""

QueryType = TypeVar("QueryType", bound="Query")

Interfaces = tuple[
    Annotated[
        str,
        msgspec.Meta(
            description="One interface, by its own name or that of the settings, or a pattern such as eth*; given "
            "again, several added up. Without it, the answer is for the machine: its counted interfaces together.",
            extra_json_schema={"minLength": 1},
            examples=["eth0"],
        ),
    ],
    ...,
]
Scopes = tuple[
    Annotated[
        str,
        msgspec.Meta(
            description="Only what applications moved to and from peers of this scope: loopback, lan, internet, or a "
            "network of the settings; given again, several added up. Not with `interface`. Bytes that no application "
            "was credited with, as those before the application meter began, are in no scope.",
            extra_json_schema={"minLength": 1},
            examples=["internet"],
        ),
    ],
    ...,
]
Hosts = tuple[
    Annotated[
        str,
        msgspec.Meta(
            description="Machines of the mirror added up: all, or their names or ids, separated by commas or given "
            "again. Each is one interface then, of its name. Without it, the answer is of this machine alone.",
            extra_json_schema={"minLength": 1},
            examples=["all"],
        ),
    ],
    ...,
]
YEARS = "(19[7-9][0-9]|2[01][0-9]{2}|2200)"
DATE_SCHEMA = {"format": "date", "pattern": f"^{YEARS}-[0-9]{{2}}-[0-9]{{2}}$"}
RangeName = Annotated[
    str,
    msgspec.Meta(
        description="A named range (the whole of the running week, month or year); custom stands for from and to.",
        extra_json_schema={"enum": [*RANGES, CUSTOM]},
        examples=["month"],
    ),
]
CalendarMonth = Annotated[
    IsoMonth,
    msgspec.Meta(
        description="Calendar month in the ledger's zone, 1970-01 to 2200-12; the current one by default.",
        extra_json_schema={"pattern": f"^{YEARS}-(0[1-9]|1[0-2])$"},
        examples=["2026-08"],
    ),
]
CalendarYear = Annotated[
    IsoYear,
    msgspec.Meta(
        description="Calendar year in the ledger's zone, 1970 to 2200; the current one by default.",
        extra_json_schema={"pattern": f"^{YEARS}$"},
        examples=["2026"],
    ),
]
FirstDay = Annotated[
    IsoDate,
    msgspec.Meta(
        description="First local day, 1970-01-01 to 2200-12-31; the first counted one, where it can be left out.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-01"],
    ),
]
LastDay = Annotated[
    IsoDate,
    msgspec.Meta(
        description="Last local day, included, not before the first; today, where it can be left out.",
        extra_json_schema=DATE_SCHEMA,
        examples=["2026-08-31"],
    ),
]
INSTANT_PATTERN = (
    f"^{YEARS}-[0-9]{{2}}-[0-9]{{2}}"
    "([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?(Z|[+ -][0-9]{2}:[0-9]{2})?)?$"
)
Begin = Annotated[
    Bound,
    msgspec.Meta(
        description="First local day, or an ISO 8601 instant (local time without offset); by default the first ever.",
        extra_json_schema={"pattern": INSTANT_PATTERN},
        examples=["2026-08-01", "2026-08-01T06:00:00+05:30"],
    ),
]
End = Annotated[
    Bound,
    msgspec.Meta(
        description="Last local day, included, or an ISO 8601 instant, excluded; today by default.",
        extra_json_schema={"pattern": INSTANT_PATTERN},
        examples=["2026-08-31", "2026-09-01T06:00:00+05:30"],
    ),
]
PlanOfDays = Annotated[
    str,
    msgspec.Meta(
        description="The interfaces of a plan of the settings together; not with `interface` or `scope`.",
        examples=["default"],
    ),
]
SWITCHES = {"true": True, "1": True, "false": False, "0": False}


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Query parameters of an endpoint; unknown ones are refused."""


class NoQuery(Query, frozen=True, kw_only=True):
    """An endpoint without parameters."""


class PeriodQuery(Query, frozen=True, kw_only=True):
    """Answers for a period."""

    @property
    def period_request(self) -> PeriodRequest:
        """The period of those parameters that the query has."""
        names = set(PeriodRequest._fields) & set(self.__struct_fields__)
        return PeriodRequest(**{name: getattr(self, name) for name in names})


class OfInterface(PeriodQuery, frozen=True, kw_only=True):
    """Answers for some interfaces instead of the whole machine."""

    interface: Interfaces = ()

    @property
    def usage_filter(self) -> UsageFilter:
        """The interfaces or scopes of the query."""
        return UsageFilter(self.interface)


class OfSelection(OfInterface, frozen=True, kw_only=True):
    """Answers for some interfaces, or for some scopes of applications' traffic, of this machine or of several."""

    scope: Scopes = ()
    hosts: Hosts = ()

    @property
    def usage_filter(self) -> UsageFilter:
        """The interfaces or scopes of the query."""
        return UsageFilter(self.interface, self.scope)


class MonthQuery(OfSelection, frozen=True, kw_only=True):
    """Which month."""

    month: CalendarMonth | None = None


class DaysQuery(OfSelection, frozen=True, kw_only=True, rename={"first": "from", "last": "to"}):
    """Which days, of which interface or plan."""

    range: RangeName | None = None
    first: FirstDay | None = None
    last: LastDay | None = None
    plan: PlanOfDays | None = None


class BadRequestError(QuestionError):
    """A parameter cannot be used; the text names it, its value and the rule."""


def parse_query(request: web.Request, kind: type[QueryType]) -> QueryType:
    """Turn the query string, and what stands in the path, into its type; raises BadRequestError."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given and name not in REPEATED:
            raise BadRequestError(f"{name}: given more than once")
        given[name] = value
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    in_path = {name: value for name, value in request.match_info.items() if name in known}
    usable = [name for name in known if name not in in_path]
    for name in given:
        if name not in usable:
            rule = f"use {', '.join(usable)}" if usable else "there are none here"
            raise BadRequestError(f"{name}: unknown parameter; {rule}")
    given |= in_path
    for name, field in known.items():
        if field.required and name not in given:
            raise BadRequestError(f"{name}: is missing")
    values: dict[str, object] = {
        name: _switch(name, text) if isinstance(known[name].default, bool) else text for name, text in given.items()
    }
    values |= {name: tuple(dict.fromkeys(request.query.getall(name))) for name in REPEATED if name in given}
    try:
        return msgspec.convert(values, kind, dec_hook=lambda parse, text: parse(text))
    except msgspec.ValidationError as error:
        name = str(error).rpartition("`$.")[2].rstrip("`")
        raise BadRequestError(f"{name}: {error.__cause__}") from error


def values_of(request: web.Request, kind: type[Query]) -> dict[str, tuple[str, ...]]:
    """The values of the parameters that a type has, as text; every other parameter is passed over."""
    given = request.query
    return {name: tuple(given.getall(name)) for name in kind.__struct_encode_fields__ if name in given}


def _switch(name: str, text: str) -> bool:
    value = SWITCHES.get(text.lower())
    if value is None:
        raise BadRequestError(f"{name}: {text!r} is refused; use true or false")
    return value
