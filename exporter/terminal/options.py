"""Options that several commands have, the root among them: nothing here loads what a question needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Command = TypeVar("Command", bound="Callable[..., object]")

API_JSON = "Print JSON, as the API gives it."


def json_option(text: str = "Print JSON.") -> Callable[[Command], Command]:
    """`--json`, given as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help=text)


def interface_option(
    text: str = "One interface instead of all that are counted; given again, several added up.",
) -> Callable[[Command], Command]:
    """`--interface NAME`, several times for a sum."""
    return click.option("--interface", "interfaces", metavar="NAME", multiple=True, callback=_each_once, help=text)


def _each_once(_ctx: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(given))


def scope_option() -> Callable[[Command], Command]:
    """`--scope NAME`, several times for a sum."""
    text = "What applications moved to and from this scope alone: loopback, lan, internet, or a network."
    return click.option("--scope", "scopes", metavar="NAME", multiple=True, callback=_each_once, help=text)


def hosts_option(command: Command) -> Command:
    """`--hosts all` or `--hosts NAME,NAME`, kept in the environment of the call: its questions are of them."""
    text = "Machines of the mirror added up: all, or names, by commas or given again. Each is an interface then."
    option = click.option(
        "--hosts", metavar="NAMES", multiple=True, expose_value=False, callback=_keep_hosts, help=text
    )
    return option(command)


def _keep_hosts(ctx: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> None:
    if given:
        ctx.obj = ctx.obj._replace(hosts=tuple(given))


def by_option(command: Command) -> Command:
    """`--by application`, given as `dimension`."""
    text = "A table of applications instead."
    return click.option("--by", "dimension", type=click.Choice(["application"]), help=text)(command)


def refuse_interfaces(dimension: str | None, interfaces: Sequence[str]) -> None:
    """End the command where applications of an interface are asked for."""
    if dimension is not None and interfaces:
        raise click.UsageError("--by and --interface: give one of them; an application is no part of an interface")


def output_options(text: str) -> Callable[[Command], Command]:
    """`--output FILE`, where - is standard output, and `--force`."""
    path = click.Path(dir_okay=False, path_type=Path, allow_dash=True)
    output = click.option("--output", metavar="FILE", type=path, help=text)
    force = click.option("--force", is_flag=True, help="Replace FILE if it is there.")
    return lambda command: output(force(command))
