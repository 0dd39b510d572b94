"""The checks of every meter, as `netledger doctor` runs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.interfaces.checks import check_interfaces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exporter.meters.findings import MeterReport
    from exporter.settings.tree import Settings
    from reports.ledger.reader import LedgerReader

CHECKS: Sequence[Callable[[Settings, LedgerReader | None], MeterReport]] = (check_interfaces,)
"""Each takes the settings and the ledger, None where it cannot be read; none raises for the state of a machine."""
