"""The one writer: usage and checkpoint in one transaction, on a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from typing import TYPE_CHECKING

from exporter.ledger.files import BUSY_SECONDS, connect_to_write, is_corrupt, is_full, is_passing, transaction
from exporter.ledger.locks.open_files import OpenFiles
from exporter.ledger.opening.condition import Condition, condition_of
from exporter.ledger.opening.recovery import write_out
from exporter.ledger.reserve import hold_reserve, release_reserve
from exporter.ledger.writing.rows import Rows
from exporter.ledger.writing.sparing import lightened, only, part_of, state_of, subjects_of, without
from exporter.ledger.writing.touched import NEVER, Touched, oldest_of
from exporter.metering.samples import EventStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.metering.postings import Posting
    from exporter.metering.samples import MeterStore
    from exporter.metering.subjects import Subject
    from reports.ledger.shape import MeterSpec

log = logging.getLogger(__name__)


WRITTEN_BACK = "the ledger was deleted or replaced while it was in use, and is written back"
READ_SECONDS = 0.5
"""So long, the log waits for readers to end before it is truncated."""

VALUE_ERRORS = (
    ArithmeticError,
    TypeError,
    ValueError,
    sqlite3.DataError,
    sqlite3.IntegrityError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
)
"""Errors for a value that no ledger can hold: Python's integers have no limit, SQLite's have."""


class ReplacedLedgerError(sqlite3.DatabaseError):
    """The file does not hold what this service has written last: another one, or an older copy, took its place."""


MOST_GIVING_UP = 5
"""How often a posting is tried again after single events were deleted for it."""

FEW_PAGES = 64
"""More than a posting takes, of those that the file has free."""


class _Rehearsed(Exception):  # noqa: N818 - no error: ends a transaction that was only a trial
    pass


class Writer:
    """Writes postings into an open ledger. All calls come from one thread."""

    def __init__(self, path: Path, zone: ZoneInfo, stores: Sequence[MeterStore]) -> None:
        """`zone` is where the day rows are cut. The ledger is opened by the first call, and again after a failure."""
        self._path = path
        self.stores = tuple(stores)
        self.specs: Sequence[MeterSpec] = tuple(store.spec for store in stores)
        self.on_notice: Callable[[str], object] = str
        """Called with notices for the user."""
        self.touched = Touched()
        self._opened: sqlite3.Connection | None = None
        self._files: OpenFiles | None = None
        self._rows = Rows(lambda: self.connection, zone, stores)
        self._refused: dict[Subject, str] = {}
        self._is_reserved = self._is_short = False

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection; raises FileNotFoundError without a file, sqlite3.OperationalError where it cannot be had."""
        if self._opened is None:
            self._files = OpenFiles(self._path)
            self._opened = connect_to_write(self._path)
        return self._opened

    def close(self) -> None:
        """Copy the log into the file and close it."""
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._check_files()
                self.checkpoint_log(truncate=True)
            self._disconnect()

    def post(self, posting: Posting) -> float:
        """Commit one posting, all or nothing; returns the seconds it took.

        Whatever it raises, nothing is changed; `is_lost_by` says what that means for the file. A posting that the
        ledger already holds (its commit was reported as failed, and was not) is not applied again. A ledger that was
        taken away is written back first. A subject with a value that the ledger can never hold is left out, loudly;
        so is a meter whose checkpoint cannot be written, which resumes from the one before.
        """
        began = time.perf_counter()
        self._check_files()
        try:
            self._put(posting)
        except VALUE_ERRORS:
            posting = self._without_broken_meters(posting)
            refused = self._refused_in(posting)
            spared = without(posting, refused, self._refused, self.specs)
            self._put(spared)
            self._report(refused)
        if not self._is_reserved and not self._is_short and self._has_events():
            self._is_reserved = hold_reserve(self._path)
        return time.perf_counter() - began

    def is_lost_by(self, error: Exception) -> bool:
        """True if a failure means that the file at the ledger's place is not the ledger any more."""
        if isinstance(error, FileNotFoundError | ReplacedLedgerError):
            return True
        if not isinstance(error, sqlite3.DatabaseError) or is_passing(error):
            return False
        try:
            return is_corrupt(error) or condition_of(self._path) is not Condition.GOOD
        except (sqlite3.OperationalError, OSError):
            return False

    def in_transaction(self, work: Callable[[], None], *, touches: int = NEVER) -> None:
        """Run `work` in one transaction, rolled back whole when anything in it fails; usage of before `touches` stays.

        It is noted beforehand, so that who sees the rows knows of them, and afterwards, for who has read too early.
        """
        self.touched.note(touches)
        with contextlib.ExitStack() as undo:
            undo.callback(self._rows.forget)
            with transaction(self.connection):
                work()
            undo.pop_all()
        self.touched.note(touches)
        self._note_files()

    def checkpoint_log(self, *, truncate: bool = False) -> None:
        """Copy the write-ahead log into the file; truncated, it holds nothing that was deleted, if nobody reads it."""
        self.connection.execute(f"PRAGMA busy_timeout = {int(READ_SECONDS * 1000)}")
        self.connection.execute(f"PRAGMA wal_checkpoint({'TRUNCATE' if truncate else 'PASSIVE'})")
        self.connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        self._note_files()

    def forget_ids(self) -> None:
        """Read the ids of subjects again: some were folded together."""
        self._rows.forget()

    def _put(self, posting: Posting) -> None:
        """Apply a posting; where the disk is full, without what its meters can give up, and then in place of that.

        Until the reserve is there again, the file does not grow: the oldest single events make room beforehand.
        """
        if self._is_short and hold_reserve(self._path):
            self._is_reserved, self._is_short = True, False
        if self._is_short:
            posting = lightened(posting, self.stores)
            if self._free_pages() < FEW_PAGES:
                self._give_up()
        error = self._refused_for_room(posting)
        if error is None:
            return
        light = lightened(posting, self.stores)
        if light is not posting:
            log.warning("the disk is full: single events of this posting are counted, and not kept")
            error = self._refused_for_room(light)
        for _ in range(MOST_GIVING_UP):
            if error is None or not self._give_up():
                break
            error = self._refused_for_room(light)
        if error is not None:
            raise error

    def _refused_for_room(self, posting: Posting) -> sqlite3.OperationalError | None:
        """Apply a posting; returns the error where the disk is full."""
        try:
            self.in_transaction(lambda: self._apply(posting), touches=oldest_of(posting))
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            return error
        return None

    def _give_up(self) -> bool:
        """Delete the oldest single events, whose pages others then take; True if there were any.

        Even that is written into the log first: it begins anew where all of it is in the file.
        """
        deleted: list[int] = []

        def work() -> None:
            deleted.extend(store.give_up(self.connection) for store in self.stores if isinstance(store, EventStore))

        with contextlib.suppress(sqlite3.OperationalError):
            if self._has_events():
                release_reserve(self._path)
                self._is_reserved, self._is_short = False, True
            self.checkpoint_log()
            self.in_transaction(work)
            if sum(deleted):
                log.warning(
                    "the disk is full: the oldest %d single events are given up for what is counted", sum(deleted)
                )
            return sum(deleted) > 0
        return False

    def _free_pages(self) -> int:
        return int(self.connection.execute("PRAGMA freelist_count").fetchone()[0])

    def _has_events(self) -> bool:
        return any(store.has_events(self.connection) for store in self.stores if isinstance(store, EventStore))

    def _disconnect(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None
        self._rows.forget()

    def _note_files(self) -> None:
        if self._files is not None:
            self._files.note()

    def _check_files(self) -> None:
        """Write the ledger back where its file was taken away; raise where another process has damaged it."""
        if self._opened is None or self._files is None:
            return
        if self._files.are_replaced():
            notice = write_out(self._opened, self._path, WRITTEN_BACK)
            log.error("%s", notice)
            self._disconnect()
            self.on_notice(notice)
        elif self._files.are_overwritten():
            condition = condition_of(self._path)
            if condition is not Condition.GOOD:
                raise ReplacedLedgerError(f"somebody wrote into {self._path}: it is {condition.value}")
            self._files.note()

    def _without_broken_meters(self, posting: Posting) -> Posting:
        reasons = {part.meter: self._refusal(state_of(posting, part.meter)) for part in posting.meters}
        sound = {meter for meter, reason in reasons.items() if not reason}
        for meter in reasons.keys() - sound:
            log.error(
                "the checkpoint of the %s meter cannot be written, and its usage waits: %s", meter, reasons[meter]
            )
        return only(posting, sound) if sound else posting

    def _refused_in(self, posting: Posting) -> dict[Subject, str]:
        """Subjects with rows that the ledger cannot hold, and the reasons: each is tried alone."""
        found = {
            subject: self._refusal(part_of(only(posting, {subject.meter}), {subject}))
            for subject in subjects_of(posting)
        }
        return {subject: reason for subject, reason in found.items() if reason}

    def _refusal(self, posting: Posting) -> str:
        """Why the ledger cannot hold a posting; "" if it can."""

        def rehearse() -> None:
            self._rows.put(posting)
            raise _Rehearsed

        try:
            self.in_transaction(rehearse)
        except _Rehearsed:
            return ""
        except VALUE_ERRORS as error:
            return str(error) or type(error).__name__
        return ""

    def _report(self, refused: Mapping[Subject, str]) -> None:
        for subject, reason in refused.items():
            if self._refused.get(subject) != reason:
                notice = f"not booked: {subject.name}: the ledger cannot hold it: {reason}"
                log.error("%s", notice)
                self.on_notice(notice)
        self._refused = dict(refused)

    def _holds(self, posting: Posting) -> bool:
        """True if this very posting is in the ledger; raises ReplacedLedgerError where the one before it is not."""
        held = self.connection.execute("SELECT max(posting) FROM meter").fetchone()[0]
        if held == posting.number:
            query = "SELECT name, boot_id, wall, elapsed FROM meter WHERE posting = ?"
            if set(self.connection.execute(query, (held,))) == {(part.meter, *part.sampled) for part in posting.meters}:
                return True
        if held is not None and held != posting.number - 1:
            raise ReplacedLedgerError(f"{self._path} ends with posting {held}, and {posting.number} is to be written")
        return False

    def _apply(self, posting: Posting) -> None:
        if not self._holds(posting):
            self._rows.put(posting)
            self._rows.close(posting)
