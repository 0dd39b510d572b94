"""What a command costs as a whole process."""

from __future__ import annotations

import os
import pty
import subprocess
from typing import TYPE_CHECKING

from tests.bench.places import Place
from tests.bench.rows import MILLISECOND, Row
from tests.bench.running import environment_for, netledger, running
from tests.bench.seeding import History, seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.settings import Bench

HISTORY_DAYS = 400
DEVICES = ("eth0", "eth1", "eth2", "wlan0")
PEERS = "PacketBuddy 410, vnstat 2, click + sqlite3 alone 42"


def measure(bench: Bench) -> list[Row]:
    """`netledger today` while the service runs: a table on a terminal, the same piped, and JSON."""
    runs = bench.rounds * 4
    ledger = seed(bench.folder / "commands.db", History(DEVICES, HISTORY_DAYS))
    with running(Place(), ledger):
        table = tuple(_on_a_terminal(ledger) for _ in range(runs))
        piped = tuple(_piped(ledger) for _ in range(runs))
        json = tuple(_piped(ledger, "--json") for _ in range(runs))
    return [
        Row("`netledger today` on a terminal, CPU", "ms", 85, table, PEERS),
        Row("`netledger today`, piped, CPU", "ms", 85, piped),
        Row("`netledger today --json`, CPU", "ms", 60, json),
    ]


def _on_a_terminal(ledger: Path) -> float:
    ours, theirs = pty.openpty()
    try:
        return _cpu(ledger, theirs)
    finally:
        os.close(theirs)
        os.close(ours)


def _piped(ledger: Path, *options: str) -> float:
    with (ledger.parent / "piped.txt").open("wb") as output:
        return _cpu(ledger, output.fileno(), *options)


def _cpu(ledger: Path, output: int, *options: str) -> float:
    """CPU milliseconds of one command."""
    process = subprocess.Popen(
        [*netledger(), "today", *options],
        stdout=output,
        stderr=subprocess.DEVNULL,
        env=environment_for(ledger) | {"TERM": "xterm-256color"},
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return (used.ru_utime + used.ru_stime) / MILLISECOND
