"""systemd: a unit of the system, or of a user who lingers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.installing.installation import NAME
from exporter.installing.steps import CallProgram, RemovePath, Step, WriteFile
from exporter.installing.supervisors import SupervisedState, facts_of
from exporter.installing.systemd_unit import unit_text

if TYPE_CHECKING:
    from exporter.installing.installation import Installation

UNIT = f"{NAME}.service"
SYSTEM_UNITS = Path("/etc/systemd/system")
QUESTION = "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID,ActiveEnterTimestamp,StatusText,NRestarts"
SAYS_WHY = "`netledger service logs` says why"
NO_BUS = "log in as this user, not by su or sudo: only a login starts its own systemd"
LINGERING = "it runs, but only while you are logged in; as root: loginctl enable-linger"


class Systemd(NamedTuple):
    """systemd with one installation. `is_lingering`: its user lingers already, by another's doing."""

    installation: Installation
    is_lingering: bool = False

    @property
    def name(self) -> str:
        """Whose systemd."""
        user = self.installation.user
        return "systemd (system)" if user is None else f"systemd (user {user.name})"

    @property
    def unit_path(self) -> Path:
        """The file of the unit."""
        user = self.installation.user
        return (SYSTEM_UNITS if user is None else user.home / ".config" / "systemd" / "user") / UNIT

    def install(self) -> list[Step]:
        """Write the unit, enable and start it, and have a user linger: last, as only root may where no one asks."""
        user = self.installation.user
        lingers = user is not None and not self.is_lingering
        linger: list[Step] = []
        if user is not None and lingers:
            linger = [CallProgram(("loginctl", "enable-linger", user.name), f"{LINGERING} {user.name}")]
        return [
            WriteFile(self.unit_path, unit_text(self.installation, has_lingering=lingers)),
            self._systemctl("daemon-reload"),
            self._systemctl("enable", "--quiet", UNIT),
            self._systemctl("restart", UNIT)._replace(only_after_change=True),
            self._systemctl("start", UNIT),
            *linger,
        ]

    def uninstall(self) -> list[Step]:
        """Stop and disable it, remove the unit, and have a user linger no more who did not before."""
        user = self.installation.user
        steps: list[Step] = [
            self._systemctl("disable", "--quiet", "--now", UNIT)._replace(remedy=None),
            RemovePath(self.unit_path),
            self._systemctl("daemon-reload"),
            self._systemctl("reset-failed", "--quiet", UNIT)._replace(remedy=None),
        ]
        if user is not None and not self.is_lingering:
            steps.append(CallProgram(("loginctl", "disable-linger", user.name), None))
        return steps

    def start(self) -> list[Step]:
        """Start it now."""
        return [self._systemctl("start", UNIT)]

    def stop(self) -> list[Step]:
        """Stop it until the next boot."""
        return [self._systemctl("stop", UNIT)]

    def restart(self) -> list[Step]:
        """Stop and start it."""
        return [self._systemctl("restart", UNIT)]

    def logs(self, lines: int, *, follow: bool) -> list[str]:
        """The journal of the unit."""
        of_user = ["--user"] if self.installation.user else []
        command = ["journalctl", *of_user, f"--unit={UNIT}", f"--lines={lines}", "--no-pager"]
        return [*command, "--follow"] if follow else command

    def question(self) -> CallProgram:
        """Its properties, one a line."""
        return self._systemctl("show", UNIT, QUESTION)

    def state(self, output: str) -> SupervisedState:
        """The state in these properties."""
        facts = facts_of(output)
        return SupervisedState(
            is_installed=facts.get("LoadState") not in {None, "", "not-found"},
            is_running=facts.get("ActiveState") in {"active", "reloading"},
            starts_at_boot=facts.get("UnitFileState") == "enabled",
            pid=int(facts.get("MainPID") or 0),
            since=facts.get("ActiveEnterTimestamp", ""),
            text=facts.get("StatusText", "") or f"{facts.get('ActiveState', '')} ({facts.get('SubState', '')})",
        )

    def _systemctl(self, *arguments: str) -> CallProgram:
        if self.installation.user is None:
            return CallProgram(("systemctl", *arguments), SAYS_WHY)
        return CallProgram(("systemctl", "--user", *arguments), f"{SAYS_WHY}; without a bus, {NO_BUS}")
