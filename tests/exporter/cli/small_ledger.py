"""A small ledger: four days of traffic of three interfaces, and a gap."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.writing.writer import Writer
from exporter.metering.counters.checkpoints import Checkpoint, ScanState
from exporter.metering.counters.readings import Counts, Epoch
from exporter.metering.counters.speeds import Speeds
from exporter.metering.postings import ClockState, MeterCheckpoint, MeterPosting, Posting, SubjectFacts, Usage
from exporter.meters.interfaces.state import interface
from exporter.meters.registry import new_stores
from reports.ledger.rows import Gap

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.metering.subjects import Subject

NOON = 1_781_245_800
"""2026-06-12T06:30:00Z, a Friday: noon in Kolkata."""
ZONE = ZoneInfo("Asia/Kolkata")
SLOT, DAY = 900, 86_400


def _slots(now: int) -> dict[tuple[int, Subject], Usage]:
    """Traffic of the last four days and of one in the month before, its sizes all different."""
    used = {}
    for days_ago, megabytes in ((0, 524), (1, 1_250), (3, 87), (20, 26_843)):
        slot = (now - days_ago * DAY) // SLOT * SLOT - SLOT
        for number, device in enumerate(("eth0", "wlan0", "wg0"), start=1):
            received = megabytes * 1_000_000 // number
            counts = Counts(received, received // 7, received // 900, received // 6000)
            peaks = Speeds(megabytes * 10_000, megabytes * 2_000, megabytes * 11_000)
            estimated = counts.bytes if days_ago == 3 else 0
            used[slot, interface(device)] = Usage(counts, estimated, peaks)
    return used


def write_ledger(path: Path, template: Path, now: int, boot_id: str = "boot-1", elapsed: int = 10**15) -> None:
    """A ledger whose last reading was at `now`: eth0 and wlan0 counted, wg0 not; one gap, three days ago."""
    shutil.copyfile(template, path)
    open_ledger(path, new_stores(), ZONE)
    slots = _slots(now)
    epochs = {interface(name): Epoch(boot_id, 1, index) for index, name in enumerate(("eth0", "wlan0", "wg0"), 2)}
    facts = {subject: SubjectFacts(now - 21 * DAY, now, (int(subject.name != "wg0"),) * 2) for subject in epochs}
    before = dict.fromkeys(epochs, (0, 0))
    for (_, subject), usage in slots.items():
        received, sent = before[subject]
        before[subject] = received + usage.amounts[0], sent + usage.amounts[1]
    checkpoints = {
        subject: Checkpoint(epoch, Counts(), 64, now - 21 * DAY, (0, 0), before[subject], (0, 0), now)
        for subject, epoch in epochs.items()
    }
    gap = Gap(now - 3 * DAY - 2 * SLOT, now - 3 * DAY, "stopped", 99_428_571)
    clock = ClockState(boot_id, now * 1_000_000_000, elapsed)
    checkpoint = MeterCheckpoint(facts, checkpoints, ScanState(1, frozenset({2, 3, 4})))
    writer = Writer(path, ZONE, new_stores())
    try:
        writer.post(Posting(1, clock, slots, {}, (MeterPosting("interface", clock, checkpoint, (gap,)),)))
    finally:
        writer.close()
