"""What a machine's login may do in a mirror, by trying: all to its own rows, nothing to another's."""

# ruff: noqa: S608 - the statements are what is tested

from __future__ import annotations

import asyncio
import re
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
import pytest

from exporter.mirror import rights
from exporter.mirror.tables import HOSTS, NOTICES, OWN, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.mirror.tables import MirrorTable
    from tests.worlds.postgresql import Database, PostgreSQL

SCHEMA = "netledger"
READER, LONER, VICTIM = "reader", "loner", "victim"
MACHINES = (READER, LONER, VICTIM)
NIL = str(uuid.UUID(int=0))


def insertion(table: MirrorTable, host: str, *, role: str) -> str:
    """A statement that inserts a row."""
    literals = {"bigint": "7", "text": f"'{role}'", "bytea": "''"}
    values = ", ".join(literals[kind] for kind in table.types.values())
    return f"INSERT INTO {SCHEMA}.{table.name} VALUES ('{host}', {values}) "


def overwriting(table: MirrorTable) -> str:
    """What makes an insertion replace a row that is there."""
    key = ", ".join(("host", *table.key))
    return f"ON CONFLICT ({key}) DO UPDATE SET {table.values[-1]} = '9'"


class Mirror(NamedTuple):
    """A mirror with three machines, each of which has a host with a row in every table; `loner` reads its own only."""

    database: Database
    hosts: dict[str, str]

    def do(self, user: str, *statements: str) -> str:
        """What a login's statements answer."""
        return self.database.execute(*statements, user=user)

    def rows_of(self, user: str, table: MirrorTable, host: str) -> int:
        """How many rows of a host a login sees."""
        return int(self.do(user, f"SELECT count(*) FROM {SCHEMA}.{table.name} WHERE host = '{host}'"))


async def _connected(database: Database) -> asyncpg.Connection[Any]:
    return await asyncpg.connect(database.url, statement_cache_size=0)


async def _make(database: Database) -> None:
    connection = await _connected(database)
    await rights.init(connection, SCHEMA)
    for name in MACHINES:
        await rights.grant(connection, SCHEMA, name, own_only=name == LONER)
    await connection.close()


@pytest.fixture(scope="module")
def mirror(any_postgresql: PostgreSQL) -> Iterator[Mirror]:
    """A mirror that its owner made, who is no superuser but may make roles."""
    with any_postgresql.fresh_database() as database:
        asyncio.run(_make(database))
        made = Mirror(database, {name: str(uuid.uuid4()) for name in MACHINES})
        for name, host in made.hosts.items():
            made.do(name, *(insertion(table, host, role=name) for table in (HOSTS, *OWN)))
        yield made


def each(tables: tuple[MirrorTable, ...]) -> pytest.MarkDecorator:
    """The test, once a table: new tables come in by themselves."""
    return pytest.mark.parametrize("table", tables, ids=lambda table: table.name)


@each((HOSTS, *OWN))
@pytest.mark.parametrize("name", [READER, LONER])
def test_a_machine_writes_its_own_rows(mirror: Mirror, table: MirrorTable, name: str) -> None:
    host = str(uuid.uuid4())
    place = f"{SCHEMA}.{table.name} WHERE host = '{host}'"
    claim = [] if table is HOSTS else [insertion(HOSTS, host, role=name)]  # a host that nobody has is anybody's

    seen = mirror.do(
        name,
        *claim,
        insertion(table, host, role=name),
        insertion(table, host, role=name) + overwriting(table),
        f"SELECT '{table.values[-1]}', {table.values[-1]} FROM {place} FOR UPDATE",
        f"DELETE FROM {place} RETURNING 'deleted'",
        f"DELETE FROM {SCHEMA}.host WHERE host = '{host}'",
    )

    value = r"\x39" if table.types[table.values[-1]] == "bytea" else "9"
    assert seen.split("\n") == [f"{table.values[-1]}|{value}", "deleted"]


@each((HOSTS, *OWN))
@pytest.mark.parametrize("name", [READER, LONER])
def test_a_machine_writes_no_row_of_another(mirror: Mirror, table: MirrorTable, name: str) -> None:
    victim, own, place = mirror.hosts[VICTIM], mirror.hosts[name], f"{SCHEMA}.{table.name}"
    before = mirror.do(VICTIM, f"SELECT * FROM {place} WHERE host = '{victim}'")

    refusals = mirror.database.refusals(
        insertion(table, victim, role=name),
        insertion(table, victim, role=name) + overwriting(table),
        insertion(table, victim, role=VICTIM) + overwriting(table),
        f"UPDATE {place} SET host = '{victim}' WHERE host = '{own}'",
        user=name,
    )
    assert [text for text in refusals if not re.search("row-level security|duplicate key", text)] == []

    reached = mirror.do(
        name,
        f"SELECT 'locked' FROM {place} WHERE host = '{victim}' FOR UPDATE",
        f"UPDATE {place} SET {table.values[-1]} = '9' WHERE host = '{victim}' RETURNING 'updated'",
        f"UPDATE {place} SET {table.values[-1]} = '9' RETURNING host",
        f"DELETE FROM {place} WHERE host = '{victim}' RETURNING 'deleted'",
    )
    assert reached == own
    assert mirror.do(VICTIM, f"SELECT * FROM {place} WHERE host = '{victim}'") == before


