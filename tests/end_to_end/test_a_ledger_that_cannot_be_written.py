"""A full disk and a locked ledger: the service keeps counting, says so, and posts all when it can."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.files import BUSY_SECONDS
from tests.end_to_end.namespaces import run
from tests.end_to_end.world import UPLINK, World, eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.service_under_test import Netledger

pytestmark = pytest.mark.namespaces


@pytest.fixture
def small_disk(world: World, tmp_path: Path) -> Path:
    """A file system of 8 MB, unmounted with the world."""
    disk = tmp_path / "disk"
    disk.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=8m", "netledger-test", str(disk))
    world.on_close(lambda: run("umount", "--lazy", str(disk)))
    return disk


def test_a_full_disk_delays_posting_and_loses_nothing(world: World, small_disk: Path) -> None:
    netledger = world.netledger(ledger={"path": str(small_disk / "ledger.db")})
    start = world.machine.counters()
    netledger.start()
    assert _is_healthy(netledger)

    filler = _fill(small_disk)
    with world.background_traffic():
        eventually(lambda: not _is_healthy(netledger), "health says that the ledger can't be written")
        time.sleep(1)
    assert netledger.metric("netledger_ledger_commit_failures_total") > 0
    moved = world.moved_since(start)
    eventually(lambda: netledger.lifetime(UPLINK) == moved, "the service keeps counting")

    filler.unlink()
    eventually(lambda: _is_healthy(netledger), "health says that all is well again", patience=70)
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_a_stop_while_the_disk_is_full_loses_nothing(world: World, small_disk: Path) -> None:
    netledger = world.netledger(ledger={"path": str(small_disk / "ledger.db")})
    start = world.machine.counters()
    netledger.start()
    filler = _fill(small_disk)
    with world.background_traffic():  # a single commit may fit into what the write-ahead log has already
        eventually(lambda: not _is_healthy(netledger), "health says that the ledger can't be written")

    netledger.stop()
    filler.unlink()
    netledger.start()
    netledger.stop()

    assert netledger.booked(UPLINK) == world.moved_since(start)


def test_a_locked_ledger_delays_posting_and_loses_nothing(world: World) -> None:
    netledger = world.netledger()
    start = world.machine.counters()
    netledger.start()

    with world.background_traffic(), closing(sqlite3.connect(netledger.ledger)) as other:
        other.execute("BEGIN IMMEDIATE")
        eventually(lambda: not _is_healthy(netledger), "health says that the ledger is locked", patience=30)
        asked = time.monotonic()
        netledger.fetch("/metrics")
        took = time.monotonic() - asked
        other.rollback()
    eventually(lambda: _is_healthy(netledger), "health says that all is well again", patience=70)
    netledger.stop()

    assert took < BUSY_SECONDS
    assert netledger.booked(UPLINK) == world.moved_since(start)


def _is_healthy(netledger: Netledger) -> bool:
    return bool(netledger.get("/api/health")["status"] == "running")


def _fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for block in (65536, 1024):
            with suppress(OSError):
                while True:
                    file.write(bytes(block))
    return filler
