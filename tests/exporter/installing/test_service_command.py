"""`netledger service` on a machine whose systemctl and loginctl only note what they are asked."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.installing import facts
from exporter.ledger.locks.lock import LedgerLock
from exporter.session.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")

NOTING = """#!/bin/sh
echo "$(basename $0) $*" >> {log}
case "$*" in
  *show*) cat {state} ;;
  *enable-linger*) touch {linger}/ada ;;
  *disable-linger*) rm -f {linger}/ada ;;
  *"--user start"*|*"--user restart"*) echo "{running}" | tr ' ' '\\n' > {state} ;;
  *disable*) rm -f {state}; touch {state} ;;
esac
test ! -e {failing} || {{ echo "Job failed" >&2; exit 1; }}
"""
RUNNING = "LoadState=loaded ActiveState=active UnitFileState=enabled MainPID=4242"


class Machine:
    """A home folder, and programs that note what they are asked."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.linger = folder, folder / "home", folder / "linger"
        self.log, self.failing = folder / "log", folder / "failing"
        for made in (self.home, self.linger, folder / "bin"):
            made.mkdir()
        (folder / "state").touch()
        text = NOTING.format(
            log=self.log, state=folder / "state", linger=self.linger, failing=self.failing, running=RUNNING
        )
        for name in ("systemctl", "loginctl", "journalctl"):
            (folder / "bin" / name).write_text(text, encoding="utf-8")
            (folder / "bin" / name).chmod(0o755)

    @property
    def unit(self) -> Path:
        return self.home / ".config" / "systemd" / "user" / "netledger.service"

    @property
    def ledger(self) -> Path:
        return self.home / ".local" / "share" / "netledger" / "ledger.db"

    def called(self) -> list[str]:
        """What was asked since the last time, without questions."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line for line in lines if " show " not in line]

    def __call__(self, *arguments: str) -> Result:
        environ = {"NETLEDGER_LEDGER_PATH": str(self.ledger)}
        return CliRunner().invoke(netledger, arguments, obj=Environment(environ=environ))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(facts, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(facts, "LINGERING", made.linger)
    return made


def test_an_installation_says_what_it_writes_and_starts_the_service(machine: Machine) -> None:
    done = machine("service", "install", "--user")

    assert done.exit_code == 0, done.output
    assert f"  writes {machine.unit}\n  runs systemctl --user daemon-reload\n" in done.output
    assert "netledger runs by systemd (user ada)" in done.output
    assert machine.called() == [
        "systemctl --user daemon-reload",
        "systemctl --user enable --quiet netledger.service",
        "systemctl --user restart netledger.service",
        "systemctl --user start netledger.service",
        "loginctl enable-linger ada",
    ]
    assert f"ExecStart={facts.program()[0]}" in machine.unit.read_text(encoding="utf-8")
    assert machine.unit.stat().st_mode & 0o777 == 0o644


def test_to_install_again_changes_and_restarts_nothing(machine: Machine) -> None:
    machine("install", "--user")
    before = machine.unit.stat().st_mtime_ns, machine.unit.read_bytes()
    machine.called()

    again = machine("install", "--user")

    assert again.exit_code == 0, again.output
    assert (machine.unit.stat().st_mtime_ns, machine.unit.read_bytes()) == before
    assert "systemctl --user restart netledger.service" not in machine.called()


def test_an_uninstallation_undoes_all_and_keeps_the_ledger(machine: Machine) -> None:
    machine("install", "--user")
    machine.ledger.parent.mkdir(parents=True)
    machine.ledger.touch()
    machine.called()

    done = machine("uninstall", "--user")

    assert done.exit_code == 0, done.output
    assert machine.called() == [
        "systemctl --user disable --quiet --now netledger.service",
        "systemctl --user daemon-reload",
        "systemctl --user reset-failed --quiet netledger.service",
        "loginctl disable-linger ada",
    ]
    assert not machine.unit.exists()
    assert not list(machine.linger.iterdir())
    assert machine.ledger.exists()
    assert f"the ledger stays at {machine.ledger}" in done.output
    assert machine("uninstall", "--user").exit_code == 0


def test_a_user_who_lingered_before_lingers_on(machine: Machine) -> None:
    (machine.linger / "ada").touch()
    machine("install", "--user")
    assert not any("linger" in line for line in machine.called())

    machine("uninstall", "--user")

    assert not any("linger" in line for line in machine.called())
    assert (machine.linger / "ada").exists()


def test_a_purge_asks_and_deletes_the_ledger(machine: Machine) -> None:
    machine("install", "--user")
    (machine.ledger.parent / "backups").mkdir(parents=True)
    machine.ledger.touch()

    refused = machine("service", "uninstall", "--user", "--purge")
    assert (refused.exit_code, machine.ledger.exists()) == (2, True)
    assert "--yes" in refused.output

    assert machine("service", "uninstall", "--user", "--purge", "--yes").exit_code == 0
    assert not machine.ledger.parent.exists()


def test_a_purge_of_a_ledger_elsewhere_deletes_its_own_files_alone(machine: Machine) -> None:
    elsewhere = machine.folder / "books" / "mine.db"
    elsewhere.parent.mkdir()
    for name in ("mine.db", "mine.db-wal", "mine.db.lock", "mine.db.update", "mine.db.update.lock", "letter.txt"):
        (elsewhere.parent / name).touch()
    environ = Environment(environ={"NETLEDGER_LEDGER_PATH": str(elsewhere)})

    done = CliRunner().invoke(netledger, ["uninstall", "--user", "--purge", "--yes"], obj=environ)

    assert done.exit_code == 0, done.output
    assert [path.name for path in elsewhere.parent.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_print_shows_all_and_does_nothing(machine: Machine, verb: str) -> None:
    done = machine("service", verb, "--user", "--print")

    assert done.exit_code == 0
    assert str(machine.unit) in done.output
    assert machine.called() == []
    assert not machine.unit.exists()


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_an_installed_service_is_started_and_stopped(machine: Machine, verb: str) -> None:
    missing = machine("service", verb, "--user")
    assert missing.exit_code == 1
    assert "has no netledger: " in missing.output
    assert "service install --user" in missing.output

    machine("install", "--user")
    machine.called()

    assert machine("service", verb, "--user").exit_code == 0
    assert machine.called() == [f"systemctl --user {verb} netledger.service"]


def test_the_status_is_that_of_the_supervisor(machine: Machine) -> None:
    assert machine("service", "status", "--user").exit_code == 3
    machine("install", "--user")

    done = machine("service", "status", "--user", "--json")

    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert (answer["is_installed"], answer["is_running"], answer["starts_at_boot"]) == (True, True, True)
    assert answer["pid"] == 4242
    assert "yes (process 4242)" in machine("service", "status", "--user").output


def test_a_program_that_fails_is_quoted_with_the_next_step(machine: Machine) -> None:
    machine.failing.touch()

    done = machine("install", "--user")

    assert done.exit_code == 1
    assert "Error: systemctl --user daemon-reload: Job failed: `netledger service logs` says why" in done.output


def test_a_user_who_may_not_linger_has_the_service_all_the_same(machine: Machine) -> None:
    (machine.folder / "bin" / "loginctl").write_text(
        "#!/bin/sh\necho 'authentication required' >&2; exit 1\n", encoding="utf-8"
    )

    done = machine("install", "--user")

    assert done.exit_code == 1
    assert "it runs, but only while you are logged in; as root: loginctl enable-linger ada" in done.output
    assert machine.called()[-1] == "systemctl --user start netledger.service"
    assert machine.unit.exists()


def test_a_service_in_the_foreground_is_ended_first(machine: Machine) -> None:
    machine.ledger.parent.mkdir(parents=True)
    lock = LedgerLock(machine.ledger)
    lock.acquire()
    try:
        done = machine("install", "--user")
    finally:
        lock.release()

    assert done.exit_code == 1
    assert f"end it first: kill {os.getpid()}" in done.output
    assert not machine.unit.exists()


def test_the_system_is_for_root(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(facts, "refuse_unfit", lambda *_: None)
    monkeypatch.setattr("exporter.cli.service.refuse_unfit", lambda *_: None)

    done = machine("service", "install", "--system")

    assert done.exit_code == 1
    assert f"the system's service is root's: sudo {facts.program()[0]} service install --system" in done.output
    assert machine.called() == []


def test_a_ledger_elsewhere_is_no_ledger_of_the_system(machine: Machine) -> None:
    done = machine("service", "install", "--system")

    assert done.exit_code == 1
    assert "keeps its ledger in /var/lib/netledger: take ledger.path out of the settings" in done.output


def test_without_systemd_the_next_step_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "SYSTEMD_RUNS", machine.folder / "none")

    done = machine("install", "--user")

    assert done.exit_code == 1
    assert "systemd does not run here" in done.output
    assert "service watch -- COMMAND" in done.output
