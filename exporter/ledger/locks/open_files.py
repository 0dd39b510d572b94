"""The files that the writer holds open: whether they are still at their place, and written by it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.ledger.files import log_path

if TYPE_CHECKING:
    from pathlib import Path

Identity = tuple[int, int]
"""Device and inode."""


class OpenFiles:
    """A ledger and its log, as they were when the writer opened them."""

    def __init__(self, ledger: Path) -> None:
        """Raises FileNotFoundError where there is no ledger."""
        self._ledger, self._log_path = ledger, log_path(ledger)
        self._file = _identity(ledger)
        self._log: Identity | None = None
        self._written = self._state()

    def note(self) -> None:
        """Keep the state of the files as the writer has left them; the log exists from the first transaction on."""
        try:
            self._log = self._log or _identity(self._log_path)
        except FileNotFoundError:  # a ledger with a rollback journal
            self._log = None
        try:
            self._written = self._state()
        except FileNotFoundError:  # taken away a moment ago: the next posting finds it so
            return

    def are_replaced(self) -> bool:
        """True if one of them was deleted, or another file has its name."""
        try:
            return _identity(self._ledger) != self._file or (
                self._log is not None and _identity(self._log_path) != self._log
            )
        except FileNotFoundError:
            return True

    def are_overwritten(self) -> bool:
        """True if another process wrote the ledger's own file since, as one does that copies the log."""
        return self._state() != self._written

    def _state(self) -> tuple[int, int]:
        found = self._ledger.stat()
        return found.st_size, found.st_mtime_ns


def _identity(path: Path) -> Identity:
    found = path.stat()
    return found.st_dev, found.st_ino
