"""Options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from reports.ledger.scope import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Command = TypeVar("Command", bound="Callable[..., object]")


def _together(_ctx: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> str | None:
    """Several are added up."""
    return joined(given)


def one_interface(
    text: str = "One interface instead of all that are counted; given again, several added up.",
) -> Callable[[Command], Command]:
    """`--interface NAME`, once for each."""
    return click.option("--interface", metavar="NAME", multiple=True, callback=_together, help=text)


def reading_options(command: Command) -> Command:
    """`--json` and `--interface NAME`."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, as the API gives it.")
    return one_interface()(as_json(command))
