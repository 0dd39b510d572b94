"""A pseudo terminal of some size with a program on it, and the screen that the program has drawn."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PATIENCE_SECONDS = 20
CONTROL = re.compile(r"\x1b\[\??[0-9;]*[A-Za-z]|\r")


class PseudoTerminal:
    """Runs one program; `text` is all that it wrote."""

    def __init__(self, program: Sequence[str], environ: Mapping[str, str], columns: int = 80, lines: int = 24) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (lines, columns))
        self.modes = termios.tcgetattr(self.theirs)
        self.text = ""
        self.process = subprocess.Popen(
            program,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            # Python 3.13 colours its tracebacks.
            env={"TERM": "xterm-256color", "PYTHON_COLORS": "0", "PYTHONPATH": os.pathsep.join(sys.path), **environ},
            start_new_session=True,
            # A run in the background of a script ignores Ctrl-C, and so would the program.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else sets it
        )

    def resize(self, columns: int, lines: int) -> None:
        """As a window that is dragged; the program is told."""
        termios.tcsetwinsize(self.theirs, (lines, columns))
        self.send(signal.SIGWINCH)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def until(self, condition: Callable[[str], bool]) -> str:
        """Read until the text fulfils it."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while not condition(self.text):
            assert time.monotonic() < ends, self.text
            self._read(0.1)
        return self.text

    def ended(self) -> int:
        """The exit code."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < ends, self.text
            self._read(0.05)
        self._read(0.05)
        return self.process.returncode

    @property
    def is_as_before(self) -> bool:
        """Whether the first screen is shown with its cursor, and the keyboard has its modes."""
        screens = re.findall(r"\x1b\[\?(1049[hl]|25[hl])", self.text)
        shown = {name[:-1]: name[-1] for name in screens}
        return shown == {"1049": "l", "25": "h"} and termios.tcgetattr(self.theirs) == self.modes

    @property
    def screen(self) -> list[str]:
        """The lines of the second screen as it was drawn last, in characters."""
        _, _, drawn = self.text.rpartition("\x1b[H")
        return [line.rstrip() for line in CONTROL.sub("", drawn).split("\n")]

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.ours)
        os.close(self.theirs)

    def _read(self, seconds: float) -> None:
        if select.select([self.ours], [], [], seconds)[0]:
            self.text += os.read(self.ours, 65536).decode(errors="replace")
