"""The ledger's requests without a running service: under its lock, through the same meter, sampler and writer."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from exporter.ledger.locks.lock import LedgerLock
from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.clock import Instant
from exporter.metering.journal import Journal
from exporter.metering.sampler import Sampler
from exporter.metering.samples import Boot
from exporter.meters.registry import new_stores
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.logs.parts import import_batch
from exporter.meters.requests.meter import RequestMeter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.ledger.opening.opening import Opened
    from exporter.metering.postings import ClockState
    from exporter.meters.requests.logs.parts import ImportedPart
    from exporter.meters.requests.privacy import ClientPrivacy


CHUNK_BYTES = 8 << 20
"""Of a log that are one transaction: some 50,000 lines."""


class StandingClock:
    """The instant of the ledger's last sample: nothing that is posted moves its clock, or makes a gap."""

    def __init__(self, state: ClockState) -> None:
        """Stand at this instant."""
        self._now = Instant(state.wall, state.elapsed, state.elapsed)

    def now(self) -> Instant:
        """The same, always."""
        return self._now


class OfflineRequestMeter(RequestMeter):
    """The request meter in the boot of the ledger's last sample."""

    def __init__(self, intake: Intake, zone: ZoneInfo, boot_id: str) -> None:
        """Sketches are merged with every posting."""
        super().__init__(intake, 0.0, zone)
        self._boot = Boot(boot_id)

    def read(self) -> Boot:  # type: ignore[override]  # the meter of a service knows no boot
        """The boot."""
        return self._boot


class OfflineRequests:
    """Posts parts of logs, each in a transaction of its own."""

    chunk_bytes = CHUNK_BYTES

    def __init__(self, path: Path, opened: Opened, state: ClockState, privacy: ClientPrivacy) -> None:
        """Over an opened ledger that has the sample `state`."""
        self._intake = Intake()
        self._intake.privacy = privacy
        self._writer = Writer(path, opened.zone, new_stores())
        self._sampler = Sampler(
            meters=[OfflineRequestMeter(self._intake, opened.zone, state.boot_id)],
            clock=StandingClock(state),
            journal=Journal(),
            totals=opened.totals,
            opening=opened.opening,
        )
        self._sampler.sample()  # which says what day it is, and with it which salts there are

    @property
    def notes(self) -> Mapping[str, str]:
        """The doors' own state by name."""
        return self._intake.notes

    def put(self, part: ImportedPart) -> None:
        """Post a part; raises sqlite3.Error and OSError."""
        self._intake.add_soon(import_batch(part, self._intake.notes))
        self._sampler.sample()
        posting = self._sampler.take()
        if posting is not None:
            self._writer.post(posting)
            self._sampler.note_posted()

    def close(self) -> None:
        """Close the ledger."""
        self._writer.close()


@contextlib.contextmanager
def offline_requests(path: Path, zone: ZoneInfo, privacy: ClientPrivacy) -> Iterator[OfflineRequests | None]:
    """The requests of a ledger that no service writes; None where it has no sample yet.

    `zone` is the ledger's own, `privacy` that of the settings. Raises LedgerError (locked, or not to be opened) and
    OSError.
    """
    lock = LedgerLock(path)
    lock.acquire()
    try:
        opened = open_ledger(path, new_stores(), zone)
        state = opened.opening.clock
        if state is None or opened.problem:
            yield None
            return
        with contextlib.closing(OfflineRequests(path, opened, state, privacy)) as requests:
            yield requests
    finally:
        lock.release()
