"""A Debian with nothing but make and Python, by what the documents tell people to type, from nothing to nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.booted_machine import ADA, ROOT, BootedMachine, make_root, reason_against_boots

if TYPE_CHECKING:
    from collections.abc import Iterator

WHEELS = "/srv/wheels"
CHECKOUT = "/opt/netledger"
OF_DEBIAN = ("--python-version=3.11", "--only-binary=:all:")
INSTALL_SECONDS = 300
PIP = f"[global]\nno-index = true\nfind-links = {WHEELS}\ndisable-pip-version-check = true\n"
"""The machine has no network: pip finds there what it would fetch."""
RUN_ASK_END = f"""
set -eum
cd {CHECKOUT}
make run > /tmp/run.log 2>&1 &
for attempt in $(seq {INSTALL_SECONDS - 60}); do
  kill -0 $! || break
  ! .venv/bin/netledger status > /dev/null 2>&1 || break
  sleep 1
done
.venv/bin/netledger today || {{ cat /tmp/run.log; exit 1; }}
kill -INT -- -$!
wait $! || true
tail -5 /tmp/run.log
"""
"""`make run` in a terminal, the question of another, and Ctrl-C."""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BootedMachine]:
    if reason := reason_against_boots():
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("fresh") / "root"
    make_root(root, "make", "python3-venv")
    subprocess.run(["git", "clone", "--quiet", ROOT, f"{root}{CHECKOUT}"], check=True)
    locks = [f"--requirement={ROOT}/requirements/{name}.txt" for name in ("run", "build")]
    fetch = [sys.executable, "-m", "pip", "download", "--require-hashes", f"--dest={root}{WHEELS}", *locks]
    fetched = subprocess.run([*fetch, *OF_DEBIAN], capture_output=True, text=True, check=False)
    assert fetched.returncode == 0, fetched.stdout + fetched.stderr
    try:
        with BootedMachine(root, has_ours=False) as booted:
            booted.write("/etc/pip.conf", PIP)
            booted.run("useradd", "--create-home", f"--uid={ADA}", "ada")
            yield booted
    finally:
        shutil.rmtree(root, ignore_errors=True)


def test_a_checkout_runs_is_installed_asked_and_uninstalled(machine: BootedMachine) -> None:
    ran = machine.call("bash", "-c", RUN_ASK_END, seconds=INSTALL_SECONDS)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Received" in ran.stdout

    done = machine.call(f"{CHECKOUT}/.venv/bin/netledger", "install", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr + machine.journal()
    for user in ("", "ada"):
        assert machine.answer("status", user=user)["status"] == "running"
        assert machine.netledger("today", user=user).returncode == 0
    before = machine.answer("summary")["total_bytes"]
    machine.run("systemctl", "restart", "netledger")
    assert machine.answer("summary")["total_bytes"] >= before

    assert machine.netledger("uninstall", "--purge", "--yes").returncode == 0
    for path in ("/etc/systemd/system/netledger.service", "/usr/local/bin/netledger", "/var/lib/private/netledger"):
        assert not machine.exists(path), path
