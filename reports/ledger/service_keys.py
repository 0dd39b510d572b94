"""Services that have valid keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

COUNT = "SELECT service, count(*) FROM request_key WHERE revoked = 0 GROUP BY service ORDER BY service"


def valid_keys(ledger: LedgerReader) -> dict[str, int]:
    """How many valid keys each service has that has one."""
    return dict(ledger.execute(COUNT, {}).fetchall()) if ledger.has_table("request_key") else {}
