from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from exporter.cli.root import COMMANDS, SUBCOMMANDS, netledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Golden

READING = ("live", "today", "week", "month", "year", "range", "summary", "interfaces", "audit")


def _command(*words: str) -> click.Command:
    _, command, _ = netledger.resolve_command(click.Context(netledger), list(words))
    assert command is not None
    return command


def _below(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _below((*path, name), each)


TREE = {
    path: command
    for words in (*((name,) for name in COMMANDS), *SUBCOMMANDS)
    for path, command in _below(words, _command(*words))
}
"""Every command by its words."""


def _paths() -> list[tuple[str, ...]]:
    return [(), *TREE]


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


@pytest.mark.parametrize("path", TREE, ids=" ".join)
def test_every_command_and_group_takes_the_settings_file_behind_it(path: tuple[str, ...]) -> None:
    options = [option for parameter in TREE[path].params for option in parameter.opts]

    assert options.count("--config") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "FILE", "ledger", "info"),
        ("ledger", "--config", "FILE", "info"),
        ("ledger", "info", "--config", "FILE"),
        ("requests", "key", "--config", "FILE", "list"),
        ("requests", "key", "list", "--config", "FILE"),
        ("today", "--config", "FILE"),
    ],
    ids=" ".join,
)
def test_a_settings_file_is_read_wherever_it_stands(words: tuple[str, ...], tmp_path: Path) -> None:
    settings = tmp_path / "mine.yaml"
    settings.write_text(f"ledger: {{path: {tmp_path / 'nowhere.db'}}}\nserver: {{port: 1}}\n", encoding="utf-8")

    done = CliRunner().invoke(netledger, [str(settings) if word == "FILE" else word for word in words])

    assert (done.exit_code, str(tmp_path / "nowhere.db") in done.stderr) == (1, True)


@pytest.mark.parametrize("name", READING)
def test_a_reading_command_has_json_and_interface(name: str) -> None:
    options = {option for parameter in _command(name).params for option in parameter.opts}

    assert {"--json", "--interface"} <= options


def test_the_version_is_one_line() -> None:
    done = CliRunner().invoke(netledger, ["--version"])

    assert done.exit_code == 0
    assert done.stdout.startswith("netledger ")
    assert done.stdout.count("\n") == 1
