"""What a command draws on a terminal fits into it: no line is longer, no frame is broken, no word is cut."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from exporter.terminal.printing import TextTable, print_table
from tests.exporter.cli.calls import ANSI
from tests.exporter.cli.small_ledger import ZONE, write_ledger
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

fcntl = pytest.importorskip("fcntl")
pty = pytest.importorskip("pty")
termios = pytest.importorskip("termios")

COMMANDS = (
    "",
    "today",
    "yesterday",
    "--interface wg0",
    "week",
    "month",
    "year",
    "range --from 2026-01-01 --to 2026-01-03",
    "summary",
    "records",
    "hours",
    "hours --map",
    "hours --map --from 2020-01-01T00:07",
    "minutes",
    "days",
    "months",
    "years",
    "top --last 3",
    "plan",
    "forecast",
    "cost --per-gb 5 --period year",
    "cost --plan office --period year",
    "apps week",
    "apps firefox",
    "interfaces",
    "audit",
    "doctor",
    "ledger info",
    "status",
)
APPLICATIONS = ("firefox", "浏览器", "docker.service")
DRAWN_ON_A_TERMINAL_ONLY = ("hours --map", "doctor")
PLANS = [
    {"name": "home", "cap": "2 TB", "rollover": True},
    {"name": "office", "interfaces": ["eth0"], "base_price": 29.9, "price_per_gb": 0.02, "currency": "EUR"},
]


class Screens:
    """The command line on pseudo terminals."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder, ledger = folder, folder / "ledger.db"
        now = int(time.time())
        write_ledger(ledger, template, now)
        keys = [(now // 900 * 900 - 900, (name, "lan", "tcp")) for name in APPLICATIONS]
        rows: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = dict.fromkeys(
            keys, amounts(123_456_789, 987_654_321)
        )
        post(ledger, ZONE, application_posting(2, rows))
        (folder / "netledger.yaml").write_text(json.dumps({"plans": PLANS, "server": {"port": 0}}), encoding="utf-8")
        self.environ = {
            "NETLEDGER_LEDGER_PATH": "ledger.db",
            "NETLEDGER_CONFIG": "netledger.yaml",
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def __call__(self, command: str, width: int) -> str:
        """Draw one command's answer, without colours."""
        ours, theirs = pty.openpty()
        try:
            termios.tcsetwinsize(theirs, (50, width))
            process = subprocess.Popen(
                [sys.executable, "-m", "exporter", *command.split()],
                stdout=theirs,
                stderr=subprocess.DEVNULL,
                env=self.environ,
                cwd=self.folder,
            )
            os.close(theirs)
            text = b"".join(iter(lambda: _read(ours), b"")).decode()
            process.wait()
        finally:
            os.close(ours)
        return ANSI.sub("", text).replace("\r\n", "\n")

    def piped(self, command: str) -> str:
        """What the same says in a pipe."""
        return subprocess.run(
            [sys.executable, "-m", "exporter", *command.split()],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=self.environ,
            cwd=self.folder,
            check=False,
        ).stdout


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other end is closed
        return b""


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory, empty_ledger: Path) -> Screens:
    return Screens(tmp_path_factory.mktemp("screens"), empty_ledger)


def faults(text: str, width: int) -> list[str]:
    """Lines that are longer than the terminal, but for those of one word, such as a path."""
    return [line for line in text.split("\n") if len(line.rstrip()) > width and len(line.split()) > 1]


AVERAGE = re.compile(r"[\d.]+ (?=\S?bit/s)")
"""It moves while a command is called twice."""


def words(text: str) -> set[str]:
    return {word.strip(":") for word in AVERAGE.sub("", text).split()} - {""}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_fits_80_and_60_columns(screens: Screens, command: str) -> None:
    piped = screens.piped(command)

    for width in (80, 60):
        text = screens(command, width)
        assert text.strip()
        assert faults(text, width) == []
        if not command.startswith(DRAWN_ON_A_TERMINAL_ONLY):
            assert words(piped) <= words(text), f"at {width}"


WIDE = TextTable(
    "Bytes",
    ("Interface", "Since", "Kernel", "Ledger", "Discarded", "Waiting", "Difference"),
    [("enp0s31f6", "2026-11-28 04:43", *["1,234,567,890,123"] * 2, "0", "99,428,571", "0")] * 2,
    left=frozenset({0, 1}),
)
LONG = TextTable(
    "Why", ("Interface", "Why"), [("eth0", "the hardware beneath the default route, " * 3)], frozenset({0, 1})
)
FACTS = TextTable("Facts", (), [("Forecast", "40.29 GB (3.19 GB to 119.98 GB) " * 3), ("Used", "1 B")])


@pytest.mark.parametrize("table", [WIDE, LONG, FACTS], ids=lambda table: table.title)
@pytest.mark.parametrize("width", [30, 40, 60, 80, 100, 200])
def test_a_table_of_any_width_fits(
    table: TextTable, width: int, columns: Callable[[int], None], drawn: Callable[[Callable[[], None]], str]
) -> None:
    columns(width)
    note = "Gap (down): 2026-11-28 04:43 to 2026-11-28 05:43, 1,234,567,890 bytes counted across it."

    text = drawn(lambda: print_table(table, [note]))

    assert faults(text, width) == []
    cells = {word for row in (*table.rows, table.columns) for cell in row for word in cell.split()}
    assert {word.strip(":") for word in cells} | words(note) <= words(text)
