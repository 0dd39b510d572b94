"""The files that supervisors get: as promised, and valid by each supervisor's own rules."""

from __future__ import annotations

import plistlib
import re
import shlex
import shutil
import subprocess
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING, cast
from xml.etree import ElementTree as ET

import pytest

from exporter.installing.installation import Installation, User
from exporter.installing.launchd import Launchd
from exporter.installing.steps import RemovePath, WriteFile, script
from exporter.installing.systemd import Systemd
from exporter.installing.systemd_unit import unit_text
from exporter.installing.task_scheduler import TaskScheduler

if TYPE_CHECKING:
    from exporter.installing.supervisors import Supervisor
    from tests.conftest import Golden

ROOT = Path(__file__).parents[3]
ADA = User("ada", 501, Path("/home/ada"))
PACKAGED = Installation(("/usr/bin/netledger",))
OF_ADA = Installation(
    ("/home/ada/.local/bin/netledger",),
    user=ADA,
    config=Path("/home/ada/my settings.yaml"),
    data=Path("/home/ada/data"),
)
IN_A_HOME = Installation(
    ("/root/.venv/bin/netledger",),
    folders=(Path("/root/.venv"), Path("/usr"), Path("/root/.pyenv/3.11"), Path("/root/.venv/lib")),
    key_file=Path("/etc/netledger/api_keys"),
)
TASKS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
MOST_EXPOSED = 1.5


def _all_steps(supervisor: Supervisor) -> str:
    verbs = {
        "install": supervisor.install(),
        "uninstall": supervisor.uninstall(),
        "start": supervisor.start(),
        "stop": supervisor.stop(),
        "restart": supervisor.restart(),
    }
    blocks = [f"## {verb}\n{''.join(map(script, steps))}" for verb, steps in verbs.items()]
    logs = [shlex.join(supervisor.logs(50, follow=follow)) for follow in (False, True)]
    return "\n".join([f"## {supervisor.name}", *blocks, "## logs", *logs, "## question", script(supervisor.question())])


def _parsed(text: str) -> ET.Element:
    return ET.fromstring(text.encode("utf-16"))  # noqa: S314 - a text of our own


def _on_windows(installation: Installation) -> Installation:
    return installation._replace(
        command=("C:\\Program Files\\netledger\\netledger.exe",),
        config=None,
        data=cast("Path", PureWindowsPath("C:\\ProgramData\\netledger")),
    )


@pytest.mark.parametrize(
    ("name", "supervisor"),
    [
        ("systemd-system", Systemd(PACKAGED)),
        ("systemd-user", Systemd(OF_ADA)),
        ("systemd-user-who-lingers", Systemd(OF_ADA, is_lingering=True)),
        ("systemd-home", Systemd(IN_A_HOME)),
        ("systemd-applications", Systemd(PACKAGED._replace(has_capabilities=True))),
        ("launchd-system", Launchd(PACKAGED)),
        ("launchd-user", Launchd(OF_ADA)),
        ("windows-system", TaskScheduler(_on_windows(PACKAGED))),
        ("windows-user", TaskScheduler(_on_windows(OF_ADA))),
    ],
)
def test_what_a_supervisor_gets_is_as_promised(name: str, supervisor: Supervisor, golden: Golden) -> None:
    golden(f"installing/{name}.txt", _all_steps(supervisor))


def test_the_unit_that_is_shipped_is_the_one_that_is_written() -> None:
    assert (ROOT / "packaging" / "netledger.service").read_text(encoding="utf-8") == unit_text(PACKAGED)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize(
    ("installation", "most"),
    [(PACKAGED, MOST_EXPOSED), (IN_A_HOME, MOST_EXPOSED), (PACKAGED._replace(has_capabilities=True), 2.5)],
)
def test_systemd_rates_the_unit_as_confined(installation: Installation, most: float, tmp_path: Path) -> None:
    unit = tmp_path / "netledger.service"
    unit.write_text(unit_text(installation), encoding="utf-8")

    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    found = re.search(r"Overall exposure level for netledger.service: ([0-9.]+)", rated.stdout)
    assert found, rated.stderr
    assert float(found[1]) <= most
    assert not re.search(r"Unknown|Failed to parse|Invalid|ignoring", rated.stderr)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("installation", [PACKAGED, OF_ADA, IN_A_HOME], ids=["system", "user", "home"])
def test_systemd_takes_every_line(installation: Installation, tmp_path: Path) -> None:
    unit = tmp_path / "netledger.service"
    unit.write_text(
        re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit_text(installation), flags=re.MULTILINE), encoding="utf-8"
    )

    checked = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)

    assert "netledger.service" not in checked.stderr


def test_words_of_a_command_are_quoted_as_systemd_reads_them() -> None:
    installation = Installation(('/opt/my "net" ledger/$HOME%h', "-m"))

    assert '\nExecStart="/opt/my \\"net\\" ledger/$$HOME%%h" -m run\n' in unit_text(installation)


def test_a_confined_service_sees_of_homes_what_it_is_loaded_from() -> None:
    lines = unit_text(IN_A_HOME).splitlines()

    assert [line for line in lines if line.startswith(("ProtectHome", "BindReadOnly"))] == [
        "BindReadOnlyPaths=/root/.pyenv/3.11",
        "BindReadOnlyPaths=/root/.venv",
        "ProtectHome=tmpfs",
    ]
    assert "ProtectHome=yes" in unit_text(PACKAGED).splitlines()


