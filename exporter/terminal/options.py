"""Options that commands share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from reports.ledger.scope import in_words, joined

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


def interface_label(interface: str | None) -> str:
    """The chosen interfaces in words, for a title."""
    return in_words(interface) if interface else "all counted interfaces"
