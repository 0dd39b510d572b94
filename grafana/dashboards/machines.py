"""Machines: those of the mirror in PostgreSQL, also laptops that no Prometheus can reach; to the byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import sql_variables as variables
from grafana.kit.board import Identity, bare_board
from grafana.kit.panels import Frame
from grafana.kit.sql import DATABASE
from grafana.panels import mirror

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(
    "netledger-machines",
    "netledger / Machines",
    "All machines of the mirror in PostgreSQL, also those that Prometheus cannot reach.",
)

OWN_CLOCK = "Received and transmitted, each machine by its own clock and zone; what it has sent until now."
BUSIEST = f"The {mirror.MOST_DRAWN} that moved most"


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 machines, 20-39 usage, 40-59 applications."""
    choices = [variables.database(), variables.schema(), variables.hosts()]
    return bare_board(IDENTITY, choices, [*_now(), *_each(), *_usage(), *_applications()], since="now-7d")


def _now() -> list[object]:
    silent = f"Machines that have sent nothing for {mirror.SILENT_DAYS} days: in a drawer, or refused."
    ever = "Received and transmitted, all that the machines' ledgers hold, imported history included."
    return [
        mirror.machines(_frame(1, "Machines", "Machines in the mirror.", (0, 0, 4, 4))),
        mirror.silent(_frame(2, "Silent for a week", silent, (4, 0, 4, 4))),
        mirror.today(_frame(20, "Today", OWN_CLOCK, (8, 0, 4, 4))),
        mirror.month(_frame(21, "This month", OWN_CLOCK, (12, 0, 4, 4))),
        mirror.year(_frame(22, "This year", OWN_CLOCK, (16, 0, 4, 4))),
        mirror.ever(_frame(23, "Ever", ever, (20, 0, 4, 4))),
    ]


def _each() -> list[object]:
    table = (
        "Behind is the age of its newest data: after an absence a machine sends the oldest first. Share is of the month"
        f". The first {mirror.MOST_ROWS} are listed."
    )
    return [mirror.each(_frame(3, "Each machine", table, (0, 4, 24, 9)))]


def _usage() -> list[object]:
    speeds = f"Both ways, averages of quarter hours or longer. {BUSIEST} in the range; the newest one still fills."
    days = f"Both ways, on each machine's own days. {BUSIEST} in the range, and all others."
    months = f"The same by month, the last {mirror.MONTHS}, whatever the range. {BUSIEST} in them, and all others."
    return [
        mirror.speeds(_frame(24, "Traffic by machine", speeds, (0, 13, 24, 9))),
        mirror.days(_frame(25, "Days by machine", days, (0, 22, 12, 9))),
        mirror.months(_frame(26, "Months by machine", months, (12, 22, 12, 9))),
    ]


def _applications() -> list[object]:
    table = (
        "Of the days of the range, those of one name on all machines together, loopback aside; what other programs have"
        f" counted is not among them. The {mirror.MOST_APPLICATIONS} that moved most."
    )
    return [mirror.applications(_frame(40, "Applications of all machines", table, (0, 31, 24, 10)))]


def _frame(panel_id: int, title: str, description: str, place: tuple[int, int, int, int]) -> Frame:
    return Frame(panel_id, title, description, *place, source=DATABASE)
