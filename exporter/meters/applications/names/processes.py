"""Processes by their names: interpreters by what they run, parts of an application by the application."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

from exporter.meters.applications.interpreters import ARGUMENT_BYTES
from exporter.meters.applications.names.interpreters import dialect_of, script_of
from exporter.meters.applications.names.text import decoded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.meters.applications.traffic import Owner

# Processes of Gecko, by the 15 bytes that the kernel keeps of their names. Whether they are of Firefox or Thunderbird,
# only the command line says.
GECKO = frozenset(
    {
        *("GeckoMain", "Web Content", "WebExtensions", "Isolated Web Co", "Isolated Servic", "Privileged Cont"),
        *("Privileged Mozi", "file:// Content", "Web Preallocate", "Preallocated We", "Socket Process", "RDD Process"),
        *("GPU Process", "Utility Process", "VR Process", "forkserver", "plugin-containe"),
    }
)
PARTS = {
    "chrome_crashpad": "chrome",
    "chromium-browse": "chromium",
    "firefox-bin": "firefox",
    "thunderbird-bin": "thunderbird",
    "sshd-session": "sshd",
    "sshd-auth": "sshd",
}
# "Google Chrome Helper (Renderer)" of macOS; nettop cuts names to 15.
APPLE_PART = re.compile(r"(.+?) Helper(?: \(.*)?|(.+) H(?:e(?:l(?:p(?:er?)?)?)?)?")
CUT = 15
# "nginx: worker process", "gunicorn: master [app]"; workers of the kernel, which hold the sockets of NFS, are numbered.
TITLE = re.compile(r"([\w.@+-]+): .*|(kworker)/.*")
LONGEST_COMMAND_LINE = 4096
SYSTEMD = "name=systemd"


class Processes:
    """Names of processes by their owners; `proc` is /proc, which is read where an owner has a pid."""

    def __init__(self, proc: Path) -> None:
        self._proc = proc

    def name_of(self, owner: Owner) -> str | None:
        """The name of the program that a process runs; None where the owner has no name and the process is gone.

        A command line is read only where the process of that pid still has the owner's name.
        """
        # Of a path that is cut, the last part is not the script.
        arguments = tuple(takewhile(_is_whole, owner.arguments))
        name = process_name(owner.command, arguments)
        if not owner.pid or (arguments and name != owner.command) or not self._is_same(owner):
            return name or None
        return process_name(owner.command or self._command(owner.pid), self._arguments(owner.pid)) or None

    def cgroup_of(self, owner: Owner) -> str | None:
        """The path of a process' cgroup as it is now: of cgroup 2, or of systemd's own hierarchy of cgroup 1."""
        if not owner.pid or not self._is_same(owner):
            return None
        lines = decoded(self._read(owner.pid, "cgroup")).splitlines()
        paths = dict(line.split(":", 2)[1:] for line in lines if line.count(":") > 1)
        return next((path for key in ("", SYSTEMD) if len(path := paths.get(key, "/")) > 1), None)

    def _is_same(self, owner: Owner) -> bool:
        """Whether the process of an owner's pid has the owner's name: another one may have the pid by now."""
        return not owner.command or self._command(owner.pid) == owner.command

    def _command(self, pid: int) -> str:
        return decoded(self._read(pid, "comm").removesuffix(b"\n"))

    def _arguments(self, pid: int) -> tuple[str, ...]:
        return tuple(map(decoded, self._read(pid, "cmdline").split(b"\0")))

    def _read(self, pid: int, file: str) -> bytes:
        try:
            with (self._proc / str(pid) / file).open("rb") as opened:
                return opened.read(LONGEST_COMMAND_LINE)
        except OSError:
            return b""


def process_name(command: str, arguments: Sequence[str] = ()) -> str:
    """The program of a process by the kernel's name of it and its command line, whose first word may be missing."""
    program = _program(arguments[0]) if arguments else ""
    if command in GECKO:
        return program if program and program not in GECKO and "-contentproc" in arguments else "firefox"
    dialect = dialect_of(command)
    if dialect is not None:
        return script_of(dialect, arguments[1:] if dialect_of(program) else arguments) or command
    return _whole(command)


def _is_whole(word: str) -> bool:
    return len(word.encode("utf-8", "replace")) < ARGUMENT_BYTES - 1


def _program(word: str) -> str:
    return word.rpartition("/")[2]


def _whole(command: str) -> str:
    """The application that a process is a part of."""
    if command in PARTS:
        return PARTS[command]
    if found := TITLE.fullmatch(command):
        return found[1] or found[2]
    if found := APPLE_PART.fullmatch(command):
        return found[1] or (found[2] if len(command) >= CUT else command)
    return command
