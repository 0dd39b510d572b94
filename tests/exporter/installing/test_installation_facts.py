"""What an installation is made of, on machines that differ."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from exporter.installing import facts
from exporter.installing.errors import InstallError
from exporter.installing.installation import Installation, User
from exporter.installing.launchd import Launchd
from exporter.installing.systemd import Systemd
from exporter.installing.task_scheduler import TaskScheduler
from exporter.settings.tree import Settings

OPT = Installation(("/opt/netledger/bin/netledger",), folders=(Path("/opt/netledger"), Path("/usr")))
LINK = (Path("/usr/local/bin/netledger"), Path("/opt/netledger/bin/netledger"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such folders")
@pytest.mark.parametrize(
    ("installation", "found", "link"),
    [
        (OPT, None, LINK),
        (OPT, "/usr/bin/netledger", None),
        (OPT._replace(user=User("ada", 1000, Path("/home/ada"))), None, None),
        (OPT._replace(folders=(Path("/opt/netledger"), Path("/root/.pyenv"))), None, None),
        (OPT._replace(command=("/home/ada/.local/bin/netledger",)), None, None),
        (OPT._replace(command=("/usr/bin/python3", "-m", "netledger")), None, None),
    ],
    ids=["of all", "there is one", "of a user", "an interpreter in a home", "in a home", "no script"],
)
def test_every_user_gets_the_command_where_every_user_may_read_it(
    monkeypatch: pytest.MonkeyPatch, installation: Installation, found: str | None, link: tuple[Path, Path] | None
) -> None:
    monkeypatch.setattr("shutil.which", lambda *_, **__: found)

    assert facts.link_for_all(installation) == link


@pytest.mark.parametrize(
    ("platform", "supervisor"), [("linux", Systemd), ("darwin", Launchd), ("win32", TaskScheduler)]
)
def test_a_system_has_its_supervisor(platform: str, supervisor: type) -> None:
    assert isinstance(facts.supervisor_of(OPT, platform=platform), supervisor)


def test_a_cache_of_uvx_is_no_place_to_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.prefix", "/home/ada/.cache/uv/archive-v0/Xy")

    with pytest.raises(InstallError, match="uv tool install netledger"):
        facts.refuse_unfit(OPT, Settings(plans=()))


def test_a_netledger_is_called_by_its_script_or_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert facts.program()[1:] == ("-m", "exporter")

    (tmp_path / "netledger").touch()

    assert facts.program() == (str(tmp_path / "netledger"),)
