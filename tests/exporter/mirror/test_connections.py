"""Connections to real servers: which host is taken, by what login, and what TLS it needs."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import CertificatesError, MissingDriverError, NoServerError, connect
from exporter.mirror.faults import fault_of
from tests.exporter.mirror.certificates import make_authority, make_certificate
from tests.worlds.server_process import free_port
from tests.worlds.unprivileged import as_unprivileged, give

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.worlds.postgresql import Database, PostgreSQL

PASSWORD = "s%40c/r%3Ft".replace("/", "%2F")
LOGIN = "traveller"
CREATE = f"CREATE ROLE {LOGIN} LOGIN PASSWORD 's@c/r?t'"
PID = "SELECT pg_backend_pid()"
OPEN = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'traveller'"


async def value(url: str, query: str, *, timeout: float = 10.0) -> Any:  # noqa: ASYNC109 - that of connect
    connection = await connect(parse_address(url), timeout=timeout)
    try:
        async with connection.transaction():
            return await connection.fetchval(query)
    finally:
        await connection.close()


async def refused(url: str, *, timeout: float = 10.0) -> str:  # noqa: ASYNC109 - as above
    with pytest.raises(NoServerError) as caught:
        await value(url, PID, timeout=timeout)
    return fault_of(caught.value).kind


@pytest.fixture
def standby(postgresql: PostgreSQL) -> Iterator[PostgreSQL]:
    """A server in recovery, with the login that the primary has, too."""
    with postgresql.fresh_database():
        postgresql.execute(CREATE)
        postgresql.recover()
        yield postgresql


@pytest.fixture
def primary(postgresql_18: PostgreSQL) -> Iterator[PostgreSQL]:
    with postgresql_18.fresh_database():
        postgresql_18.execute(CREATE)
        yield postgresql_18


def of_both(first: PostgreSQL, second: PostgreSQL, query: str = "") -> str:
    hosts = f"127.0.0.1:{first.port},127.0.0.1:{second.port}"
    return f"postgresql://{LOGIN}:{PASSWORD}@{hosts}/postgres?{query}"


async def test_a_connection_writes_and_has_its_name(database_of_each: Database) -> None:
    connection = await connect(parse_address(database_of_each.url))

    await connection.execute("CREATE TABLE x (y int)")
    name = await connection.fetchval("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    await connection.close()

    assert name == "netledger"


async def test_a_pooler_in_transaction_mode_takes_it(pooled_database: Database) -> None:
    answers = await asyncio.gather(*(value(pooled_database.url, "SELECT 7") for _ in range(6)))

    assert answers == [7] * 6


async def test_a_socket_takes_it(fresh_database: Database) -> None:
    server = fresh_database.server
    url = f"postgresql:///{fresh_database.name}?host={server.folder}&port={server.port}&user=owner"

    assert await value(url, "SELECT 7") == 7


async def test_a_server_in_recovery_is_passed_over_and_let_go(standby: PostgreSQL, primary: PostgreSQL) -> None:
    in_recovery = "SELECT pg_is_in_recovery()"

    found = [await value(of_both(*pair), in_recovery) for pair in ((standby, primary), (primary, standby))]
    any_one = await value(of_both(standby, primary, "target_session_attrs=any"), in_recovery)
    read_only = await value(of_both(primary, standby, "target_session_attrs=read-only"), in_recovery)
    standby_first = await value(of_both(primary, standby, "target_session_attrs=prefer-standby"), in_recovery)
    only_primary = f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{primary.port}/postgres?target_session_attrs="

    assert found == [False, False]
    assert (any_one, read_only, standby_first) == (True, True, True)
    assert await value(f"{only_primary}prefer-standby", in_recovery) is False
    assert await refused(f"{only_primary}standby") == "other"
    assert await refused(f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{standby.port}/postgres") == "read_only"
    assert await refused(of_both(standby, standby, "target_session_attrs=primary")) == "read_only"
    assert await value(of_both(primary, standby), OPEN) == 1
    assert standby.execute(OPEN) == "0"


async def test_an_older_server_or_a_pooler_is_asked_whether_it_writes(pooled_database: Database) -> None:
    with pooled_database.server.read_only():
        read_only = await refused(pooled_database.url)
        standby = await refused(f"{pooled_database.url}?target_session_attrs=standby")

    assert (read_only, standby) == ("read_only", "other")
    assert await value(f"{pooled_database.url}?target_session_attrs=primary", "SELECT 7") == 7


async def test_a_dead_host_and_one_that_is_silent_are_passed_over(
    fresh_database: Database, primary: PostgreSQL
) -> None:
    closed, silent = free_port(), fresh_database.server
    hosts = f"127.0.0.1:{closed},127.0.0.1:{silent.port},127.0.0.1:{primary.port}"

    silent.pause()
    found = await value(f"postgresql://{LOGIN}:{PASSWORD}@{hosts}/postgres", "SELECT version()", timeout=0.5)
    alone = await refused(f"postgresql://me@127.0.0.1:{silent.port}/x?connect_timeout=1")
    silent.resume()

    assert found.startswith("PostgreSQL 18")
    assert alone == "timeout"


async def test_what_each_refusal_is(fresh_database: Database) -> None:
    good = fresh_database.url
    port = fresh_database.server.port

    assert await refused(good.replace("owner:", "owner:x")) == "login"
    assert await refused(good.replace("owner:", "stranger:")) == "login"
    assert await refused(f"postgresql://owner@127.0.0.1:{port}/postgres") == "login"
    assert await refused(good.replace(fresh_database.name, "nowhere")) == "database"
    assert await refused(good.replace(str(port), str(free_port()))) == "unreachable"
    assert await refused("postgresql://me@nowhere.invalid/x") == "unreachable"
    assert await refused("postgresql:///x?host=/nowhere&user=me") == "unreachable"
    assert await refused(f"{good}?sslmode=require") == "tls"


async def test_the_variables_of_libpq_count_for_nothing(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = fresh_database.server
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:*:{server.passwords['owner']}\n", encoding="ascii")
    passwords.chmod(0o600)
    for name, text in {
        "PGPASSFILE": str(passwords),
        "PGPASSWORD": server.passwords["owner"],
        "PGHOST": "192.0.2.1",
        "PGSSLMODE": "verify-full",
        "PGSSLNEGOTIATION": "direct",
        "PGTARGETSESSIONATTRS": "standby",
        "PGSERVICE": "nowhere",
        "PGOPTIONS": "-c search_path=nowhere",
    }.items():
        monkeypatch.setenv(name, text)

    assert await value(fresh_database.url, "SELECT 7") == 7
    assert await refused(f"postgresql://owner@127.0.0.1:{server.port}/{fresh_database.name}") == "login"


class Secured:
    """A server whose certificate is changed by name; `authority` has signed them."""

    def __init__(self, server: PostgreSQL, folder: Path) -> None:
        self.server = server
        self.authority, self.other_authority = (make_authority(folder, name) for name in ("known", "other"))
        here = "DNS:localhost, IP:127.0.0.1"
        for name, names, days in (("good", here, 2), ("of_another", "DNS:db.example.org", 2), ("over", here, -1)):
            file = make_certificate(self.authority, server.folder / f"{name}.crt", names, days)
            for each in (file, file.with_suffix(".key")):
                each.chmod(0o600)
                give(each, as_unprivileged())

    def url(self, query: str) -> str:
        return f"{self.server.url()}?{query}".replace("sslrootcert=ROOT", f"sslrootcert={self.authority}")

    async def kinds(self, certificate: str, *queries: str) -> list[str]:
        """What becomes of a connection with each query: a kind of fault, or "good"."""
        folder = self.server.folder
        files = {"ssl_cert_file": f"{folder / certificate}.crt", "ssl_key_file": f"{folder / certificate}.key"}
        with self.server.set(ssl="on", **files):
            return [await self._kind(query) for query in queries]

    async def _kind(self, query: str) -> str:
        try:
            is_encrypted = await value(self.url(query), "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        except NoServerError as error:
            return fault_of(error).kind
        return "encrypted" if is_encrypted else "plain"


@pytest.fixture(scope="module")
def secured(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Secured:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    return Secured(postgresql, tmp_path_factory.mktemp("certificates"))


async def test_a_good_certificate_is_taken(secured: Secured) -> None:
    queries = {
        "": "plain",
        "sslmode=disable": "plain",
        "sslmode=require": "encrypted",
        "sslmode=require&sslrootcert=ROOT": "encrypted",
        "sslmode=verify-ca&sslrootcert=ROOT": "encrypted",
        "sslmode=verify-full&sslrootcert=ROOT": "encrypted",
        "sslrootcert=ROOT": "encrypted",
        "channel_binding=require&sslrootcert=ROOT": "encrypted",
        "sslmode=verify-full": "tls",
        "sslmode=verify-full&sslrootcert=system": "tls",
        "channel_binding=require": "tls",
        f"sslmode=verify-full&sslrootcert={secured.other_authority}": "tls",
        f"sslmode=verify-ca&sslrootcert={secured.other_authority}": "tls",
        f"sslmode=require&sslrootcert={secured.other_authority}": "tls",
    }

    assert dict(zip(queries, await secured.kinds("good", *queries), strict=True)) == queries


async def test_a_certificate_of_another_name_is_taken_by_its_authority_alone(secured: Secured) -> None:
    queries = {
        "sslmode=verify-full&sslrootcert=ROOT": "tls",
        "channel_binding=require&sslmode=verify-ca&sslrootcert=ROOT": "tls",
        "sslmode=verify-ca&sslrootcert=ROOT": "encrypted",
        "sslmode=require": "encrypted",
    }

    assert dict(zip(queries, await secured.kinds("of_another", *queries), strict=True)) == queries


async def test_a_certificate_that_is_over_is_taken_by_none_that_verifies(secured: Secured) -> None:
    queries = {
        "sslmode=verify-full&sslrootcert=ROOT": "tls",
        "sslmode=verify-ca&sslrootcert=ROOT": "tls",
        "sslmode=require": "encrypted",
    }

    assert dict(zip(queries, await secured.kinds("over", *queries), strict=True)) == queries


async def test_a_file_of_authorities_that_is_none_is_named(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()

    for file, reason in (("nowhere.pem", "No such file or directory"), ("empty.pem", "holds no certificate")):
        with pytest.raises(CertificatesError) as caught:
            await connect(parse_address(f"{fresh_database.url}?sslrootcert={tmp_path / file}"))
        assert fault_of(caught.value) == ("tls", f"the file of sslrootcert: {reason}: check sslrootcert of mirror.url")


async def test_authorities_that_are_renewed_are_read_again(secured: Secured, tmp_path: Path) -> None:
    file = tmp_path / "root.pem"
    query = f"sslmode=verify-full&sslrootcert={file}"
    kinds = []

    for number, authority in enumerate((secured.other_authority, secured.authority, secured.other_authority), start=1):
        file.write_bytes(authority.read_bytes())
        os.utime(file, (number, number))
        kinds += await secured.kinds("good", query)

    assert kinds == ["tls", "encrypted", "tls"]


async def test_without_its_driver_a_mirror_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.mirror.connecting.DRIVER", "a_driver_that_is_nowhere")

    with pytest.raises(MissingDriverError) as caught:
        await connect(parse_address("postgresql://db"))

    assert fault_of(caught.value) == ("driver", "the mirror needs the extra mirror: pip install 'netledger[mirror]'")


def test_the_driver_is_not_loaded_before_there_is_a_connection() -> None:
    program = "import sys, exporter.mirror.connecting, exporter.mirror.faults; print('asyncpg' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout == "False\n"
