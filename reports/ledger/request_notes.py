"""Notes of the request meter's doors, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.ledger.reader import LedgerReader

QUERY = "SELECT name, value FROM request_note WHERE name >= :prefix AND name < :prefix || char(1114111)"


def request_notes(ledger: LedgerReader, prefix: str) -> Mapping[str, str]:
    """The notes whose names begin so."""
    return dict(ledger.execute(QUERY, {"prefix": prefix}).fetchall())
