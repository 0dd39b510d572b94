"""Worlds for tests of the command line: a small ledger, commands on it, and a service over it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporter.metering.clock import SystemClock
from tests.exporter.cli.calls import ANSI, Commands, Terminal
from tests.exporter.cli.service_process import Service
from tests.exporter.cli.small_ledger import NOON, write_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def ledger(tmp_path: Path, empty_ledger: Path) -> Path:
    """The small ledger, at noon."""
    path = tmp_path / "ledger.db"
    write_ledger(path, empty_ledger, NOON)
    return path


@pytest.fixture
def commands(ledger: Path) -> Commands:
    """Commands on the small ledger."""
    return Commands(ledger)


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Make the terminal as wide as this."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return lambda width: monkeypatch.setenv("COLUMNS", str(width))


@pytest.fixture
def service(tmp_path: Path, empty_ledger: Path) -> Iterator[Service]:
    """A service over the small ledger whose last reading was just now; not started."""
    path = tmp_path / "books" / "ledger.db"
    path.parent.mkdir()
    # Of this boot: what another one has written is told of.
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    write_ledger(path, empty_ledger, int(time.time()), boot_id, SystemClock().now().elapsed)
    made = Service(tmp_path, path)
    yield made
    made.end()


@pytest.fixture
def drawn() -> Callable[[Callable[[], None]], str]:
    """What is printed on a terminal, without colours."""

    def draw(work: Callable[[], None]) -> str:
        screen = Terminal()
        with contextlib.redirect_stdout(screen):
            work()
        return ANSI.sub("", screen.text)

    return draw
