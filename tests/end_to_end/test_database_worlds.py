"""The database servers of the tests: what they promise to those that use them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.privileges import has_many_users
from tests.worlds.kept_folder import KeptFolder
from tests.worlds.server_process import ServerError
from tests.worlds.small_disk import MountError, SmallDisk
from tests.worlds.unprivileged import as_unprivileged, other_user, own_namespace

if TYPE_CHECKING:
    from tests.worlds.pgbouncer import PgBouncer
    from tests.worlds.postgresql import Database, PostgreSQL

SECONDS = 60
ROOT = Path(__file__).parents[2]

STARTS_ONE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job is deaf to
from tests.worlds.postgresql import PostgreSQL, debian
server = PostgreSQL(debian())
print(server.folder, flush=True)
sys.stdin.read()
"""


def test_a_fresh_database_is_empty_and_its_owners(fresh_database: Database) -> None:
    fresh_database.execute("CREATE TABLE a (b bigint)")

    tables = "SELECT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert fresh_database.execute(tables) == "owner"
    assert fresh_database.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'owner'") == "f|t"


def test_databases_and_roles_of_a_test_are_gone_after_it(postgresql: PostgreSQL) -> None:
    with postgresql.fresh_database() as database:
        database.execute('CREATE ROLE "a ""name" LOGIN')
        database.execute("CREATE TABLE t (a int)")
        database.execute('GRANT SELECT ON t TO "a ""name"')

    assert postgresql.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'test_%'") == "0"
    assert postgresql.execute("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'a %'") == "0"


def test_a_login_needs_its_password(fresh_database: Database) -> None:
    def connect(url: str) -> int:
        return subprocess.run(["psql", "-X", url, "-c", "SELECT 1"], check=False, capture_output=True).returncode

    assert connect(fresh_database.url) == 0
    assert connect(fresh_database.superuser_url) == 0
    assert connect(fresh_database.url_of("owner", "wrong")) != 0


def test_a_server_that_is_killed_keeps_what_was_committed(fresh_database: Database) -> None:
    fresh_database.execute("CREATE TABLE a AS SELECT 1 AS b")

    fresh_database.server.kill()
    with pytest.raises(ServerError):
        fresh_database.execute("SELECT 1")
    fresh_database.server.start()

    assert fresh_database.execute("SELECT b FROM a") == "1"


def test_a_server_that_is_paused_answers_when_it_goes_on(fresh_database: Database) -> None:
    fresh_database.server.pause()
    with subprocess.Popen(["psql", "-XAtq", fresh_database.url, "-c", "SELECT 1"], stdout=subprocess.PIPE) as question:
        with pytest.raises(subprocess.TimeoutExpired):
            question.wait(0.3)
        fresh_database.server.resume()

        assert question.communicate(timeout=SECONDS)[0] == b"1\n"


def test_a_server_may_be_read_only_or_in_recovery(fresh_database: Database) -> None:
    with fresh_database.server.read_only(), pytest.raises(ServerError, match="read-only"):
        fresh_database.execute("CREATE TABLE a (b int)")

    fresh_database.server.recover()
    assert fresh_database.execute("SELECT pg_is_in_recovery()") == "t"
    with pytest.raises(ServerError, match="read-only"):
        fresh_database.execute("CREATE TABLE a (b int)")

    fresh_database.server.promote()
    fresh_database.execute("CREATE TABLE a (b int)")


def test_a_server_is_mended_for_the_next_test(postgresql: PostgreSQL) -> None:
    with postgresql.fresh_database():
        postgresql.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        postgresql.restart()
        postgresql.kill()

    with postgresql.fresh_database() as database:
        database.execute("CREATE TABLE a (b int)")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_however_the_tests_end(postgresql: PostgreSQL, end: signal.Signals) -> None:
    assert postgresql.is_running  # or there is none to start
    process = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert (folder / "data" / "postmaster.pid").exists()
        server = int((folder / "data" / "postmaster.pid").read_text(encoding="ascii").split("\n")[0])

        process.send_signal(end)
        process.wait(SECONDS)

    for _ in range(SECONDS * 100):
        if not folder.exists() and not Path(f"/proc/{server}").exists():
            break
        time.sleep(0.01)
    assert not folder.exists()
    assert not Path(f"/proc/{server}").exists()


def test_no_server_runs_as_root() -> None:
    seen = subprocess.run([*as_unprivileged(), "id", "-u"], check=True, capture_output=True, text=True).stdout

    assert int(seen) != 0


def test_root_with_other_users_has_two_ways_to_be_nobody() -> None:
    for command in (own_namespace(), other_user()) if has_many_users() else ():
        seen = subprocess.run([*command, "id", "-u"], check=False, capture_output=True, text=True)

        assert seen.stdout == "65534\n" or "unshare failed" in seen.stderr


def test_a_database_of_each_server(database_of_each: Database) -> None:
    version = database_of_each.execute("SHOW server_version_num")

    assert int(version) // 10_000 == database_of_each.server.version


def test_a_pooler_leads_each_login_to_its_database(pooled_database: Database) -> None:
    pooled_database.execute("CREATE ROLE mule LOGIN PASSWORD 'secret'")

    def connect(url: str) -> str:
        query = "SELECT current_user || ' ' || current_database()"
        return subprocess.run(["psql", "-XAtq", url, "-c", query], check=False, capture_output=True, text=True).stdout

    assert str(pooled_database.door.url().rsplit("/", 1)[0]) in pooled_database.url
    assert connect(pooled_database.url) == f"owner {pooled_database.name}\n"
    assert connect(pooled_database.url_of("mule", "secret")) == f"mule {pooled_database.name}\n"
    assert connect(pooled_database.url_of("mule", "wrong")) == ""


def test_a_pooler_mixes_sessions(pooled_database: Database) -> None:
    set_it = ["psql", "-XAtq", pooled_database.url, "-c", "SET netledger.host = 'mule'"]
    subprocess.run(set_it, check=True)

    query = "SELECT current_setting('netledger.host', true)"
    seen = subprocess.run(["psql", "-XAtq", pooled_database.url, "-c", query], check=True, capture_output=True)

    assert seen.stdout == b"mule\n"  # in a session of another client: why nothing may rest on a session's settings


def test_a_pooler_that_is_killed_is_mended(pgbouncer: PgBouncer) -> None:
    pgbouncer.kill()
    pgbouncer.mend()
    pgbouncer.pause()
    pgbouncer.mend()

    command = ["psql", "-XAtq", pgbouncer.url(), "-c", "SELECT 1"]
    assert subprocess.run(command, check=True, capture_output=True, timeout=SECONDS).stdout == b"1\n"


def test_a_disk_may_be_full_and_free_again(database_on_small_disk: Database, small_disk: SmallDisk) -> None:
    write = "INSERT INTO a SELECT repeat(md5(i::text), 20) FROM generate_series(1, 2000) AS i"
    database_on_small_disk.execute("CREATE TABLE a (b text)", write)

    small_disk.fill()
    with pytest.raises(ServerError, match="No space left on device"):
        database_on_small_disk.execute(write)
    assert database_on_small_disk.execute("SELECT count(*) FROM a") == "2000"

    small_disk.free()
    database_on_small_disk.execute(write)


def test_a_kept_folder_unmounts_what_is_mounted_in_it() -> None:
    with KeptFolder("test") as kept:
        try:
            disk = SmallDisk(kept.path / "disk", 1)
        except MountError:
            return
        disk.fill()

    assert str(kept.path) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
