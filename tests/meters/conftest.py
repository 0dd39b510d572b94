"""A machine in memory and an empty ledger, as the tests of the exporter have them."""

from __future__ import annotations

from tests.exporter.conftest import empty_ledger, machine

__all__ = ["empty_ledger", "machine"]
