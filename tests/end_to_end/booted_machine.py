"""A Debian that boots: made by debootstrap, run by systemd-nspawn, with the netledger of these tests in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.privileges import has_many_users

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PACKAGES = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,python3"
"""python3 for the libraries that any interpreter wants."""

PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter")
BOOT_SECONDS, CALL_SECONDS = 60, 120
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ADA = 1000


def reason_against_boots() -> str:
    """What prevents a boot here; empty where nothing does."""
    if not has_many_users():
        return "only root may make a machine that boots"
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    return f"{', '.join(missing)}: not installed" if missing else ""


def make_root(folder: Path, *more: str) -> None:
    """A minimal Debian with more packages; they come from where apt's do here."""
    packages = ",".join((PACKAGES, *more))
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


class BootedMachine:
    """One boot of a root folder; its one uplink is `up0`. `has_ours` brings the netledger of these tests into it."""

    def __init__(self, root: Path, *, has_ours: bool = True) -> None:
        self._root, self._log = root, root.with_name("console.log")
        self._has_ours = has_ours
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Self:
        # The interpreter and the environment are where they are outside: as a netledger in a home folder is.
        ours = (ROOT, Path(sys.prefix), Path(sys.base_prefix)) if self._has_ours else ()
        folders = dict.fromkeys(str(path) for path in ours)
        binds = [f"--bind-ro={path}" for path in folders if not path.startswith("/usr")]
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"]
        # nspawn's own filter refuses what a machine lets root do.
        command += ["--capability=all", "--system-call-filter=bpf perf_event_open"]
        with self._log.open("wb") as log:
            self._nspawn = subprocess.Popen(
                [*command, "--console=pipe", f"--directory={self._root}", *binds],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.eventually(self._find_init, "init runs")
        self.eventually(
            lambda: self.run("systemctl", "is-system-running").strip() in {"running", "degraded"}, "it is up"
        )
        for words in ("link add up0 type veth peer name down0", "link set up0 up", "link set down0 up"):
            subprocess.run(["nsenter", f"--target={self._init}", "--net", "ip", *words.split()], check=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._nspawn is not None
        os.kill(self._init or self._nspawn.pid, signal.SIGKILL)  # nspawn ends with its init, and nothing is kept
        self._nspawn.wait()

    def call(self, *command: str, seconds: float = CALL_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a program on the machine, as root."""
        entered = [
            "nsenter",
            "--target",
            str(self._init),
            "--all",
            "--",
            "/usr/bin/env",
            "-i",
            f"PATH={PATH}",
            "HOME=/root",
        ]
        return subprocess.run(
            [*entered, "LANG=C.UTF-8", *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str) -> str:
        """Run a program, and return its output whatever its exit code."""
        return self.call(*command).stdout

    @property
    def command(self) -> list[str]:
        """netledger as it is called: that of these tests, else what the machine's PATH has."""
        return [str(Path(sys.executable).with_name("netledger"))] if self._has_ours else ["netledger"]

    def netledger(self, *arguments: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """Run netledger as root, or as a user who has logged in."""
        script = [*self.command, *arguments]
        if not user:
            return self.call(*script)
        runtime = f"XDG_RUNTIME_DIR=/run/user/{ADA}"
        identity = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]
        return self.call(
            *identity, "/usr/bin/env", f"HOME=/home/{user}", f"USER={user}", f"LOGNAME={user}", runtime, *script
        )

    def unit(self, name: str) -> str:
        """A property of the system's netledger."""
        return self.run("systemctl", "show", "--value", f"--property={name}", "netledger").strip()

    def pid(self) -> int:
        """The process of the system's netledger; 0 without one."""
        return int(self.unit("MainPID") or 0)

    def journal(self) -> str:
        """What the journal has of it."""
        return self.run("journalctl", "--no-pager", "--unit=netledger", "--lines=200")

    def answer(self, *arguments: str, user: str = "") -> dict[str, Any]:
        """The JSON of a command."""
        done = self.netledger(*arguments, "--json", user=user)
        return dict(json.loads(done.stdout or "{}"))

    def write(self, path: str, text: str) -> None:
        """Write a file of the machine, which every user may read."""
        file = self._root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(0o644)

    def exists(self, path: str) -> bool:
        """Whether there is anything at a path of the machine."""
        return self.call("test", "-e", path).returncode == 0

    def eventually(self, holds: Callable[[], object], what: str, seconds: float = BOOT_SECONDS) -> None:
        """Wait until it holds."""
        ends = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends, (
                f"not within {seconds} s: {what}\n{self._log.read_text(errors='replace')[-3000:]}"
            )
            time.sleep(0.2)

    def _find_init(self) -> bool:
        assert self._nspawn is not None
        assert self._nspawn.poll() is None, self._log.read_text(errors="replace")[-3000:]
        pid = self._nspawn.pid
        found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
        self._init = int(found[0]) if found else 0
        return bool(self._init) and Path(f"/proc/{self._init}/comm").read_text(encoding="utf-8").strip() == "systemd"
