from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.locks.holder import lock_path
from tests.exporter.cli.calls import Commands
from tests.privileges import has_many_users

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READING = (
    ("today",),
    ("week",),
    ("month",),
    ("year",),
    ("range", "--from", "2026-06-01", "--to", "2026-06-02"),
    ("summary",),
    ("interfaces",),
    ("interfaces", "--json"),
    ("audit",),
    ("ledger", "info"),
    ("ledger", "backup"),
    ("ledger", "verify"),
    ("ledger", "cleanup"),
)


def _newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


LEDGERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _: None, "there is no ledger at {path} yet: start one with `netledger run`"),
    "empty": (lambda path: path.touch(), "{path} is not a ledger, or an unfinished one: `netledger run` prepares it"),
    "garbage": (lambda path: path.write_bytes(b"garbage " * 99), "file is not a database"),
    "newer": (_newer, "{path} was written by a newer netledger (schema version 99): use that one to read it"),
    "a folder": (lambda path: path.mkdir(), "cannot read {path} (Is a directory): "),
}


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
@pytest.mark.parametrize("state", LEDGERS)
def test_a_ledger_that_cannot_be_read_is_one_sentence(state: str, arguments: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    make, expected = LEDGERS[state]
    make(path)

    done = Commands(path, NETLEDGER_SERVER_PORT="0")(*arguments)

    assert (done.exit_code, done.stdout) == (1, "")
    assert expected.format(path=path) in done.stderr
    assert "Traceback" not in done.stderr


BAD_CALLS = {
    ("today", "--interface", "nope"): "the ledger knows no 'nope'",
    ("week", "--interface", "nope"): "the ledger knows no 'nope'",
    ("month", "--interface", "nope"): "the ledger knows no 'nope'",
    ("year", "--interface", "nope"): "the ledger knows no 'nope'",
    ("summary", "--interface", "nope"): "the ledger knows no 'nope'",
    ("interfaces", "--interface", "nope"): "the ledger knows no 'nope'",
    ("interfaces", "--json", "--interface", "nope"): "the ledger knows no 'nope'",
    ("audit", "--interface", "nope"): "the ledger knows no 'nope'",
    ("month", "2026-13"): "'2026-13' is not a month",
    ("month", "last"): "'last' is not a month",
    ("year", "26"): "'26' is not a year",
    ("range", "--from", "2026-02-30", "--to", "2026-03-01"): "the calendar has no such day",
    ("range", "--from", "2026-03-02", "--to", "2026-03-01"): "reversed",
    ("range", "--from", "2026-03-02"): "Missing option '--to'",
    ("today", "extra"): "unexpected extra argument",
    ("today", "--csv"): "No such option",
    ("live", "--count", "0"): "not in the range",
    ("nonsense",): "No such command 'nonsense'.\n",
    ("tody",): "No such command 'tody'. Did you mean 'today'?",
    ("help",): "No such command 'help'. Use --help.",
    ("ledger", "inf"): "No such command 'inf'. Did you mean 'info'?",
    ("config", "chek"): "No such command 'chek'. Did you mean 'check'?",
    ("today", "--interface", "eth0", "--interface", "nope"): "the ledger knows no 'nope'",
    ("interfaces", "--interface", "eth0", "--interface", "nope"): "the ledger knows no 'nope'",
    ("audit", "--interface", "eth0", "--interface", "nope"): "the ledger knows no 'nope'",
    ("export", "--interface", "eth0", "--interface", "wlan0"): "several are those of a plan",
    ("report", "--year", "2026", "--interface", "eth0", "--interface", "wlan0"): "several are those of a plan",
    ("month", "--interface", "eth9"): "known are eth0, wg0, wlan0",
}


@pytest.mark.parametrize("arguments", BAD_CALLS, ids=" ".join)
def test_a_wrong_call_is_code_2_and_says_what_is_wrong(arguments: tuple[str, ...], commands: Commands) -> None:
    done = commands(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert BAD_CALLS[arguments] in done.stderr


@pytest.mark.parametrize("command", ["today", "status", "doctor", "audit", "run", "live"])
def test_wrong_settings_end_every_command_with_each_problem(command: str, ledger: Path) -> None:
    commands = Commands(ledger, NETLEDGER_SERVER_PORT="99999", NETLEDGER_AVERAGE_WINDOW="1")

    done = commands(command)

    assert done.exit_code == 1
    assert "NETLEDGER_SERVER_PORT: 99999 is above 65535" in done.stderr
    assert "NETLEDGER_AVERAGE_WINDOW" in done.stderr


def test_status_of_a_stopped_service_is_code_3(commands: Commands) -> None:
    told, in_words = commands("status", "--json"), commands("status")

    assert (told.exit_code, in_words.exit_code) == (3, 3)
    assert in_words.stdout == f"netledger is not running (ledger: {commands.ledger})\n"
    assert '"status": "stopped"' in told.stdout


@pytest.mark.parametrize("command", ["live", "top"])
def test_what_shows_this_moment_says_how_to_start_the_service(command: str, commands: Commands) -> None:
    done = commands(command)

    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr == "Error: netledger is not running: start it with `netledger run`\n"


def test_what_is_no_ledger_replaces_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()

    assert Commands(path)("ledger", "backup").exit_code == 1
    assert not (tmp_path / "backups").exists()


@pytest.mark.skipif(not has_many_users(), reason="only root of the machine can become somebody else")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("today",), "(Permission denied): ask as the user who runs netledger, or set ledger.path"),
        (("status",), "cannot see whether netledger runs"),
        (("live",), "cannot see whether netledger runs"),
        (("run",), "Permission denied"),
        (("ledger", "backup"), "Permission denied"),
    ],
)
@pytest.mark.parametrize("closed", ["folder", "files"])
def test_without_permission_every_command_says_so_in_one_sentence(
    arguments: tuple[str, ...], expected: str, closed: str, ledger: Path
) -> None:
    lock_path(ledger).touch()
    for file in (ledger, lock_path(ledger)):
        file.chmod(0o600)
    ledger.parent.chmod(0o700)
    if closed == "files":
        for folder in (ledger.parent, *ledger.parent.parents):
            if not folder.stat().st_mode & 0o001:
                folder.chmod(folder.stat().st_mode | 0o001)
    # The child takes another user on in this interpreter, which nobody else may be able to start.
    program = f"import os, sys; from exporter.cli.root import netledger; sys.argv[1:] = {list(arguments)!r}; "
    become = "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
    preloaded = (
        "import exporter.cli.run, exporter.cli.usage, exporter.cli.ledger, exporter.cli.status, exporter.cli.live; "
    )
    preloaded += "import exporter.service.runner, exporter.meters.interfaces.linux.reader; "
    preloaded += "import tzlocal, encodings.idna; "

    done = subprocess.run(
        [sys.executable, "-c", preloaded + program + become + "netledger()"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
        env={
            "NETLEDGER_LEDGER_PATH": str(ledger),
            "NETLEDGER_SERVER_PORT": "0",
            "NETLEDGER_LEDGER_TIMEZONE": "UTC",
            "NETLEDGER_APPLICATIONS_METER": "off",  # its sources load when they are needed, which this user may not
            "HOME": "/nonexistent",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
    )

    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 1


def test_a_reader_that_leaves_early_is_no_error(ledger: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "exporter", "month", "2026-05"],
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
            check=False,
            env={
                "NETLEDGER_LEDGER_PATH": str(ledger),
                "HOME": str(ledger.parent),
                "PYTHONPATH": os.pathsep.join(sys.path),
            },
        )

    assert done.stderr == ""
    assert done.returncode == 0
