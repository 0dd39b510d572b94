"""`netledger plan` of a plan that machines share: from the mirror, without it as before, and without a service."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.session import shared_plans
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON, ZONE
from tests.worlds.mirrored_ledger import create_mirror, mirror_ledger
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.postgresql import Database

GIGA = 10**9
PLANS = """
plans:
  - {name: home, hosts: all, cap: 10 GB}
  - {name: alone, cap: 10 GB}
  - {name: away, hosts: [phone], cap: 10 GB}
"""


def send(database: Database, ledger: WrittenLedger, name: str) -> None:
    """Have the mirror hold a ledger, as it was ten minutes ago."""

    async def write() -> None:
        connection = await asyncpg.connect(database.url)
        try:
            await create_mirror(connection)
            await mirror_ledger(connection, ledger.path, name, sent_at=NOON - 600)
        finally:
            await connection.close()

    asyncio.run(write())


@pytest.fixture
def family(ledger: Path, empty_ledger: Path, tmp_path: Path, fresh_database: Database) -> Commands:
    """Commands on the small ledger, and a laptop that has sent 7 GB of today to a mirror ten minutes ago."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    laptop = WrittenLedger(folder, empty_ledger, ZONE)
    laptop.write({NOON // 900 * 900 - 900: (6 * GIGA, GIGA)})

    send(fresh_database, laptop, "laptop")
    config = tmp_path / "plans.yaml"
    config.write_text(PLANS, encoding="utf-8")
    url = fresh_database.url
    return Commands(ledger, NETLEDGER_CONFIG=str(config), NETLEDGER_MIRROR_URL=url, NETLEDGER_MIRROR_NAME="desk")


def test_a_shared_plan_has_all_machines_and_their_parts(family: Commands, columns: Callable[[int], None]) -> None:
    columns(120)
    home, alone, _ = family.json("plan")["plans"]
    text = family("plan", "home").stdout

    assert home["used_bytes"] == 7 * GIGA + alone["used_bytes"]
    assert [(each["name"], each["this"]) for each in home["sharing"]["machines"]] == [
        ("laptop", False),
        ("desk", True),
    ]
    assert "sharing" not in alone
    assert "Shared by" in text
    assert "7.00 GB" in text
    assert "10 min old" in text
    assert "this machine" in text
    assert "The other machines as of" in text
    assert family.json("forecast", "home") == home["forecast"]


def test_a_machine_that_is_not_in_the_mirror_is_said_to_be_missing(family: Commands) -> None:
    done = family("plan", "away")

    assert done.exit_code == 0
    assert "'phone'" in done.stdout
    assert "not known yet" in done.stdout


def test_what_others_have_sent_since_is_in_the_next_answer(
    family: Commands, tmp_path: Path, empty_ledger: Path, fresh_database: Database
) -> None:
    before = family.json("plan", "home")["plans"][0]
    folder = tmp_path / "nas"
    folder.mkdir()
    nas = WrittenLedger(folder, empty_ledger, ZONE)
    nas.write({NOON // 900 * 900 - 900: (GIGA, 0)})
    send(fresh_database, nas, "nas")
    family.now += 120

    after = family.json("plan", "home")["plans"][0]

    assert after["used_bytes"] == before["used_bytes"] + GIGA


def test_a_mirror_that_hangs_is_not_waited_for(family: Commands, fresh_database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(shared_plans, "WAIT_SECONDS", 0.3)
    before = family.json("plan", "home")["plans"][0]
    fresh_database.server.pause()
    family.now += 120

    after = family.json("plan", "home")["plans"][0]

    assert after["used_bytes"] == before["used_bytes"]


def test_without_the_server_the_last_rows_count(family: Commands, fresh_database: Database) -> None:
    before = family.json("plan", "home")["plans"][0]
    fresh_database.server.kill()
    family.now += 3600

    after = family.json("plan", "home")["plans"][0]
    text = family("plan", "home").stdout

    assert after["used_bytes"] == before["used_bytes"]
    assert after["sharing"]["behind_seconds"] == 4200
    assert "Not all is known: " in text
    assert fresh_database.server.passwords["owner"] not in text


def test_what_was_never_read_is_of_this_machine_alone(family: Commands, fresh_database: Database) -> None:
    fresh_database.server.kill()
    home, alone, _ = family.json("plan")["plans"]

    assert home["used_bytes"] == alone["used_bytes"]
    assert home["sharing"]["read_at"] is None
    assert "Of this machine alone" in family("plan", "home").stdout
