"""Options that several commands have."""

from __future__ import annotations

from functools import update_wrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reports.calendar.parsing import PeriodError
from reports.calendar.requests import Bound, IsoDate, IsoMonth, IsoYear
from reports.usage.scopes import UsageFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Command = TypeVar("Command", bound="Callable[..., object]")
Answer = TypeVar("Answer")

API_JSON = "Print JSON, as the API gives it."


def json_option(text: str = "Print JSON.") -> Callable[[Command], Command]:
    """`--json`, given as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=text)


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


def interface_option(
    text: str = "One interface instead of all that are counted; given again, several added up.",
) -> Callable[[Command], Command]:
    """`--interface NAME`, several times for a sum."""
    return click.option("--interface", "interfaces", metavar="NAME", multiple=True, callback=_each_once, help=text)


def _each_once(_ctx: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(given))


def filter_options(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """`--interface NAME` or `--scope NAME`, each several times for a sum, given as one `usage_filter`."""

    def call(*arguments: Any, interfaces: Sequence[str], scopes: Sequence[str], **options: Any) -> Answer:
        return command(*arguments, usage_filter=UsageFilter(interfaces, scopes), **options)

    return interface_option()(scope_option()(update_wrapper(call, command)))


def scope_option() -> Callable[[Command], Command]:
    """`--scope NAME`, several times for a sum."""
    text = "What applications moved to and from this scope alone: loopback, lan, internet, or a network."
    return click.option("--scope", "scopes", metavar="NAME", multiple=True, callback=_each_once, help=text)


def by_option(command: Command) -> Command:
    """`--by application`, given as `dimension`."""
    text = "A table of applications instead."
    return click.option("--by", "dimension", type=click.Choice(["application"]), help=text)(command)


def refuse_interfaces(dimension: str | None, interfaces: Sequence[str]) -> None:
    """End the command where applications of an interface are asked for."""
    if dimension is not None and interfaces:
        raise click.UsageError("--by and --interface: give one of them; an application is no part of an interface")


def subject_options(command: Callable[..., Answer]) -> Callable[..., Answer]:
    """`--interface NAME` or `--scope NAME`, given as `usage_filter`, or `--plan NAME`."""
    return click.option("--plan", metavar="NAME", help="The interfaces of a plan instead.")(filter_options(command))


def output_options(text: str) -> Callable[[Command], Command]:
    """`--output FILE`, where - is standard output, and `--force`."""
    path = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
    output = click.option("--output", metavar="FILE", type=path, help=text)
    force = click.option("--force", is_flag=True, help="Replace FILE if it is there.")
    return lambda command: output(force(command))
