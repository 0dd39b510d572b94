"""The report archive: a wrap-up of each month and year that is over, as a file in the data folder."""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING

from exporter.archive.calendar import counted_periods
from exporter.archive.folder import adopt_former_archive, archive_folder, missing_reports
from exporter.archive.writer import ArchiveJob, run_job
from exporter.settings.dashboards import wrapup_context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from exporter.settings.tree import Settings
    from reports.calendar.period import Period
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader

log = logging.getLogger(__name__)

ROUND_SECONDS = 600.0
REPORTS_PER_ROUND = 12  # after an import of ten years, the rest waits for the next rounds


class ReportArchive:
    """Keeps the archive of one ledger complete."""

    def __init__(
        self,
        *,
        settings: Settings,
        host: Callable[[], Host],
        now: Callable[[], float],
        confirmed_now: Callable[[], float] | None = None,
    ) -> None:
        """`now` in UTC seconds; a period is over when `confirmed_now` says so, too: a clock may be set wrongly."""
        self._settings, self._host, self._now, self._confirmed_now = settings, host, now, confirmed_now or now
        self._folder = archive_folder(settings.ledger.path)
        adopt_former_archive(settings.ledger.path)

    async def write_missing(
        self, ask: Callable[[Callable[[LedgerReader], list[Period]]], Awaitable[list[Period]]]
    ) -> None:
        """Write reports that are missing, some each round; a failure is logged, and the next round tries again."""
        if not self._settings.reports.archive:
            return
        now = self._now()
        over = min(now, self._confirmed_now())
        try:
            due = await ask(lambda ledger: missing_reports(counted_periods(ledger, over), self._folder, now))
            if due:
                await run_job(self._job(now, due[:REPORTS_PER_ROUND]))
        except (sqlite3.Error, OSError) as error:
            log.warning("could not write reports into %s, and will try again: %s", self._folder, error)

    def _job(self, now: float, periods: list[Period]) -> ArchiveJob:
        ledger, context = self._settings.ledger.path.absolute(), wrapup_context(self._settings)
        return ArchiveJob(ledger, self._folder.absolute(), now, self._host(), context, periods)
