"""A server that takes connections and answers nothing is given up; the last answer stands until then, and after it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.mirror import connecting
from exporter.mirror.address import parse_address
from exporter.mirror.faults import fault_of
from exporter.mirror.group.groups import Groups, MirrorAccess
from reports.ledger.host import Host
from tests.exporter.mirror.traffic import BusyLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds.postgresql import Database

SECONDS = 20


@pytest.fixture
def ledger(fresh_database: Database, tmp_path: Path) -> Iterator[BusyLedger]:
    """A machine's ledger, which the mirror has."""
    ledger = BusyLedger(tmp_path / "busy.db", fresh_database.url)
    ledger.start()
    ledger.rest()
    yield ledger
    ledger.close()


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("when", ["before it is connected to", "after it was connected to"])
async def test_it_is_given_up(
    fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    monkeypatch.setattr(connecting, "COMMAND_SECONDS", 0.5)
    address, hangs = parse_address(f"{fresh_database.url}?connect_timeout=1"), False

    async def connect() -> Any:
        connection = await connecting.connect(address)
        if hangs:
            fresh_database.server.pause()
        return connection

    groups = Groups(
        ledger=tmp_path / "other.db",
        own=Host("other", "f" * 32, "Linux", "1"),
        zone=lambda: ZoneInfo("UTC"),
        now=time.time,
        mirror=MirrorAccess("netledger", connect, lambda error: fault_of(error).text),
        interval=0.0,
    )
    first = await groups.group(["busy"], None)
    hangs = when.startswith("after")
    if not hangs:
        fresh_database.server.pause()
    try:
        async with asyncio.timeout(SECONDS):
            held = await groups.group(["busy"], None)
        assert "did not answer in time" in groups.problem
        assert held.read_at == first.read_at
    finally:
        hangs = False
        fresh_database.server.resume()

    async with asyncio.timeout(SECONDS):
        await groups.group(["busy"], None)
    assert groups.problem == ""
    await groups.close()
