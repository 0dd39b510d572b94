"""`netledger run`: the service in the foreground, until a signal or for ever."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from exporter.doctor.setting_checks import plan_warnings, start_problems
from exporter.doctor.system_problems import system_problem
from exporter.metering.readings import MeterError
from exporter.session.session import open_settings
from exporter.settings.zone import ZoneError, day_zone
from exporter.terminal.service_output import ServiceOutput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from exporter.metering.counters.bases import LastShown
    from exporter.metering.readings import Subject
    from exporter.service.service import Service
    from exporter.service.wiring import ServiceEnvironment
    from exporter.session.environment import Environment
    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WatchedWebConfig

log = logging.getLogger("netledger")

RELOAD, STOP, REOPEN = "reload", "stop", "reopen"
MOST_REOPENINGS = 3
"""Of a ledger that breaks again and again within an hour: its disk cannot be relied on."""
REOPENINGS_SECONDS = 3600
CERTIFICATE_STORE = "SSL_CERT_FILE"
PRIVATE = 0o077
"""What of a new file's mode nobody else gets: who may read the ledger may lock it, too."""


class StartError(Exception):
    """The service cannot start with these settings; the text says why, and what to do."""


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
@click.pass_obj
def run(environment: Environment, *, count_since_boot: bool, web_config: Path | None) -> None:
    """Count, keep the ledger and serve, in the foreground.

    SIGTERM and SIGINT post the last sample and end it; SIGHUP reads the settings again.
    """
    gc.enable()  # without it what the imports leave behind costs a service 0.9 MB for ever; a command ends before
    with ServiceOutput() as output:
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", handlers=[output])
        settings = open_settings(environment, output.warn)
        watched = _watch(web_config)
        problem, is_posted = _run(environment, settings, watched, output, count_since_boot=count_since_boot)
    if problem:
        _fail(problem)
    if not is_posted:
        sys.exit(1)


def _run(
    environment: Environment,
    settings: Settings,
    watched: WatchedWebConfig | None,
    output: ServiceOutput,
    *,
    count_since_boot: bool,
) -> tuple[str, bool]:
    """What kept it from starting, or whether its last sample was posted."""
    if problems := list(start_problems(settings, watched.current() if watched else None)):
        return "\n".join(problems), False
    _load_aiohttp()
    try:
        return "", asyncio.run(_serve(environment, settings, watched, output, count_since_boot=count_since_boot))
    except OSError as error:
        return system_problem(error, settings), False
    except StartError as error:
        return str(error), False
    except MeterError as error:
        return f"the kernel's counters cannot be read: {error}", False


async def _serve(
    environment: Environment,
    settings: Settings,
    watched: WatchedWebConfig | None,
    output: ServiceOutput,
    *,
    count_since_boot: bool,
) -> bool:
    """One service after the other, until one is told to stop; returns whether its last sample was posted."""
    from exporter.metering.clock import SystemClock  # noqa: PLC0415
    from exporter.meters.interfaces import open_interface_meter  # noqa: PLC0415 - after the settings are known to be good
    from exporter.service.wiring import ServiceEnvironment  # noqa: PLC0415 - the heavy half, and only for this command

    loop = asyncio.get_running_loop()
    wish = _wishes(loop)
    meter = open_interface_meter()
    reopenings: list[float] = []
    shown: Mapping[Subject, LastShown] = {}
    good: Settings | None = None
    try:
        while True:
            try:
                _make_folder(settings.ledger.path)
                os.umask(PRIVATE)
                of_service = ServiceEnvironment(
                    settings, SystemClock(), meter, _zone(settings), watched, count_since_boot, shown
                )
                service = await _start(of_service, output)
            except (StartError, OSError) as error:
                if good is None or settings is good:
                    raise
                log.error("the new settings cannot be started with, and the old ones stay: %s", error)  # noqa: TRY400
                settings = good
                continue
            good = settings
            told = await _wait(service, wish)
            is_posted = await service.stop()
            if told == STOP:
                return is_posted
            shown = service.last_shown()
            if told == REOPEN:
                now = loop.time()
                reopenings = [*(then for then in reopenings if now - then < REOPENINGS_SECONDS), now]
            if len(reopenings) > MOST_REOPENINGS:
                log.error("the ledger broke %d times within an hour: giving up; look at its disk", len(reopenings))
                return False
            settings = _reloaded(environment, settings, watched) if told == RELOAD else settings
            count_since_boot = False
    finally:
        meter.close()


