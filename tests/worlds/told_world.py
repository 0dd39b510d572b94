"""One service over the history, with a command line beside it at the same instant."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from datetime import date
from typing import TYPE_CHECKING, Any

from exporter.meters.applications.kind import APPLICATIONS
from exporter.meters.registry import OpenedMeter
from exporter.settings.loading import load_settings
from reports.calendar.days import day_start
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import RunningService, new_ledger
from tests.meters.applications import FakeSource
from tests.worlds.one_history import (
    BERLIN,
    COUNTED,
    GONE,
    NOW,
    PLANS,
    SLOT,
    UNPOSTED,
    UNPOSTED_SECONDS,
    History,
    as_usage,
    new_machine,
    posted_rows,
    the_gap,
    unposted_rows,
)
from tests.worlds.told_applications import move_applications, write_applications

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

DAY = 86_400


class ToldWorld:
    """Nothing ticks: all places are asked at one instant, ten seconds after the last bytes were posted."""

    def __init__(self, template: Path, folder: Path, kept_since: date = date(1970, 1, 1)) -> None:
        """Quarter hours of days before `kept_since` have been deleted."""
        self.settings = folder / "netledger.yaml"
        self.settings.write_text(json.dumps({"plans": PLANS}, ensure_ascii=False), encoding="utf-8")
        self.machine = new_machine()
        self.service = RunningService(self.machine, new_ledger(template, folder), BERLIN)
        self.service.plans = load_settings(self.settings, {}).settings.plans
        rows = posted_rows()
        lately = [row for row in rows if row.started > NOW - DAY and row.device in COUNTED]
        self.service.write_before(slots=as_usage(rows, SLOT), minutes=as_usage(lately, 60), gaps=(the_gap(rows),))
        self.history = History([*rows, *unposted_rows()], kept_since)
        write_applications(self.ledger, self.machine)
        self.applications = FakeSource()
        self.service.more_meters = (OpenedMeter(APPLICATIONS, self.applications),)
        with contextlib.closing(sqlite3.connect(self.ledger, isolation_level=None)) as connection:
            connection.execute("DELETE FROM interface_slot WHERE slot < ?", (day_start(kept_since, BERLIN),))

    async def start(self) -> None:
        """Until everything is counted, and plans are as they stand now."""
        for device in GONE:
            self.machine.delete(device)
        await self.service.start()
        for device, moved in UNPOSTED.items():
            self.machine.move(device, *moved)
        move_applications(self.applications)
        self.machine.wait(UNPOSTED_SECONDS)
        await self.service.get("/api/live")
        parts = self.service.service._parts
        assert parts is not None
        await parts.follow_plans()

    async def stop(self) -> None:
        await self.service.stop()

    async def end_the_slot(self) -> None:
        """Post everything, when the quarter hour of it is over."""
        self.machine.wait(SLOT - (NOW + UNPOSTED_SECONDS) % SLOT + 1)
        assert (await self.service.ask("/api/commit", "POST")).json == {"committed": True}

    async def get(self, path: str) -> Any:
        """The JSON of an answer."""
        return await self.service.get(path)

    async def text(self, path: str) -> str:
        """An answer as it is."""
        told = await self.service.ask(path)
        assert told.status == 200, told.text
        return told.text

    async def json(self, *arguments: str) -> Any:
        """`--json` of a command."""
        return json.loads(await self.printed(*arguments, "--json"))

    async def printed(self, *arguments: str) -> str:
        """A command's output in a pipe."""
        return (await self.run(*arguments)).stdout

    async def run(self, *arguments: str) -> Result:
        """A command that must succeed; it asks the service, so that it needs a thread of its own."""
        done = await asyncio.to_thread(self.commands, *arguments)
        assert (done.exit_code, done.stderr) == (0, ""), done.output
        return done

    @property
    def ledger(self) -> Path:
        ledger = self.service.ledger.path
        assert ledger is not None
        return ledger

    @property
    def commands(self) -> Commands:
        return Commands(self.ledger, self.machine.seconds, NETLEDGER_CONFIG=str(self.settings))