@each((HOSTS, *OWN))
def test_a_machine_reads_all_or_only_its_own(mirror: Mirror, table: MirrorTable) -> None:
    victim = mirror.hosts[VICTIM]

    assert mirror.rows_of(READER, table, victim) == 1
    assert mirror.rows_of(LONER, table, victim) == 0
    assert mirror.rows_of(LONER, table, mirror.hosts[LONER]) == 1


def test_a_machine_gives_no_row_away_and_takes_no_name(mirror: Mirror) -> None:
    refusals = mirror.database.refusals(
        f"UPDATE {SCHEMA}.host SET role = '{VICTIM}' WHERE host = '{mirror.hosts[READER]}'",
        insertion(HOSTS, str(uuid.uuid4()), role=VICTIM),
        user=READER,
    )

    assert all("row-level security" in text for text in refusals)


def test_a_row_needs_a_host(mirror: Mirror) -> None:
    host = str(uuid.uuid4())

    refusals = mirror.database.refusals(*(insertion(table, host, role=READER) for table in OWN), user=READER)

    assert all("row-level security" in text for text in refusals)


def test_each_machine_adds_notices_of_shared_plans_and_changes_none(mirror: Mirror) -> None:
    for name in (READER, LONER, READER):
        mirror.do(name, insertion(NOTICES, NIL, role="it") + "ON CONFLICT (host, plan, cycle, what) DO NOTHING")

    assert mirror.rows_of(LONER, NOTICES, NIL) == 1
    place = f"{SCHEMA}.plan_notice"
    refusals = mirror.database.refusals(f"DELETE FROM {place}", f"UPDATE {place} SET told_by = 'x'", user=READER)
    assert all("permission denied" in text for text in refusals)


OF_TABLES = (
    "TRUNCATE {table}",
    "DROP TABLE {table}",
    "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE {table} ADD COLUMN more int",
    "ALTER TABLE {table} OWNER TO reader",
    "CREATE POLICY mine ON {table} USING (true)",
    "DROP POLICY readers ON {table}",
    "CREATE INDEX ON {table} (host)",
    "CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON SELECT TO {table} DO INSTEAD NOTHING",
    "CREATE TABLE public.mine (host uuid REFERENCES {table})",
)


@each(TABLES)
def test_a_machine_changes_no_table_and_no_right(mirror: Mirror, table: MirrorTable) -> None:
    statements = [statement.format(table=f"{SCHEMA}.{table.name}") for statement in OF_TABLES]

    refusals = mirror.database.refusals(*statements, user=READER)

    assert len(refusals) == len(OF_TABLES)
    accepted = [
        statement
        for statement, text in zip(statements, refusals, strict=True)
        if not re.search("permission denied|must be owner", text)
    ]
    assert accepted == []


OF_THE_SERVER = (
    "SET ROLE victim",
    "SET ROLE owner",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION victim",
    "CREATE TABLE netledger.mine (a int)",
    "CREATE TABLE public.mine (a int)",
    "CREATE FUNCTION netledger.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER ROLE victim PASSWORD 'mine'",
    "ALTER ROLE reader CREATEROLE",
    "ALTER ROLE reader BYPASSRLS",
    "ALTER ROLE loner SET search_path = mine",
    "GRANT victim TO reader",
    "GRANT owner TO reader",
    "DROP ROLE victim",
    "DROP SCHEMA netledger CASCADE",
    "ALTER SCHEMA netledger RENAME TO mine",
    "SET session_replication_role = replica",
    "COPY netledger.host FROM '/etc/passwd'",
    "COPY netledger.host TO PROGRAM 'cat'",
    "SELECT rolpassword FROM pg_authid",
    "ALTER SYSTEM SET work_mem = '1GB'",
)


def test_a_machine_becomes_no_other_and_makes_nothing(mirror: Mirror) -> None:
    refused = "permission denied|must be (owner|superuser)|must have (admin|CREATEROLE)|by row-level security"

    refusals = mirror.database.refusals(*OF_THE_SERVER, user=READER)

    assert len(refusals) == len(OF_THE_SERVER)
    accepted = [
        (statement, text)
        for statement, text in zip(OF_THE_SERVER, refusals, strict=True)
        if not re.search(refused, text)
    ]
    assert accepted == []


def test_the_groups_of_machines_are_no_way_to_others_rows(mirror: Mirror) -> None:
    victim = mirror.hosts[VICTIM]
    groups = rights.groups_of(SCHEMA, mirror.database.name)
    for group in groups:
        become = f'SET ROLE "{group}"'
        changes = [f"DELETE FROM {SCHEMA}.{table.name} WHERE host = '{victim}'" for table in (HOSTS, *OWN)]

        refused, *_ = mirror.database.refusals(become, *changes, user=READER)

        # Before 16 a member may become its group: which has no host.
        assert bool(refused) == (mirror.database.server.version >= 16)
    assert all(mirror.rows_of(VICTIM, table, victim) == 1 for table in (HOSTS, *OWN))


