"""An update from its first step to its last: copied, installed, verified, restarted, watched; or back again.

Each step is in the journal before it changes something: the next call finishes what a power cut has ended.
"""

from __future__ import annotations

import os
import shlex
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple

from packaging.version import Version

from exporter.installing.carrying_out import carry_out
from exporter.installing.errors import InstallError
from exporter.installing.steps import CallProgram
from exporter.ledger.files import LedgerError, connect_to_read, is_there, version_of
from exporter.ledger.upkeep.backups import keep_before_update
from exporter.updating.installed import difference, drop_broken_records, installed_now, record_of
from exporter.updating.journal import UpdateEntry, clear_entry, give_to_owner, write_entry
from exporter.updating.tools import InstallTarget, install_commands, repair_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from exporter.updating.installed import WheelRecord
    from exporter.updating.supervised import SupervisedService
    from exporter.updating.tools import Command
    from exporter.updating.ways import InstallFacts, Way


class UpdateError(Exception):
    """Nothing was changed: the text says why."""


class Outcome(NamedTuple):
    """How an update ended: `updated`, `returned` to the old version, or `stuck` between, with the reason.

    `is_watched`: a supervisor restarted the service, and it was watched.
    """

    status: Literal["updated", "returned", "stuck"]
    version: str
    problem: str = ""
    is_watched: bool = False


class Updater(NamedTuple):
    """One machine's way to update: its tool, its service, its ledger."""

    ledger: Path
    way: Way
    facts: InstallFacts
    service: SupervisedService | None
    write_line: Callable[[str], object]

    def update(self, old: str, target: InstallTarget, wheel: bytes) -> Outcome:
        """Install the target, whose verified wheel this is; raises UpdateError before anything is changed."""
        entry = self._copied(UpdateEntry("install", old, str(target.version)))
        write_entry(self.ledger, entry)
        return self._install(entry, target, record_of(wheel))

    def resume(self, entry: UpdateEntry, fetch: Callable[[str], bytes]) -> Outcome:
        """Finish what was interrupted, or go back; `fetch` returns the verified wheel of a version."""
        if entry.stage == "return":
            return self._go_back(entry)
        if entry.stage == "start":
            return self._start(entry)
        target = InstallTarget(Version(entry.new), is_again=True)
        return self._install(entry, target, record_of(fetch(entry.new)))

    def _install(self, entry: UpdateEntry, target: InstallTarget, record: WheelRecord) -> Outcome:
        problem = self._installed(target)
        if not problem:
            now = installed_now()
            problem = now.problem or ("" if _is(now.version, entry.new) else f"{now.version} was installed")
            problem = problem or difference(record)
        if problem and _is(installed_now().version, entry.old) and entry.old != entry.new and not target.is_again:
            clear_entry(self.ledger)
            raise UpdateError(f"{problem}; {entry.old} is still there")
        if problem:
            return self._go_back(entry, problem)
        return self._start(entry)

    def _start(self, entry: UpdateEntry) -> Outcome:
        """Restart the service, which runs the new version then, and watch it."""
        entry = self._noted(entry, stage="start")
        problem = installed_now().problem
        if not problem and self.service is not None:
            problem = self._restart_problem(self.service, entry.new)
        if problem:
            return self._go_back(entry, problem)
        clear_entry(self.ledger)
        return Outcome("updated", entry.new, is_watched=self.service is not None)

    def _go_back(self, entry: UpdateEntry, reason: str = "") -> Outcome:
        """Install the old version again, with the ledger that it can read."""
        entry = self._noted(entry, stage="return", reason=reason or entry.reason)
        self.write_line(f"{entry.new} does not work: {entry.reason or 'the update was interrupted'}")
        problem = self._installed(InstallTarget(Version(entry.old), is_again=True))
        problem = problem or installed_now().problem
        if not problem and self.service is not None:
            problem = self._restart_problem(self.service, entry.old, entry)
        if problem:
            return Outcome("stuck", entry.old, f"{entry.reason}; and {entry.old} does not run again: {problem}")
        self._noted(entry, stage="failed")
        return Outcome("returned", entry.old, entry.reason, is_watched=self.service is not None)

    def _restart_problem(self, service: SupervisedService, version: str, back: UpdateEntry | None = None) -> str:
        self.write_line(f"restarts {service.supervisor.name}, and watches it for a minute")
        try:
            if back is not None and back.schema and schema_of(self.ledger) > back.schema:
                self.write_line(f"puts the copy in the place of the ledger, whose tables {back.new} has changed")
                service.restore(back.new, back.schema)
            else:
                service.restart()
        except InstallError as error:
            return str(error)
        except OSError as error:
            return f"{error.filename}: {error.strerror}"
        return service.health_problem(version)

    def _installed(self, target: InstallTarget) -> str:
        """Call the tool; returns its problem. After an interruption it may need to be told to ignore what is there."""
        problem = self._called(install_commands(self.way, self.facts, target))
        if problem and target.is_again:
            drop_broken_records()
            return self._called(repair_commands(self.way, self.facts, target))
        return problem

    def _called(self, commands: Sequence[Command]) -> str:
        for command in commands:
            self.write_line(f"runs {shlex.join(command)}")
            if problem := _call(command):
                return problem
        return ""

    def _copied(self, entry: UpdateEntry) -> UpdateEntry:
        """The entry with a copy of the ledger; raises UpdateError."""
        if not is_there(self.ledger):
            return entry
        try:
            with _private_files():
                copy = keep_before_update(self.ledger, entry.new)
            give_to_owner(copy.parent, self.ledger)
            give_to_owner(copy, self.ledger)
            self.write_line(f"copied the ledger to {copy}")
            return UpdateEntry(entry.stage, entry.old, entry.new, schema_of(copy))
        except (OSError, sqlite3.Error, LedgerError) as error:
            raise UpdateError(f"the ledger cannot be copied first: {error}") from error

    def _noted(
        self, entry: UpdateEntry, *, stage: Literal["start", "return", "failed"], reason: str = ""
    ) -> UpdateEntry:
        noted = UpdateEntry(stage, entry.old, entry.new, entry.schema, reason or entry.reason)
        if noted != entry:
            write_entry(self.ledger, noted)
        return noted


def schema_of(ledger: Path) -> int:
    """The schema version of a ledger; 0 where it cannot be read."""
    try:
        with closing(connect_to_read(ledger)) as connection:
            return version_of(connection)
    except sqlite3.Error:
        return 0


def _is(version: str, wanted: str) -> bool:
    return bool(version) and Version(version) == Version(wanted)


def _call(command: Command) -> str:
    try:
        carry_out([CallProgram(command)], "sudo netledger update")
    except InstallError as error:
        return error.problem
    return ""


@contextmanager
def _private_files() -> Iterator[None]:
    """A copy is its user's own, as the ledger is; what the tool installs is not."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)
