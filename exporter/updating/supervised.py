"""The supervised service of an update: restarted, watched for a minute, and given back an older ledger."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, NamedTuple

from exporter.installing.carrying_out import ask, carry_out
from exporter.installing.facts import installation_of, is_for_user, supervisor_of
from exporter.ledger.clock_repair.placing import fsync_folder, place
from exporter.ledger.locks.holder import find_holder
from exporter.ledger.upkeep.backups import newest_copy
from exporter.session.client import ServiceClient, ServiceError
from exporter.updating.journal import give_to_owner

if TYPE_CHECKING:
    from pathlib import Path

    from exporter.installing.supervisors import Supervisor
    from exporter.settings.tree import Settings

HEALTH_SECONDS = 60.0
"""A service is watched for so long after a restart."""

STEADY_PART = 1 / 3
"""It must have answered all through this last part, by one process: one that crashes and is started again has not."""

PAUSE_SECONDS = 0.5
AGAIN = "netledger update"


class SupervisedService(NamedTuple):
    """A service with its supervisor."""

    settings: Settings
    supervisor: Supervisor

    def restart(self) -> None:
        """Stop and start it; raises InstallError."""
        carry_out(self.supervisor.restart(), AGAIN)

    def restore(self, version: str, schema: int) -> None:
        """Stop it, put the copy of before this version and of this schema in the ledger's place, and start it.

        The ledger goes aside. Raises InstallError and OSError.
        """
        ledger = self.settings.ledger.path
        carry_out(self.supervisor.stop(), AGAIN)
        new = ledger.with_name(f"{ledger.name}.restored")
        copy_private(newest_copy(ledger, version, schema), new)
        give_to_owner(new, ledger)
        fsync_folder(new.parent)
        place(new, ledger, ledger.with_name(f"{ledger.name}.of-{version}"))
        carry_out(self.supervisor.start(), AGAIN)

    def health_problem(self, version: str) -> str:
        """Why this version does not work, after watching it for HEALTH_SECONDS; empty where it does."""
        steady_from, steady_pid, problem = time.monotonic(), 0, "it does not answer"
        ends = steady_from + HEALTH_SECONDS
        while (now := time.monotonic()) < ends:
            pid, problem = self._answer(version)
            if problem or pid != steady_pid:
                steady_from, steady_pid = now, pid
            time.sleep(PAUSE_SECONDS)
        if problem:
            return problem
        return "" if ends - steady_from >= HEALTH_SECONDS * STEADY_PART else "it does not go on for long"

    def _answer(self, version: str) -> tuple[int, str]:
        """The process that keeps the ledger, and what is wrong with it; by its own note, which knows TLS and port 0."""
        holder = find_holder(self.settings.ledger.path)
        if holder is None or not holder.url:
            return 0, "it does not answer"
        certificate = self.settings.server.tls_cert
        client = ServiceClient(holder.local_url or holder.url, key=holder.token, certificate=certificate)
        try:
            client.fetch("/-/healthy")
            found = client.get("/api/health").get("version")
        except ServiceError as error:
            return holder.pid, str(error)
        return holder.pid, "" if found == version else f"the service is {found}"


def copy_private(source: Path, target: Path) -> None:
    """Copy a file to the disk, for its user alone; follows no link, as root works in a folder of the service's user."""
    follows_none = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(source, os.O_RDONLY | follows_none), "rb") as read:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | follows_none, 0o600)
        with os.fdopen(opened, "wb") as write:
            shutil.copyfileobj(read, write)
            write.flush()
            os.fsync(write.fileno())


def find_supervised(settings: Settings, config: Path | None, *, is_down_too: bool) -> SupervisedService | None:
    """The service that the supervisor of this user, or of the system for root, runs; None where it runs none.

    `is_down_too`: one that is installed and down counts as well; the new version may be what brought it down.
    """
    installation = installation_of(is_of_user=is_for_user(None), config=config, settings=settings)
    supervisor = supervisor_of(installation)
    state = supervisor.state(ask(supervisor.question()))
    return SupervisedService(settings, supervisor) if state.is_installed and (state.is_running or is_down_too) else None
