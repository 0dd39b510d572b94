"""Options whose values are types of a question: days and instants, and what is counted."""

from __future__ import annotations

from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

from exporter.terminal.options import interface_option, scope_option
from reports.calendar.parsing import PeriodError
from reports.calendar.requests import Bound, IsoDate, IsoMonth, IsoYear
from reports.usage.scopes import UsageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answer = TypeVar("Answer")


class CalendarValue(click.ParamType):  # type: ignore[type-arg]
    """A value that a type of the calendar parses: its text is all that the type takes."""

    def __init__(self, parse: Callable[[str], object], strip: str = "-") -> None:
        self.name, self._parse, self._strip = "date", parse, strip

    def convert(self, value: Any, param: click.Parameter | None, _ctx: click.Context | None) -> Any:
        """Parse it; the error names the option or the argument."""
        try:
            return self._parse(value) if isinstance(value, str) else value
        except PeriodError as error:
            name = param.opts[0].lstrip(self._strip) if param else self.name
            raise click.UsageError(f"{name}: {error}") from error


YEAR, MONTH, DATE, BOUND = (CalendarValue(parse) for parse in (IsoYear, IsoMonth, IsoDate, Bound))


def filter_options(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """`--interface NAME` or `--scope NAME`, each several times for a sum, given as one `usage_filter`."""

    def call(*arguments: Any, interfaces: Sequence[str], scopes: Sequence[str], **options: Any) -> Answer:
        return command(*arguments, usage_filter=UsageFilter(interfaces, scopes), **options)

    return interface_option()(scope_option()(update_wrapper(call, command)))


def subject_options(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """`--interface NAME` or `--scope NAME`, given as `usage_filter`, or `--plan NAME`."""
    return click.option("--plan", metavar="NAME", help="The interfaces of a plan instead.")(filter_options(command))
