from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from exporter.cli.root import COMMANDS, SUBCOMMANDS, netledger

if TYPE_CHECKING:
    from tests.conftest import Golden

READING = ("live", "today", "week", "month", "year", "range", "summary", "interfaces", "audit")


def _command(name: str) -> click.Command:
    command = netledger.get_command(click.Context(netledger), name)
    assert command is not None
    return command


def _paths() -> list[tuple[str, ...]]:
    groups = {name: command for name in COMMANDS if isinstance(command := _command(name), click.Group)}
    return [
        (),
        *((name,) for name in COMMANDS),
        *((name, sub) for name, group in groups.items() for sub in group.commands),
        *SUBCOMMANDS,
    ]


def _help(*path: str, option: str = "--help") -> str:
    done = CliRunner().invoke(netledger, [*path, option], prog_name="netledger", terminal_width=80)
    assert done.exit_code == 0
    return done.stdout


@pytest.mark.parametrize("path", _paths(), ids=" ".join)
def test_the_help_of_a_command_is_as_promised(path: tuple[str, ...], golden: Golden) -> None:
    golden(f"help/{'-'.join(('netledger', *path))}.txt", _help(*path))


@pytest.mark.parametrize("path", _paths(), ids=" ".join)
def test_h_is_short_for_help_and_no_summary_is_cut_short(path: tuple[str, ...]) -> None:
    shown = _help(*path, option="-h")

    assert shown == _help(*path)
    assert "..." not in shown.partition("Commands:")[2]


def test_every_test_calls_a_command_through_the_root() -> None:
    """click keeps a command's help option from its first call: one without the root's settings has no -h ever after."""
    tests = Path(__file__).parents[2]
    called = {
        name
        for file in tests.rglob("*.py")
        for name in re.findall(r"CliRunner\(\)\.invoke\(\s*(\w+)", file.read_text())
    }

    assert called == {"netledger"}


@pytest.mark.parametrize("name", READING)
def test_a_reading_command_has_json_and_interface(name: str) -> None:
    options = {option for parameter in _command(name).params for option in parameter.opts}

    assert {"--json", "--interface"} <= options


def test_the_version_is_one_line() -> None:
    done = CliRunner().invoke(netledger, ["--version"])

    assert done.exit_code == 0
    assert done.stdout.startswith("netledger ")
    assert done.stdout.count("\n") == 1
