"""The formats of an export by name; the module of a format is imported at its first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.export.export import Export
    from reports.export.slots import ReadSlots


class ExportResult(Protocol):
    """The answer of a format's query: an Export, or one with it and more."""

    @property
    def by_day(self) -> Export:
        """The export by days."""

    @property
    def facts(self) -> tuple[object, ...]:
        """The content without the time of the export: equal content has the same repr in every process."""

    @property
    def notice(self) -> str:
        """A sentence for people about missing days, else ""."""

    @property
    def batch_count(self) -> int:
        """Number of batches of days or slots, about."""

    def read_with(self, read: ReadSlots, /) -> ExportResult:
        """The same; `read` reads what is not held while it is written."""


class Format(NamedTuple):
    """A module of this folder with `write(result)`, its media type and file suffix, and its query.

    `source` has the module of reports and its function that make the result; with `needs_context` the function takes
    a WrapUpContext, too. `default` is the range of a request without one.
    """

    module: str
    content_type: str
    suffix: str
    source: tuple[str, str] = ("export.export", "export")
    needs_context: bool = False
    default: str = "all"

    @property
    def query(self) -> Callable[..., ExportResult]:
        """The function that reads the result from the ledger."""
        module, function = self.source
        query: Callable[..., ExportResult] = getattr(import_module(f"reports.{module}"), function)
        return query

    def write(self, result: Any) -> Iterator[bytes]:
        """The result of this format's query, in pieces of some 100 KB: some before the days or slots, one a batch."""
        pieces: Iterator[bytes] = import_module(f"reports.formats.{self.module}").write(result)
        return pieces


FORMATS: Mapping[str, Format] = {
    "json": Format("json.export", "application/json", "json"),
    "csv": Format("csv.days", "text/csv; charset=utf-8; header=present", "csv"),
    "llm": Format("llm", "text/plain; charset=utf-8", "toml"),
    "toon": Format("toon", "text/toon; charset=utf-8", "toon"),
    "markdown": Format("markdown", "text/markdown; charset=utf-8; variant=GFM", "md"),
    "html": Format(
        "html", "text/html; charset=utf-8", "html", ("wrapup.wrapup", "wrapup"), needs_context=True, default="year"
    ),
}

BASIC = Format("csv.basic", FORMATS["csv"].content_type, "csv")
"""PacketBuddy's five columns, for readers that count them."""

BY_APPLICATION = Format(
    "csv.applications", FORMATS["csv"].content_type, "applications.csv", ("export.export", "application_export")
)
"""A line for each application and scope; the other formats have them beside the days."""

BY_ROUTE = Format(
    "csv.requests", FORMATS["csv"].content_type, "requests.csv", ("export.request_export", "request_export")
)
"""A line for each service, method and route; the other formats have services, and the routes that stand out."""

DAYS_TABLE, APPLICATIONS_TABLE, REQUESTS_TABLE = TABLES = ("days", "applications", "requests")
OTHER_TABLES = {APPLICATIONS_TABLE: BY_APPLICATION, REQUESTS_TABLE: BY_ROUTE}

ALL_COLUMNS, BASIC_COLUMNS = COLUMN_SETS = ("all", "basic")

BY_SLOTS = ("export.slots", "slot_export")
SLOT_FORMATS: Mapping[str, Format] = {
    "json": Format("json.slots", FORMATS["json"].content_type, "slots.json", BY_SLOTS),
    "csv": Format("csv.slots", FORMATS["csv"].content_type, "slots.csv", BY_SLOTS),
}
"""Formats by quarter hours, of 35,000 rows a year and more."""

DAY, SLOT = RESOLUTIONS = ("day", "slot")


class ResolutionError(QuestionError):
    """There is no such resolution, set of columns or table, or not in this format; the text has the rule."""


def format_at(resolution: str, name: str, columns: str = ALL_COLUMNS, table: str = DAYS_TABLE) -> Format:
    """The format of this name for days, slots or a table of CSV, with these columns; raises ResolutionError."""
    if table not in TABLES:
        raise ResolutionError(f"table: {table!r} is refused; use {', '.join(TABLES)}")
    if table != DAYS_TABLE:
        if (name, resolution, columns) != ("csv", DAY, ALL_COLUMNS):
            raise ResolutionError(f"table: {table!r} is for csv by the {DAY}; other formats have all tables")
        return OTHER_TABLES[table]
    if resolution not in RESOLUTIONS:
        raise ResolutionError(f"resolution: {resolution!r} is refused; use {', '.join(RESOLUTIONS)}")
    if columns not in COLUMN_SETS:
        raise ResolutionError(f"columns: {columns!r} is refused; use {', '.join(COLUMN_SETS)}")
    if columns == BASIC_COLUMNS:
        if (name, resolution) != ("csv", DAY):
            raise ResolutionError(f"columns: {columns!r} is for csv by the {DAY}")
        return BASIC
    if resolution == DAY:
        return FORMATS[name]
    if name not in SLOT_FORMATS:
        raise ResolutionError(f"resolution: {resolution!r} is for {', '.join(SLOT_FORMATS)}; {name} tells of days")
    return SLOT_FORMATS[name]
