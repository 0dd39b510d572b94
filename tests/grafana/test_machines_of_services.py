"""The dashboard of the mirror says what the services that are mirrored say themselves: from ledgers to panels."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from exporter.ledger.schema import migrate
from grafana.kit.sql import EVERY_HOST
from tests.exporter.cli.service_process import Service, fetch
from tests.exporter.cli.small_ledger import write_ledger
from tests.grafana.sql_macros import Choice, expanded
from tests.grafana.time_ranges import Range
from tests.worlds.server_process import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.grafana.dashboard_files import Dashboard
    from tests.worlds.postgresql import Database

pytest.importorskip("asyncpg", reason="sending to the mirror needs asyncpg: .[mirror]")

PATIENCE_SECONDS = 30
NAMES = ("laptop", "nas")
SENT = "SELECT count(*) FROM netledger.host WHERE posting > 0"
WEEK = 7 * 86_400


@pytest.fixture
def addresses(fresh_database: Database, tmp_path: Path) -> Iterator[list[str]]:
    """Two services with history until now, whose figures stand still; all of it is in the mirror."""
    services = []
    try:
        for ago, name in enumerate(NAMES):
            folder = tmp_path / name
            folder.mkdir()
            migrate(folder / "template.db")
            write_ledger(folder / "ledger.db", folder / "template.db", int(time.time()) - ago * 3600)
            service = Service(folder, folder / "ledger.db")
            services.append(service)
            service.configure(mirror={"url": fresh_database.url, "interval": "10s", "name": name})
        found = [service.start() for service in services]
        _wait_for(fresh_database, len(found))
        yield found
    finally:
        for service in services:
            service.end()


def test_totals_of_the_dashboard_are_the_sum_of_what_the_services_answer(
    addresses: list[str], machines: Dashboard, fresh_database: Database
) -> None:
    ever = sum(fetch(address, "/api/summary")["total_bytes"] for address in addresses)
    before = [fetch(address, "/api/today") for address in addresses]
    shown = {title: _shown(machines, title, fresh_database) for title in ("Machines", "Today", "Ever")}
    after = [fetch(address, "/api/today") for address in addresses]

    assert shown["Machines"] == [["2"]]
    assert shown["Ever"] == [[str(ever)]]
    if before == after:  # midnight of the ledgers' zone was not in between
        assert shown["Today"] == [[str(sum(day["total_bytes"] for day in after))]]


@pytest.mark.usefixtures("addresses")
def test_each_machine_is_seen_now_with_what_its_ledger_has(machines: Dashboard, fresh_database: Database) -> None:
    rows = {row[0]: row for row in _shown(machines, "Each machine", fresh_database)}

    assert set(rows) == set(NAMES)
    for row in rows.values():
        assert abs(int(row[1]) / 1000 - time.time()) < PATIENCE_SECONDS * 2
        assert 0 <= int(row[2]) <= 4 * 3600, (
            "a ledger ends now or an hour ago, and its last bytes are up to three hours before"
        )


def _shown(machines: Dashboard, title: str, database: Database) -> list[list[str]]:
    """The rows of a panel, as the server writes them."""
    found = next(each for each in machines.panels if each.place.panel == title)
    now = time.time()
    choices = {"host": Choice(raw=EVERY_HOST), "schema": Choice(["netledger"])}
    answer = database.execute(expanded(found.queries[0].expression, choices, Range(now - WEEK, now, 900)))
    return [line.split("|") for line in answer.splitlines()]


def _wait_for(database: Database, machines: int) -> None:
    """Until so many machines have sent all that they have."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while _sent(database) != machines:
        assert time.monotonic() < ends
        time.sleep(0.1)


def _sent(database: Database) -> int:
    try:
        return int(database.execute(SENT))
    except ServerError:  # the first sender makes the tables
        return 0
