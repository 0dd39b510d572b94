"""The root command: imports the module of a command when it is called, so that none pays for another."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import exporter
from exporter.session.environment import Environment
from exporter.terminal.amounts import RATES, UNITS
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import interface_option, scope_option
from reports.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from click.shell_completion import CompletionItem

COMMANDS: Mapping[str, tuple[str, str]] = {
    "run": ("run", "Count, keep the ledger and serve, in the foreground."),
    "live": ("live", "Show receive and transmit speed as it is."),
    "top": ("top", "Applications by their speed now, sorted, or the busiest days."),
    "today": ("usage", "Usage since local midnight."),
    "yesterday": ("lists", "Usage of the day before."),
    "week": ("usage", "Usage since Monday, by day."),
    "month": ("usage", "Usage of a month, by day."),
    "year": ("usage", "Usage of a year, by month."),
    "range": ("usage", "Usage of any days."),
    "summary": ("usage", "Usage since counting began."),
    "minutes": ("lists", "Usage of the last minutes, five by five."),
    "hours": ("history", "Usage of the last hours, or by weekday and hour of day."),
    "days": ("lists", "Usage of the last days, with an estimate of today."),
    "months": ("lists", "Usage of the last months, with an estimate of this one."),
    "years": ("lists", "Usage of all years, with an estimate of this one."),
    "apps": ("apps", "Usage by application: program, service, container, pod."),
    "requests": ("requests", "What services answer: requests, errors, times, bytes."),
    "records": ("history", "Busiest day, week, month and hour, and peak speeds."),
    "plan": ("plan", "What is used and left of a billing plan, what it costs, what is to come."),
    "cost": ("cost", "What bytes cost."),
    "check": ("check", "Hold usage against a limit, as a plugin of Nagios does."),
    "limits": ("limits", "What applications with a limit have used of it."),
    "forecast": ("plan", "Use and cost at the end of the cycle."),
    "export": ("export", "Days as a file: JSON, CSV, Markdown, or for a language model."),
    "report": ("report", "A wrap-up of a year, a month or a cycle, as a page to send to a friend."),
    "image": ("image", "A picture of usage, for a README, a wiki or a home page."),
    "backfill": ("backfill", "The past, for Prometheus or VictoriaMetrics."),
    "hosts": ("hosts", "Machines of the mirror: last seen, today, this month, how far behind."),
    "interfaces": ("interfaces", "Every interface: counted or not, today, ever."),
    "status": ("status", "Whether the service runs, and how it is."),
    "audit": ("audit", "Prove the ledger against the kernel's counters."),
    "doctor": ("doctor", "Say what is measured, how, what is not visible, and what to do."),
    "update": ("update", "Update it by the tool that installed it, and go back where that does not work."),
    "import": ("imports", "The history that other programs have counted."),
    "ledger": ("ledger", "Look after the ledger: info, backup, verify, cleanup."),
    "mirror": ("mirror", "The copy of the ledger in PostgreSQL: init, grant, revoke, forget, status, verify."),
    "host": ("host", "Whose rows the mirror has of this ledger; a new identity."),
    "config": ("config", "Check, show or write the settings."),
    "service": ("service", "Run from boot to boot: install, uninstall, start, stop, restart, status, logs, watch."),
    "install": ("service", "Have it start at boot, and start it now: `service install`."),
    "uninstall": ("service", "Undo that; the ledger stays: `service uninstall`."),
    "start": ("service", "Start the installed service."),
    "stop": ("service", "Stop the installed service until the next boot."),
}
SUBCOMMANDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("requests", "log"): ("request_log", "log"),
    ("requests", "top"): ("request_top", "top"),
    ("requests", "key"): ("request_keys", "key"),
    ("import", "list"): ("imports", "list_imports"),
    ("import", "remove"): ("imports", "remove"),
    ("host", "renew"): ("host", "renew"),
    ("host", "take-over"): ("host", "take_over"),
    ("plan", "test-notify"): ("notices", "test_notify"),
    ("requests", "import"): ("request_import", "import_command"),
    ("requests", "monitors"): ("monitors", "monitors"),
}
"""Commands of two words whose first is a command, too: module and function; an argument of that comes after `--`."""


WITHOUT_AMOUNTS = {
    "run",
    "export",
    "report",
    "backfill",
    "status",
    "audit",
    "doctor",
    "ledger",
    "mirror",
    "host",
    "config",
    "service",
    "update",
}
"""Modules whose commands print no amounts, or always the same ones."""

SUBCOMMANDS_WITH_AMOUNTS = {"request_top"}
"""Modules of commands of two words that print amounts."""

CONFIG_PATH = click.Path(dir_okay=False, path_type=Path)


def style_options() -> Iterator[click.Option]:
    """`--units` and `--rate`."""
    for name, values, text in (
        ("--units", UNITS, "Bytes in units of 1000 (GB) or 1024 (GiB); by default display.units."),
        ("--rate", RATES, "Speeds in bits or bytes a second; by default display.rate."),
    ):
        yield click.Option([name], type=click.Choice(values), expose_value=False, callback=_use_style, help=text)


def _as_subcommand(command: click.Command, *, has_amounts: bool = True) -> click.Command:
    """The command with `--config` and, where it has amounts, with their options; QuestionErrors end it with its usage.

    `netledger run --config FILE` is the order that users of Prometheus know. Commands of a group have it, too.
    """
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _as_subcommand(each, has_amounts=has_amounts)
    if not any(parameter.name == "config" for parameter in command.params):
        help_text = "Settings file."
        option = click.Option(["--config"], type=CONFIG_PATH, expose_value=False, callback=_use_config, help=help_text)
        command.params += [*(style_options() if has_amounts else ()), option]
        command.callback = _with_usage_errors(command.callback)
    return command


def _with_usage_errors(callback: Callable[..., Any] | None) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return callback(*arguments, **options) if callback is not None else None
        except QuestionError as error:
            raise click.UsageError(str(error)) from error

    return call


def _use_config(ctx: click.Context, _parameter: click.Parameter, config: Path | None) -> None:
    if config is not None:
        ctx.obj = ctx.obj._replace(config=config)


def _use_style(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        given = ctx.obj or Environment()
        ctx.obj = given._replace(units=value) if parameter.name == "units" else given._replace(rate=value)


class LazyGroup(HintingGroup):
    """Lists commands by name and help alone; imports one when it is invoked."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it; a reader of the pipe that closes it is no error."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # The rest of the buffer has nowhere to go, and Python would report it once more at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ctx.exit(0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Two words where both together are a command."""
        if (place := SUBCOMMANDS.get((args[0], args[1] if len(args) > 1 else ""))) is None:
            return super().resolve_command(ctx, args)
        command = getattr(import_module(f"exporter.cli.{place[0]}"), place[1])
        return (
            f"{args[0]} {args[1]}",
            _as_subcommand(command, has_amounts=place[0] in SUBCOMMANDS_WITH_AMOUNTS),
            args[2:],
        )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """In the order of the table, which is the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module, unless only the list is printed."""
        if cmd_name not in COMMANDS:
            return None
        module, summary = COMMANDS[cmd_name]
        if ctx.meta.get("is_listing"):
            return click.Command(cmd_name, short_help=summary)
        name = f"{cmd_name}_command" if cmd_name in {"range", "import"} else cmd_name
        command = getattr(import_module(f"exporter.cli.{module}"), name)
        if not isinstance(command, click.Command):
            return None
        return _as_subcommand(command, has_amounts=module not in WITHOUT_AMOUNTS)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, without importing anything."""
        ctx.meta["is_listing"] = True
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            ctx.meta["is_listing"] = False

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the list without importing anything."""
        ctx.meta["is_listing"] = True
        try:
            super().format_commands(ctx, formatter)
        finally:
            ctx.meta["is_listing"] = False


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all is well, 1 something is not, 2 a wrong call, 3 netledger is not running.",
)
@click.option(
    "--config",
    type=CONFIG_PATH,
    help="Settings file; else NETLEDGER_CONFIG, the user's own, /etc/netledger/netledger.yaml, or defaults.",
)
@click.option(
    "--units", type=click.Choice(UNITS), expose_value=False, callback=_use_style, help="Bytes in units of 1000 or 1024."
)
@click.option(
    "--rate", type=click.Choice(RATES), expose_value=False, callback=_use_style, help="Speeds in bits or bytes."
)
@interface_option("Without a command: of this interface; given again, several added up.")
@scope_option()
@click.option(
    "--oneline", "is_line", is_flag=True, help="Without a command: one line of 15 fields, as `vnstat --oneline b`."
)
@click.version_option(exporter.__version__, prog_name="netledger", message="%(prog)s %(version)s")
@click.pass_context
def netledger(ctx: click.Context, /, config: Path | None, **whole: object) -> None:
    """Know where your bytes go: every byte of every network interface, counted once.

    Without a command, the whole on one screen.
    """
    ctx.obj = (ctx.obj or Environment())._replace(config=config)
    if ctx.invoked_subcommand is None:
        ctx.invoke(import_module("exporter.cli.overview").overview, **whole)
    elif any(whole.values()):
        raise click.UsageError(
            f"--interface, --scope: write them behind {ctx.invoked_subcommand}; --oneline has no command"
        )
