"""Upkeep of an open ledger: backups, retention, sizes."""