def test_capabilities_are_of_a_service_that_measures_applications_by_them() -> None:
    assert "CapabilityBoundingSet=" in unit_text(PACKAGED).splitlines()
    assert "AmbientCapabilities=CAP_BPF" in unit_text(PACKAGED._replace(has_capabilities=True))


@pytest.mark.parametrize("installation", [PACKAGED, OF_ADA], ids=["system", "user"])
def test_a_property_list_has_the_keys_of_launchd(installation: Installation) -> None:
    launchd = Launchd(installation)
    job = plistlib.loads(launchd.text().encode())

    assert job["Label"] == launchd.property_list.stem
    assert job["ProgramArguments"] == [*installation.run_command]
    assert job["KeepAlive"] is job["RunAtLoad"] is True
    assert {name: type(value) for name, value in job.items()}.items() <= LAUNCHD_KEYS.items()


LAUNCHD_KEYS = {
    "Label": str,
    "ProgramArguments": list,
    "RunAtLoad": bool,
    "KeepAlive": bool,
    "ThrottleInterval": int,
    "ExitTimeOut": int,
    "ProcessType": str,
    "Umask": int,
    "StandardOutPath": str,
    "StandardErrorPath": str,
    "EnvironmentVariables": dict,
}
"""launchd.plist(5)."""

TASK_ELEMENTS = {
    "Task": ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"],
    "RegistrationInfo": ["Description", "URI"],
    "BootTrigger": ["Enabled"],
    "LogonTrigger": ["Enabled", "UserId"],
    "Principal": ["UserId", "LogonType", "RunLevel"],
    "RestartOnFailure": ["Interval", "Count"],
    "Exec": ["Command", "Arguments"],
}
"""Elements of [MS-TSCH] 2.5 that stand in this order."""

TASK_SETTINGS = (
    "MultipleInstancesPolicy",
    "DisallowStartIfOnBatteries",
    "StopIfGoingOnBatteries",
    "AllowHardTerminate",
    "StartWhenAvailable",
    "RunOnlyIfNetworkAvailable",
    "AllowStartOnDemand",
    "Enabled",
    "Hidden",
    "RunOnlyIfIdle",
    "WakeToRun",
    "ExecutionTimeLimit",
    "Priority",
    "RestartOnFailure",
)
"""[MS-TSCH] 2.5.5: in any order, each once."""


@pytest.mark.parametrize("installation", [PACKAGED, OF_ADA], ids=["system", "user"])
def test_a_task_has_the_elements_of_the_schema(installation: Installation) -> None:
    for text in TaskScheduler(_on_windows(installation)).texts().values():
        task = _parsed(text)

        for element in task.iter():
            children = [child.tag.removeprefix(TASKS) for child in element]
            known = TASK_ELEMENTS.get(element.tag.removeprefix(TASKS), children)
            assert [name for name in known if name in children] == children
        settings = [child.tag.removeprefix(TASKS) for child in task.iterfind(f"{TASKS}Settings/*")]
        assert sorted(settings) == sorted(TASK_SETTINGS)
        assert task.findtext(f"{TASKS}Settings/{TASKS}ExecutionTimeLimit") == "PT0S"  # three days, else


def test_texts_of_a_task_are_escaped() -> None:
    user = User("a<b&c", 0, Path("/"))
    installation = _on_windows(OF_ADA)._replace(command=("C:\\R&D\\netledger.exe",), user=user)
    task = _parsed(next(iter(TaskScheduler(installation).texts().values())))

    assert task.findtext(f".//{TASKS}Principal/{TASKS}UserId") == "a<b&c"
    assert task.findtext(f".//{TASKS}Command") == "C:\\R&D\\netledger.exe"


@pytest.mark.parametrize("supervisor", [Systemd(PACKAGED), Launchd(PACKAGED), TaskScheduler(_on_windows(PACKAGED))])
def test_every_file_that_is_written_is_removed(supervisor: Supervisor) -> None:
    written = {step.path for step in supervisor.install() if isinstance(step, WriteFile)}
    removed = {step.path for step in supervisor.uninstall() if isinstance(step, RemovePath)}

    assert written <= removed


@pytest.mark.parametrize(
    ("supervisor", "output", "facts"),
    [
        (Systemd(PACKAGED), "LoadState=not-found\nActiveState=inactive\nMainPID=0\n", (False, False, False, 0)),
        (
            Systemd(PACKAGED),
            "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nMainPID=77\nStatusText=a=b\n",
            (True, True, True, 77),
        ),
        (Systemd(PACKAGED), "LoadState=loaded\nActiveState=failed\nUnitFileState=disabled\n", (True, False, False, 0)),
        (Systemd(PACKAGED), "", (False, False, False, 0)),
        (Launchd(PACKAGED), "", (False, False, False, 0)),
        (Launchd(PACKAGED), "system/local.netledger = {\n\tstate = running\n\n\tpid = 81\n}\n", (True, True, True, 81)),
        (Launchd(PACKAGED), "system/local.netledger = {\n\tstate = not running\n}\n", (True, False, True, 0)),
        (TaskScheduler(PACKAGED), "State=4\r\n", (True, True, True, 0)),
        (TaskScheduler(PACKAGED), "State=3\r\n", (True, False, True, 0)),
        (TaskScheduler(PACKAGED), "State=1\r\n", (True, False, False, 0)),
        (TaskScheduler(PACKAGED), "", (False, False, False, 0)),
    ],
)
def test_the_state_of_a_supervisor_is_read(supervisor: Supervisor, output: str, facts: tuple[object, ...]) -> None:
    assert supervisor.state(output)[:4] == facts
