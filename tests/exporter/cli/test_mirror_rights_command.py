"""`netledger mirror init`, `grant` and `revoke`: what an owner types, and what a machine may do then."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import connect
from exporter.mirror.logins import login_url
from exporter.mirror.rights import Login
from tests.exporter.cli.calls import Commands
from tests.exporter.mirror.mirrored_books import SCHEMA, MirroredLedger

if TYPE_CHECKING:
    from pathlib import Path

    from tests.worlds.postgresql import Database

OWNER = "NETLEDGER_MIRROR_OWNER_URL"


@pytest.fixture
def owner(ledger: Path, fresh_database: Database) -> Commands:
    """Commands of the owner of a mirror that is to be made; no machine's address is set."""
    commands = Commands(ledger)
    commands.environ[OWNER] = fresh_database.url
    return commands


def test_a_machine_sends_with_the_address_that_it_was_granted(owner: Commands, ledger: Path) -> None:
    made = owner.json("mirror", "init")
    granted = owner("mirror", "grant", "laptop's \N{SNOWMAN}")
    url = granted.stdout.strip()
    asyncio.run(_send(ledger, url))
    machine = Commands(ledger, NETLEDGER_MIRROR_URL=url)

    assert made["schema"] == SCHEMA
    assert "shown once" in granted.stderr
    assert machine("mirror", "verify").exit_code == 0
    again = machine("mirror", "grant", "thief")  # a machine's own address is no owner's
    assert again.exit_code == 1
    assert parse_address(url).password not in again.output


def test_a_renewed_ledger_is_another_machine_of_the_same_login(owner: Commands, ledger: Path) -> None:
    owner("mirror", "init")
    url = owner.json("mirror", "grant", "laptop")["url"]
    asyncio.run(_send(ledger, url))

    renewed = owner("host", "renew", "--yes")
    asyncio.run(_send(ledger, url))

    assert renewed.exit_code == 0
    assert asyncio.run(_hosts(url)) == 2
    assert Commands(ledger, NETLEDGER_MIRROR_URL=url)("mirror", "verify").exit_code == 0


def test_a_machine_may_read_its_own_rows_alone(owner: Commands, ledger: Path) -> None:
    owner("mirror", "init")
    urls = {
        name: str(owner.json("mirror", "grant", name, *more)["url"])
        for name, more in (("laptop", ()), ("guest", ("--own",)))
    }
    asyncio.run(_send(ledger, urls["laptop"]))

    assert [asyncio.run(_hosts(urls[name])) for name in ("laptop", "guest")] == [1, 0]


def test_a_machine_that_is_gone_is_removed_by_the_owner(owner: Commands, ledger: Path, tmp_path: Path) -> None:
    owner("mirror", "init")
    urls = {name: str(owner.json("mirror", "grant", name)["url"]) for name in ("laptop", "thief")}
    asyncio.run(_send(ledger, urls["laptop"]))
    thief = Commands(tmp_path / "other.db", NETLEDGER_MIRROR_OWNER_URL=urls["thief"])

    unasked, unknown = owner("mirror", "forget", "laptop"), owner("mirror", "forget", "all", "--yes")
    stolen = thief("mirror", "forget", "laptop", "--yes")

    assert (unasked.exit_code, stolen.exit_code) == (2, 1)
    assert "give --yes" in unasked.stderr
    assert "no machine 'all'; of these there are rows: laptop" in unknown.stderr
    assert "use the address of the database's owner" in stolen.stderr
    assert asyncio.run(_hosts(urls["laptop"])) == 1

    done = owner.json("mirror", "forget", "laptop", "--yes")
    verified = Commands(ledger, NETLEDGER_MIRROR_URL=urls["laptop"])("mirror", "verify")

    assert done["name"] == "laptop"
    assert done["rows"] > 3
    assert asyncio.run(_hosts(urls["laptop"])) == 0
    assert verified.exit_code != 0
    asyncio.run(_send(ledger, urls["laptop"]))  # it sends, and is back
    assert Commands(ledger, NETLEDGER_MIRROR_URL=urls["laptop"])("mirror", "verify").exit_code == 0


def test_a_machine_that_was_revoked_may_not_log_in(owner: Commands, ledger: Path) -> None:
    owner("mirror", "init")
    url = owner.json("mirror", "grant", "laptop")["url"]
    asyncio.run(_send(ledger, url))

    revoked, unknown = owner("mirror", "revoke", "laptop"), owner("mirror", "revoke", "laptop")

    assert (revoked.exit_code, unknown.exit_code) == (0, 1)
    assert "its rows stay" in revoked.stdout
    refused = Commands(ledger, NETLEDGER_MIRROR_URL=url)("mirror", "verify")
    assert (refused.exit_code, "refuses the login" in refused.stderr) == (2, True)
    assert asyncio.run(_hosts(owner.environ[OWNER])) == 1


def test_a_second_grant_ends_the_first_password(owner: Commands) -> None:
    owner("mirror", "init")

    first, second = (owner.json("mirror", "grant", "laptop")["url"] for _ in range(2))

    assert parse_address(first)._replace(password=parse_address(second).password) == parse_address(second)
    assert first != second


@pytest.mark.parametrize(
    ("words", "environ", "reason"),
    [
        (("init",), {}, f"set {OWNER}"),
        (("init", "--url", "mysql://root:hush-hush@db"), {}, "--url does not begin with postgresql://"),
        (("grant", "laptop"), {OWNER: "postgresql://me:hush@hush@db/fleet"}, f"{OWNER} has an @"),
    ],
)
def test_an_address_that_cannot_be_used_is_no_call(
    commands: Commands, words: tuple[str, ...], environ: dict[str, str], reason: str
) -> None:
    commands.environ |= environ

    done = commands("mirror", *words)

    assert (done.exit_code, reason in done.stderr) == (2, True)
    assert "hush" not in done.output


def test_what_the_server_refuses_is_told_without_the_password(commands: Commands) -> None:
    done = commands("mirror", "init", "--url", "postgresql://me:secret-word@127.0.0.1:1/fleet")

    assert (done.exit_code, "cannot be reached" in done.stderr) == (1, True)
    assert "secret-word" not in done.output


def test_the_owners_address_is_no_setting(owner: Commands) -> None:
    shown = owner("config", "show")

    assert shown.exit_code == 0
    assert owner.environ[OWNER] not in shown.output
    assert json.loads(owner("config", "show", "--json").stdout)["settings"]["mirror.url"]["value"] is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://owner:pw@db/fleet", "postgresql://a%20b:x@db/f%2Fleet"),
        ("postgres://db:6543,other/?sslmode=verify-ca&user=me&password=pw", "postgres://a%20b:x@db:6543,other/f%2Fleet?sslmode=verify-ca"),
        ("postgresql://me@db?dbname=fleet&connect_timeout=3", "postgresql://a%20b:x@db/f%2Fleet?connect_timeout=3"),
    ],
)  # fmt: skip
def test_the_address_of_a_login_leads_to_the_same_server(url: str, expected: str) -> None:
    made = login_url(url, Login("a b", "x"), "f/leet")

    assert made == expected
    address = parse_address(made)
    assert (address.user, address.password, address.database) == ("a b", "x", "f/leet")
    assert address.hosts == parse_address(url).hosts


async def _send(ledger: Path, url: str) -> None:
    connection: Any = await connect(parse_address(url))
    try:
        await MirroredLedger(ledger, connection).round()
    finally:
        await connection.close()


async def _hosts(url: str) -> int:
    connection: Any = await asyncpg.connect(url, statement_cache_size=0)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.host"))  # noqa: S608 - our own
    finally:
        await connection.close()
