"""Interfaces: each by itself, counted or not; what moves, how full the link is, what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board, closed, heading
from grafana.kit.days import days_by_interface, months_by_interface
from grafana.kit.panels import Frame
from grafana.panels import interfaces as each
from grafana.panels.interface_speeds import speeds
from grafana.panels.interface_table import totals
from reports.text.grafana_links import INTERFACES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(INTERFACES, "netledger / Interfaces", "Each interface by itself, counted or not.")

BYTES = "Received and transmitted, of each chosen interface, from the ledger; "
UNCOUNTED = " Those that are not counted have days and months only with metrics.history: all. Of many, the six busiest."
MANY = "of many, the 20 busiest in the range."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 now, 20-39 over time, 40-59 days and months, 90 and above headings."""
    return board(IDENTITY, [variables.device()], [*_now(), *_traffic(), *_history(), _detail()], since="now-24h")


def _now() -> list[object]:
    about = (
        "Bytes of each, from the ledger. Traffic that is not counted crosses a counted interface,"
        " and has days and months only with metrics.history: all."
    )
    return [totals(Frame(1, "Interfaces", about, 0, 0, 24, 7))]


def _traffic() -> list[object]:
    made_of = (
        "95 % of the averages in the range are below: five minutes each, quarter hours where the past was backfilled;"
        " the column says how many there were. Peaks: the fastest sample interval of the local day."
    )
    full = "Speed of the busier direction as a share of the link's; of many, the 20 highest."
    return [
        each.traffic(Frame(20, "Traffic", f"Bits per second: received up, transmitted down; {MANY}", 0, 7, 24, 9)),
        speeds(Frame(2, "95th percentile and peaks of today", made_of, 0, 16, 12, 8)),
        each.saturation(Frame(21, "Saturation", full, 12, 16, 12, 8)),
    ]


def _history() -> list[object]:
    return [
        heading(90, "Days and months, from the ledger", 24),
        days_by_interface(Frame(40, "Days", f"{BYTES}the last 31 days and today so far.{UNCOUNTED}", 0, 25, 24, 8)),
        months_by_interface(
            Frame(41, "Months", f"{BYTES}the last 24 months, this one so far.{UNCOUNTED}", 0, 33, 24, 8)
        ),
    ]


def _detail() -> object:
    panels = [
        each.packets(Frame(22, "Packets", f"Per second: received up, transmitted down; {MANY}", 0, 42, 12, 8)),
        each.state(
            Frame(23, "State", "Whether an interface is there and up; of many, 12 that were down.", 12, 42, 12, 8)
        ),
        each.errors(Frame(24, "Errors", "Packets in error per second; of many, the 20 with most.", 0, 50, 12, 8)),
        each.drops(Frame(25, "Drops", "Packets dropped per second; of many, the 20 with most.", 12, 50, 12, 8)),
    ]
    return closed(91, "Packets, states, errors and drops", 41, panels)
