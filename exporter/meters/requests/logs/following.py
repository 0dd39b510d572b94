"""Following access logs: what is written to them becomes requests, through rotation, truncation and restarts.

Turns are short: a file is read on a thread, as much as one batch may have, and the next batch follows when it is
committed. A file that was renamed is read until it has been quiet for a while, as servers write to it until they are
asked to open their logs anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from exporter.meters.requests.events import Batch
from exporter.meters.requests.intake import BusyError, UnpostedError
from exporter.meters.requests.logs import positions
from exporter.meters.requests.logs.formats.fields import LineError
from exporter.meters.requests.logs.formats.named import TRIED_LINES, detected
from exporter.meters.requests.logs.log_files import DAMAGE, LogFile, rotated_from

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exporter.meters.requests.events import Event
    from exporter.meters.requests.intake import Intake
    from exporter.meters.requests.logs.formats.named import LogFormat
    from exporter.meters.requests.logs.log_files import Lines

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
BATCH_BYTES = 512 * 1024
"""Of a log that are read at once: some 3,000 lines."""

QUIET_SECONDS = 600.0
"""A file that was renamed is closed when nothing was written to it for so long."""

CLOCK_TICK = 100_000_000
"""Nanoseconds by which the time of a file may be behind the clock: file systems read it by ticks."""

MOST_OPEN = 8
FOLLOWED = "follow:"


class Followed(NamedTuple):
    """What a note has of a followed log: its path, and since when a file may have lines that are not counted (ns).

    That is when last every file was read to its end. It is not when what was counted was written: a server writes to a
    file that was renamed, and to newer ones, at the same time.
    """

    path: str
    since: int


class Portion(NamedTuple):
    """Lines of one file, and the requests among them."""

    file: LogFile
    read: Lines
    events: list[Event]
    refused: int


class LogFollower:
    """Follows the log of one service. `problem` says why it cannot; "" where it can."""

    def __init__(self, service: str, path: Path, log_format: LogFormat | None, intake: Intake) -> None:
        """Without a format, it is detected from the first lines."""
        self.service, self.path = service, path
        self.problem = ""
        self._format, self._intake = log_format, intake
        self._files: list[LogFile] = []
        self._quiet_since: dict[str, float] = {}
        self._waiting: list[Path] = []
        self._current: LogFile | None = None
        self._reading = threading.Lock()
        self._is_first = False
        self._settled = 0
        self._is_confirmed = False

    async def run(self) -> None:
        """Follow it until cancelled."""
        try:
            while True:
                if not await self.turn():
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            self.close()

    def close(self) -> None:
        """Close the files; the positions are in the ledger."""
        with self._reading:
            for file in self._files:
                file.close()
            self._files, self._current, self._waiting = [], None, []

    async def turn(self) -> bool:
        """Read and count one batch; False where nothing more is there, or more may not be counted now."""
        if self._intake.is_busy:
            return False
        self._is_first = self._since(self._intake.notes) is None
        if self._is_first:
            since = await asyncio.to_thread(self._first_sight)
            self._intake.add_soon(Batch(notes={FOLLOWED + self.service: self._followed(since)}))
        portion = await asyncio.to_thread(self._attempt, dict(self._intake.notes))
        self._intake.problems[FOLLOWED + self.service] = self.problem
        if portion is None:
            return False
        if not positions.follows(self._intake.notes, portion.file.name, portion.read.before, portion.read.after):
            self.close()  # an import has read it meanwhile
            return True
        batch = self._batch(portion)
        portion.file.move_to(portion.read)
        with contextlib.suppress(UnpostedError):  # it is counted, and goes into the ledger when it can
            try:
                await self._intake.add(batch)
            except BusyError:
                self.close()
                return False
        return True

    def _batch(self, portion: Portion) -> Batch:
        notes, after = self._intake.notes, portion.read.after
        name = portion.file.name
        changed = {} if name in notes else positions.superseded(notes, self.service)
        changed[name] = positions.encoded(after)
        changed[FOLLOWED + self.service] = self._followed(self._settled or self._since(notes) or 0)
        return Batch(portion.events, service=self.service, notes=changed, refused=portion.refused)

    def _first_sight(self) -> int:
        """What was rotated before is the past, which `netledger requests import` reads."""
        try:
            return self.path.stat().st_mtime_ns
        except OSError:
            return time.time_ns() - CLOCK_TICK

    def _followed(self, since: int) -> str:
        return msgspec.json.encode(Followed(str(self.path), since)).decode()

    def _since(self, notes: Mapping[str, str]) -> int | None:
        """Since when a file may have lines that are not counted; None at first sight."""
        try:
            found = msgspec.json.decode(notes.get(FOLLOWED + self.service, ""), type=Followed)
        except msgspec.MsgspecError:
            return None
        return found.since if found.path == str(self.path) else None

    def _attempt(self, notes: Mapping[str, str]) -> Portion | None:
        try:
            with self._reading:
                return self._next(notes)
        except (OSError, *DAMAGE) as error:
            self._note(f"{getattr(error, 'strerror', None) or error}")
            return None

    def _next(self, notes: Mapping[str, str]) -> Portion | None:
        """The next lines of the oldest file that has any; opens what rotation has left, and then the log itself."""
        while True:
            for file in self._files:
                portion = self._portion(file)
                if portion is not None:
                    return portion
            if not self._waiting:
                self._close_quiet()
                self._survey(notes)
                if not self._waiting:
                    return None
            self._open(self._waiting.pop(0), notes)

    def _survey(self, notes: Mapping[str, str]) -> None:
        """Find out whether the log is another file than before, or was truncated; what is open is read to its end."""
        began = time.time_ns() - CLOCK_TICK
        try:
            status = self.path.stat()
        except FileNotFoundError:
            self._note("there is no such file yet")
            return
        current = self._current
        if current is not None and current.is_cut():
            self._forget(current)
            current = None
        is_same = current is not None and current.identity == (status.st_dev, status.st_ino)
        if is_same and self._is_confirmed:
            if status.st_mtime_ns < began:
                self._settled = began
            return
        # Once more when the log is open: it may have been rotated again before it was.
        self._is_confirmed = is_same
        rotated = [] if self._is_first else rotated_from(self.path, self._since(notes) or 0)
        if not is_same:
            self._current = None
            rotated.append(self.path)
        self._waiting = rotated

    def _open(self, path: Path, notes: Mapping[str, str]) -> None:
        try:
            file = LogFile(path, self.service, notes)
        except FileNotFoundError:
            return  # rotated on; the next survey finds it
        except DAMAGE as error:
            log.warning("a rotated log of %s cannot be read: %s: %s", self.service, path, error)
            return
        same = next((each for each in self._files if each.identity == file.identity or each.name == file.name), None)
        if same is not None and path == self.path and same.identity != file.identity:
            self._forget(same)  # a copy took its place
            same = None
        if same is not None:
            file.close()
            file = same
        else:
            self._files.append(file)
        if path == self.path:
            self._current = file
            self._note("")
        if len(self._files) > MOST_OPEN:
            self._forget(next(each for each in self._files if each is not self._current))

    def _forget(self, file: LogFile) -> None:
        self._files.remove(file)
        self._quiet_since.pop(file.name, None)
        file.close()

    def _close_quiet(self) -> None:
        now = time.monotonic()
        for file in [each for each in self._files if each is not self._current]:
            began = self._quiet_since.setdefault(file.name, now)
            if file.is_compressed or now - began > QUIET_SECONDS:
                self._forget(file)

    def _portion(self, file: LogFile) -> Portion | None:
        if file is self._current and file.is_cut():
            return None
        read = file.read(BATCH_BYTES, is_whole=file.is_compressed)
        if read is None:
            return None
        self._quiet_since.pop(file.name, None)
        log_format = self._format or detected(read.lines[:TRIED_LINES])
        if log_format is None:
            self._note("its format is not known: name it in requests.log_formats")
            return None
        self._format = log_format
        events, refused = self._events(read, log_format)
        return Portion(file, read, events, refused)

    def _events(self, read: Lines, log_format: LogFormat) -> tuple[list[Event], int]:
        read_line, events, refused = log_format.reader(self.service), [], len(read.too_long)
        for line in read.lines:
            if not line:
                continue
            try:
                events.append(read_line(line))
            except LineError:
                refused += 1
        return events, refused

    def _note(self, problem: str) -> None:
        """Say a problem once, and once when it is over."""
        text = f"the access log of {self.service} cannot be followed: {self.path}: {problem}" if problem else ""
        if text and text != self.problem:
            log.warning("%s", text)
        elif self.problem and not text:
            log.info("the access log of %s is followed: %s", self.service, self.path)
        self.problem = text
