"""Problems of valid settings: what stops a start, and plans that bill or alert nothing."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from exporter.ledger.files import connect_to_read
from exporter.mirror.driver import NEEDS_EXTRA, has_driver
from exporter.settings.zone import ZoneError, day_zone
from exporter.tls.open_door import open_door
from reports.billing.plans import covers
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WebConfig


def start_problems(settings: Settings, web_config: WebConfig | None = None) -> Iterator[str]:
    """Problems that end `netledger run` before it binds the port; each names the setting."""
    if problem := open_door(settings, web_config):
        yield problem
    yield from _path_problems(settings.ledger.path)
    try:
        day_zone(settings.ledger.timezone)
    except ZoneError as error:
        yield str(error)
    yield from _address_problems(settings.server.host)


def setting_warnings(settings: Settings) -> Iterator[str]:
    """What has no effect as it is set: of plans, and a mirror without its driver."""
    yield from plan_warnings(settings)
    if settings.mirror.url and not has_driver():
        yield f"mirror.url: the mirror {NEEDS_EXTRA}"


def plan_warnings(settings: Settings) -> Iterator[str]:
    """Plans without an effect: their interfaces never existed, or the program of their notice does not."""
    devices = known_devices(settings.ledger.path)
    for plan in settings.plans:
        notify = settings.notify.get(plan.name)
        if plan.is_of_scopes and settings.applications.meter == "off":
            yield f"plan {plan.name} bills bytes of applications, and applications.meter is off"
        is_of_devices = not plan.is_of_scopes and not plan.hosts
        if devices and is_of_devices and not any(covers(plan, name, is_counted=True) for name in devices):
            patterns, known = ", ".join(plan.interfaces), ", ".join(sorted(devices))
            yield f"plan {plan.name} covers no interface that was ever here: {patterns}; known are {known}"
        if notify and notify.command and shutil.which(command := notify.command[0]) is None:
            yield f"plan {plan.name}: notify.command: there is no program {command} that this user may run"


def known_devices(ledger: Path) -> frozenset[str]:
    """Names of the interfaces in the ledger and the kernel, without loopback."""
    devices = {name for _, name in socket.if_nameindex()} if hasattr(socket, "if_nameindex") else set()
    try:
        with closing(connect_to_read(ledger)) as connection:
            devices |= set(LedgerReader(connection).devices())
    except (sqlite3.Error, OSError):
        pass  # no ledger yet, or one of another user: the kernel's names are enough to judge by
    return frozenset(devices - {"lo"})


def _path_problems(path: Path) -> Iterator[str]:
    try:
        if path.is_dir():
            yield f"ledger.path: {path} is a folder: name the file in it, such as {path / 'ledger.db'}"
        elif (parent := _first_that_exists(path.parent)) is not None and not parent.is_dir():
            yield f"ledger.path: {parent} is no folder, so there can be no ledger in it"
    except PermissionError:
        return  # the service may be another user


def _first_that_exists(folder: Path) -> Path | None:
    try:
        return next((path for path in (folder, *folder.parents) if path.exists()), None)
    except OSError:
        return None  # the service may be another user


def _address_problems(host: str) -> Iterator[str]:
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in found:
            with closing(socket.socket(family, kind, protocol)) as probe:
                probe.bind(address)
    except OSError:
        yield f"server.host: {host} is no address of this machine"
