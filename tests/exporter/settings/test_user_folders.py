from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import platformdirs
import pytest

from exporter.settings.folders import config_folder, data_folder
from tests.privileges import has_many_users

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

WORLDS: list[dict[str, str]] = [
    {"HOME": "/home/ada"},
    {"HOME": "/home/ada/"},
    {"HOME": "/"},
    {"HOME": "/home/ada", "XDG_CONFIG_HOME": "/etc/ada", "XDG_DATA_HOME": "/data/ada"},
    {"HOME": "/home/ada", "XDG_CONFIG_HOME": "relative", "XDG_DATA_HOME": "~/data"},
    {"HOME": "/home/ada", "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": " "},
    {"HOME": ""},
    {"HOME": "relative"},
    {},
]


@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_the_users_folders_are_those_of_platformdirs(world: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in world.items():
        monkeypatch.setenv(name, value)

    assert str(config_folder(world)) == os.path.normpath(platformdirs.user_config_dir("netledger", appauthor=False))
    assert str(data_folder(world)) == os.path.normpath(platformdirs.user_data_dir("netledger", appauthor=False))


def _as_a_stranger(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Call netledger as a user whom the machine has no name for."""
    program = (
        "import os, sys, exporter.cli.usage, exporter.cli.service, platformdirs, pwd, getpass; "
        "from exporter.cli.root import netledger; "
        "os.setgroups([]); os.setgid(54321); os.setuid(54321); netledger(sys.argv[1:])"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd="/",
        env={"PYTHONPATH": os.pathsep.join(sys.path), **environ},
    )


@pytest.mark.skipif(not has_many_users(), reason="only root of the machine can become a stranger")
def test_a_user_without_a_name_asks_for_a_service_by_a_number(tmp_path: Path) -> None:
    named = _as_a_stranger("service", "install", "--user", "--print", HOME=str(tmp_path), NETLEDGER_CONFIG=os.devnull)
    homeless = _as_a_stranger("service", "status")

    assert (named.returncode, named.stderr) == (0, "")
    assert "loginctl enable-linger 54321" in named.stdout
    assert (homeless.returncode, homeless.stdout) == (1, "")
    assert homeless.stderr == "Error: this user has no home folder: set HOME to one\n"


@pytest.mark.skipif(not has_many_users(), reason="only root of the machine can become a stranger")
def test_a_user_without_a_home_gets_one_sentence() -> None:
    done = _as_a_stranger("today")

    expected = "Error: ledger.path: this user has no home folder; set ledger.path (NETLEDGER_LEDGER_PATH)\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)
