"""Whatever happens to the server under traffic, twice each: one sentence says it, it heals, no row differs."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from exporter.mirror import connecting
from exporter.mirror.address import parse_address
from exporter.mirror.rights import grant, groups_of, init, quoted
from tests.exporter.mirror.traffic import BusyLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from exporter.mirror.rights import Login
    from tests.worlds.pgbouncer import PgBouncer
    from tests.worlds.postgresql import Database
    from tests.worlds.small_disk import SmallDisk


@contextmanager
def killed(database: Database) -> Iterator[None]:
    """The server ends by SIGKILL, and starts again."""
    database.server.kill()
    yield
    database.server.start()


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """The server only reads, as a full one of a provider does."""
    with database.server.read_only():
        database.execute(_END_OTHERS, user="postgres")
        yield


@contextmanager
def in_recovery(database: Database) -> Iterator[None]:
    """The server comes back as a standby, and is promoted."""
    database.server.recover()
    yield
    database.server.promote()


@contextmanager
def without_table(database: Database) -> Iterator[None]:
    """Somebody drops a table; the next connection makes it again."""
    database.execute("DROP TABLE netledger.application_slot")
    yield


@contextmanager
def without_mirror(database: Database) -> Iterator[None]:
    """Somebody drops the whole mirror."""
    database.execute("DROP SCHEMA netledger CASCADE")
    yield


@contextmanager
def cut_off(database: Database) -> Iterator[None]:
    """The server ends every connection, again and again, as one that suspends does."""
    for _ in range(10):
        database.execute(_END_OTHERS, user="postgres")
        time.sleep(0.05)
    yield


@contextmanager
def without_login(database: Database) -> Iterator[None]:
    """The login may not connect any more, and may again."""
    database.execute("ALTER ROLE owner NOLOGIN", _END_OTHERS, user="postgres")
    yield
    database.execute("ALTER ROLE owner LOGIN", user="postgres")


_END_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'owner'"
FAULTS: dict[str, Callable[[Database], AbstractContextManager[None]]] = {
    "unreachable": killed,
    "read_only": read_only,
    "in_recovery": in_recovery,
    "table": without_table,
    "mirror": without_mirror,
    "cut": cut_off,
    "login": without_login,
}
KINDS = {"in_recovery": "read_only"}
UNSEEN = {"table", "mirror", "cut"}
"""Faults that may heal before anybody has seen them."""


@pytest.fixture
def busy(fresh_database: Database, tmp_path: Path) -> Iterator[BusyLedger]:
    """A ledger under traffic, whose mirror is up."""
    ledger = BusyLedger(tmp_path / "busy.db", fresh_database.url)
    ledger.start()
    ledger.wait_for(lambda health: health.is_up)
    yield ledger
    ledger.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_and_heals(busy: BusyLedger, fresh_database: Database, name: str) -> None:
    for _ in range(2):
        with FAULTS[name](fresh_database):
            if name not in UNSEEN:
                health = busy.wait_for(lambda health: not health.is_up)
                assert health.kind in {KINDS.get(name, name), "closed", "unreachable"}
                health = busy.wait_for(lambda health: health.kind == KINDS.get(name, name))
                assert health.text
                assert "\n" not in health.text
                assert fresh_database.server.passwords["owner"] not in health.text
        began = time.time()
        busy.wait_for(lambda health: health.is_up and health.last_success > began)  # noqa: B023 - called at once
        assert busy.health.kind == busy.health.text == ""
    busy.rest()

    found = busy.verified()
    assert (found.different, found.behind) == (0, 0)
    assert found.rows > 20


def test_a_server_that_hangs_is_given_up_and_taken_up_again(
    fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "COMMAND_SECONDS", 1.0)
    ledger = BusyLedger(tmp_path / "busy.db", f"{fresh_database.url}?connect_timeout=1")
    ledger.start()
    ledger.wait_for(lambda health: health.is_up)
    fresh_database.server.pause()
    health = ledger.wait_for(lambda health: not health.is_up)
    fresh_database.server.resume()
    ledger.rest()

    assert health.kind in {"timeout", "closed"}
    assert health.rows_behind > 0
    assert ledger.verified().different == 0
    ledger.close()


def test_a_pooler_that_restarts_costs_no_row(pooled_database: Database, pgbouncer: PgBouncer, tmp_path: Path) -> None:
    ledger = BusyLedger(tmp_path / "busy.db", pooled_database.url)
    ledger.start()
    ledger.wait_for(lambda health: health.is_up)
    for _ in range(2):
        pgbouncer.kill()
        ledger.wait_for(lambda health: not health.is_up)
        pgbouncer.start()
        ledger.wait_for(lambda health: health.is_up)
    ledger.rest()

    assert ledger.verified().different == 0
    ledger.close()


def test_a_full_disk_is_told_and_costs_no_row(
    database_on_small_disk: Database, small_disk: SmallDisk, tmp_path: Path
) -> None:
    ledger = BusyLedger(tmp_path / "busy.db", database_on_small_disk.url)
    ledger.start()
    for _ in range(2):
        ledger.wait_for(lambda health: health.is_up)
        small_disk.fill()
        ledger.post_history(days=20)
        health = ledger.wait_for(lambda health: health.kind == "full")
        assert "no space" in health.text
        small_disk.free()
    ledger.rest()

    assert ledger.verified().different == 0
    ledger.close()


def test_rights_that_are_revoked_and_granted_again(fresh_database: Database, tmp_path: Path) -> None:
    login = asyncio.run(_machine(fresh_database))
    ledger = BusyLedger(tmp_path / "busy.db", fresh_database.url_of(login.name, login.password))
    ledger.start()
    for _ in range(2):
        ledger.wait_for(lambda health: health.is_up)
        group = quoted(groups_of("netledger", fresh_database.name).machine)
        fresh_database.execute(f"REVOKE INSERT, UPDATE ON ALL TABLES IN SCHEMA netledger FROM {group}")
        health = ledger.wait_for(lambda health: health.kind == "rights")
        assert "mirror grant" in health.text
        asyncio.run(_init(fresh_database))
    ledger.rest()

    assert ledger.verified().different == 0
    ledger.close()


async def _init(database: Database) -> None:
    owner = await connecting.connect(parse_address(database.url))
    await init(owner, "netledger")
    await owner.close()


async def _machine(database: Database) -> Login:
    await _init(database)
    owner = await connecting.connect(parse_address(database.url))
    login = await grant(owner, "netledger", "busy", own_only=True)
    await owner.close()
    return login


def test_closing_does_not_wait_for_a_server_that_hangs(busy: BusyLedger, fresh_database: Database) -> None:
    fresh_database.server.pause()
    began = time.monotonic()
    busy.watch.close()
    taken = time.monotonic() - began
    fresh_database.server.resume()

    assert taken < 6
