"""How many days and months /metrics shows; without imports, as every command reads the settings."""

from __future__ import annotations

from typing import NamedTuple

DAYS_KEPT = 31
"""Finished days; today comes on top."""

MONTHS_KEPT = 24
"""Months, the current one included."""


class HistoryLength(NamedTuple):
    """The series by date and month of the machine and of counted interfaces: finished days and months, 0 for no series.

    `of_all`: all periods of the other interfaces, too.
    """

    days: int = DAYS_KEPT
    months: int = MONTHS_KEPT
    of_all: bool = False
