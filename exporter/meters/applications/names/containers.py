"""Containers of docker, podman, containerd, cri-o, lxc and systemd-nspawn, from the cgroup's path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.names.text import file_name_text
from exporter.meters.applications.names.units import unescaped

if TYPE_CHECKING:
    from exporter.meters.applications.names.engines import Engines

# docker-<id>.scope and /docker/<id> (docker's two cgroup drivers), libpod-<id>.scope and libpod_parent/libpod-<id>
# (podman), cri-containerd-<id>.scope, crio-<id>.scope, nerdctl-<id>.scope, kubepods/.../<id>.
CONTAINER = re.compile(r"(?:(?:docker|libpod|libpod-payload|crio|cri-containerd|nerdctl)-)?([0-9a-f]{64})(?:\.scope)?")
# lxc.payload.<name> (LXC 4), machine-<name>.scope and machine-qemu\x2d<number>\x2d<name>.scope (systemd-machined).
NAMED = re.compile(r"lxc\.payload\.(.+)|machine-(?:qemu\\x2d\d+\\x2d)?(.+)\.scope|systemd-nspawn@(.+)\.service")
LXC = "lxc"
SHORT_ID = 12
USER = re.compile(r"user@(\d{1,10})\.service")


class ContainerId(NamedTuple):
    """A container of an engine, and the user whose engine it is; 0 is root."""

    id: str
    user: int


class Containers:
    """Names of containers; `engines` know those of docker and podman."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def name_of(self, path: str) -> str | None:
        """The name of the container whose cgroup this is, or lies in: the outermost one's; None without one.

        The short id where no engine has answered; `Engines.refresh` asks.
        """
        found = _find(path)
        if isinstance(found, str):
            return found
        return (self._engines.name_of(*found) or found.id[:SHORT_ID]) if found else None

    def is_undecided(self, path: str) -> bool:
        """Whether an engine may still name it."""
        found = _find(path)
        return isinstance(found, ContainerId) and self._engines.is_undecided(*found)


def _find(path: str) -> ContainerId | str | None:
    """The id of a container, or its name where the path has that."""
    components = path.split("/")
    for place, component in enumerate(components):
        if found := NAMED.fullmatch(component):
            return unescaped(found[found.lastindex or 0])
        if place and components[place - 1] == LXC:
            return file_name_text(component)
        if found := CONTAINER.fullmatch(component):
            return ContainerId(found[1], _user(components))
    return None


def _user(components: list[str]) -> int:
    """The user whose service manager a cgroup lies below, as rootless podman's do; 0 is root."""
    found = (USER.fullmatch(component) for component in components)
    return next((int(match[1]) for match in found if match), 0)
