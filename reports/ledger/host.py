"""The machine of a ledger."""

from __future__ import annotations

from typing import NamedTuple


class Host(NamedTuple):
    """A machine with its own ledger: its name, the ledger's id, its operating system, and netledger's version."""

    name: str
    id: str
    system: str
    version: str
