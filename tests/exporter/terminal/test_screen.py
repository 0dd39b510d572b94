"""The screen in a pseudo terminal: drawn by its size, and the terminal as it was before, however it ends."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("termios")

from tests.worlds.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = """
import contextlib
from exporter.terminal.screen import open_screen
with contextlib.suppress(KeyboardInterrupt), open_screen() as screen:
    pressed = []
    while "q" not in pressed:
        columns, lines = screen.size
        screen.draw([f"{columns} by {lines}", ",".join(pressed), "浏" * 100, *map(str, range(100))])
        keys = screen.keys(60)
        pressed += keys
        if "x" in pressed:
            raise ValueError("broken")
"""


@pytest.fixture
def terminal() -> Iterator[PseudoTerminal]:
    made = PseudoTerminal([sys.executable, "-c", PROGRAM], {"HOME": os.devnull, "PYTHONUTF8": "1"})
    yield made
    made.close()


def test_it_is_as_large_as_the_terminal_and_follows_a_resize(terminal: PseudoTerminal) -> None:
    terminal.until(lambda text: text.endswith("\x1b[J"))
    assert (len(terminal.screen), terminal.screen[0], terminal.screen[2]) == (24, "80 by 24", "浏" * 39 + "…")

    terminal.resize(40, 10)
    terminal.until(lambda text: "40 by 10" in text and text.endswith("\x1b[J"))
    assert (len(terminal.screen), terminal.screen[2]) == (10, "浏" * 19 + "…")

    terminal.type("q")
    assert terminal.ended() == 0
    assert terminal.is_as_before


def test_keys_are_read_one_by_one_and_arrows_by_their_name(terminal: PseudoTerminal) -> None:
    terminal.until(lambda text: text.endswith("\x1b[J"))
    terminal.type("r")
    terminal.until(lambda text: "\nr\x1b" in text)
    terminal.type("\x1b[C")
    terminal.until(lambda text: "r,right\x1b" in text)
    terminal.type("\x1bOD")

    terminal.until(lambda text: "r,right,left\x1b" in text)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)], ids=["interrupted", "terminated"]
)
def test_a_signal_leaves_the_terminal_as_it_was(terminal: PseudoTerminal, number: signal.Signals, code: int) -> None:
    terminal.until(lambda text: text.endswith("\x1b[J"))
    assert not terminal.is_as_before

    terminal.send(number)

    assert terminal.ended() == code
    assert terminal.is_as_before


def test_a_failure_leaves_the_terminal_as_it_was(terminal: PseudoTerminal) -> None:
    terminal.until(lambda text: text.endswith("\x1b[J"))
    terminal.type("x")

    assert terminal.ended() == 1
    assert terminal.is_as_before
    assert terminal.text.rpartition("\x1b[?1049l")[2].rstrip().endswith("ValueError: broken")


def test_it_rests_with_the_terminal_as_it_was_and_goes_on(terminal: PseudoTerminal) -> None:
    terminal.until(lambda text: text.endswith("\x1b[J"))

    terminal.send(signal.SIGTSTP)
    terminal.until(lambda text: text.endswith("\x1b[?1049l"))
    _, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    assert terminal.is_as_before
    terminal.send(signal.SIGCONT)
    terminal.until(lambda text: text.endswith("\x1b[J"))

    terminal.type("q")
    assert terminal.ended() == 0
    assert terminal.is_as_before
