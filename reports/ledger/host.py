"""The machine of a ledger."""

from __future__ import annotations

from typing import NamedTuple


class Host(NamedTuple):
    """A machine with its own ledger: its name, the ledger's id, its operating system, and netledger's version.

    Several machines together have the names of the question in `hosts` ("all", or of each), and no id.
    """

    name: str
    id: str
    system: str
    version: str
    hosts: tuple[str, ...] = ()
