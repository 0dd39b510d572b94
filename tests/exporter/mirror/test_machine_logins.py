"""`mirror init`, `grant` and `revoke`: what they make, for whom, and what they refuse in words."""

# ruff: noqa: S608 - the statements are what is tested

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from exporter.mirror import rights
from exporter.mirror.rights import RightsError
from exporter.mirror.tables import HOSTS, OWN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.worlds.postgresql import Database, PostgreSQL

SCHEMA = "netledger"
CLAIM = f"INSERT INTO {SCHEMA}.host VALUES ($1::uuid, " + ", ".join(
    {"text": "current_user", "bigint": "0"}[kind] for kind in HOSTS.types.values()
)
NAMES = (
    "laptop",
    'a "quoted" name',
    "o'brien; DROP TABLE x",
    "ü" * 31,
    "x" * 63,
    "$1",
    "CamelCase",
    "select",
    "a.b-c\\d\n",
)


@asynccontextmanager
async def connected(url: str, **given: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(url, statement_cache_size=0, timeout=60, **given)
    try:
        yield connection
    finally:
        await connection.close()


async def claim(database: Database, login: rights.Login) -> uuid.UUID:
    """Log in and claim a host."""
    host = uuid.uuid4()
    async with connected(database.url, user=login.name, password=login.password) as machine:
        await machine.execute(f"{CLAIM})", host)
    return host


@pytest.mark.parametrize("name", NAMES)
async def test_a_machine_may_have_any_name(fresh_database: Database, name: str) -> None:
    async with connected(fresh_database.url) as owner:
        await rights.init(owner, SCHEMA)
        login = await rights.grant(owner, SCHEMA, name, own_only=False)

        host = await claim(fresh_database, login)

        assert await owner.fetchval(f"SELECT role FROM {SCHEMA}.host WHERE host = $1", host) == name
        await rights.revoke(owner, SCHEMA, name)
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await claim(fresh_database, login)


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "a\0b"])
async def test_a_name_that_no_role_can_have_is_refused(fresh_database: Database, name: str) -> None:
    async with connected(fresh_database.url) as owner:
        await rights.init(owner, SCHEMA)

        for attempt in (rights.grant(owner, SCHEMA, name, own_only=True), rights.revoke(owner, SCHEMA, name)):
            with pytest.raises(RightsError, match="1 to 63 bytes"):
                await attempt


async def test_roles_that_are_no_machines_are_left_alone(database_of_each: Database) -> None:
    database_of_each.execute("CREATE ROLE application LOGIN")
    async with connected(database_of_each.url) as owner:
        groups = await rights.init(owner, SCHEMA)

        for name in ("application", "owner", "postgres", groups.machine, groups.reader):
            with pytest.raises(RightsError, match="is no machine of this mirror"):
                await rights.grant(owner, SCHEMA, name, own_only=False)
            with pytest.raises(RightsError, match="has no machine"):
                await rights.revoke(owner, SCHEMA, name)
        with pytest.raises(RightsError, match="has no machine"):
            await rights.revoke(owner, SCHEMA, "nobody")


async def test_an_owner_who_is_a_member_of_the_groups_is_no_machine(postgresql_18: PostgreSQL) -> None:
    with postgresql_18.fresh_database() as database:
        async with connected(database.url) as owner:
            await owner.execute("SET createrole_self_grant = 'set, inherit'")
            await rights.init(owner, SCHEMA)

            with pytest.raises(RightsError, match="is no machine of this mirror"):
                await rights.grant(owner, SCHEMA, "owner", own_only=False)
            await claim(database, await rights.grant(owner, SCHEMA, "laptop", own_only=False))
            await rights.revoke(owner, SCHEMA, "laptop")


async def test_all_may_be_done_again(database_of_each: Database) -> None:
    acls = "SELECT relname, relacl, relrowsecurity, relforcerowsecurity FROM pg_class ORDER BY 1"
    policies = "SELECT tablename, policyname, permissive, roles, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2"
    async with connected(database_of_each.url) as owner:
        await rights.init(owner, SCHEMA)
        first = await rights.grant(owner, SCHEMA, "laptop", own_only=False)
        host = await claim(database_of_each, first)
        before = [await owner.fetch(query) for query in (acls, policies)]

        await rights.init(owner, SCHEMA)
        second = await rights.grant(owner, SCHEMA, "laptop", own_only=False)

        assert [await owner.fetch(query) for query in (acls, policies)] == before
        assert len(before[1]) == 5 * len(OWN) + 2 + 3  # of the rows of machines, of the hosts, of the notices
        assert await claim(database_of_each, second) != host
        with pytest.raises(asyncpg.InvalidPasswordError):
            await claim(database_of_each, first)


async def test_a_grant_again_changes_what_a_machine_reads(database_of_each: Database) -> None:
    async with connected(database_of_each.url) as owner:
        await rights.init(owner, SCHEMA)
        await claim(database_of_each, await rights.grant(owner, SCHEMA, "other", own_only=False))

        for own_only, seen in ((False, "1"), (True, "0"), (True, "0"), (False, "1")):
            await rights.grant(owner, SCHEMA, "laptop", own_only=own_only)

            assert database_of_each.execute(f"SELECT count(*) FROM {SCHEMA}.host", user="laptop") == seen


