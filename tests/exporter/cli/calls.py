"""The command line called in this process: at a fixed instant, in a pipe or on a terminal."""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.session.environment import Environment
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Commands:
    """The command line in this process, at a fixed instant, on one ledger."""

    def __init__(self, ledger: Path, now: float = NOON, **environ: str) -> None:
        self.ledger, self.now = ledger, now
        # NETLEDGER_CONFIG names an empty file: the settings of whoever runs the tests stay out.
        empty = ledger.with_name("empty.yaml")
        with contextlib.suppress(OSError):
            empty.touch()
        self.environ = {"NETLEDGER_CONFIG": str(empty), "NETLEDGER_LEDGER_PATH": str(ledger), **environ}

    @property
    def environment(self) -> Environment:
        return Environment(environ=self.environ, now=lambda: self.now)

    def __call__(self, *arguments: str, charset: str = "utf-8") -> Result:
        """Run one command with its output in a pipe."""
        return CliRunner(charset=charset).invoke(netledger, arguments, obj=self.environment)

    def json(self, *arguments: str) -> Any:
        """Run one command that must succeed with JSON."""
        done = self(*arguments, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def on_a_terminal(self, *arguments: str) -> str:
        """Run one command on a terminal; its text without colours and without the blanks that end a line."""
        screen = Terminal()
        with contextlib.redirect_stdout(screen), contextlib.suppress(SystemExit):
            netledger.main(arguments, obj=self.environment)
        return "\n".join(line.rstrip() for line in ANSI.sub("", screen.text).split("\n"))


class Terminal(io.TextIOWrapper):
    """What a terminal is to a program: a stream that says so."""

    def __init__(self) -> None:
        self._written = io.BytesIO()
        super().__init__(self._written, encoding="utf-8", newline="\n")

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        self.flush()
        return self._written.getvalue().decode()
