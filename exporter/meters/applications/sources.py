"""The way of measuring applications: the best that works here, chosen once, when the process starts."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from exporter.meters.applications.state import NO_BACKEND
from exporter.meters.applications.traffic import Backend, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exporter.meters.applications.traffic import ApplicationSource, Traffic
    from exporter.settings.tree import Settings

MODULES: dict[str, str] = {
    "ebpf": "exporter.meters.applications.ebpf.source",
    "sock_diag": "exporter.meters.applications.sock_diag.source",
    "nettop": "exporter.meters.applications.nettop",
    "estats": "exporter.meters.applications.windows",
}
"""Modules with `open_source(settings)`, which raises SourceError where its way does not work; best first."""

SYSTEMS: dict[str, tuple[str, ...]] = {
    "linux": ("ebpf", "sock_diag"),
    "darwin": ("nettop",),
    "win32": ("estats",),
}
"""Ways by the operating system (sys.platform), best first."""

OFF = "applications.meter is off"


class NoSource:
    """Reads nothing: no way works here, or none is to be used."""

    is_quick = True

    def __init__(self, reason: str) -> None:
        """`reason` is a sentence."""
        self.backend = Backend(NO_BACKEND, reason)

    def read(self) -> Sequence[Traffic]:
        """Nothing."""
        return ()

    def refresh(self) -> None:
        """Nothing is slow."""

    def close(self) -> None:
        """Nothing is held open."""


def open_source(
    settings: Settings, modules: Mapping[str, str] = MODULES, platform: str = sys.platform
) -> ApplicationSource:
    """The best source that opens, with the reasons why no better one did; NoSource without any."""
    way = settings.applications.meter
    if way == "off":
        return NoSource(OFF)
    ways = SYSTEMS.get(platform, ()) if way == "auto" else (way,)
    reasons = []
    for name in ways:
        if name not in modules:
            reasons.append(f"{name}: this netledger does not have it")
            continue
        try:
            source: ApplicationSource = import_module(modules[name]).open_source(settings)
        except SourceError as error:
            reasons.append(f"{name}: {str(error).rstrip('.')}")
            continue
        source.backend = source.backend._replace(reason="; ".join([*reasons, *filter(None, [source.backend.reason])]))
        return source
    return NoSource("; ".join(reasons) or f"no way of measuring is known on {platform}")


class ChosenSource:
    """The source by the settings of a process; its services follow each other, and may have other settings."""

    def __init__(self, settings: Settings) -> None:
        """Open the best source."""
        self._choice = _choice(settings)
        self._source = open_source(settings)

    def follow(self, settings: Settings) -> ApplicationSource:
        """The source, opened anew where the settings name another way, or other networks."""
        if _choice(settings) != self._choice:
            self._source.close()
            self._choice, self._source = _choice(settings), open_source(settings)
        return self._source

    def close(self) -> None:
        """Release what the source holds open."""
        self._source.close()


def _choice(settings: Settings) -> tuple[object, ...]:
    return (settings.applications.meter, settings.networks)
