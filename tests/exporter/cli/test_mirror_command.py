"""`netledger mirror verify` and `status`, and what other commands say of a mirror, with a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import TYPE_CHECKING

import asyncpg
import pytest

from exporter.mirror.creating import complete
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.service_process import Service, fetch
from tests.exporter.mirror.mirrored_books import SCHEMA, MirroredLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    from tests.worlds.postgresql import Database

NOWHERE = "postgresql://me:secret-word@127.0.0.1:1/fleet"
SENT_SECONDS = 30


@pytest.fixture
def mirrored(ledger: Path, fresh_database: Database) -> Commands:
    """Commands on a ledger that is in a mirror."""
    asyncio.run(_send(ledger, fresh_database))
    return Commands(ledger, NETLEDGER_MIRROR_URL=fresh_database.url)


def test_a_mirror_that_equals_its_ledger_is_verified(mirrored: Commands) -> None:
    found = mirrored.json("mirror", "verify")
    said = mirrored("mirror", "verify")

    assert found["rows"] > 20
    assert (found["different"], found["behind"], found["examples"]) == (0, 0, [])
    assert (said.exit_code, said.stdout.startswith(f"Rows: {found['rows']} compared")) == (0, True)


def test_a_mirror_behind_a_pooler_is_verified(ledger: Path, pooled_database: Database) -> None:
    asyncio.run(_send(ledger, pooled_database))

    found = Commands(ledger, NETLEDGER_MIRROR_URL=pooled_database.url).json("mirror", "verify")

    assert found["rows"] > 20
    assert (found["different"], found["behind"]) == (0, 0)


def test_rows_that_differ_are_listed(mirrored: Commands, fresh_database: Database) -> None:
    fresh_database.execute(
        f"UPDATE {SCHEMA}.interface_day SET receive_bytes = 4711 WHERE day = "  # noqa: S608 - our own
        f"(SELECT max(day) FROM {SCHEMA}.interface_day) AND subject = 1",
        f"DELETE FROM {SCHEMA}.interface_slot WHERE subject = 2",  # noqa: S608 - as above
    )

    done, as_json = mirrored("mirror", "verify"), mirrored("mirror", "verify", "--json")
    document = json.loads(as_json.stdout)

    assert (done.exit_code, as_json.exit_code) == (1, 1)
    assert "interface_day" in done.stdout
    assert "4711" in done.stdout
    assert document["different"] == len(document["examples"]) == 5
    missing = [each for each in document["examples"] if each["mirror"] is None]
    assert {each["table"] for each in missing} == {"interface_slot"}


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        ({}, "no mirror is set here: set mirror.url or NETLEDGER_MIRROR_URL"),
        ({"NETLEDGER_MIRROR_URL": NOWHERE}, "cannot be reached"),
    ],
)
def test_a_mirror_that_cannot_be_asked_is_no_difference(ledger: Path, environ: dict[str, str], reason: str) -> None:
    commands = Commands(ledger)
    commands.environ |= environ

    done = commands("mirror", "verify")

    assert done.exit_code == 2
    assert reason in done.stderr
    assert "secret-word" not in done.output


def test_a_ledger_that_was_never_sent_cannot_be_compared(ledger: Path, fresh_database: Database) -> None:
    commands = Commands(ledger, NETLEDGER_MIRROR_URL=fresh_database.url)
    without_tables = commands("mirror", "verify")
    asyncio.run(_send(None, fresh_database))
    empty = commands("mirror", "verify")

    assert (without_tables.exit_code, empty.exit_code) == (2, 2)
    assert "netledger mirror init" in without_tables.stderr
    assert "nothing of this ledger yet" in empty.stderr


def test_the_state_is_that_of_the_running_service(service: Service, fresh_database: Database) -> None:
    service.configure(mirror={"url": fresh_database.url, "interval": "10s"})
    url = service.start()
    _wait(lambda: fetch(url, "/api/health")["mirror"]["up"])

    state = json.loads(service.command("mirror", "status", "--json").stdout)
    said, whole, examined = (service.command(*words) for words in (("mirror", "status"), ("status",), ("doctor",)))
    verified = service.command("mirror", "verify")

    assert (state["up"], state["schema"], state["error"]) == (True, "netledger", None)
    assert state["rows_sent"] > 0
    assert state["server"].startswith("postgresql://")
    assert (said.code, verified.code) == (0, 0)
    assert "Rows sent" in said.stdout
    assert "has all up to" in whole.stdout
    assert "The mirror at" in examined.stdout
    assert re.search(r"The mirror equals the ledger( of its last copy)?\.$", verified.stdout.strip())


def test_a_mirror_that_is_away_is_told_by_every_command(service: Service) -> None:
    service.configure(mirror={"url": NOWHERE})
    url = service.start()
    _wait(lambda: fetch(url, "/api/health")["mirror"]["error"] is not None)

    texts = [service.command(*words) for words in (("mirror", "status"), ("status",), ("doctor",))]

    assert [each.code for each in texts] == [1, 1, 1]
    assert all("cannot be reached" in each.stdout for each in texts)
    assert not any("secret-word" in each.stdout + each.stderr for each in texts)
    assert "secret-word" not in json.dumps(fetch(url, "/api/health"))


def test_without_a_service_or_without_a_mirror_there_is_no_state(commands: Commands, service: Service) -> None:
    stopped = commands("mirror", "status")
    service.start()
    without = service.command("mirror", "status")

    assert (stopped.exit_code, without.code) == (3, 2)
    assert "has no mirror" in without.stderr


async def _send(ledger: Path | None, database: Database) -> None:
    """Make the tables, and send a ledger."""
    connection: Any = await asyncpg.connect(database.url, statement_cache_size=0)
    try:
        await complete(connection, SCHEMA)
        if ledger is not None:
            await MirroredLedger(ledger, connection).round()
    finally:
        await connection.close()


def _wait(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + SENT_SECONDS
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
