"""`netledger update` under a real systemd: the service of the system, confined, and a user's, which updates itself."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.booted_machine import ADA, ROOT, BootedMachine, make_root, reason_against_boots
from tests.worlds.release_index import build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX, WHEELS = "/srv/index", "/srv/wheels"
OF_DEBIAN = ("--python-version=3.11", "--only-binary=:all:")
PIP = f"[global]\nindex-url = file://{INDEX}\nfind-links = {WHEELS}\ndisable-pip-version-check = true\n"
"""The machine has no network: pip finds dependencies in a folder, and netledger in another, which is an index."""

MINUTES = 60
OLD, NEW, SICK = "0.1.0", "0.2.0", "0.3.0"
STATE = "/var/lib/private/netledger"


def _sicken(source: Path) -> None:
    file = source / "exporter" / "web" / "api" / "prometheus.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('(text="netledger is healthy', '(status=500, text="netledger is'), encoding="utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian with Python, wheels of all that netledger needs, and of three releases of it."""
    if reason := reason_against_boots():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("updated")
    root = folder / "root"
    make_root(root, "python3-venv")
    fetch = [sys.executable, "-m", "pip", "download", "--require-hashes", f"--dest={root}{WHEELS}"]
    fetched = subprocess.run(
        [*fetch, f"--requirement={ROOT}/requirements/run.txt", *OF_DEBIAN], capture_output=True, text=True, check=False
    )
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    project = root / INDEX.removeprefix("/") / "netledger"
    project.mkdir(parents=True)
    for version, change in ((OLD, bool), (NEW, bool), (SICK, _sicken)):
        shutil.move(build_wheel(folder, version, change), project)
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def machine(root: Path) -> Iterator[BootedMachine]:
    """The machine, up, with a user ada."""
    with BootedMachine(root, has_ours=False) as booted:
        booted.write("/etc/pip.conf", PIP)
        booted.run("useradd", "--create-home", f"--uid={ADA}", "ada")
        yield booted


def _offer(machine: BootedMachine, root: Path, *versions: str) -> None:
    """Have the index offer these releases."""
    lines = []
    for version in versions:
        name = f"netledger-{version}-py3-none-any.whl"
        digest = hashlib.sha256((root / INDEX.removeprefix("/") / "netledger" / name).read_bytes()).hexdigest()
        lines.append(f'<a href="{name}#sha256={digest}">{name}</a>')
    machine.write(f"{INDEX}/netledger/index.html", "\n".join(lines))


def _install(machine: BootedMachine, folder: str) -> None:
    for command in (["python3", "-m", "venv", folder], [f"{folder}/bin/pip", "install", f"netledger=={OLD}"]):
        done = machine.call(*command, seconds=5 * MINUTES)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_systems_service_is_updated_by_root_and_taken_back(machine: BootedMachine, root: Path) -> None:
    _offer(machine, root, OLD, NEW)
    _install(machine, "/opt/netledger")
    installed = machine.call("/opt/netledger/bin/netledger", "install", "--yes")
    assert installed.returncode == 0, installed.stdout + installed.stderr + machine.journal()
    machine.eventually(lambda: machine.answer("status").get("status") == "running", "it runs")

    checked = machine.netledger("update", "--check-only")
    updated = machine.call("netledger", "update", seconds=5 * MINUTES)
    newer = machine.answer("status")["version"]
    _offer(machine, root, OLD, NEW, SICK)
    taken_back = machine.call("netledger", "update", seconds=8 * MINUTES)

    assert checked.returncode == 100
    assert (updated.returncode, newer) == (0, NEW), updated.stdout + updated.stderr + machine.journal()
    assert updated.stdout.endswith(f"netledger {NEW} runs\n")
    assert taken_back.returncode == 1, taken_back.stdout + taken_back.stderr
    assert f"went back to netledger {NEW}" in " ".join(taken_back.stdout.split())
    assert machine.answer("status")["version"] == NEW
    assert machine.netledger("ledger", "verify").returncode == 0
    owners = machine.run("stat", "--format=%u", f"{STATE}/ledger.db", *_files_of_updates()).split()
    assert len(owners) == 3
    assert len(set(owners)) == 1
    assert machine.netledger("uninstall", "--purge", "--yes").returncode == 0


def _files_of_updates() -> tuple[str, str]:
    return f"{STATE}/ledger.db.update", f"{STATE}/backups/ledger-before-{SICK}.db"


def test_a_users_service_updates_itself_by_a_unit_of_its_own(machine: BootedMachine, root: Path) -> None:
    _offer(machine, root, OLD, NEW)
    _install(machine, "/home/ada/netledger")
    machine.run("ln", "--symbolic", "/home/ada/netledger/bin/netledger", "/usr/bin/netledger")
    machine.write("/home/ada/.config/netledger/netledger.yaml", "auto_update: apply\nserver: {port: 7400}\n")
    machine.run("chown", "--recursive", "ada:", "/home/ada")
    machine.run("loginctl", "enable-linger", "ada")
    machine.eventually(lambda: machine.exists(f"/run/user/{ADA}/bus"), "ada has a bus")
    installed = machine.netledger("install", "--user", "--yes", user="ada")
    assert installed.returncode == 0, installed.stdout + installed.stderr

    machine.eventually(lambda: machine.answer("status", user="ada").get("version") == NEW, "it is updated", 3 * MINUTES)
    machine.eventually(
        lambda: not machine.exists("/home/ada/.local/share/netledger/ledger.db.update"), "it is over", 2 * MINUTES
    )

    assert machine.answer("status", user="ada")["status"] == "running"
    log = machine.run("journalctl", "--no-pager", "_SYSTEMD_USER_UNIT=netledger-update.service")
    assert f"netledger {NEW} runs" in log