async def _start(environment: ServiceEnvironment, output: ServiceOutput) -> Service:
    from exporter.ledger.files import LedgerError  # noqa: PLC0415
    from exporter.service.service import Service  # noqa: PLC0415

    try:
        service = Service(environment)
        try:
            url = await service.start()
        except BaseException:
            await service.stop()
            raise
    except (LedgerError, ssl.SSLError) as error:
        raise StartError(str(error)) from error
    gc.collect()
    gc.freeze()  # what start-up made lives as long as the service: the collector need not visit it again
    for warning in plan_warnings(environment.settings):
        log.warning("%s", warning)
    output.say(f"netledger listens on {url}")
    output.say(f"ledger: {environment.settings.ledger.path.absolute()}")
    return service


def _load_aiohttp() -> None:
    """Import aiohttp with an empty certificate store.

    It fills two client contexts at its import, which a service that calls nobody never uses: with the system's
    certificates they cost 2 MB and 45 ms of a start.
    """
    given = os.environ.get(CERTIFICATE_STORE)
    os.environ[CERTIFICATE_STORE] = os.devnull
    try:
        import aiohttp  # noqa: F401, PLC0415
    finally:
        if given is None:
            del os.environ[CERTIFICATE_STORE]
        else:
            os.environ[CERTIFICATE_STORE] = given


async def _wait(service: Service, wish: asyncio.Queue[str]) -> str:
    """Until a signal came, or the service found its ledger lost.

    A reload waits for a ledger that can be written: what is counted in memory does not outlive the service.
    """
    while True:
        wished = asyncio.create_task(wish.get())
        done, _ = await asyncio.wait({wished, service.ended}, return_when=asyncio.FIRST_COMPLETED)
        if wished not in done:
            wished.cancel()
            log.error("the ledger is lost (%s): it is opened again", service.ended.result())
            return REOPEN
        if wished.result() == RELOAD and not await service.post():
            log.error("the settings are not read again while the ledger cannot be written: send the signal again then")
            continue
        return wished.result()


def _wishes(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str]:
    wish: asyncio.Queue[str] = asyncio.Queue()
    for number, what in ((signal.SIGTERM, STOP), (signal.SIGINT, STOP), (getattr(signal, "SIGHUP", None), RELOAD)):
        if number is not None:
            _on_signal(loop, number, wish, what)
    return wish


def _on_signal(loop: asyncio.AbstractEventLoop, number: int, wish: asyncio.Queue[str], what: str) -> None:
    try:
        loop.add_signal_handler(number, wish.put_nowait, what)
    except NotImplementedError:  # Windows
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(wish.put_nowait, what))


def _watch(path: Path | None) -> WatchedWebConfig | None:
    if path is None:
        return None
    from exporter.tls.web_config import WatchedWebConfig, WebConfigError  # noqa: PLC0415 - only with a file

    try:
        return WatchedWebConfig(path)
    except WebConfigError as error:
        _fail(str(error))


def _zone(settings: Settings) -> ZoneInfo:
    try:
        return day_zone(settings.ledger.timezone)
    except ZoneError as error:
        raise StartError(str(error)) from error


def _reloaded(environment: Environment, settings: Settings, watched: WatchedWebConfig | None) -> Settings:
    """The settings as they are now; bad ones are told, and the old ones stay in force."""
    from exporter.settings.loading import SettingsError, load_settings  # noqa: PLC0415

    try:
        loaded = load_settings(environment.config, environment.environ).settings
    except SettingsError as error:
        log.error("the settings are not taken over: %s", "; ".join(error.problems))  # noqa: TRY400 - no traceback
        return settings
    if problems := list(start_problems(loaded, watched.current() if watched else None)):
        log.error("the settings are not taken over: %s", "; ".join(problems))
        return settings
    log.info("settings read again")
    return loaded


def _make_folder(ledger: Path) -> None:
    try:
        ledger.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        problem = (
            f"cannot make {ledger.parent} for the ledger: {error.strerror}; set ledger.path to a place of your own"
        )
        raise StartError(problem) from error


def _fail(problem: str) -> NoReturn:
    click.echo(f"netledger: {problem}", err=True)
    sys.exit(1)
