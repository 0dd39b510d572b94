"""The formats of an export by name: how each is served and saved; what writes it is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reports.export.export import Export
    from reports.export.slots import ReadSlots


class ExportResult(Protocol):
    """What a question of an export gives: an Export, or one that has it and more."""

    @property
    def by_day(self) -> Export:
        """Whose days they are, and which."""

    @property
    def facts(self) -> tuple[object, ...]:
        """All that it tells but the time of the export: their repr is the same as long as it tells the same."""

    @property
    def notice(self) -> str:
        """What is to be said about it, else ""."""

    @property
    def batch_count(self) -> int:
        """How many batches of days or slots there are, about."""

    def read_with(self, read: ReadSlots, /) -> ExportResult:
        """The same; what is not held is read by `read` while it is written."""


class Format(NamedTuple):
    """A module of this folder with `write(export)`, its media type and file suffix, and what it tells of.

    `question` is the module of reports and its function that give it what it writes; with `needs_context` that is also
    given what it needs of the settings. `default` is the range where none is asked for.
    """

    module: str
    content_type: str
    suffix: str
    question: tuple[str, str] = ("export.export", "export")
    needs_context: bool = False
    default: str = "all"

    @property
    def query(self) -> Callable[..., ExportResult]:
        """The question to put to the ledger."""
        module, function = self.question
        question: Callable[..., ExportResult] = getattr(import_module(f"reports.{module}"), function)
        return question

    def write(self, told: Any) -> Iterator[bytes]:
        """The export, in pieces of some 100 KB: one or more before the days or slots, and one for each batch of them.

        `told` is what this format's question gave.
        """
        pieces: Iterator[bytes] = import_module(f"reports.formats.{self.module}").write(told)
        return pieces


FORMATS: Mapping[str, Format] = {
    "json": Format("json.export", "application/json", "json"),
    "csv": Format("csv.days", "text/csv; charset=utf-8; header=present", "csv", ("export.export", "daily")),
    "llm": Format("llm", "text/plain; charset=utf-8", "toml"),
    "toon": Format("toon", "text/toon; charset=utf-8", "toon"),
    "markdown": Format("markdown", "text/markdown; charset=utf-8; variant=GFM", "md"),
    "html": Format(
        "html", "text/html; charset=utf-8", "html", ("wrapup.wrapup", "wrapup"), needs_context=True, default="year"
    ),
}

BASIC = Format("csv.basic", FORMATS["csv"].content_type, "csv", FORMATS["csv"].question)
"""PacketBuddy's five columns, for readers that count them."""

ALL_COLUMNS, BASIC_COLUMNS = COLUMN_SETS = ("all", "basic")

BY_SLOTS = ("export.slots", "slot_export")
SLOT_FORMATS: Mapping[str, Format] = {
    "json": Format("json.slots", FORMATS["json"].content_type, "slots.json", BY_SLOTS),
    "csv": Format("csv.slots", FORMATS["csv"].content_type, "slots.csv", BY_SLOTS),
}
"""By quarter hours: what can hold 35,000 rows a year and more."""

DAY, SLOT = RESOLUTIONS = ("day", "slot")


class ResolutionError(QuestionError):
    """There is no such resolution or choice of columns, or a format has none of it; the text has the rule."""


def format_at(resolution: str, name: str, columns: str = ALL_COLUMNS) -> Format:
    """The format of this name for days or for slots, with these columns; raises ResolutionError."""
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
