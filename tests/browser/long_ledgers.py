"""Ledgers of ten years, each written once and copied by every test that wants it."""

from __future__ import annotations

import atexit
import functools
import tempfile
from pathlib import Path

from tests.bench.seeding import History, seed


@functools.cache
def ten_years_of(devices: tuple[str, ...], until: int) -> Path:
    """A ledger that ends at `until` (UTC seconds), to be copied."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return seed(Path(folder.name) / "ledger.db", History(devices, 3652), until)
