"""The commands of each tool that installs netledger; for ways without one, what a person types. Pure."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from exporter.updating.ways import InstallFacts, Way

BY_HAND: Mapping[Way, str] = {
    "debian": "sudo apt-get update && sudo apt-get install --only-upgrade netledger",
    "container": "docker compose pull netledger && docker compose up --detach netledger",
    "checkout": "git pull && make run",
}
"""Ways whose command is another's: of root, of the machine outside, of a developer."""

Command: TypeAlias = tuple[str, ...]


class InstallTarget(NamedTuple):
    """The version to install. `is_newest`: what the tool takes by itself, so that its own later upgrades go on.

    `is_again`: it is installed already, whole or not.
    """

    version: Version
    is_newest: bool = False
    is_again: bool = False


def install_commands(way: Way, facts: InstallFacts, target: InstallTarget) -> tuple[Command, ...]:
    """The commands that install this version, one after the other."""
    exact = f"netledger=={target.version}"
    wanted = "netledger" if target.is_newest and not target.is_again else exact
    match way:
        case "uv tool":
            again = ("--reinstall-package", "netledger") if target.is_again else ()
            return (("uv", "tool", "install", "--upgrade", *again, wanted),)
        case "pipx":
            return (("pipx", "install", "--force", wanted),)
        case "uv pip":
            again = ("--reinstall-package", "netledger") if target.is_again else ()
            return (("uv", "pip", "install", "--python", sys.executable, *again, exact),)
        case _:
            return _of_pip(facts, target, exact)


def _of_pip(facts: InstallFacts, target: InstallTarget, exact: str) -> tuple[Command, ...]:
    """Pip's command; -P, since root may stand in a folder that has a pip.py."""
    user = ("--user",) if facts.is_of_user else ()
    install = (sys.executable, "-P", "-m", "pip", "install", "--disable-pip-version-check", *user)
    if not target.is_again:
        return ((*install, exact),)
    return ((*install, "--force-reinstall", "--no-deps", exact), (*install, exact))


def repair_commands(way: Way, facts: InstallFacts, target: InstallTarget) -> tuple[Command, ...]:
    """The commands where those fail, as after an interruption the tool does not know what it has installed."""
    commands = install_commands(way, facts, target._replace(is_again=True))
    if way != "pip":
        return commands
    return tuple(
        tuple("--ignore-installed" if word == "--force-reinstall" else word for word in each) for each in commands
    )
