"""A mirror on a Patroni pair: the primary is killed under traffic, and the mirror goes on with the other one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.exporter.mirror.traffic import BusyLedger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds.patroni import PairDatabase


@pytest.fixture
def busy(pair_database: PairDatabase, tmp_path: Path) -> Iterator[BusyLedger]:
    """A ledger under traffic, whose mirror is up and on both nodes."""
    ledger = BusyLedger(tmp_path / "busy.db", pair_database.url)
    ledger.start()
    ledger.wait_for(lambda health: health.is_up)
    pair_database.pair.wait_until_replayed()
    yield ledger
    ledger.close()


def test_the_mirror_goes_on_with_the_new_primary(busy: BusyLedger, pair_database: PairDatabase) -> None:
    for _ in range(2):
        pair_database.pair.kill_primary()
        killed = time.time()
        busy.wait_for(lambda health: health.is_up and health.last_success > killed)  # noqa: B023 - called at once
        pair_database.pair.wait_until_whole()
        pair_database.pair.wait_until_replayed()
    busy.rest()

    found = busy.verified()
    assert (found.different, found.behind) == (0, 0)
    assert found.rows > 20


def test_what_died_with_the_primary_is_sent_again(busy: BusyLedger, pair_database: PairDatabase) -> None:
    pair_database.pair.stop_replication()
    sent = busy.health.rows_sent
    busy.wait_for(lambda health: health.rows_sent > sent + 100)
    pair_database.pair.kill_primary()
    killed = time.time()
    busy.wait_for(lambda health: health.is_up and health.last_success > killed)
    busy.rest()

    assert busy.verified().different == 0
