"""Migrations of the ledger, by the version that they lead to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

MIGRATIONS = {1: "version_1", 2: "version_2"}


def migration(version: int) -> Callable[[sqlite3.Connection], None]:
    """The migration to a version; loaded when a ledger needs it."""
    module = import_module(f"exporter.ledger.migrations.{MIGRATIONS[version]}")
    apply: Callable[[sqlite3.Connection], None] = module.apply
    return apply
