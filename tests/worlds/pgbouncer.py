"""PgBouncer in transaction mode before a server, as hosted services put it there."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.worlds.kept_folder import KeptFolder
from tests.worlds.postgresql import OWNER
from tests.worlds.psql import MAINTENANCE, SUPERUSER
from tests.worlds.server_process import ServerProcess, free_port, is_taken
from tests.worlds.unprivileged import as_unprivileged, give

if TYPE_CHECKING:
    from tests.worlds.postgresql import PostgreSQL

CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port} auth_user={superuser}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
auth_query = SELECT usename, passwd FROM pg_shadow WHERE usename = $1
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 500
logfile = {folder}/log
"""


def pgbouncer_program() -> Path | None:
    """Debian's PgBouncer; an ordinary user's PATH lacks its folder."""
    found = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
    return Path(found) if found else None


class PgBouncer:
    """A pooler in transaction mode: all logins of the server are its own, by their passwords.

    `pool` is how many connections to the server it holds for each database and login.
    """

    def __init__(self, program: Path, server: PostgreSQL, *, pool: int = 2) -> None:
        self.server, self.port = server, free_port()
        self._kept = KeptFolder("pgbouncer")
        folder = self.folder = self._kept.path
        values = {"superuser": SUPERUSER, "server_port": server.port, "port": self.port, "pool": pool}
        text = CONFIGURATION.format(folder=folder, **values)
        (folder / "pgbouncer.ini").write_text(text, encoding="ascii")
        (folder / "users").write_text(f'"{SUPERUSER}" "{server.passwords[SUPERUSER]}"\n', encoding="ascii")
        give(folder, as_unprivileged())
        self._process = ServerProcess(program, "-q", folder / "pgbouncer.ini", log=folder / "output")
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def url(self, database: str = MAINTENANCE, user: str = OWNER, password: str | None = None) -> str:
        """The address of a database through the pooler; the password is known of the server's first two."""
        password = self.server.passwords[user] if password is None else password
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        self._process.start(lambda: is_taken(self.port))

    def stop(self) -> None:
        """End it: connections are closed."""
        self._process.end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self._process.kill()

    def pause(self) -> None:
        """Stop it: connections are taken by the kernel, and nothing answers."""
        self._process.pause()

    def resume(self) -> None:
        """Go on after a pause."""
        self._process.resume()

    def mend(self) -> None:
        """Let it run."""
        self.resume()
        if not self._process.is_running:
            self.start()

    def close(self) -> None:
        """Kill it, and remove its folder."""
        self.kill()
        self._kept.close()
