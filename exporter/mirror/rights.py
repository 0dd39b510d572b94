"""Who may do what in a mirror: a login a machine, which writes its own rows and reads all, or its own.

Row-level security goes by `current_user`: a setting of the session may be set by any login, and a pooler hands it on.
Two groups hold the rights, named after schema and database, since roles belong to all databases of a server. The owner
of the tables stands above all this: an address of the owner, shared by a family, needs no roles.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.mirror.creating import complete
from exporter.mirror.driver import DRIVER
from exporter.mirror.tables import HOSTS, NOTICES, TABLES, creation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from asyncpg import Connection

    from exporter.mirror.tables import MirrorTable

LONGEST_NAME = 63
"""Bytes of an identifier in PostgreSQL, which cuts longer ones off."""

SETS_MEMBERSHIP = 16
"""The release of PostgreSQL in which a membership may be had without SET ROLE."""

MAKES_ROLES = "SELECT rolcreaterole OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"
EXISTS = "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = $1::text"
IS_MACHINE = """
SELECT coalesce(bool_and(NOT membership.admin_option), false)
FROM pg_catalog.pg_auth_members AS membership
JOIN pg_catalog.pg_roles AS held ON held.oid = membership.roleid
JOIN pg_catalog.pg_roles AS member ON member.oid = membership.member
WHERE held.rolname = $1::text AND member.rolname = $2::text
  AND member.rolcanlogin AND NOT member.rolcreaterole AND NOT member.rolsuper
"""
"""Since PostgreSQL 16, who makes a group is a member of it, to administer it: that is no machine."""


class RightsError(Exception):
    """What the rights of a mirror do not allow, in a sentence that says what to do."""


class Login(NamedTuple):
    """A machine's name and password at the server; the password is known only now."""

    name: str
    password: str

    def __repr__(self) -> str:
        return f"Login(name={self.name!r}, password='***')"


class GroupRoles(NamedTuple):
    """Roles that no one logs in as: `machine` writes the rows of its logins, `reader` reads everybody's."""

    machine: str
    reader: str


def quoted(name: str) -> str:
    """An identifier in SQL, whatever is in it.

    Raises:
        RightsError: it is empty, longer than 63 bytes, or has a NUL.
    """
    if not name or "\0" in name or len(name.encode()) > LONGEST_NAME:
        raise RightsError(f"a name has 1 to {LONGEST_NAME} bytes")
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def groups_of(schema: str, database: str) -> GroupRoles:
    """The groups of a mirror: `netledger.home.machine`; where names are too long, a digest stands for them."""
    both = f"{schema}.{database}"
    if len(f"{both}.machine".encode()) > LONGEST_NAME:
        both = f"netledger.{hashlib.sha256(both.encode()).hexdigest()[:32]}"
    return GroupRoles(f"{both}.machine", f"{both}.reader")


def statements(schema: str, groups: GroupRoles) -> Iterator[str]:
    """What gives the groups their rights; it may run any number of times.

    Machines write rows of hosts whose `role` is their own. All of them add notices of shared plans, and change none.
    """
    machine, reader, room = quoted(groups.machine), quoted(groups.reader), quoted(schema)
    yield f"GRANT USAGE ON SCHEMA {room} TO {machine}, {reader}"
    for table in TABLES:
        place = f"{room}.{table.name}"
        yield f"ALTER TABLE {place} ENABLE ROW LEVEL SECURITY"
        yield f"REVOKE ALL ON {place} FROM {machine}, {reader}"
        yield f"GRANT SELECT ON {place} TO {machine}, {reader}"
        yield f"GRANT INSERT{'' if table is NOTICES else ', UPDATE, DELETE'} ON {place} TO {machine}"
        yield from _policy("readers", place, f"FOR SELECT TO {reader} USING (true)")
        for name, rule in _rules(table, room):
            yield from _policy(name, place, f"FOR {rule.format(machine)}")


def _rules(table: MirrorTable, room: str) -> Iterator[tuple[str, str]]:
    """What a machine may do, by the name of the policy; the machines' group stands for {}."""
    if table is NOTICES:
        yield "machines", "INSERT TO {} WITH CHECK (true)"
        yield "machines_read", "SELECT TO {} USING (true)"
        return
    # The collation is that of the column: with the one of a name, no index of it is used.
    own_role = 'role = current_user COLLATE "default"'
    if table is HOSTS:
        yield "machines", f"ALL TO {{}} USING ({own_role}) WITH CHECK ({own_role})"
        return
    # To read, an array is made once a statement and serves as a condition of the index, where EXISTS is a filter of all
    # rows. To write, it would be gone through for each row: slow with the thousands of hosts that a login may have.
    own_host = f"host = ANY (ARRAY(SELECT h.host FROM {room}.host AS h WHERE h.{own_role}))"  # noqa: S608 - quoted names
    is_own = f"EXISTS (SELECT 1 FROM {room}.host AS h WHERE h.host = {table.name}.host AND h.{own_role})"  # noqa: S608 - as above
    yield "machines", f"SELECT TO {{}} USING ({own_host})"
    yield "machines_insert", f"INSERT TO {{}} WITH CHECK ({is_own})"
    yield "machines_update", f"UPDATE TO {{}} USING ({is_own}) WITH CHECK ({is_own})"
    yield "machines_delete", f"DELETE TO {{}} USING ({is_own})"


