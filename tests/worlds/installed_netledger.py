"""netledger as pip installs it: an environment of its own, whose dependencies are those of the tests."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.worlds.release_index import ReleaseIndex

SECONDS = 120
QUICK = """
import os, signal
import netledger
from exporter.updating import supervised, updater
supervised.HEALTH_SECONDS = {seconds}
steps = 0

def step(function):
    def call(*arguments, **options):
        global steps
        result = function(*arguments, **options)
        steps += 1
        if steps == {last_step}:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call

for name in ("write_entry", "_call", "clear_entry"):
    setattr(updater, name, step(getattr(updater, name)))
supervised.SupervisedService.restart = step(supervised.SupervisedService.restart)
netledger.main()
"""
"""`netledger`, with a shorter watch over the service after a restart, and the power cut after a step."""

AT_ONCE = "import netledger; from exporter import update_watch; update_watch.FIRST_SECONDS = 0.1; netledger.main()"
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
        self.site = Path(sysconfig.get_path("purelib", vars={"base": str(self.home)}))
        (self.site / "dependencies.pth").write_text(f"{dependencies}\n", encoding="utf-8")
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.ledger = folder / "books" / "ledger.db"
        self.config = folder / "netledger.yaml"
        self.more_environ: dict[str, str] = {}
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = int(taken.getsockname()[1])
        self.configure()

    def configure(self, **keys: object) -> None:
        """Write the settings file."""
        settings = {
            "server": {"port": self.port},
            "interfaces": {"include": ["none-of-them"]},
            "applications": {"meter": "off"},
            "ledger": {"path": str(self.ledger), "timezone": "UTC", "backups": 0},
            **keys,
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
            **self.more_environ,
        }

    def install(self, wheel: Path) -> None:
        """As pip leaves it: files, a script, and a note of who installed it."""
        shutil.unpack_archive(wheel, self.site, "zip")
        script = self.home / "bin" / "netledger"
        script.write_text(f"#!{self.python}\nimport netledger\nnetledger.main()\n", encoding="utf-8")
        script.chmod(0o755)
        (self.site / f"netledger-{wheel.name.split('-')[1]}.dist-info" / "INSTALLER").write_text(
            "pip", encoding="utf-8"
        )

    def run(self, *command: str) -> Done:
        done = subprocess.run(
            command, env=self.environ, cwd=self.folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def netledger(self, *arguments: str) -> Done:
        """One command of the installed script."""
        return self.run(str(self.home / "bin" / "netledger"), *arguments)

    def update(self, *arguments: str, seconds: float = 9.0, last_step: int = 0) -> Done:
        """`netledger update`, which watches the service for so long; after the last step it is killed."""
        program = QUICK.format(seconds=seconds, last_step=last_step)
        return self.run(str(self.python), "-c", program, "update", *arguments)

    def cut_while_copying(self) -> None:
        """Update, and cut the power, of the tool too, once it has put the old files aside and not yet all new ones."""
        command = [str(self.home / "bin" / "netledger"), "update"]
        with subprocess.Popen(
            command, env=self.environ, cwd=self.folder, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            while not list(self.site.glob("~etledger*")):
                assert process.poll() is None
            os.killpg(process.pid, signal.SIGKILL)

    def version(self) -> str:
        """The version that a fresh process runs."""
        return self.netledger("--version").stdout.removeprefix("netledger ").strip()

    def supervise(self) -> None:
        """Have a supervisor start it, which is called systemctl here; it asks for updates at once."""
        script = self.programs / "systemctl"
        command = [str(self.python), "-c", AT_ONCE, "run"]
        text = SUPERVISOR.format(python=sys.executable, folder=str(self.folder), command=command)
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
        assert self.run(str(script), "start").code == 0

    @property
    def journal(self) -> Path:
        return self.ledger.with_name("ledger.db.update")

    @property
    def update_log(self) -> Path:
        """What an update that the service began has written."""
        return self.ledger.with_name("ledger.db.update.log")

    def running_version(self) -> str:
        """The version that the service says it is; empty where none answers."""
        done = self.run(
            str(self.python), "-m", "netledger", "status", "--json"
        )  # pip puts the script in its place last
        return str(done.document.get("version", "")) if done.stdout else ""

    def wait_for_service(self) -> None:
        ends = time.monotonic() + SECONDS
        while not self.running_version():
            assert time.monotonic() < ends, (self.folder / "service.log").read_text(encoding="utf-8")
            time.sleep(0.1)

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
