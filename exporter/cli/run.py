"""`netledger run`: the service in the foreground, until a signal."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from exporter.doctor.setting_checks import setting_warnings, start_problems
from exporter.doctor.system_problems import system_problem
from exporter.metering.samples import MeterError
from exporter.meters.registry import open_meters
from exporter.service.preparation import StartError, load_aiohttp
from exporter.session.session import open_settings
from exporter.settings.loading import SettingsError, load_settings
from exporter.terminal.log_lines import JSON, LEVELS, LOGFMT, RepetitionFilter, log_formatter
from exporter.terminal.service_output import ServiceOutput
from exporter.tls.web_config import WatchedWebConfig, WebConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from exporter.service.startup import StartFact
    from exporter.session.environment import Environment
    from exporter.settings.tree import Settings

log = logging.getLogger("netledger")

LARGEST_LOG = 10_000_000
"""Bytes of a log file that a start puts aside, as FILE.1."""


@click.command()
@click.option(
    "--count-since-boot",
    is_flag=True,
    help="At the first start, book what was moved since the boot, as an estimate.",
)
@click.option(
    "--web.config.file",
    "web_config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TLS and basic auth, in the format of Prometheus' exporters.",
)
@click.option(
    "--log.level", "log_level", type=click.Choice([*LEVELS]), default="info", help="Least level; info if not given."
)
@click.option(
    "--log.format", "log_format", type=click.Choice([LOGFMT, JSON]), help="Format of the log; plain text if not given."
)
@click.option(
    "--log.file", "log_file", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead."
)
@click.pass_obj
def run(
    environment: Environment,
    *,
    count_since_boot: bool,
    web_config: Path | None,
    log_level: str,
    log_format: str | None,
    log_file: Path | None,
) -> None:
    """Count, keep the ledger and serve, in the foreground.

    SIGTERM and SIGINT post the last sample and end it; SIGHUP reads the settings again.
    """
    gc.enable()  # without it what the imports leave behind costs a service 0.9 MB for ever; a command ends before
    with _opened(log_file) as descriptors, ServiceOutput(*descriptors) as output:
        output.setFormatter(log_formatter(log_format, descriptor=descriptors[1]))
        output.addFilter(RepetitionFilter())
        logging.basicConfig(level=LEVELS[log_level], handlers=[output])
        settings = open_settings(environment, log.warning if log_format else output.warn)
        web = _watch(web_config)
        announce = partial(_announce, None if log_format else output)
        problem, is_posted = _serve(environment, settings, web, announce, count_since_boot=count_since_boot)
        if problem and (log_format or log_file):
            log.error("%s", problem)
    if problem:
        _fail(problem)
    if not is_posted:
        sys.exit(1)


def _serve(
    environment: Environment,
    settings: Settings,
    web_config: WatchedWebConfig | None,
    announce: Callable[[Settings, Iterable[StartFact]], None],
    *,
    count_since_boot: bool,
) -> tuple[str, bool]:
    """Serve until a signal; returns the problem that prevents it, and whether the last sample was posted."""
    if problems := _start_problems(settings, web_config):
        return "\n".join(problems), False
    load_aiohttp()
    from exporter.service.runner import ServiceRunner  # noqa: PLC0415 - 0.2 s and 20 MB: a wrong setting ends before

    reload = partial(_reload, environment, web_config)
    try:
        with open_meters(settings) as meters:
            runner = ServiceRunner(meters, web_config, reload, announce, count_since_boot, environment.config)
            return "", asyncio.run(runner.run(settings))
    except OSError as error:
        return system_problem(error, settings), False
    except StartError as error:
        return str(error), False
    except MeterError as error:
        return f"the kernel's counters cannot be read: {error}", False


def _announce(output: ServiceOutput | None, settings: Settings, facts: Iterable[StartFact]) -> None:
    """Facts are lines of the output for people, or records of a log that programs read."""
    for warning in setting_warnings(settings):
        log.warning("%s", warning)
    for fact in facts:
        if output is None:
            log.info("%s", fact.message, extra={"fields": {fact.name: fact.value}})
        else:
            output.write_line(fact.text)


@contextlib.contextmanager
def _opened(path: Path | None) -> Iterator[tuple[int, int]]:
    """The descriptors of output and log; a file that is given takes both, after a large one was put aside."""
    if path is None:
        yield 1, 2
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > LARGEST_LOG:
            path.replace(path.with_name(f"{path.name}.1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        _fail(f"cannot write the log {path}: {error.strerror}")
    try:
        yield descriptor, descriptor
    finally:
        os.close(descriptor)


def _reload(environment: Environment, web_config: WatchedWebConfig | None, settings: Settings) -> Settings:
    """The settings read again; where they are wrong, the ones in force."""
    try:
        loaded = load_settings(environment.config, environment.environ).settings
        problems = _start_problems(loaded, web_config)
    except SettingsError as error:
        problems = error.problems
    if problems:
        log.error("the settings are not taken over: %s", "; ".join(problems))
        return settings
    log.info("settings read again")
    return loaded


def _start_problems(settings: Settings, web_config: WatchedWebConfig | None) -> Sequence[str]:
    return list(start_problems(settings, web_config.current() if web_config else None))


def _watch(path: Path | None) -> WatchedWebConfig | None:
    try:
        return None if path is None else WatchedWebConfig(path)
    except WebConfigError as error:
        _fail(str(error))


def _fail(problem: str) -> NoReturn:
    click.echo(f"netledger: {problem}", err=True)
    sys.exit(1)