def _policy(name: str, table: str, rule: str) -> Iterator[str]:
    yield f"DROP POLICY IF EXISTS {name} ON {table}"
    yield f"CREATE POLICY {name} ON {table} {rule}"


async def init(connection: Connection[Any], schema: str) -> GroupRoles:
    """Make a mirror's tables, groups and rights, or complete them, as the owner of the database.

    Raises:
        RightsError: this login may not make roles, or does not own the database.
    """
    groups = await _groups(connection, schema)
    with _in_words("make the mirror", "use the address of the database's owner"):
        async with connection.transaction():
            await _check_creation(connection)
            await complete(connection, schema)
            for statement in creation(schema):  # of tables that are there, what was added since
                await connection.execute(statement)
            for group in groups:
                if not await connection.fetchval(EXISTS, group):
                    await connection.execute(f"CREATE ROLE {quoted(group)} NOLOGIN")
            for statement in statements(schema, groups):
                await connection.execute(statement)
    return groups


async def grant(connection: Connection[Any], schema: str, name: str, *, own_only: bool) -> Login:
    """Make a login for a machine, or give one that is there a new password; it reads all rows, or its own only.

    Raises:
        RightsError: there is no such mirror yet, the name is taken by another role, or this login may not make roles.
    """
    groups, login = await _groups(connection, schema), Login(name, secrets.token_urlsafe(24))
    role = quoted(name)
    admin = f"GRANT {quoted(groups.machine)}, {quoted(groups.reader)} TO CURRENT_USER WITH ADMIN OPTION"
    with _in_words(f"grant {name} its rights", f"use the login that ran `mirror init`, or let a superuser run {admin}"):
        async with connection.transaction():
            await _check_creation(connection)
            verb = "ALTER" if await _is_machine(connection, groups, name) else "CREATE"
            # In plain text, over TLS: Neon's proxy checks passwords, and takes no digests of them. Letters, digits,
            # "-" and "_" need no quoting.
            await connection.execute(f"{verb} ROLE {role} LOGIN PASSWORD '{login.password}'")
            for statement in _memberships(connection, groups, role, own_only=own_only):
                await connection.execute(statement)
    return login


async def revoke(connection: Connection[Any], schema: str, name: str) -> None:
    """Take a machine's login from the server; its rows stay, and a login of the same name would have them again.

    A connection that it has open may do nothing from now on. What the role made elsewhere keeps it from being dropped:
    then it may not log in.

    Raises:
        RightsError: the mirror has no machine of this name, or this login may not drop it.
    """
    groups, role = await _groups(connection, schema), quoted(name)
    with _in_words(f"revoke {name}", "use the login that granted it, or a superuser's"):
        async with connection.transaction():
            await _check_machine(connection, groups, name)
            await connection.execute(f"REVOKE {quoted(groups.machine)}, {quoted(groups.reader)} FROM {role}")
            try:
                async with connection.transaction():
                    await connection.execute(f"DROP ROLE {role}")
            except import_module(DRIVER).DependentObjectsStillExistError:
                await connection.execute(f"ALTER ROLE {role} NOLOGIN PASSWORD NULL")


def _memberships(connection: Connection[Any], groups: GroupRoles, role: str, *, own_only: bool) -> Iterator[str]:
    # Before 16 a member may always become its group. Its rows would then be those of no machine.
    how = " WITH INHERIT TRUE, SET FALSE" if connection.get_server_version().major >= SETS_MEMBERSHIP else ""
    yield f"GRANT {quoted(groups.machine)} TO {role}{how}"
    yield f"REVOKE {quoted(groups.reader)} FROM {role}" if own_only else f"GRANT {quoted(groups.reader)} TO {role}{how}"


async def _groups(connection: Connection[Any], schema: str) -> GroupRoles:
    database = await connection.fetchval("SELECT pg_catalog.current_database()")
    return groups_of(schema, str(database))


async def _check_creation(connection: Connection[Any]) -> None:
    if not await connection.fetchval(MAKES_ROLES):
        raise RightsError(
            "this login may not make roles: use one with CREATEROLE; or, where machines trust each other, give the "
            "owner's address to each of them, which needs no roles"
        )


async def _is_machine(connection: Connection[Any], groups: GroupRoles, name: str) -> bool:
    """Whether a name is that of a machine; where it is free, it is not."""
    for group in groups:
        if not await connection.fetchval(EXISTS, group):
            raise RightsError("the mirror has no roles yet: `netledger mirror init` makes them")
    if await connection.fetchval(IS_MACHINE, groups.machine, name):
        return True
    if await connection.fetchval(EXISTS, name):
        raise RightsError(f"the server has a role {name} that is no machine of this mirror: take another name")
    return False


async def _check_machine(connection: Connection[Any], groups: GroupRoles, name: str) -> None:
    if not await connection.fetchval(IS_MACHINE, groups.machine, name):
        raise RightsError(f"the mirror has no machine {name}")


@contextmanager
def _in_words(deed: str, advice: str) -> Iterator[None]:
    """Where the server denies a statement, say what was to be done, and what to do."""
    try:
        yield
    except import_module(DRIVER).InsufficientPrivilegeError as error:
        raise RightsError(f"this login may not {deed} ({error}): {advice}") from error
