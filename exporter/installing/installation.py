"""Facts that the files of a supervisor are made from."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

NAME = "netledger"
HOMES = (Path("/home"), Path("/root"), Path("/run/user"))
"""Folders that systemd's ProtectHome hides."""

HIDDEN = (*HOMES, Path("/tmp"), Path("/var/tmp"))  # noqa: S108 - PrivateTmp hides these two
"""Folders in which a confined service sees what it is given alone."""


class User(NamedTuple):
    """Whose service it is: name, number and home folder."""

    name: str
    uid: int
    home: Path


class Installation(NamedTuple):
    """What is installed, and how: `user` is None for the system's service.

    `command` calls netledger; `folders` are what it is loaded from: its environment, its interpreter, a checkout.
    `key_file` holds API keys that only root may read. `has_capabilities`: it may measure applications by eBPF.
    `data` is the folder of what a supervisor without a log of its own has written.
    """

    command: tuple[str, ...]
    folders: tuple[Path, ...] = ()
    user: User | None = None
    config: Path | None = None
    key_file: Path | None = None
    has_capabilities: bool = False
    data: Path = Path("/var/lib/netledger")

    @property
    def run_command(self) -> tuple[str, ...]:
        """The service in the foreground."""
        return (*self.command, "run", *self._config)

    @property
    def watch_command(self) -> tuple[str, ...]:
        """The program that restarts a service that does not answer."""
        return (*self.command, "service", "watch", *self._config)

    @property
    def hidden_folders(self) -> tuple[Path, ...]:
        """What the program needs of hidden folders, in the order of its paths, none below another."""
        needed = [*self.folders, *([self.config] if self.config else [])]
        inside = sorted({path for path in needed if any(path.is_relative_to(home) for home in HIDDEN)})
        return tuple(
            path for path in inside if not any(path != other and path.is_relative_to(other) for other in inside)
        )

    @property
    def _config(self) -> tuple[str, ...]:
        return ("--config", str(self.config)) if self.config else ()