def test_grants_and_revocations_by_a_machine_change_nothing(mirror: Mirror) -> None:
    """The server warns, and does nothing."""
    rights_of_tables = "SELECT relname, relacl FROM pg_class WHERE relacl IS NOT NULL ORDER BY oid"
    before = mirror.do(VICTIM, rights_of_tables)
    group = rights.groups_of(SCHEMA, mirror.database.name).machine

    mirror.database.refusals(
        f"GRANT ALL ON ALL TABLES IN SCHEMA {SCHEMA} TO loner",
        f"GRANT ALL ON SCHEMA {SCHEMA} TO loner",
        f'REVOKE ALL ON ALL TABLES IN SCHEMA {SCHEMA} FROM "{group}", victim',
        f'REVOKE USAGE ON SCHEMA {SCHEMA} FROM "{group}", victim',
        f'REVOKE "{group}" FROM victim',
        user=READER,
    )

    assert mirror.do(VICTIM, rights_of_tables) == before
    assert mirror.rows_of(VICTIM, HOSTS, mirror.hosts[VICTIM]) == 1


def test_without_row_level_security_nothing_is_read(mirror: Mirror) -> None:
    places = [f"{SCHEMA}.{table.name}" for table in TABLES]
    questions = [f"SELECT count(*) FROM {place}" for place in places]

    _, *refusals = mirror.database.refusals("SET row_security = off", *questions, user=LONER)

    assert all("would be affected by row-level security" in text for text in refusals)


def test_settings_of_the_session_open_nothing(mirror: Mirror) -> None:
    victim = mirror.hosts[VICTIM]
    place = f"{SCHEMA}.interface_day WHERE host = '{victim}'"
    settings = (
        f"SET netledger.host = '{victim}'",
        f"SET netledger.role = '{VICTIM}'",
        "SET search_path = pg_temp, netledger",
        f"SELECT set_config('netledger.host', '{victim}', false)",
    )

    seen = mirror.do(LONER, *settings, f"SELECT 'seen' FROM {place}", f"DELETE FROM {place} RETURNING 'deleted'")

    assert {"seen", "deleted"} & set(seen.split("\n")) == set()
    assert mirror.rows_of(VICTIM, next(table for table in OWN if table.name == "interface_day"), victim) == 1


def test_a_function_of_the_machines_own_sees_no_row_of_another(mirror: Mirror) -> None:
    leak = (
        "CREATE FUNCTION pg_temp.leak(h uuid) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS "
        f"$$ BEGIN IF h = '{mirror.hosts[VICTIM]}' THEN RAISE EXCEPTION 'leaked'; END IF; RETURN true; END $$"
    )
    places = [f"{SCHEMA}.{table.name}" for table in (HOSTS, *OWN)]
    own = f"host = '{mirror.hosts[LONER]}'"
    one = [f"SELECT count(*) FROM {place} WHERE pg_temp.leak(host) AND {own}" for place in places]
    every = [f"SELECT count(*) FROM {place} WHERE pg_temp.leak(host)" for place in places]

    seen = mirror.do(LONER, leak, *one, *every)

    assert seen.split("\n") == ["1"] * 2 * len(places)
    assert any("leaked" in text for text in mirror.database.refusals(leak, *every, user=READER))


@each((HOSTS, *OWN))
def test_rights_cost_no_look_at_each_row(mirror: Mirror, table: MirrorTable) -> None:
    """A reader's question has no condition more; one's own rows, and the hosts of a login, are found by indexes."""
    explain = f"EXPLAIN (COSTS off) SELECT count(*) FROM {SCHEMA}.{table.name}"

    assert "Plan" not in mirror.do(READER, explain)
    assert "Filter" not in mirror.do(READER, explain)
    own = mirror.do(LONER, "SET enable_seqscan = off", "SET enable_bitmapscan = off", explain)
    column = "role" if table is HOSTS else "host"
    assert re.search(rf"Index Cond: \(\(?{column}", own)
    assert re.search(r"Index (Only )?Scan using host_by_role on host", own)
    assert "Filter" not in own


def test_a_machine_of_another_mirror_on_the_server_has_no_rights_here(mirror: Mirror) -> None:
    with mirror.database.server.fresh_database() as other:
        asyncio.run(_other(other))

        questions = [f"SELECT count(*) FROM {SCHEMA}.{table.name}" for table in TABLES]
        assert other.execute(*questions, user="stranger").split("\n") == ["0"] * len(TABLES)
        refusals = mirror.database.refusals(*questions, user="stranger")
        assert [text for text in refusals if "permission denied" not in text] == []
        assert len(refusals) == len(TABLES)


async def _other(database: Database) -> None:
    connection = await _connected(database)
    await rights.init(connection, SCHEMA)
    await rights.grant(connection, SCHEMA, "stranger", own_only=False)
    await connection.close()
