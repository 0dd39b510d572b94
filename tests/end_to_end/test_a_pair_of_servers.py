"""The pair of servers under Patroni of the tests: who takes over, and what is lost with a primary."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.worlds.patroni import PairDatabase

SECONDS = 60


def test_the_standby_takes_over_from_a_primary_that_is_killed(pair_database: PairDatabase) -> None:
    pair = pair_database.pair
    pair_database.execute("CREATE TABLE a AS SELECT 1 AS b")
    pair.wait_until_replayed()
    first, second = pair.primary, pair.standby

    assert pair.kill_primary() is second

    command = ("psql", "-XAtq", pair_database.url, "-c", "INSERT INTO a VALUES (2) RETURNING b")
    assert subprocess.run(command, check=True, capture_output=True, timeout=SECONDS).stdout == b"2\n"
    pair.wait_until_whole()
    assert (pair.primary, pair.standby) == (second, first)
    assert pair_database.execute("SELECT array_agg(b ORDER BY b) FROM a") == "{1,2}"


def test_what_has_not_reached_the_standby_is_lost_with_the_primary(pair_database: PairDatabase) -> None:
    pair = pair_database.pair
    pair_database.execute("CREATE TABLE a AS SELECT 1 AS b")
    pair.wait_until_replayed()

    pair.stop_replication()
    pair_database.execute("INSERT INTO a VALUES (2)")
    pair.kill_primary()

    assert pair_database.execute("SELECT array_agg(b ORDER BY b) FROM a") == "{1}"
