"""How netledger was installed, by the facts of its files; and the commands of each way."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from exporter.updating.tools import BY_HAND, InstallTarget, install_commands, repair_commands
from exporter.updating.ways import InstallFacts, Way, _is_of_debian, read_facts, way_of

WHEEL = InstallFacts(is_distribution=True, has_pip=True, installer="pip")
PIP = (sys.executable, "-P", "-m", "pip", "install", "--disable-pip-version-check")


@pytest.mark.parametrize(
    ("facts", "way"),
    [
        (WHEEL, "pip"),
        (WHEEL._replace(is_of_user=True), "pip"),
        (WHEEL._replace(is_in_container=True), "pip"),
        (WHEEL._replace(is_in_container=True, has_pip=False), "container"),
        (WHEEL._replace(has_uv_receipt=True, installer="uv", has_pip=False), "uv tool"),
        (WHEEL._replace(has_uv_receipt=True, has_pip=False, is_in_container=True), "uv tool"),
        (WHEEL._replace(has_pipx_metadata=True), "pipx"),
        (WHEEL._replace(installer="uv"), "uv pip"),
        (WHEEL._replace(installer="uv", has_pip=False, is_in_container=True), "uv pip"),
        (WHEEL._replace(installer="uv", has_pip=False), "uv pip"),
        (WHEEL._replace(is_of_debian=True), "debian"),
        (WHEEL._replace(is_editable=True), "checkout"),
        (WHEEL._replace(is_editable=True, is_in_container=True), "checkout"),
        (InstallFacts(is_distribution=False), "checkout"),
    ],
)
def test_the_way_is_that_of_the_facts(facts: InstallFacts, way: Way) -> None:
    assert way_of(facts) == way


@pytest.mark.parametrize(
    ("name", "fact"), [("uv-receipt.toml", "has_uv_receipt"), ("pipx_metadata.json", "has_pipx_metadata")]
)
def test_a_tool_is_known_by_the_file_that_it_leaves(name: str, fact: str, tmp_path: Path) -> None:
    before = read_facts(prefix=tmp_path)
    (tmp_path / name).touch()

    assert read_facts(prefix=tmp_path)._asdict() == before._asdict() | {fact: True}


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_a_container_is_known_by_its_mark(mark: str, tmp_path: Path) -> None:
    outside = read_facts(root=tmp_path).is_in_container
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()

    assert (outside, read_facts(root=tmp_path).is_in_container) == (False, True)


@pytest.mark.parametrize("path", ["/usr/bin/dpkg", "/usr/bin/netledger-of-none", "/usr/local/bin/netledger"])
def test_a_file_of_debian_is_known_by_dpkg(path: str) -> None:
    assert _is_of_debian(Path(path)) == (path == shutil.which("dpkg"))


def test_this_checkout_is_one() -> None:
    assert way_of(read_facts()) == "checkout"


@pytest.mark.parametrize(
    ("way", "target", "commands"),
    [
        ("pip", InstallTarget(Version("2.0"), is_newest=True), [(*PIP, "netledger==2.0")]),
        (
            "pip",
            InstallTarget(Version("2.0"), is_again=True),
            [(*PIP, "--force-reinstall", "--no-deps", "netledger==2.0"), (*PIP, "netledger==2.0")],
        ),
        (
            "uv tool",
            InstallTarget(Version("2.0"), is_newest=True),
            [("uv", "tool", "install", "--upgrade", "netledger")],
        ),
        ("uv tool", InstallTarget(Version("2.0")), [("uv", "tool", "install", "--upgrade", "netledger==2.0")]),
        ("pipx", InstallTarget(Version("2.0"), is_newest=True), [("pipx", "install", "--force", "netledger")]),
        ("pipx", InstallTarget(Version("2.0"), is_again=True), [("pipx", "install", "--force", "netledger==2.0")]),
        (
            "uv pip",
            InstallTarget(Version("2.0"), is_newest=True),
            [("uv", "pip", "install", "--python", sys.executable, "netledger==2.0")],
        ),
    ],
)
def test_each_tool_has_its_commands(way: Way, target: InstallTarget, commands: list[tuple[str, ...]]) -> None:
    assert list(install_commands(way, WHEEL, target)) == commands


def test_pip_installs_for_the_user_where_it_did() -> None:
    (command,) = install_commands("pip", WHEEL._replace(is_of_user=True), InstallTarget(Version("2.0")))

    assert "--user" in command


def test_after_an_interruption_pip_ignores_what_is_there() -> None:
    first, second = repair_commands("pip", WHEEL, InstallTarget(Version("2.0")))

    assert first == (*PIP, "--ignore-installed", "--no-deps", "netledger==2.0")
    assert second == (*PIP, "netledger==2.0")


def test_ways_without_a_tool_have_a_line_to_type() -> None:
    assert set(BY_HAND) == {"debian", "container", "checkout"}
