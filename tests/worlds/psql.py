"""Questions to a server by its socket, as any login."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

from tests.worlds.server_process import ENVIRONMENT, SECONDS, ServerError

if TYPE_CHECKING:
    from pathlib import Path

SUPERUSER = "postgres"
MAINTENANCE = "postgres"
"""The database that is always there."""
MARK = "refused: "
REFUSAL = rf"\echo {MARK}:ERROR :LAST_ERROR_MESSAGE"


class Socket(NamedTuple):
    """The socket of a server, which lets every login in."""

    folder: Path
    port: int

    def execute(self, *statements: str, database: str = MAINTENANCE, user: str = SUPERUSER) -> str:
        """What statements answer, a line a row, columns with | between them.

        Raises:
            ServerError: one was refused, or the server is away.
        """
        commands = [part for statement in statements for part in ("-c", statement)]
        return self._psql("-v", "ON_ERROR_STOP=1", *commands, database=database, user=user)

    def refusals(self, *statements: str, database: str = MAINTENANCE, user: str = SUPERUSER) -> list[str]:
        """Why each of the statements was refused, "" where it was not; in one session, each by itself."""
        commands = [part for statement in statements for part in ("-c", statement, "-c", REFUSAL)]
        lines = self._psql(*commands, database=database, user=user).split("\n")
        found = [line.removeprefix(MARK).split(" ", 1) for line in lines if line.startswith(MARK)]
        return [message if is_refused == "true" else "" for is_refused, message in found]

    def _psql(self, *options: str, database: str, user: str) -> str:
        command = ("psql", "-AtqX", "-h", str(self.folder), "-p", str(self.port), "-U", user, "-d", database)
        done = subprocess.run(
            (*command, *options), check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=SECONDS
        )
        if done.returncode and MARK not in done.stdout:
            raise ServerError(done.stderr.strip())
        return done.stdout.removesuffix("\n")
