"""Upkeep while the service runs: backups every day, retention, the log copied into the file, sizes measured."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from exporter.ledger.clock_repair.held_clock import held_clock
from exporter.ledger.files import LedgerError, size_on_disk
from exporter.ledger.opening.history import mark_notices_seen
from exporter.ledger.upkeep.backups import DamagedLedgerError, backup_path, write_backup
from exporter.ledger.upkeep.retention import Keep, Removed, Retention
from reports.calendar.days import day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor
    from zoneinfo import ZoneInfo

    from exporter.ledger.writing.writer import Writer
    from exporter.metering.subjects import Subject
    from exporter.settings.tree import Settings

log = logging.getLogger(__name__)

Result = TypeVar("Result")

PAUSE_SECONDS = 0.01
"""Between two steps of deleting single events: half of the writer's time stays for commits."""

TABLES = ("subject", "gap", "incident")


class LedgerFigures(NamedTuple):
    """Size of the ledger's files in bytes, and rows by table, as they were at the last round of upkeep.

    `disk` is the file system that holds the ledger.
    """

    size_bytes: int
    rows: Mapping[str, int]
    disk: Disk


class Disk(NamedTuple):
    """A file system: its size, and the bytes that a user may still write."""

    size_bytes: int
    free_bytes: int


class LedgerUpkeep:
    """Keeps one ledger in order; its work runs on the writer's thread, backups on one of their own."""

    def __init__(
        self,
        *,
        writer: Writer,
        executor: Executor,
        settings: Settings,
        zone: ZoneInfo,
        now: Callable[[], int],
        notices: tuple[str, ...],
        on_folded: Callable[[tuple[Subject, ...]], None],
        on_damage: Callable[[str], None],
    ) -> None:
        """`notices` are those that the user has not put away yet.

        `on_folded` is called with the subjects that were folded, `on_damage` with the reason for a broken file.
        """
        self._writer, self._executor, self._settings = writer, executor, settings.ledger
        self._zone, self._now = zone, now
        self._retention = Retention(writer, settings.ledger.path)
        self._keep = Keep.of(settings)
        self.notices = notices
        self._on_folded, self._on_damage = on_folded, on_damage
        self.figures: LedgerFigures | None = None

    async def go_round(self) -> None:
        """One round: a failure is logged, and the next round tries again."""
        try:
            await self._tidy_events()
            removed = await self._on_writer(self._tidy)
            self._on_folded(removed.gone)
            await self._back_up()
        except DamagedLedgerError as error:
            self._on_damage(str(error))
        except (sqlite3.Error, OSError, LedgerError) as error:
            log.warning("upkeep of the ledger failed, and is tried again within the hour: %s", error)

    def add_notice(self, notice: str) -> None:
        """Add a notice for the user; may be called from the writer's thread."""
        self.notices = (notice, *self.notices)

    async def measure_disk(self) -> None:
        """Measure the disk; between two rounds it may fill."""
        if self.figures is not None:
            disk = await asyncio.to_thread(self._disk)
            self.figures = self.figures._replace(disk=disk)

    async def clean_up(self, is_aggressive: bool, is_vacuumed: bool) -> Removed:  # noqa: FBT001 - the API's two switches
        """Delete what is older than it is kept for, now."""

        def work() -> Removed:
            removed = self._retention.clean_up(self._keep, self._now(), is_aggressive=is_aggressive)
            if is_vacuumed:
                self._retention.vacuum()
            self._measure()
            return removed

        removed = await self._on_writer(work)
        self._on_folded(removed.gone)
        return removed

    async def mark_seen(self) -> None:
        """Put the notices away."""
        await self._on_writer(lambda: mark_notices_seen(self._writer.connection))
        self.notices = ()

    async def change(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Change the ledger in one transaction, which is rolled back whole where `work` fails."""
        done: list[Result] = []
        writer = self._writer
        await self._on_writer(lambda: writer.in_transaction(lambda: done.append(work(writer.connection))))
        return done[0]

    async def back_up_again(self) -> None:
        """Write today's backup once more, after a change that a restored ledger must have; a failure is logged."""
        try:
            await self._back_up(is_again=True)
        except (sqlite3.Error, OSError, LedgerError) as error:
            log.warning("no backup was written: %s", error)

    async def _tidy_events(self) -> None:
        """Delete single events step by step: commits go on in between."""
        is_more = True
        while is_more:
            is_more = await self._on_writer(lambda: self._retention.tidy_events(self._keep, self._now()))
            await asyncio.sleep(PAUSE_SECONDS)

    def _tidy(self) -> Removed:
        removed = self._retention.tidy(self._keep, self._now())
        self._writer.checkpoint_log(truncate=True)
        self._measure()
        return removed

    def _measure(self) -> None:
        execute = self._writer.connection.execute
        rows = {"slot": 0, "minute": 0, "day": 0}
        for spec in self._writer.specs:
            for grain in spec.grains:
                rows[grain] += execute(f"SELECT count(*) FROM {spec.table(grain)}").fetchone()[0]  # noqa: S608 - names of the spec
        rows |= {table: execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}  # noqa: S608 - as above
        self.figures = LedgerFigures(size_on_disk(self._settings.path), rows, self._disk())

    def _disk(self) -> Disk:
        usage = shutil.disk_usage(self._settings.path.parent)
        return Disk(usage.total, usage.free)

    async def _back_up(self, *, is_again: bool = False) -> None:
        keep, path = self._settings.backups, self._settings.path
        clock = await self._on_writer(lambda: held_clock(self._writer.connection, self._now()))
        today = day_of(clock.sure, self._zone)
        if keep == 0 or (backup_path(path, today).exists() and not is_again):
            return
        await asyncio.to_thread(write_backup, path, today, keep)

    async def _on_writer(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