async def test_a_connection_of_a_revoked_machine_may_do_nothing(database_of_each: Database) -> None:
    async with connected(database_of_each.url) as owner:
        await rights.init(owner, SCHEMA)
        login = await rights.grant(owner, SCHEMA, "laptop", own_only=False)
        async with connected(database_of_each.url, user=login.name, password=login.password) as machine:
            host = uuid.uuid4()
            await machine.execute(f"{CLAIM})", host)

            await rights.revoke(owner, SCHEMA, "laptop")

            for statement in (f"SELECT count(*) FROM {SCHEMA}.host", f"UPDATE {SCHEMA}.host SET name = ''"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await machine.execute(statement)
        assert await owner.fetchval(f"SELECT count(*) FROM {SCHEMA}.host WHERE host = $1", host) == 1


async def test_a_machine_that_owns_something_elsewhere_may_not_log_in_any_more(database_of_each: Database) -> None:
    async with connected(database_of_each.url) as owner:
        await rights.init(owner, SCHEMA)
        login = await rights.grant(owner, SCHEMA, "laptop", own_only=False)
        database_of_each.execute("SELECT lo_create(0)", user="laptop")  # a large object: any login may make one

        await rights.revoke(owner, SCHEMA, "laptop")

        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            await claim(database_of_each, login)
        with pytest.raises(RightsError, match="has no machine"):
            await rights.revoke(owner, SCHEMA, "laptop")
    database_of_each.execute("DROP OWNED BY laptop", user="postgres")


async def test_an_owner_who_makes_no_roles_is_told(database_of_each: Database) -> None:
    database_of_each.execute("ALTER ROLE owner NOCREATEROLE", user="postgres")
    try:
        async with connected(database_of_each.url) as owner:
            for attempt in (rights.init(owner, SCHEMA), rights.grant(owner, SCHEMA, "laptop", own_only=True)):
                with pytest.raises(RightsError, match="may not make roles: use one with CREATEROLE"):
                    await attempt
    finally:
        database_of_each.execute("ALTER ROLE owner CREATEROLE", user="postgres")


async def test_a_login_that_does_not_own_the_database_is_told(database_of_each: Database) -> None:
    database_of_each.execute("CREATE ROLE other LOGIN CREATEROLE PASSWORD 'secret'")
    async with connected(database_of_each.url_of("other", "secret")) as other:
        with pytest.raises(RightsError, match=r"may not make the mirror \(permission denied .*the database's owner"):
            await rights.init(other, SCHEMA)
        with pytest.raises(RightsError, match="mirror init"):
            await rights.grant(other, SCHEMA, "laptop", own_only=True)
    assert database_of_each.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'netledger%'") == "0"


async def test_another_who_makes_roles_needs_the_groups_since_16(postgresql_18: PostgreSQL) -> None:
    with postgresql_18.fresh_database() as database:
        database.execute("CREATE ROLE other LOGIN CREATEROLE PASSWORD 'secret'", user="postgres")
        async with connected(database.url) as owner:
            await rights.init(owner, SCHEMA)
        async with connected(database.url_of("other", "secret")) as other:
            with pytest.raises(RightsError, match="let a superuser run GRANT") as refusal:
                await rights.grant(other, SCHEMA, "laptop", own_only=False)

            advice = str(refusal.value).split("run GRANT", 1)[1].replace("CURRENT_USER", "other")
            database.execute(f"GRANT {advice}", user="postgres")

            await claim(database, await rights.grant(other, SCHEMA, "laptop", own_only=False))
            await rights.revoke(other, SCHEMA, "laptop")


async def test_an_owner_with_more_rights_gives_none_of_them(database_of_each: Database) -> None:
    """As the owner of a hosted service, who passes row-level security by."""
    database_of_each.execute("ALTER ROLE owner BYPASSRLS CREATEDB", user="postgres")
    try:
        async with connected(database_of_each.url) as owner:
            await rights.init(owner, SCHEMA)
            await rights.grant(owner, SCHEMA, "laptop", own_only=False)
    finally:
        database_of_each.execute("ALTER ROLE owner NOBYPASSRLS NOCREATEDB", user="postgres")

    columns = "rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
    assert database_of_each.execute(f"SELECT {columns} FROM pg_roles WHERE rolname = 'laptop'") == "f|f|f|f|f"


async def test_all_works_through_a_pooler(pooled_database: Database) -> None:
    async with connected(pooled_database.url) as owner:
        await rights.init(owner, SCHEMA)
        login = await rights.grant(owner, SCHEMA, "laptop", own_only=True)
        await claim(pooled_database, login)
        await rights.revoke(owner, SCHEMA, "laptop")


def test_groups_of_long_names_are_short_and_differ() -> None:
    long = [rights.groups_of(schema, "d" * 60 + end) for schema in ("netledger", "other") for end in "ab"]

    assert len({name for groups in long for name in groups}) == 8
    assert max(len(name) for groups in long for name in groups) <= 63
    assert rights.groups_of("netledger", "home") == ("netledger.home.machine", "netledger.home.reader")


def test_a_password_is_not_shown() -> None:
    login = rights.Login("laptop", "hunter2")

    assert "hunter2" not in f"{login} {login!r}"
