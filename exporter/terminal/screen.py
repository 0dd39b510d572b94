"""A whole screen of a terminal that is drawn again and again, and the keys that are pressed meanwhile.

The terminal is as it was before however the command ends: by a key, by Ctrl-C or by SIGTERM; or rests, by Ctrl-Z.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING, NamedTuple

from exporter.terminal.signals import clean_termination
from exporter.terminal.width import cut

if sys.platform != "win32":
    import termios
    import tty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENTER, LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[0m\x1b[?25h\x1b[?1049l"
"""To the terminal's second screen, without a cursor, and back: xterm's private modes 1049 and 25."""
HOME, END_OF_LINE, END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
ARROWS = {"\x1b[C": "right", "\x1bOC": "right", "\x1b[D": "left", "\x1bOD": "left"}
MOST_BYTES = 1024


class ScreenSize(NamedTuple):
    """Columns and lines; the usual ones where a terminal does not say its own."""

    columns: int = 80
    lines: int = 24


def has_screen() -> bool:
    """Whether standard output is a terminal that can be drawn on."""
    return sys.platform != "win32" and sys.stdout.isatty()


class Screen:
    """Made by `open_screen`."""

    def __init__(self, wakeup: int) -> None:
        """`wakeup` is where numbers of signals are read."""
        self._wakeup, self._output, self._keyboard = wakeup, sys.stdout.fileno(), sys.stdin.fileno()
        self._has_keys = os.isatty(self._keyboard)
        self._modes = termios.tcgetattr(self._keyboard) if self._has_keys else None

    @property
    def size(self) -> ScreenSize:
        """Its size now."""
        columns, lines = os.get_terminal_size(self._output)
        return ScreenSize(columns, lines) if columns and lines else ScreenSize()

    def draw(self, lines: Sequence[str]) -> None:
        """Draw lines of text without control characters from the top; what does not fit is cut. The first is bold."""
        size = self.size
        first, *rest = [cut(line, size.columns) for line in lines[: size.lines]]
        text = "\r\n".join(f"{line}{END_OF_LINE}" for line in (f"{BOLD}{first}{PLAIN}", *rest))
        self._write(f"{HOME}{text}{END_OF_SCREEN}")

    def keys(self, seconds: float) -> Sequence[str] | None:
        """Keys that are pressed; none of them where it must be drawn again; None after so many seconds.

        Raises KeyboardInterrupt where the terminal has gone.
        """
        inputs = (self._wakeup, self._keyboard) if self._has_keys else (self._wakeup,)
        ready, _, _ = select.select(inputs, (), (), seconds)
        if not ready:
            return None
        if self._wakeup in ready:
            if signal.SIGTSTP in os.read(self._wakeup, MOST_BYTES):
                self._rest()
            return ()
        typed = os.read(self._keyboard, MOST_BYTES).decode(errors="replace")
        if not typed:
            raise KeyboardInterrupt
        return (ARROWS[typed],) if typed in ARROWS else tuple(typed)

    def enter(self) -> None:
        """Show the second screen; a key is read at once, and is not shown."""
        if self._has_keys:
            tty.setcbreak(self._keyboard)
        self._write(ENTER)

    def leave(self) -> None:
        """Show the first screen again, and have the keyboard as it was."""
        self._write(LEAVE)
        if self._modes is not None:
            termios.tcsetattr(self._keyboard, termios.TCSADRAIN, self._modes)

    def _rest(self) -> None:
        """Stop, and go on when the shell says so."""
        self.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.enter()

    def _write(self, text: str) -> None:
        """Write past Python's buffer, which a signal's exception would leave half written."""
        rest = text.encode(sys.stdout.encoding or "utf-8", "replace")
        while rest:
            rest = rest[os.write(self._output, rest) :]


@contextlib.contextmanager
def open_screen() -> Iterator[Screen]:
    """The screen of the terminal, until the block ends."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(clean_termination())
        screen = Screen(stack.enter_context(_signal_numbers()))
        stack.callback(screen.leave)
        screen.enter()
        yield screen


@contextlib.contextmanager
def _signal_numbers() -> Iterator[int]:
    """A pipe of the numbers of signals, those of a resize and of Ctrl-Z among them, which then do nothing else."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    before = {number: signal.signal(number, _note) for number in (signal.SIGWINCH, signal.SIGTSTP)}
    wakeup = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    try:
        yield read
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read)
        os.close(write)


def _note(_number: int, _frame: object) -> None:
    """The number is in the pipe."""
