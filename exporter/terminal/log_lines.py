"""Lines of a service's log: plain text, logfmt or JSON; what repeats itself is limited.

Keys, levels and options are those of Prometheus' programs (promslog): time, level, source, msg.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}
NAMES = {logging.DEBUG: "DEBUG", logging.INFO: "INFO", logging.WARNING: "WARN", logging.ERROR: "ERROR"}
LOGFMT, JSON = "logfmt", "json"
PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}
"""Of syslog; the journal of systemd takes one in angle brackets before a line (sd-daemon(3))."""

BARE = re.compile(r"[^\s\"=\\\x00-\x1f\x7f-\x9f]+")
REPETITIONS, WINDOW_SECONDS = 10, 60.0
"""Lines of one kind within one stretch; the next stretch says how many were left out."""

MOST_KINDS = 1000


def log_formatter(style: str | None, environ: Mapping[str, str] = os.environ, descriptor: int = 2) -> logging.Formatter:
    """The formatter of a style; without one, plain text, with priorities where the descriptor is the journal."""
    if style is None:
        return PlainFormatter(is_journal=_is_journal(environ, descriptor))
    return FieldFormatter(_json_line if style == JSON else _logfmt_line)


class PlainFormatter(logging.Formatter):
    """Level and text, for people; the journal knows the time by itself."""

    def __init__(self, *, is_journal: bool) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._is_journal = is_journal

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines with a traceback."""
        text = super().format(record)
        return f"<{PRIORITIES.get(record.levelno, 6)}>{text}" if self._is_journal else text


class FieldFormatter(logging.Formatter):
    """One line a record, of named fields; those of `extra={"fields": {...}}` follow the text."""

    def __init__(self, write: Callable[[Mapping[str, str]], str]) -> None:
        super().__init__()
        self._write = write

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created, UTC)
        fields = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": NAMES.get(record.levelno, record.levelname),
            "source": record.name,
            "msg": record.getMessage(),
            **{name: str(value) for name, value in getattr(record, "fields", {}).items()},
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        return self._write(fields)


class RepetitionFilter(logging.Filter):
    """Lets a number of records of one kind through within a stretch of time, and says then how many it kept back.

    Of one kind are records of one logger with one text before its values are put in: as many as lines of code.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._kinds: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written."""
        now, kind = self._monotonic(), (record.name, str(record.msg))
        began, count = self._kinds.get(kind, (now, 0))
        if now - began >= WINDOW_SECONDS:
            if count > REPETITIONS:
                record.msg, record.args = f"{record.getMessage()} ({count - REPETITIONS} more like it before)", ()
            began, count = now, 0
        if len(self._kinds) >= MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (began, count + 1)
        return count < REPETITIONS


def _json_line(fields: Mapping[str, str]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _logfmt_line(fields: Mapping[str, str]) -> str:
    return " ".join(f"{name}={_logfmt_value(value)}" for name, value in fields.items())


def _logfmt_value(value: str) -> str:
    """Bare where it can be; else in quotes, with the escapes of JSON, which are those of Go."""
    return value if BARE.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _is_journal(environ: Mapping[str, str], descriptor: int) -> bool:
    """systemd.exec(5): JOURNAL_STREAM names device and inode of the journal's stream."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
