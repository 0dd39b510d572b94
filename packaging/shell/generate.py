"""The manual page and the completions that the wheel installs below share/: written from the commands themselves."""  # noqa: INP001 - a script

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import BashComplete, FishComplete, ZshComplete

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parents[1]))

from exporter.cli.root import COMMANDS, SUBCOMMANDS, netledger  # noqa: E402 - the checkout need not be installed
from exporter.terminal.manual import manual_page  # noqa: E402

NAME, VARIABLE = "netledger", "_NETLEDGER_COMPLETE"
SHELLS = {"netledger.bash": BashComplete, "_netledger": ZshComplete, "netledger.fish": FishComplete}
FILES = (
    ("~/.config/netledger/netledger.yaml", "The user's settings."),
    ("/etc/netledger/netledger.yaml", "The settings of the machine, where the user has none."),
    ("~/.local/share/netledger/ledger.db", "The ledger, an SQLite file."),
    ("/var/lib/netledger/ledger.db", "The ledger of root and of the installed service."),
)


def shell_files() -> dict[str, str]:
    """The text of every file by its name."""
    texts = {"netledger.1": manual_page(NAME, netledger, list(_commands()), FILES)}
    for name, shell in SHELLS.items():
        complete = shell(netledger, {}, NAME, VARIABLE)
        # Not source(): that of bash calls bash for its version.
        texts[name] = (complete.source_template % complete.source_vars()).strip() + "\n"
    return texts


def _commands() -> Iterator[tuple[str, click.Command]]:
    """Every command by its full name, in the order of the help."""
    context = click.Context(netledger, info_name=NAME)
    for name in COMMANDS:
        command = netledger.get_command(context, name)
        assert command is not None  # noqa: S101 - it is in the table
        yield from _with_commands(name, command)
        for words in SUBCOMMANDS:
            found = netledger.resolve_command(context, list(words))[1] if words[0] == name else None
            if found is not None:
                yield from _with_commands(" ".join(words), found)


def _with_commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for sub, each in sorted(command.commands.items()):
            yield from _with_commands(f"{name} {sub}", each)


if __name__ == "__main__":
    for name, text in shell_files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
