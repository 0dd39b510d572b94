"""Fixtures of database servers: started when a test first asks, once a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.worlds.postgresql import PostgreSQL, debian

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.worlds.postgresql import Database


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Debian's PostgreSQL; a test may kill, stop or pause it only with `fresh_database`, which mends it."""
    binaries = debian()
    if binaries is None:
        pytest.skip("needs a PostgreSQL server (Debian package postgresql)")
    server = PostgreSQL(binaries)
    yield server
    server.close()


@pytest.fixture
def fresh_database(postgresql: PostgreSQL) -> Iterator[Database]:
    """A new empty database of Debian's PostgreSQL."""
    with postgresql.fresh_database() as database:
        yield database
