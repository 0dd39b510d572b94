"""What a purge removes: the ledger with all that netledger keeps beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from exporter.archive.folder import archive_folder
from exporter.installing.steps import RemovePath
from exporter.ledger.locks.holder import lock_path
from exporter.ledger.upkeep.backups import backup_folder

if TYPE_CHECKING:
    from exporter.installing.installation import Installation

ENDINGS = ("", "-wal", "-shm", ".update", ".update.lock", ".update.log")
"""Of the ledger's name: itself, SQLite's files, and those of an update."""

PRIVATE_STATE, STATE = Path("/var/lib/private/netledger"), Path("/var/lib/netledger")
"""systemd keeps the state of a service with a user of its own in the first, and links the second to it."""


def purge_steps(installation: Installation, ledger: Path) -> list[RemovePath]:
    """Remove the ledger; a folder is removed whole only where it is netledger's own."""
    if installation.user is None and ledger.parent == STATE:
        return [RemovePath(PRIVATE_STATE), RemovePath(STATE)]
    if ledger.parent == installation.data:
        return [RemovePath(ledger.parent)]
    files = [*(ledger.with_name(f"{ledger.name}{end}") for end in ENDINGS), lock_path(ledger)]
    return [RemovePath(path) for path in (*files, backup_folder(ledger), archive_folder(ledger))]
