"""netledger as pip installs it: an environment of its own, whose dependencies are those of the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.worlds.release_index import ReleaseIndex

SECONDS = 120
QUICK = (
    "import netledger\n"
    "from exporter.updating import supervised\n"
    "supervised.HEALTH_SECONDS = {seconds}\n"
    "netledger.main()\n"
)
"""`netledger`, with a shorter watch over the service after a restart."""

SUPERVISOR = '''#!{python}
"""What `systemctl` is for a service of one machine: a process that is noted, started, stopped and asked for."""
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path({folder!r})
note = folder / "service.pid"

def pid():
    try:
        number = int(note.read_text())
        return number if pathlib.Path(f"/proc/{{number}}/stat").read_text().split(") ")[1][0] != "Z" else 0
    except (OSError, ValueError, IndexError):
        return 0

def stop():
    if number := pid():
        os.kill(number, signal.SIGTERM)
        while pid():
            time.sleep(0.02)

def start():
    with (folder / "service.log").open("ab") as log:
        made = subprocess.Popen({command!r}, stdout=log, stderr=log, start_new_session=True)
    note.write_text(str(made.pid))

verb = next(word for word in sys.argv[1:] if not word.startswith("-"))
with (folder / "verbs").open("a") as verbs:
    verbs.write(verb + chr(10))
if verb == "show":
    print("LoadState=loaded", f"ActiveState={{'active' if pid() else 'failed'}}", f"MainPID={{pid()}}", sep=chr(10))
if verb in {{"stop", "restart"}}:
    stop()
if verb in {{"start", "restart"}}:
    start()
'''


class Done(NamedTuple):
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> dict[str, Any]:
        return dict(json.loads(self.stdout))


class InstalledNetledger:
    """An environment with netledger, its ledger, its settings, and a supervisor that may run it."""

    def __init__(self, folder: Path, index: ReleaseIndex, dependencies: Path) -> None:
        self.folder, self.index = folder, index
        self.home = folder / "environment"
        venv.create(self.home, with_pip=False, symlinks=True)
        self.python = self.home / "bin" / "python"
        site = Path(sysconfig.get_path("purelib", vars={"base": str(self.home)}))
        (site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.ledger = folder / "books" / "ledger.db"
        self.config = folder / "netledger.yaml"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = int(taken.getsockname()[1])
        settings = {
            "server": {"port": self.port},
            "interfaces": {"include": ["none-of-them"]},
            "applications": {"meter": "off"},
            "ledger": {"path": str(self.ledger), "timezone": "UTC", "backups": 0},
        }
        self.config.write_text(json.dumps(settings), encoding="utf-8")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PIP_INDEX_URL": self.index.url,
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_COMPILE": "1",
            "NETLEDGER_CONFIG": str(self.config),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def install(self, version: str) -> None:
        """As a person does by pip."""
        done = self.run(str(self.python), "-m", "pip", "install", "--quiet", f"netledger=={version}")
        assert done.code == 0, done.stderr

    def run(self, *command: str) -> Done:
        done = subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def netledger(self, *arguments: str) -> Done:
        """One command of the installed script."""
        return self.run(str(self.home / "bin" / "netledger"), *arguments)

    def update_command(self, *arguments: str, seconds: float = 3.0) -> list[str]:
        return [str(self.python), "-c", QUICK.format(seconds=seconds), "update", *arguments]

    def update(self, *arguments: str, seconds: float = 3.0) -> Done:
        """`netledger update`, which watches the service for so long."""
        return self.run(*self.update_command(*arguments, seconds=seconds))

    def version(self) -> str:
        """The version that a fresh process runs."""
        return self.netledger("--version").stdout.removeprefix("netledger ").strip()

    def supervise(self) -> None:
        """Have a supervisor start it, which is called systemctl here."""
        script = self.programs / "systemctl"
        command = [str(self.home / "bin" / "netledger"), "run"]
        text = SUPERVISOR.format(python=sys.executable, folder=str(self.folder), command=command)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
        assert self.run(str(script), "start").code == 0

    def service_pid(self) -> int:
        return int((self.folder / "service.pid").read_text(encoding="utf-8"))

    def close(self) -> None:
        """Leave no process behind."""
        note = self.folder / "service.pid"
        if note.exists():
            try:
                os.killpg(self.service_pid(), signal.SIGKILL)
            except ProcessLookupError:
                return
