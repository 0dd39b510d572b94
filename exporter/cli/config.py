"""`netledger config`: check, show and write the settings file."""

from __future__ import annotations

import json
import os
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from exporter.doctor.setting_checks import setting_warnings, start_problems
from exporter.settings.effective import effective_keys, effective_plans
from exporter.settings.folders import NoHomeError, runs_as_root
from exporter.settings.loading import SYSTEM_FILE, Loaded, SettingsError, load_settings, user_file
from exporter.settings.template import settings_template
from exporter.terminal.groups import HintingGroup
from exporter.terminal.options import json_option
from exporter.tls.web_config import WebConfigError, load_web_config

if TYPE_CHECKING:
    from exporter.session.environment import Environment
    from exporter.settings.rules import FileText
    from exporter.tls.web_config import WebConfig


@click.group(cls=HintingGroup)
def config() -> None:
    """Check, show or write the settings file."""


@config.command(short_help="Check the settings file and the environment.")
@click.option(
    "--web.config.file",
    "web_config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The one that `netledger run` is given; it is checked too.",
)
@click.pass_obj
def check(environment: Environment, *, web_config: Path | None) -> None:
    """Check the settings file and the environment; exit 1 with every problem that would stop a start, a line each.

    Warnings, such as a plan that alerts nobody, leave the exit code at 0.
    """
    loaded = _load(environment)
    if problems := list(start_problems(loaded.settings, _web_config(web_config))):
        _fail("\n".join(problems))
    for warning in setting_warnings(loaded.settings):
        click.echo(f"warning: {warning}", err=True)
    click.echo(f"{loaded.path or 'no file, defaults'}: good")


@config.command()
@json_option()
@click.pass_obj
def show(environment: Environment, as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show every setting in effect and where it comes from."""
    loaded = _load(environment)
    click.echo(_as_json(loaded) if as_json else _as_table(loaded))


@config.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="File to write; - prints it. [default: --config, else yours; as root /etc/netledger/netledger.yaml]",
)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def init(environment: Environment, output: Path | None, force: bool) -> None:  # noqa: FBT001 - as above
    """Write a settings file with every key, its default and its rule."""
    target = output or environment.config or _own_file()
    if str(target) == "-":
        click.echo(settings_template(), nl=False)
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "w" if force else "x", encoding="utf-8", opener=_as_ours) as file:
            file.write(settings_template())
    except OSError as error:
        exists = isinstance(error, FileExistsError) and target.exists()
        _fail(f"{target}: {'exists; --force replaces it' if exists else f'cannot be written: {error.strerror}'}")
    click.echo(f"{target}: written")


def _as_ours(path: str, flags: int) -> int:
    """Open a new file for this user alone, as keys may come into it; the system's is read by the service's user."""
    return os.open(path, flags, 0o644 if Path(path) == SYSTEM_FILE else 0o600)


def _own_file() -> Path:
    """Root's commands have the settings of the system's service."""
    try:
        return SYSTEM_FILE if runs_as_root() else user_file()
    except NoHomeError as error:
        _fail(f"{error}: name the file with --output")


def _load(environment: Environment) -> Loaded:
    try:
        loaded = load_settings(environment.config, environment.environ)
    except SettingsError as error:
        _fail(str(error))
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    return loaded


def _web_config(path: Path | None) -> WebConfig | None:
    if path is None:
        return None
    try:
        return load_web_config(path)
    except WebConfigError as error:
        _fail(str(error))


def _fail(text: str) -> NoReturn:
    click.echo(text, err=True)
    raise SystemExit(1)


def _as_json(loaded: Loaded) -> str:
    settings = {
        key.name: {"value": _plain(key.value, key.text), "origin": key.origin} for key in effective_keys(loaded)
    }
    plans = [
        {key.name.partition(".")[2]: {"value": key.text, "origin": key.origin} for key in plan}
        for plan in effective_plans(loaded)
    ]
    file = loaded.path and str(loaded.path)
    return json.dumps({"file": file, "settings": settings, "plans": plans}, indent=2)


def _plain(value: object, text: FileText) -> FileText | int:
    # Numbers and truths without a unit are JSON's own; durations and sizes read as in the file.
    return value if isinstance(value, int) and str(value).lower() == text else text


def _as_table(loaded: Loaded) -> str:
    rows = [
        (key.name, _cell(key.text) or "-", key.origin)
        for key in chain(effective_keys(loaded), *effective_plans(loaded))
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return "\n".join(f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}" for name, value, origin in rows)


def _cell(text: FileText) -> str | None:
    if isinstance(text, dict):
        return "; ".join(f"{name}: {_cell(value)}" for name, value in text.items())
    return ", ".join(text) if isinstance(text, list) else text
