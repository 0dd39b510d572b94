"""Migrations of the ledger, by the version that they lead to."""

from __future__ import annotations

from exporter.ledger.migrations import version_1, version_2

MIGRATIONS = ((1, version_1.apply), (2, version_2.apply))
