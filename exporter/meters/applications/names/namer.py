"""Names of applications, by the rule, the groups and the hidden ones of the settings."""

from __future__ import annotations

import fnmatch
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.names.cgroups import Cgroups
from exporter.meters.applications.names.containers import Containers
from exporter.meters.applications.names.engines import Engines
from exporter.meters.applications.names.pods import Pods
from exporter.meters.applications.names.processes import Processes
from exporter.meters.applications.names.text import safe_name
from exporter.meters.applications.names.units import unit_name
from exporter.meters.applications.state import HIDDEN
from exporter.meters.applications.traffic import SHORT_LIVED, UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exporter.meters.applications.traffic import Owner
    from exporter.settings.tree import Settings

    Patterns = tuple[re.Pattern[str], ...]


class Roots(NamedTuple):
    """Where names come from; `cgroups` is the mount of cgroup 2, None to find it."""

    proc: Path = Path("/proc")
    cgroups: Path | None = None
    pod_logs: Path = Path("/var/log/pods")
    run: Path = Path("/run")
    docker: Path = Path("/var/lib/docker/containers")
    storage: Path = Path("/var/lib/containers/storage")
    node: str = ""
    """This machine's name in a cluster; "" is its host name."""


class ApplicationNamer:
    """Names owners: by the first of pod, container, unit and process that the settings name and the owner has."""

    def __init__(self, settings: Settings, roots: Roots) -> None:
        applications = settings.applications
        self._cgroups = Cgroups(roots.proc, roots.cgroups)
        pods = Pods(roots.pod_logs, roots.node or socket.gethostname())
        self._engines = Engines(run=roots.run, docker=roots.docker, storage=roots.storage)
        self._processes = Processes(roots.proc)
        containers = Containers(self._engines)
        by_rule: dict[str, tuple[Callable[[str], str | None], ...]] = {
            "auto": (pods.name_of, containers.name_of, unit_name),
            "container": (pods.name_of, containers.name_of),
            # A container's scope is a unit that only its engine has a name for.
            "unit": (unit_name, containers.name_of),
            "process": (),
        }
        self._names = by_rule[applications.name]
        found_later = {pods.name_of: pods.is_undecided, containers.name_of: containers.is_undecided}
        self._undecided = [found_later[name_of] for name_of in self._names if name_of in found_later]
        self._groups = {name: _patterns(texts) for name, texts in applications.groups.items()}
        self._hidden = _patterns(applications.hidden)

    def name_of(self, owner: Owner) -> str:
        """The application of an owner: safe to show, special only where it stands for no application."""
        name = self._own_name(owner)
        if name is None:
            return owner.special or (SHORT_LIVED if owner.pid else UNKNOWN)
        name = safe_name(name)
        group = next((group for group, patterns in self._groups.items() if _match(name, patterns)), name)
        return HIDDEN if _match(name, self._hidden) or _match(group, self._hidden) else group

    def is_settled(self, owner: Owner) -> bool:
        """Whether an owner's name stays: its cgroup and its pod are known, and its container's engine was asked."""
        if not self._names or owner.special:
            return True
        path = self._path(owner)
        if path is None:
            return not self._cgroups.is_undecided(owner.cgroup)
        return not any(is_undecided(path) for is_undecided in self._undecided)

    def refresh(self) -> None:
        """Ask the engines for the names of new containers; runs on a worker thread."""
        self._engines.refresh()

    def _own_name(self, owner: Owner) -> str | None:
        if owner.special:
            return None
        path = self._path(owner) if self._names else None
        found = (name_of(path) for name_of in self._names if path)
        return next(filter(None, found), None) or self._processes.name_of(owner)

    def _path(self, owner: Owner) -> str | None:
        """The path of an owner's cgroup; where cgroup 2 has none (cgroup 1, another mount), that of the process now."""
        return (owner.cgroup and self._cgroups.path_of(owner.cgroup)) or self._processes.cgroup_of(owner)


def make_namer(settings: Settings, roots: Roots | None = None) -> ApplicationNamer:
    """The namer of these settings; on other systems than Linux only processes have names."""
    return ApplicationNamer(settings, roots or Roots())


def _patterns(texts: Iterable[str]) -> Patterns:
    return tuple(re.compile(fnmatch.translate(text)) for text in texts)


def _match(name: str, patterns: Patterns) -> bool:
    return any(pattern.match(name) for pattern in patterns)
