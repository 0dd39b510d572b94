"""`netledger host`: a copied ledger becomes one of its own, or goes on in the other one's place."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.ledger.upkeep.backups import backups_of, ledger_id_of
from exporter.mirror.creating import complete
from tests.exporter.cli.service_process import Service, fetch
from tests.exporter.mirror.mirrored_books import SCHEMA, MirroredLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.exporter.cli.calls import Commands
    from tests.worlds.postgresql import Database

HEAL_SECONDS = 30


def test_the_ledger_has_an_id_and_is_mirrored_whole(commands: Commands, ledger: Path) -> None:
    found = commands.json("host")
    said = commands("host").stdout

    assert found["device_id"] == ledger_id_of(ledger)
    assert found["mirrored_since"] is None
    assert found["device_id"][:8] in said


def test_a_ledger_is_renewed_without_a_service(commands: Commands, ledger: Path) -> None:
    before = commands.json("host")["device_id"]
    commands("ledger", "backup")
    today = commands.json("today")

    refused = commands("host", "renew")
    renewed = commands.json("host", "renew", "--yes")
    found = commands.json("host")

    assert (refused.exit_code, "--yes" in refused.stderr) == (2, True)
    assert found["device_id"] == renewed["device_id"] == ledger_id_of(ledger) != before
    assert found["mirrored_since"] == renewed["mirrored_since"] == "2026-06-13T00:00:00+05:30"
    assert [ledger_id_of(each) for each in backups_of(ledger)] == [renewed["device_id"]]
    assert commands.json("today") == today  # it keeps what it holds


def test_a_service_goes_on_with_the_new_id(service: Service) -> None:
    url = service.start()
    before = fetch(url, "/api/health")["device_id"]

    renewed = json.loads(service.command("host", "renew", "--yes", "--json").stdout)

    after = fetch(url, "/api/health")["device_id"]
    assert (after, ledger_id_of(service.ledger)) == (renewed["device_id"], after)
    assert after != before
    service.stop()
    url = service.start()
    assert fetch(url, "/api/health")["device_id"] == after


@pytest.fixture
def refused(service: Service, fresh_database: Database) -> Service:
    """A running service whose ledger another machine has sent."""
    asyncio.run(_send(service.ledger, fresh_database))
    fresh_database.execute(f"UPDATE {SCHEMA}.host SET token = 'of another copy'")  # noqa: S608 - our own
    service.configure(mirror={"url": fresh_database.url, "interval": "1h"})
    url = service.start()
    _wait(lambda: (fetch(url, "/api/health")["mirror"]["error"] or {}).get("kind") == "identity")
    return service


def test_a_service_that_is_refused_goes_on_under_a_new_id(refused: Service, fresh_database: Database) -> None:
    done = refused.command("host", "renew", "--yes")

    _wait(lambda: refused.command("mirror", "status").code == 0)
    hosts = fresh_database.execute(f"SELECT count(*), min(posting) > 0 FROM {SCHEMA}.host")  # noqa: S608 - our own
    rows = fresh_database.execute(f"SELECT count(DISTINCT host) FROM {SCHEMA}.interface_day")  # noqa: S608 - as above
    assert (done.code, "now; a mirror has what it counts from" in done.stdout) == (0, True)
    assert (hosts.strip(), rows.strip()) == ("2|t", "1")  # of the renewed one, nothing is there before the next day
    assert refused.command("mirror", "verify").code == 0


def test_a_service_that_is_refused_may_take_over(refused: Service, fresh_database: Database) -> None:
    done = refused.command("host", "take-over")

    _wait(lambda: refused.command("mirror", "status").code == 0)
    hosts = fresh_database.execute(f"SELECT count(*) FROM {SCHEMA}.host")  # noqa: S608 - our own
    assert (done.code, hosts.strip()) == (0, "1")
    assert refused.command("mirror", "verify").code == 0


def test_another_machines_place_is_taken_without_a_service(
    commands: Commands, ledger: Path, fresh_database: Database
) -> None:
    asyncio.run(_send(ledger, fresh_database))

    said = commands("host", "take-over")

    assert said.exit_code == 0
    asyncio.run(_send(ledger, fresh_database, machine_id="this machine"))  # it is refused otherwise


async def _send(ledger: Path, database: Database, machine_id: str = "another machine") -> None:
    connection: Any = await asyncpg.connect(database.url, statement_cache_size=0)
    try:
        await complete(connection, SCHEMA)
        await MirroredLedger(ledger, connection, machine_id=machine_id).round()
    finally:
        await connection.close()


def _wait(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + HEAL_SECONDS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
