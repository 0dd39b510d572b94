"""A reserve of disk beside a ledger with single events: without it, a full disk would not even let them be deleted.

Deleting is written into the write-ahead log first, which begins anew once all of it is in the file; on a full disk
neither can grow. Bytes by chance: a file system that compresses keeps room for them, too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RESERVE_BYTES = 2 * 1024 * 1024
"""More than a write-ahead log of a thousand pages can have beyond the end of the file."""

ROOMY = 3
"""A reserve is made where so many of them are free."""


def reserve_path(ledger: Path) -> Path:
    """Path of a ledger's reserve."""
    return ledger.with_name(ledger.name + "-reserve")


def hold_reserve(ledger: Path) -> bool:
    """Make the reserve where there is room; True if it is there."""
    path = reserve_path(ledger)
    try:
        if path.exists() and path.stat().st_size >= RESERVE_BYTES:
            return True
        if shutil.disk_usage(ledger.parent).free >= ROOMY * RESERVE_BYTES:
            path.write_bytes(os.urandom(RESERVE_BYTES))
            return True
    except OSError:  # the disk filled meanwhile: a part of it would be room that is lost
        release_reserve(ledger)
    return False


def release_reserve(ledger: Path) -> None:
    """Give its room away."""
    with contextlib.suppress(OSError):
        reserve_path(ledger).unlink()
