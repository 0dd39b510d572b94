"""Options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Command = TypeVar("Command", bound="Callable[..., object]")


def _only_one(_ctx: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> str | None:
    """Refuse a second one: the last would hide the others."""
    if len(given) > 1:
        raise click.BadParameter("given more than once: interfaces are added up by a plan that names them")
    return given[0] if given else None


def one_interface(
    text: str = "One interface instead of all that are counted.",
) -> Callable[[Command], Command]:
    """`--interface NAME`, once."""
    return click.option("--interface", metavar="NAME", multiple=True, callback=_only_one, help=text)


def reading_options(command: Command) -> Command:
    """`--json` and `--interface NAME`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
    return one_interface()(as_json(command))
