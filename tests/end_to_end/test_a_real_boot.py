"""A whole life of the service in a Debian that boots: installed, asked, killed, hung, reloaded, uninstalled."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.booted_machine import ADA, BootedMachine, make_root, reason_against_boots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = "interfaces: {counted: [up0]}\nledger: {commit_interval: 1s}\n"
KEY = "1234567890abcdef1234567890abcdef"
LEDGER = "/var/lib/netledger/ledger.db"
HANG_SECONDS = 60
"""The watchdog's 30 s, the end of the process and a new start."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if reason := reason_against_boots():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("machine") / "root"
    make_root(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def booted(root: Path) -> Iterator[BootedMachine]:
    with BootedMachine(root) as machine:
        machine.run("useradd", "--create-home", f"--uid={ADA}", "ada")
        machine.run("chmod", "711", "/root")  # this netledger may lie there
        machine.write("/etc/netledger/netledger.yaml", SETTINGS)
        yield machine


@pytest.fixture
def machine(booted: BootedMachine) -> BootedMachine:
    """The machine with netledger installed and running."""
    done = booted.netledger("install")
    assert done.returncode == 0, done.stderr + booted.journal()
    return booted


def test_an_installed_service_runs_confined_and_every_user_may_ask(machine: BootedMachine) -> None:
    assert machine.unit("ActiveState") == "active"
    assert machine.unit("StatusText") == "listens on http://127.0.0.1:7373"
    assert machine.run("systemctl", "is-enabled", "netledger").strip() == "enabled"
    capabilities = machine.run("grep", "Cap", f"/proc/{machine.pid()}/status").split()[1::2]
    assert set(capabilities) == {"0" * 16}

    for user in ("", "ada"):
        assert machine.answer("status", user=user)["status"] == "running"
        assert machine.netledger("today", user=user).returncode == 0


def test_ledger_and_keys_stay_unreadable(machine: BootedMachine) -> None:
    machine.write("/etc/netledger/api_keys", f"{KEY}\n")
    machine.run("chmod", "600", "/etc/netledger/api_keys")
    try:
        assert machine.netledger("install").returncode == 0

        for path in (LEDGER, "/etc/netledger/api_keys", "/run/credentials/netledger.service/api_keys"):
            refused = machine.call("setpriv", "--reuid=ada", "--clear-groups", "cat", path)
            assert (refused.stdout, "Permission denied" in refused.stderr) == ("", True), path
        asks = machine.netledger("today", user="ada")
        assert "asks for a key" in asks.stderr
    finally:
        machine.run("rm", "/etc/netledger/api_keys")
    assert machine.netledger("install").returncode == 0
    assert machine.netledger("today", user="ada").returncode == 0


def test_a_crash_is_mended_and_the_ledger_goes_on(machine: BootedMachine) -> None:
    first, before = machine.pid(), machine.answer("summary")["total_bytes"]

    machine.run("sh", "-c", f"kill -KILL {first}")

    machine.eventually(lambda: machine.pid() not in {0, first} and machine.unit("ActiveState") == "active", "a new one")
    assert machine.answer("summary")["total_bytes"] >= before


def test_a_hang_is_mended(machine: BootedMachine) -> None:
    hung = machine.pid()

    machine.run("sh", "-c", f"kill -STOP {hung}")

    machine.eventually(
        lambda: machine.pid() not in {0, hung} and machine.unit("ActiveState") == "active", "a new one", HANG_SECONDS
    )
    assert "result 'watchdog'" in machine.journal()
    assert machine.answer("status")["status"] == "running"


def test_a_reload_takes_settings_over_in_the_same_process(machine: BootedMachine) -> None:
    pid = machine.pid()
    machine.write("/etc/netledger/netledger.yaml", f"{SETTINGS}server: {{port: 7474}}\n")
    try:
        assert machine.call("systemctl", "reload", "netledger").returncode == 0

        machine.eventually(lambda: machine.unit("StatusText") == "listens on http://127.0.0.1:7474", "the new address")
        assert machine.pid() == pid
    finally:
        machine.write("/etc/netledger/netledger.yaml", SETTINGS)
        machine.run("systemctl", "restart", "netledger")


def test_an_uninstallation_leaves_the_ledger_and_a_purge_nothing(machine: BootedMachine) -> None:
    assert machine.netledger("uninstall").returncode == 0

    assert machine.unit("LoadState") == "not-found"
    assert machine.pid() == 0
    assert not machine.exists("/etc/systemd/system/netledger.service")
    assert machine.exists(LEDGER)
    assert machine.netledger("service", "status").returncode == 3

    assert machine.netledger("install").returncode == 0
    assert machine.netledger("uninstall", "--purge", "--yes").returncode == 0
    assert not machine.exists("/var/lib/netledger")
    assert not machine.exists("/var/lib/private/netledger")


def test_capabilities_measure_every_packet_of_applications(machine: BootedMachine) -> None:
    try:
        assert machine.netledger("service", "install", "--applications").returncode == 0

        assert machine.answer("status")["meters"]["application"]["backend"] == "ebpf", machine.journal()
        uid = machine.run("stat", "--format=%u", f"/proc/{machine.pid()}").strip()
        assert uid not in {"", "0"}
    finally:
        machine.netledger("install")


def test_a_ledger_that_root_began_goes_on(booted: BootedMachine) -> None:
    booted.netledger("uninstall", "--purge", "--yes")
    booted.run("systemd-run", "--unit=begun", *booted.command, "run")
    booted.eventually(lambda: booted.answer("status").get("status") == "running", "root's own runs")
    booted.run("systemctl", "stop", "begun")
    began = booted.run("stat", "--format=%i", LEDGER)
    assert began.strip().isdecimal()

    assert booted.netledger("install").returncode == 0

    assert booted.run("stat", "--format=%i", "/var/lib/private/netledger/ledger.db") == began
    assert booted.answer("status", user="ada")["status"] == "running"


def test_a_user_has_a_service_of_their_own_that_outlasts_the_session(booted: BootedMachine) -> None:
    booted.netledger("uninstall")
    booted.run("loginctl", "enable-linger", "ada")
    booted.eventually(lambda: booted.exists(f"/run/user/{ADA}/bus"), "ada's own systemd")
    try:
        done = booted.netledger("install", "--user", user="ada")
        assert done.returncode == 0, done.stderr

        status = booted.answer("service", "status", user="ada")
        assert (status["is_running"], status["starts_at_boot"]) == (True, True)
        assert booted.answer("status", user="ada")["pid"] == status["pid"]
    finally:
        assert booted.netledger("uninstall", "--user", user="ada").returncode == 0
    assert booted.answer("service", "status", "--user", user="ada")["is_running"] is False
    assert booted.exists("/home/ada/.local/share/netledger/ledger.db")
