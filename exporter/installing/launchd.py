"""launchd: an agent of a user, or a daemon of the system. Not run where netledger is tested.

Keys are those of launchd.plist(5); `launchctl` has the subcommands of macOS 10.11 and later.
"""

from __future__ import annotations

import plistlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from exporter.installing.steps import CallProgram, RemovePath, Step, WriteFile
from exporter.installing.supervisors import SupervisedState

if TYPE_CHECKING:
    from exporter.installing.installation import Installation

LABEL = "local.netledger"
SAYS_WHY = "`netledger service logs` says why"
PID = re.compile(r"^\s*pid = (\d+)$", re.MULTILINE)


class Launchd(NamedTuple):
    """launchd with one installation."""

    installation: Installation

    @property
    def name(self) -> str:
        """Whose launchd."""
        user = self.installation.user
        return "launchd (system)" if user is None else f"launchd (user {user.name})"

    @property
    def property_list(self) -> Path:
        """The file of the job."""
        user = self.installation.user
        folder = Path("/Library/LaunchDaemons") if user is None else user.home / "Library" / "LaunchAgents"
        return folder / f"{LABEL}.plist"

    @property
    def log(self) -> Path:
        """What it writes."""
        user = self.installation.user
        return (Path("/") if user is None else user.home) / "Library" / "Logs" / "netledger.log"

    def install(self) -> list[Step]:
        """Write the job and load it, which starts it."""
        return [
            WriteFile(self.property_list, self.text()),
            CallProgram(("launchctl", "bootout", self._job), None, only_after_change=True),
            CallProgram(("launchctl", "enable", self._job), SAYS_WHY),
            *self.start(),
        ]

    def uninstall(self) -> list[Step]:
        """Unload the job, which stops it, and remove it."""
        return [*self.stop(), RemovePath(self.property_list), RemovePath(self.log)]

    def start(self) -> list[Step]:
        """Load the job, which is no fault where it is loaded, and start it."""
        return [
            CallProgram(("launchctl", "bootstrap", self._domain, str(self.property_list)), None),
            CallProgram(("launchctl", "kickstart", self._job), SAYS_WHY),
        ]

    def stop(self) -> list[Step]:
        """Unload the job until the next login or boot: one that is loaded would be started again."""
        return [CallProgram(("launchctl", "bootout", self._job), None)]

    def restart(self) -> list[Step]:
        """Stop and start it."""
        bootstrap, _ = self.start()
        return [bootstrap, CallProgram(("launchctl", "kickstart", "-k", self._job), SAYS_WHY)]

    def logs(self, lines: int, *, follow: bool) -> list[str]:
        """The end of its log."""
        return ["tail", "-n", str(lines), *(["-F"] if follow else []), str(self.log)]

    def question(self) -> CallProgram:
        """What launchd knows of the job."""
        return CallProgram(("launchctl", "print", self._job), None)

    def state(self, output: str) -> SupervisedState:
        """The state in it; nothing for a job that is not loaded."""
        found = PID.search(output)
        return SupervisedState(
            is_installed=bool(output.strip()),
            is_running="state = running" in output,
            starts_at_boot=bool(output.strip()),
            pid=int(found[1]) if found else 0,
        )

    def text(self) -> str:
        """The property list."""
        job = {
            "Label": LABEL,
            "ProgramArguments": [*self.installation.run_command],
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": 10,
            "ExitTimeOut": 15,
            "ProcessType": "Background",
            "Umask": 0o077,
            "StandardOutPath": str(self.log),
            "StandardErrorPath": str(self.log),
            "EnvironmentVariables": {"PYTHONFAULTHANDLER": "1"},
        }
        return plistlib.dumps(job, sort_keys=False).decode()

    @property
    def _domain(self) -> str:
        user = self.installation.user
        return "system" if user is None else f"gui/{user.uid}"

    @property
    def _job(self) -> str:
        return f"{self._domain}/{LABEL}"
