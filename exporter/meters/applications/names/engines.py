"""Names that docker and podman gave their containers: from their files, and from their sockets."""

from __future__ import annotations

import json
import re
import socket
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOST_CONTAINERS = 4096
# A container that no engine knows after so many minutes belongs to none of them.
ATTEMPTS = 3
TIMEOUT_SECONDS = 2.0
LARGEST_ANSWER = 4_000_000
# A task of a swarm: web.3.<25 letters>; the next one has another number.
TASK = re.compile(r"\.\d+\.[a-z0-9]{25}$")


class Engines:
    """Names by the ids of containers; `refresh` asks the sockets, so that `name_of` never waits for an engine.

    `run` is /run, `docker` /var/lib/docker/containers and `storage` /var/lib/containers/storage (podman as root).
    """

    def __init__(self, *, run: Path, docker: Path, storage: Path) -> None:
        self._run, self._docker, self._storage = run, docker, storage
        self._names: dict[str, str] = {}
        self._unknown: dict[tuple[str, int], int] = {}

    def name_of(self, container: str, user: int) -> str | None:
        """The name of a user's container (0 is root) as far as it is known now; None without one."""
        if container in self._names or (container, user) in self._unknown:
            return self._names.get(container)
        if len(self._unknown) >= MOST_CONTAINERS:
            self._unknown = {}
        self._unknown[container, user] = 0
        self._keep(container, _name(_json_file(self._docker / container / "config.v2.json")))
        return self._names.get(container)

    def is_undecided(self, container: str, user: int) -> bool:
        """Whether a refresh may still name it."""
        return container not in self._names and self._unknown.get((container, user), 0) < ATTEMPTS

    def refresh(self) -> None:
        """Ask the engines for the containers without a name; runs on a worker thread."""
        waiting = [key for key, attempts in list(self._unknown.items()) if attempts < ATTEMPTS]
        waiting = [key for key in waiting if key[0] not in self._names]
        if not waiting:
            return
        stored = _stored_names(self._storage)
        for container, user in waiting:
            self._unknown[container, user] = self._unknown.get((container, user), 0) + 1
            self._keep(container, stored.get(container) or self._ask(container, user))

    def _keep(self, container: str, name: str | None) -> None:
        if name:
            if len(self._names) >= MOST_CONTAINERS:
                self._names = {}
            self._names[container] = TASK.sub("", name)

    def _ask(self, container: str, user: int) -> str | None:
        answers = (_ask(path, f"/containers/{container}/json") for path in self._sockets(user))
        return next(filter(None, map(_name, answers)), None)

    def _sockets(self, user: int) -> Iterator[Path]:
        for folder in (self._run, self._run / f"user/{user}") if user else (self._run,):
            yield folder / "docker.sock"
            yield folder / "podman/podman.sock"


def _ask(path: Path, resource: str) -> object:
    """The JSON of an engine's answer; None without one. HTTP/1.0 has no chunks, and ends with the connection."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(TIMEOUT_SECONDS)
            connection.connect(str(path))
            connection.sendall(f"GET {resource} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode("ascii"))
            head, _, body = _received(connection).partition(b"\r\n\r\n")
    except OSError:
        return None
    return _json(body) if head.split(b" ")[1:2] == [b"200"] else None


def _received(connection: socket.socket) -> bytes:
    received, until = b"", time.monotonic() + TIMEOUT_SECONDS
    while len(received) < LARGEST_ANSWER and time.monotonic() < until and (data := connection.recv(65_536)):
        received += data
    return received


def _stored_names(storage: Path) -> dict[str, str]:
    """Names of podman's containers by their ids, from its storage's list."""
    listed = _json_file(storage / "overlay-containers/containers.json")
    return {
        entry["id"]: entry["names"][0]
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
        and isinstance(entry.get("id"), str)
        and isinstance(names := entry.get("names"), list)
        and names
        and isinstance(names[0], str)
    }


def _name(answer: object) -> str | None:
    """The name in a container's description; docker's begin with a slash."""
    name = answer.get("Name") if isinstance(answer, dict) else None
    return name.removeprefix("/") if isinstance(name, str) else None


def _json_file(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return _json(file.read(LARGEST_ANSWER))
    except OSError:
        return None


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
