"""How full the ledger's disk is, asked for between two rounds of upkeep."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from exporter.ledger.opening.opening import open_ledger
from exporter.ledger.upkeep.upkeep import Disk, LedgerUpkeep
from exporter.ledger.writing.writer import Writer
from exporter.meters.registry import new_stores
from exporter.settings.tree import Ledger, Settings
from tests.worlds.fake_machine import MORNING

if TYPE_CHECKING:
    from pathlib import Path

UTC = ZoneInfo("UTC")


def figures_before_and_after(path: Path) -> tuple[Disk | None, Disk]:
    """What is known of the disk after a measurement without a round, and after a round that has grown old."""

    async def measured(executor: ThreadPoolExecutor, writer: Writer) -> tuple[Disk | None, Disk]:
        upkeep = LedgerUpkeep(
            writer=writer,
            executor=executor,
            settings=Settings(ledger=Ledger(path=path, backups=0)),
            zone=UTC,
            now=lambda: MORNING,
            notices=(),
            on_folded=lambda _: None,
            on_damage=lambda _: None,
        )
        await upkeep.measure_disk()
        before = upkeep.figures.disk if upkeep.figures else None
        await upkeep.go_round()
        assert upkeep.figures is not None
        upkeep.figures = upkeep.figures._replace(disk=Disk(1, 1))
        await upkeep.measure_disk()
        return before, upkeep.figures.disk

    with ThreadPoolExecutor(1) as executor:
        writer = executor.submit(Writer, path, UTC, new_stores()).result()
        try:
            return asyncio.run(measured(executor, writer))
        finally:
            executor.submit(writer.close).result()


def test_the_disk_is_asked_again_between_rounds_and_not_before_the_first(tmp_path: Path, empty_ledger: Path) -> None:
    ledger = tmp_path / "ledger.db"
    shutil.copyfile(empty_ledger, ledger)
    open_ledger(ledger, new_stores(), UTC)

    before, disk = figures_before_and_after(ledger)

    usage = shutil.disk_usage(tmp_path)
    assert before is None
    assert disk.size_bytes == usage.total
    assert abs(disk.free_bytes - usage.free) < usage.total / 10
