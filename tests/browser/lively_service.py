"""A service on a machine in memory whose bytes flow: a second passes there in a fraction of one here."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from tests.exporter.web.running_service import RunningService, new_ledger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.worlds.fake_machine import Machine

TICK_SECONDS = 0.1


class LivelyService(RunningService):
    """Bytes flow over eth0 while `flowing` lasts; the port stays the same over restarts."""

    @contextlib.asynccontextmanager
    async def flowing(self, receive: int = 125_000, transmit: int = 12_500) -> AsyncIterator[None]:
        """So many bytes in each second of the machine."""

        async def flow() -> None:
            while True:
                self.machine.move("eth0", receive, transmit)
                self.machine.wait(1)
                await asyncio.sleep(TICK_SECONDS)

        task = asyncio.create_task(flow())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def lively(machine: Machine, template: Path, folder: Path) -> LivelyService:
    """One that is not started, over a ledger without a row."""
    return LivelyService(machine, new_ledger(template, folder))
