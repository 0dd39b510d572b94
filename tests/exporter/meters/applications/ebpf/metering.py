"""A process with a source of its own: for other capabilities, another namespace, or a violent end."""

from __future__ import annotations

import json
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exporter.meters.applications.ebpf.source import MOST_ACCOUNTS, find_cgroup, open_ebpf
from exporter.meters.applications.scopes import Scopes
from exporter.meters.applications.traffic import Owner, SourceError, Traffic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[5]
SECONDS = 30


class Metering:
    """The process; `error` is why it has no source, and then `left` how many descriptors it kept open."""

    def __init__(self, networks: Mapping[str, Sequence[str]], prefix: Sequence[str] = ()) -> None:
        """Run behind the words of `prefix`, which set its capabilities or namespace."""
        self._process = subprocess.Popen(
            [*prefix, sys.executable, "-m", __name__, json.dumps(networks)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started: dict[str, Any] = json.loads(self._line())
        self.error: str = started.get("error", "")
        self.left: int = started.get("left", 0)
        self.limits: list[str] = started.get("limits", [])
        self.has_names: bool = started.get("has_names", False)

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> list[Traffic]:
        """What was moved since the last read."""
        assert self._process.stdin is not None
        self._process.stdin.write("read\n")
        self._process.stdin.flush()
        return [Traffic(_owner(owner), *rest) for owner, *rest in json.loads(self._line())]

    def kill(self) -> None:
        """End it at once; nothing of its own runs."""
        self._process.kill()
        self._process.wait(SECONDS)

    def close(self) -> None:
        """End it, however it is."""
        self._process.kill()
        self._process.communicate(timeout=SECONDS)

    def _line(self) -> str:
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        line = self._process.stdout.readline()
        assert line, self._process.stderr.read()
        return line


def only(*capabilities: str) -> tuple[str, ...]:
    """Words before a command that leave it these capabilities."""
    return ("setpriv", "--bounding-set", ",".join(("-all", *(f"+{name}" for name in capabilities))))


def open_descriptors() -> int:
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def _owner(values: Sequence[Any]) -> Owner:
    command, cgroup, arguments, pid, special = values
    return Owner(command, cgroup, tuple(arguments), pid, special)


def main(networks: str) -> None:
    """Open a source, say how that went, and read it for each line of standard input."""
    scopes = Scopes({name: tuple(map(ip_network, texts)) for name, texts in json.loads(networks).items()})
    before = open_descriptors()
    try:
        source = open_ebpf(scopes, find_cgroup(), MOST_ACCOUNTS)
    except SourceError as error:
        _say({"error": str(error), "left": open_descriptors() - before})
        return
    has_names = source._loaded.knowledge.names
    _say({"limits": source.backend.limits, "has_names": has_names})
    for _ in sys.stdin:
        _say(source.read())


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
