"""Batches of requests that are in the ledger already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

QUERY = "SELECT 1 FROM request_batch WHERE service = :service AND id = :id"


def has_batch(ledger: LedgerReader, service: str, batch: str) -> bool:
    """True if a batch of this id is in the ledger."""
    return ledger.execute(QUERY, {"service": service, "id": batch}).fetchone() is not None
