"""A command that is a monitoring plugin: one line of text and performance data, and an exit code for its state.

The states, the line and the data are those of https://www.monitoring-plugins.org/doc/guidelines.html, sections "Plugin
Output", "Threshold and ranges" and "Performance data".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from exporter.terminal.printing import CONTROL

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, WARNING, CRITICAL, UNKNOWN = range(4)
STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
SERVICE = "NETLEDGER"


class PerformanceData(NamedTuple):
    """Bytes under a name, and the largest that are no warning, and nothing critical."""

    label: str
    amount: int
    warning: int | None = None
    critical: int | None = None

    def __str__(self) -> str:
        limits = ("" if limit is None else str(limit) for limit in (self.warning, self.critical))
        return f"{self.label}={self.amount}B;{';'.join(limits)};0"


def plugin_line(state: int, text: str, data: Sequence[PerformanceData] = ()) -> str:
    """The line of a plugin; a bar would begin its data, a line break its long text."""
    line = f"{SERVICE} {STATES[state]}: {text.translate(CONTROL).replace('|', '/')}"
    return " | ".join([line, " ".join(map(str, data))] if data else [line])


class PluginCommand(click.Command):
    """What keeps it from an answer is the state UNKNOWN: for a wrong call click has the exit code of CRITICAL."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As click does."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            raise _unknown(error) from error

    def invoke(self, ctx: click.Context) -> Any:
        """As click does."""
        try:
            return super().invoke(ctx)
        except click.ClickException as error:
            raise _unknown(error) from error


def _unknown(error: click.ClickException) -> click.exceptions.Exit:
    click.echo(plugin_line(UNKNOWN, " ".join(error.format_message().split())))
    return click.exceptions.Exit(UNKNOWN)
