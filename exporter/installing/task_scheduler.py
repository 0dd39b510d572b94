"""Windows' Task Scheduler: a task that runs netledger, and one that starts it again. Not run where netledger is tested.

Elements are those of the schema http://schemas.microsoft.com/windows/2004/02/mit/task, in its order. A task cannot
repeat more often than once a minute, so the second one runs `netledger service watch`, which asks every 30 s.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

from exporter.installing.installation import NAME
from exporter.installing.steps import CallProgram, RemovePath, Step, WriteFile
from exporter.installing.supervisors import SupervisedState, facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from exporter.installing.installation import Installation

WATCHDOG = f"{NAME} watchdog"
LOCAL_SERVICE = "S-1-5-19"
"""The account of services that need no rights of an administrator."""

ADMINISTRATOR = "open a terminal by 'Run as administrator', and call it again"
LOG = "netledger.log"

TASK = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{description}</Description>
    <URI>\\{name}</URI>
  </RegistrationInfo>
  <Triggers>
{trigger}
  </Triggers>
  <Principals>
    <Principal id="Author">
{principal}
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>
    <AllowStartOnDemand>true</AllowStartOnDemand>
    <Enabled>true</Enabled>
    <Hidden>true</Hidden>
    <RunOnlyIfIdle>false</RunOnlyIfIdle>
    <WakeToRun>false</WakeToRun>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class TaskScheduler(NamedTuple):
    """The Task Scheduler with one installation."""

    installation: Installation

    @property
    def name(self) -> str:
        """Whose tasks."""
        user = self.installation.user
        return "Task Scheduler (system)" if user is None else f"Task Scheduler (user {user.name})"

    @property
    def log(self) -> Path:
        """What the service writes."""
        return self.installation.data / LOG

    def install(self) -> list[Step]:
        """Write and register both tasks, and start them."""
        steps: list[Step] = []
        for name, text in self.texts().items():
            path = self._file(name)
            steps.append(WriteFile(path, text, "utf-16"))
            steps.append(_schtasks("/Create", "/TN", name, "/XML", str(path), "/F"))
        return [*steps, _schtasks("/End", "/TN", NAME)._replace(remedy=None, only_after_change=True), *self.start()]

    def uninstall(self) -> list[Step]:
        """Stop and delete both tasks."""
        steps: list[Step] = [*self.stop()]
        for name in self.texts():
            steps += [_schtasks("/Delete", "/TN", name, "/F")._replace(remedy=None), RemovePath(self._file(name))]
        return [*steps, RemovePath(self.log)]

    def start(self) -> list[Step]:
        """Start both tasks; one that runs goes on."""
        return [_schtasks("/Run", "/TN", name) for name in (NAME, WATCHDOG)]

    def stop(self) -> list[Step]:
        """Stop both, the watchdog first."""
        return [_schtasks("/End", "/TN", name)._replace(remedy=None) for name in (WATCHDOG, NAME)]

    def restart(self) -> list[Step]:
        """Stop and start the service alone, as the watchdog calls this."""
        return [_schtasks("/End", "/TN", NAME)._replace(remedy=None), _schtasks("/Run", "/TN", NAME)]

    def logs(self, lines: int, *, follow: bool) -> list[str]:
        """The end of its log; the quotes are PowerShell's."""
        quoted = str(self.log).replace("'", "''")
        command = f"Get-Content -LiteralPath '{quoted}' -Encoding utf8 -Tail {lines}{' -Wait' if follow else ''}"
        return ["powershell", "-NoProfile", "-Command", command]

    def question(self) -> CallProgram:
        """What the scheduler knows of the task, by the number of its states: its words are in the system's language."""
        command = f"Get-ScheduledTask -TaskName '{NAME}' | ForEach-Object {{ 'State=' + [int]$_.State }}"
        return CallProgram(("powershell", "-NoProfile", "-Command", command), None)

    def state(self, output: str) -> SupervisedState:
        """The state in it: 1 disabled, 2 queued, 3 ready, 4 running."""
        state = facts_of(output).get("State", "")
        return SupervisedState(is_installed=bool(state), is_running=state == "4", starts_at_boot=state not in {"", "1"})

    def texts(self) -> dict[str, str]:
        """The XML of each task by its name."""
        run = [*self.installation.run_command, "--log.file", str(self.log)]
        return {
            NAME: self._text(NAME, "netledger: every byte of every network interface, counted once", run),
            WATCHDOG: self._text(WATCHDOG, "Starts netledger again when it answers no more", self._watching()),
        }

    def _watching(self) -> list[str]:
        way = "--system" if self.installation.user is None else "--user"
        return [*self.installation.watch_command, "--", *self.installation.command, "service", "restart", way]

    def _text(self, name: str, description: str, command: Sequence[str]) -> str:
        user = self.installation.user
        if user is None:
            trigger = "    <BootTrigger>\n      <Enabled>true</Enabled>\n    </BootTrigger>"
            principal = f"      <UserId>{LOCAL_SERVICE}</UserId>"
        else:
            who = f"      <UserId>{escape(user.name)}</UserId>"
            trigger = f"    <LogonTrigger>\n      <Enabled>true</Enabled>\n{who}\n    </LogonTrigger>"
            principal = f"{who}\n      <LogonType>InteractiveToken</LogonType>"
        return TASK.format(
            name=name,
            description=description,
            trigger=trigger,
            principal=principal,
            command=escape(command[0]),
            arguments=escape(subprocess.list2cmdline(command[1:])),
        )

    def _file(self, name: str) -> Path:
        return self.installation.data / f"{name.replace(' ', '-')}.xml"


def _schtasks(*arguments: str) -> CallProgram:
    return CallProgram(("schtasks", *arguments), ADMINISTRATOR)
