"""`netledger service`: install it into the system's supervisor, start and stop it there, and undo that."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from exporter.installing.carrying_out import ask, carry_out
from exporter.installing.errors import InstallError
from exporter.installing.facts import (
    installation_of,
    is_for_user,
    link_for_all,
    refuse_unfit,
    require_supervisor,
    supervisor_of,
)
from exporter.installing.health_watch import HealthWatch, wait_for_ever
from exporter.installing.removal import purge_steps
from exporter.installing.steps import RemovePath, WriteLink, script, summary
from exporter.ledger.locks.holder import find_holder
from exporter.session.running_service import NOT_RUNNING
from exporter.session.session import open_settings
from exporter.settings.folders import runs_as_root
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import json_option
from exporter.terminal.printing import TextTable, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.installing.installation import Installation
    from exporter.installing.steps import Step
    from exporter.installing.supervisors import SupervisedState, Supervisor
    from exporter.session.environment import Environment
    from exporter.settings.tree import Settings


class _Target(NamedTuple):
    """One installation, and its supervisor."""

    installation: Installation
    supervisor: Supervisor

    @property
    def way(self) -> str:
        """The option that means it."""
        return "--system" if self.installation.user is None else "--user"

    def call(self, verb: str) -> str:
        """The command line of a verb, as root where that is needed."""
        sudo = ["sudo"] if self.installation.user is None and hasattr(os, "geteuid") else []
        return shlex.join([*sudo, *self.installation.command, "service", verb, self.way])

    def state(self) -> SupervisedState:
        """What the supervisor says now."""
        return self.supervisor.state(ask(self.supervisor.question()))


@click.group(cls=HintingGroup)
def service() -> None:
    """Run netledger from boot to boot: systemd, launchd or the Task Scheduler."""


def _with_way(function: Callable[..., None]) -> Callable[..., None]:
    """`--user` and `--system`, given as `way`; an InstallError ends the command."""

    def call(*arguments: Any, **options: Any) -> None:
        try:
            function(*arguments, **options)
        except InstallError as error:
            raise click.ClickException(str(error)) from error

    wrapped = update_wrapper(call, function)
    system = click.option("--system", "way", flag_value="system", help="The machine's service, for all its users.")
    user = click.option("--user", "way", flag_value="user", help="A service of this user alone.")
    return click.pass_obj(user(system(wrapped)))


def _with_consent(function: Callable[..., None]) -> Callable[..., None]:
    """`--print` and `--yes`."""
    shown = click.option("--print", "is_printed", is_flag=True, help="Show what it would do, and do nothing.")
    return shown(click.option("--yes", is_flag=True, help="Do not ask.")(function))


@service.command()
@_with_way
@click.option("--applications", is_flag=True, help="Grant the capabilities that eBPF measures applications with.")
@_with_consent
def install(environment: Environment, *, way: str | None, applications: bool, is_printed: bool, yes: bool) -> None:
    """Have it start at boot, and start it now.

    Called again, it takes over what has changed.
    """
    settings = open_settings(environment)
    target = _target(environment, settings, is_of_user=is_for_user(way), has_capabilities=applications)
    steps: list[Step] = [*target.supervisor.install()]
    if link := link_for_all(target.installation):
        steps.append(WriteLink(*link))
    if is_printed:
        _print(steps)
        return
    require_supervisor(target.installation)
    refuse_unfit(target.installation, settings)
    _refuse_second(target, settings)
    _carry_out(target, "install", steps, yes=yes)
    state = target.state()
    click.echo(f"netledger runs by {target.supervisor.name}{f': {state.text}' if state.text else ''}")
    click.echo(f"`{target.call('logs').removeprefix('sudo ')}` shows its log, `{target.call('uninstall')}` undoes this")


@service.command()
@_with_way
@click.option("--purge", is_flag=True, help="Delete the ledger, its backups and reports, too.")
@_with_consent
def uninstall(environment: Environment, *, way: str | None, purge: bool, is_printed: bool, yes: bool) -> None:
    """Stop it and undo the installation; the ledger stays.

    Settings stay, too.
    """
    settings = open_settings(environment)
    target = _installed(environment, way, settings)
    if not is_printed:
        require_supervisor(target.installation)
    steps: list[Step] = [*target.supervisor.uninstall()]
    if (link := link_for_all(target.installation)) and link[0].is_symlink():
        steps.append(RemovePath(link[0]))
    if purge:
        steps += purge_steps(target.installation, settings.ledger.path)
    if is_printed:
        _print(steps)
        return
    if purge and not yes and not sys.stdin.isatty():
        raise click.UsageError("--purge deletes the ledger: add --yes where nobody can be asked")
    _carry_out(target, "uninstall", steps, yes=yes)
    kept = "the ledger is deleted" if purge else f"the ledger stays at {settings.ledger.path}; --purge deletes it"
    click.echo(f"netledger is not installed any more; {kept}")


@service.command()
@_with_way
def start(environment: Environment, *, way: str | None) -> None:
    """Start it now."""
    target = _required(environment, way)
    _carry_out(target, "start", target.supervisor.start(), is_quiet=True)


@service.command()
@_with_way
def stop(environment: Environment, *, way: str | None) -> None:
    """Stop it until the next boot."""
    target = _required(environment, way)
    _carry_out(target, "stop", target.supervisor.stop(), is_quiet=True)


@service.command()
@_with_way
def restart(environment: Environment, *, way: str | None) -> None:
    """Stop and start it."""
    target = _required(environment, way)
    _carry_out(target, "restart", target.supervisor.restart(), is_quiet=True)


@service.command()
@_with_way
@json_option()
def status(environment: Environment, *, way: str | None, as_json: bool) -> None:
    """What the supervisor says of it.

    Exit code 3 when it does not run.
    """
    target = _installed(environment, way)
    require_supervisor(target.installation)
    state = target.state()
    if as_json:
        print_json({"supervisor": target.supervisor.name, **state._asdict()})
    else:
        rows = [
            ("Supervisor", target.supervisor.name),
            ("Installed", "yes" if state.is_installed else "no"),
            ("Starts at boot", "yes" if state.starts_at_boot else "no"),
            ("Runs", f"yes (process {state.pid})" if state.pid else "yes" if state.is_running else "no"),
            *([("Since", state.since)] if state.since else []),
            *([("State", state.text)] if state.text and state.is_installed else []),
        ]
        print_table(TextTable("Service", (), rows, left=frozenset({0, 1})))
    if not state.is_running:
        sys.exit(NOT_RUNNING)


@service.command()
@_with_way
@click.option("--lines", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many of the newest.")
@click.option("--follow", is_flag=True, help="Go on with new ones, until Ctrl-C.")
def logs(environment: Environment, *, way: str | None, lines: int, follow: bool) -> None:
    """Print its log."""
    target = _required(environment, way)
    command = target.supervisor.logs(lines, follow=follow)
    try:
        sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own words and paths
    except FileNotFoundError as error:
        raise InstallError(f"{command[0]} is not installed", "install it, or read the log by the supervisor") from error


@service.command()
@click.option("--interval", type=click.FloatRange(0.1, 3600), default=30.0, show_default=True, help="Seconds between.")
@click.option("--failures", type=click.IntRange(1, 100), default=2, show_default=True, help="Failures in a row to act.")
@click.option("--count", type=click.IntRange(1), help="End after so many questions.")
@click.argument("command", nargs=-1, required=True)
@click.pass_obj
def watch(
    environment: Environment, *, interval: float, failures: int, count: int | None, command: Sequence[str]
) -> None:
    """Ask /-/healthy; without an answer, call COMMAND.

    For supervisors that only see a process end. COMMAND stands behind two dashes:
    netledger service watch -- rc-service netledger restart.
    """
    watching = HealthWatch(open_settings(environment), tuple(command), failures, click.echo)
    wait_for_ever(watching, interval, count)


def _target(
    environment: Environment, settings: Settings | None, *, is_of_user: bool, has_capabilities: bool = False
) -> _Target:
    installation = installation_of(
        is_of_user=is_of_user, config=environment.config, settings=settings, has_capabilities=has_capabilities
    )
    return _Target(installation, supervisor_of(installation))


def _installed(environment: Environment, way: str | None, settings: Settings | None = None) -> _Target:
    """The one that is meant; without an option the user's own, and where there is none, the system's that is there."""
    target = _target(environment, settings, is_of_user=is_for_user(way))
    if way is None and target.installation.user is not None and not target.state().is_installed:
        of_system = _target(environment, settings, is_of_user=False)
        return of_system if of_system.state().is_installed else target
    return target


def _required(environment: Environment, way: str | None) -> _Target:
    target = _installed(environment, way)
    require_supervisor(target.installation)
    if not target.state().is_installed:
        raise InstallError(f"{target.supervisor.name} has no netledger", f"{target.call('install')}")
    return target


def _refuse_second(target: _Target, settings: Settings) -> None:
    """One that runs already, and not by this supervisor, would keep the ledger to itself."""
    holder, state = find_holder(settings.ledger.path), target.state()
    if holder is not None and not state.is_running:
        problem = f"process {holder.pid} runs netledger with this ledger, and no supervisor started it"
        raise InstallError(problem, f"end it first: kill {holder.pid}")


def _carry_out(target: _Target, verb: str, steps: Sequence[Step], *, yes: bool = True, is_quiet: bool = False) -> None:
    if target.installation.user is None and hasattr(os, "geteuid") and not runs_as_root():
        raise InstallError("the system's service is root's", target.call(verb))
    if not is_quiet:
        click.echo(f"{target.supervisor.name}:")
        for step in steps:
            click.echo(f"  {summary(step)}")
        if not yes and sys.stdin.isatty():
            click.confirm("Go on?", default=True, abort=True)
    carry_out(steps, target.call(verb))


def _print(steps: Sequence[Step]) -> None:
    click.echo("\n".join(script(step) for step in steps), nl=False)
