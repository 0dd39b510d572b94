"""Two nodes of PostgreSQL that Patroni keeps: one is the primary, and when it dies, the other is."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import psutil
import yaml

from tests.worlds.kept_folder import KeptFolder
from tests.worlds.postgresql import OWNER, QUICK
from tests.worlds.psql import MAINTENANCE, SUPERUSER, Socket
from tests.worlds.server_process import SECONDS, ServerError, ServerProcess, free_port
from tests.worlds.unprivileged import as_unprivileged, give

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REPLICATOR = "replicator"
NAMES = ("a", "b")
TIMES = {"ttl": 20, "loop_wait": 1, "retry_timeout": 3}
"""Seconds, the least that Patroni takes: a node that is gone as a whole is replaced after `ttl`."""


def has_patroni() -> bool:
    """Whether Patroni is installed, with its own store of decisions."""
    return all(find_spec(name) is not None for name in ("patroni", "pysyncobj", "psycopg"))


class Node:
    """A server and the Patroni that starts it; its folder is that of its socket."""

    def __init__(self, name: str, folder: Path, configuration: dict[str, Any], port: int) -> None:
        self.name, self.folder, self.port = name, folder, port
        self.data = folder / "data"
        self._api = int(configuration["restapi"]["listen"].rsplit(":", 1)[1])
        folder.mkdir()
        file = folder / "patroni.yml"
        file.write_text(yaml.safe_dump(configuration), encoding="utf-8")
        give(folder, as_unprivileged())
        self.patroni = ServerProcess(sys.executable, "-m", "patroni", file, log=folder / "log")

    @property
    def is_primary(self) -> bool:
        """Whether it runs and takes writes."""
        try:
            return self.execute("SELECT pg_is_in_recovery()") == "f"
        except ServerError:
            return False

    @property
    def follows(self) -> bool:
        """Whether it runs as a standby that receives from the primary."""
        try:
            return self.execute("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'") == "1"
        except ServerError:
            return False

    def execute(self, *statements: str, database: str = MAINTENANCE, user: str = SUPERUSER) -> str:
        """What statements answer; see Socket.execute."""
        return Socket(self.folder, self.port).execute(*statements, database=database, user=user)

    def is_synchronous(self) -> bool:
        """Whether Patroni has decided that commits wait for it, and that it may take over."""
        connection = HTTPConnection("127.0.0.1", self._api, timeout=SECONDS)
        try:
            connection.request("GET", "/synchronous")
            return connection.getresponse().status == HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

    def kill_server(self) -> None:
        """End all processes of the server at once; Patroni is left, and starts it again, as a standby of another."""
        pid = int((self.data / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        first = psutil.Process(pid)
        first.suspend()
        for process in (*first.children(recursive=True), first):
            process.kill()

    def kill(self) -> None:
        """End the node as a power cut does: Patroni, and the server."""
        self.patroni.kill()
        if (self.data / "postmaster.pid").exists():
            self.kill_server()

    def start(self) -> None:
        """Start Patroni after `kill`."""
        self.patroni.start(lambda: True)


class PatroniPair:
    """Two nodes of Debian's PostgreSQL on loopback, and a third process that only votes.

    With `is_synchronous` a commit waits for the standby: a primary that dies takes nothing with it. Without, as Patroni
    has it by default, the last commits may be gone, in order: the new primary is the old one of some moments ago.
    """

    def __init__(self, binaries: Path, *, is_synchronous: bool = False) -> None:
        self._kept, self._is_synchronous = KeptFolder("patroni"), is_synchronous
        folder = self.folder = self._kept.path
        give(folder, as_unprivileged())
        self.passwords = {name: secrets.token_hex(8) for name in (SUPERUSER, OWNER, REPLICATOR)}
        votes = {name: f"127.0.0.1:{free_port()}" for name in (*NAMES, "voter")}
        self.nodes = [self._node(name, binaries, votes, is_synchronous=is_synchronous) for name in NAMES]
        (folder / "voter.yml").write_text(yaml.safe_dump({"raft": self._raft("voter", votes)}), encoding="utf-8")
        command = "import sys; from patroni.raft_controller import main; sys.exit(main())"
        self._voter = ServerProcess(sys.executable, "-c", command, folder / "voter.yml", log=folder / "voter.log")
        try:
            self._voter.start(lambda: True)
            first, second = self.nodes
            first.start()
            assert self.primary is first
            second.start()  # it reads from the first how long it waits between its looks: 10 s before
            self.wait_until_whole()
            make = f"CREATE ROLE {OWNER} LOGIN CREATEROLE PASSWORD '{self.passwords[OWNER]}'"
            self.primary.execute(make)
        except BaseException:
            self.close()
            raise

    @property
    def primary(self) -> Node:
        """The node that takes writes, as soon as there is one.

        Raises:
            ServerError: there is none for a minute.
        """
        return self._find(lambda node: node.is_primary)

    @property
    def standby(self) -> Node:
        """The node that follows, as soon as there is one."""
        return self._find(lambda node: node.follows)

    def url(self, database: str = MAINTENANCE, user: str = OWNER, password: str | None = None) -> str:
        """The address of both nodes, of which the primary is meant; passwords are known as for PostgreSQL."""
        password = self.passwords[user] if password is None else password
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://{user}:{password}@{hosts}/{database}?target_session_attrs=read-write"

    def kill_primary(self) -> Node:
        """End the primary's server at once, and return the node that takes its place, after some seconds."""
        old = self.primary
        old.kill_server()
        return self._find(lambda node: node is not old and node.is_primary)

    def stop_replication(self) -> None:
        """Let nothing that is committed from now on reach the standby: it dies with the primary."""
        for pid in self.primary.execute("SELECT pid FROM pg_stat_replication").split():
            os.kill(int(pid), signal.SIGSTOP)

    def wait_until_replayed(self) -> None:
        """Until the standby has all that is committed now."""
        primary, standby = self.primary, self.standby
        place = primary.execute("SELECT pg_current_wal_lsn()")
        query = f"SELECT pg_last_wal_replay_lsn() >= '{place}'"
        self._find(lambda node: node is standby and node.execute(query) == "t")

    def wait_until_whole(self) -> None:
        """Until one node is the primary, and the other follows."""
        for node in self.nodes:
            if not node.patroni.is_running:
                node.start()
        assert self.primary is not self.standby
        if self._is_synchronous:
            self._find(Node.is_synchronous)

    @contextmanager
    def fresh_database(self) -> Iterator[PairDatabase]:
        """A new empty database that belongs to the owner; the pair is whole before it begins, and when it ends."""
        self.wait_until_whole()
        name, roles = f"test_{secrets.token_hex(4)}", "SELECT quote_ident(rolname) FROM pg_roles"
        before = set(
            self.primary.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE template0", roles).split("\n")
        )
        yield PairDatabase(self, name)
        self.wait_until_whole()
        made = set(self.primary.execute(f"DROP DATABASE {name} WITH (FORCE)", roles).split("\n")) - before
        if made:
            self.primary.execute(*(f"DROP ROLE {role}" for role in sorted(made)))

    def close(self) -> None:
        """Kill all of it, and remove its folder."""
        for node in self.nodes:
            node.patroni.kill()
        self._voter.kill()
        self._kept.close()

    def _find(self, is_it: Callable[[Node], bool]) -> Node:
        for _ in range(SECONDS * 10):
            for node in self.nodes:
                if is_it(node):
                    return node
            time.sleep(0.1)
        logs = [(node.folder / "log").read_text(encoding="utf-8", errors="replace")[-2000:] for node in self.nodes]
        raise ServerError("\n".join(logs))

    def _raft(self, name: str, votes: dict[str, str]) -> dict[str, Any]:
        partners = [address for each, address in votes.items() if each != name]
        return {"data_dir": str(self.folder / f"raft-{name}"), "self_addr": votes[name], "partner_addrs": partners}

    def _node(self, name: str, binaries: Path, votes: dict[str, str], *, is_synchronous: bool) -> Node:
        port, folder = free_port(), self.folder / name
        api = f"127.0.0.1:{free_port()}"
        decided = TIMES | {
            "primary_start_timeout": 0,
            "synchronous_mode": is_synchronous,
            "postgresql": {
                "use_pg_rewind": True,
                "remove_data_directory_on_rewind_failure": True,
                "remove_data_directory_on_diverged_timelines": True,
                "parameters": QUICK | {"wal_log_hints": "on", "full_page_writes": "on"},  # for pg_rewind
            },
        }
        server = {
            "bin_dir": str(binaries),
            "data_dir": str(folder / "data"),
            "pgpass": str(folder / "pgpass"),
            "listen": f"127.0.0.1:{port}",
            "connect_address": f"127.0.0.1:{port}",
            "authentication": {
                "superuser": {"username": SUPERUSER, "password": self.passwords[SUPERUSER]},
                "replication": {"username": REPLICATOR, "password": self.passwords[REPLICATOR]},
            },
            "parameters": {"unix_socket_directories": str(folder)},
            "pg_hba": [
                "local all all trust",
                "host all all 127.0.0.1/32 scram-sha-256",
                f"host replication {REPLICATOR} 127.0.0.1/32 scram-sha-256",
            ],
            "basebackup": [{"checkpoint": "fast"}, "no-sync"],
        }
        configuration = {
            "scope": "pair",
            "name": name,
            "restapi": {"listen": api, "connect_address": api},
            "raft": self._raft(name, votes),
            "bootstrap": {"dcs": decided, "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "no-sync"]},
            "postgresql": server,
        }
        return Node(name, folder, configuration, port)


class PairDatabase(NamedTuple):
    """An empty database of a pair; its addresses name both nodes."""

    pair: PatroniPair
    name: str

    @property
    def url(self) -> str:
        """Its owner's address."""
        return self.pair.url(self.name)

    def url_of(self, user: str, password: str) -> str:
        """The address for another login."""
        return self.pair.url(self.name, user, password)

    def execute(self, *statements: str, user: str = OWNER) -> str:
        """What statements answer to a login on the primary; see PostgreSQL.execute."""
        return self.pair.primary.execute(*statements, database=self.name, user=user)
