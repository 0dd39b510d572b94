"""Several machines on the command line: `netledger hosts`, and `--hosts` of the commands of usage."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON, ZONE
from tests.worlds.application_rows import amounts, post_applications
from tests.worlds.mirrored_ledger import create_mirror, ledger_id, mirror_ledger
from tests.worlds.written_ledger import WrittenLedger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.postgresql import Database

GIGA = 10**9
WITH_HOSTS = {
    "today": (),
    "week": (),
    "month": (),
    "year": (),
    "range": ("--from", "2026-06-01", "--to", "2026-06-12"),
    "summary": (),
    "cost": ("--per-gb", "1"),
    "apps": (),
}


@pytest.fixture
def fleet(ledger: Path, empty_ledger: Path, tmp_path: Path, fresh_database: Database) -> Commands:
    """Commands on the small ledger, and a laptop that has sent 7 GB of today to a mirror five minutes ago."""
    folder = tmp_path / "laptop"
    folder.mkdir()
    laptop = WrittenLedger(folder, empty_ledger, ZONE)
    laptop.write({NOON // 900 * 900 - 900: (6 * GIGA, GIGA)})
    post_applications(laptop, {(NOON // 900 * 900 - 900, ("firefox", "internet", "tcp")): amounts(GIGA, 0)})

    async def send() -> None:
        connection = await asyncpg.connect(fresh_database.url)
        try:
            await create_mirror(connection)
            await mirror_ledger(connection, laptop.path, "laptop", sent_at=NOON - 300)
        finally:
            await connection.close()

    asyncio.run(send())
    return Commands(ledger, NETLEDGER_MIRROR_URL=fresh_database.url, NETLEDGER_MIRROR_NAME="desk")


def test_hosts_are_listed(fleet: Commands) -> None:
    found = fleet.json("hosts")

    assert [(host["name"], host["this"], host["behind_seconds"]) for host in found["hosts"]] == [
        ("laptop", False, 300),
        ("desk", True, 0),
    ]
    assert found["hosts"][0]["id"] == ledger_id(fleet.ledger.with_name("laptop") / "ledger.db")
    assert found["hosts"][0]["today"]["total_bytes"] == 7 * GIGA
    assert found["total"]["today"]["total_bytes"] == 7 * GIGA + found["hosts"][1]["today"]["total_bytes"]
    text = fleet("hosts").stdout
    assert "desk (here)" in text
    assert "5 min" in text
    assert "7.00 GB" in text


@pytest.mark.parametrize("command", WITH_HOSTS)
def test_a_command_adds_machines_up(fleet: Commands, command: str, columns: Callable[[int], None]) -> None:
    columns(120)
    words = (command, *WITH_HOSTS[command])
    alone, laptop, both = (_total(fleet, *words, *more) for more in ((), ("--hosts", "laptop"), ("--hosts", "all")))

    assert laptop == (GIGA if command == "apps" else 7 * GIGA)
    assert both == alone + laptop
    assert "all machines" in fleet.on_a_terminal(*words, "--hosts", "all")
    assert "laptop" in fleet.on_a_terminal(*words, "--hosts", "laptop")


def test_the_json_says_which_machines_they_are_and_how_old_their_data_is(fleet: Commands) -> None:
    found = fleet.json("today", "--hosts", "laptop,desk")

    assert sorted(found["hosts"]["names"]) == ["desk", "laptop"]
    assert found["hosts"]["behind_seconds"] == 300
    assert "other machines up to 5 min before" in fleet("today", "--hosts", "all").stdout


def test_a_file_of_all_machines_lists_them(fleet: Commands) -> None:
    done = fleet("export", "--hosts", "all", "--range", "today")

    found = json.loads(done.stdout)
    assert sum(row["total_bytes"] for row in found["interfaces"]) == _total(fleet, "today", "--hosts", "all")
    assert {row["interface"] for row in found["interfaces"]} == {"desk", "laptop"}


def test_a_wrap_up_of_all_machines_names_them(fleet: Commands) -> None:
    page = fleet("report", "--hosts", "all", "--month", "2026-06", "--output", "-").stdout

    assert "all machines" in page
    assert "laptop" in page


def test_an_unknown_machine_is_refused_with_those_that_are_known(fleet: Commands) -> None:
    done = fleet("today", "--hosts", "phone")

    assert done.exit_code == 2
    assert "'phone'; use all, or of these: desk, laptop" in done.stderr


def test_without_a_mirror_hosts_are_refused_and_one_is_listed(commands: Commands) -> None:
    done = commands("today", "--hosts", "all")

    assert done.exit_code == 2
    assert "set mirror.url" in done.stderr
    assert len(commands.json("hosts")["hosts"]) == 1
    assert "set mirror.url" in commands("hosts").stdout


def test_without_the_server_the_last_rows_are_told_and_a_warning(fleet: Commands, fresh_database: Database) -> None:
    before = _total(fleet, "today", "--hosts", "all")
    fresh_database.server.kill()
    fleet.now += 600

    done = fleet("today", "--hosts", "all", "--json")
    other = fleet("today", "--hosts", "laptop")

    assert json.loads(done.stdout)["total_bytes"] == before
    assert "as the mirror was before" in done.stderr
    assert other.exit_code == 1
    assert "the mirror cannot be read" in other.stderr
    assert fresh_database.server.passwords["owner"] not in done.stderr + other.stderr
    assert "as the mirror was before" in fleet("hosts").stdout


def _total(commands: Commands, *words: str) -> int:
    found = commands.json(*words)
    return int(found.get("usage", found.get("summary", found))["total_bytes"])
