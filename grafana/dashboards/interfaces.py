"""Interfaces: each by itself, counted or not; what moves, how full the link is, what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana import interface_panels as each
from grafana import variables
from grafana.board import Identity, board, heading
from grafana.days import days_by_interface, months_by_interface
from grafana.interface_table import totals
from grafana.panels import Frame
from grafana.queries import DEVICE

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity("netledger-interfaces", "netledger / Interfaces", "Each interface by itself, counted or not.")

BYTES = "Received and transmitted, of each chosen interface, from the ledger; "
UNCOUNTED = " Those that are not counted have days and months only with metrics.history: all."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 now, 20-39 over time, 40-59 days and months, 90 and above headings."""
    return board(IDENTITY, [variables.device()], [*_now(), *_traffic(), *_trouble(), *_history()], since="now-24h")


def _now() -> list[object]:
    about = (
        "What each has moved, from the ledger. What is not counted crosses an interface that is,"
        " and has days and months only with metrics.history: all."
    )
    return [totals(Frame(1, "Interfaces", about, 0, 0, 24, 7))]


def _traffic() -> list[object]:
    return [
        each.traffic(Frame(20, "Traffic", "Bits per second: received up, transmitted down.", 0, 7, 16, 9)),
        each.busy(Frame(2, "95th percentile", "95 % of the range's five-minute averages are below.", 16, 7, 4, 9)),
        each.peaks(Frame(3, "Peaks of today", "Fastest sample interval of the local day.", 20, 7, 4, 9)),
        each.saturation(
            Frame(21, "Saturation", "Speed of the busier direction as a share of the link's.", 0, 16, 12, 7)
        ),
        each.packets(Frame(22, "Packets", "Packets per second: received up, transmitted down.", 12, 16, 12, 7)),
    ]


def _trouble() -> list[object]:
    return [
        each.state(Frame(23, "State", "Whether the interface is there and up.", 0, 23, 8, 8)),
        each.errors(Frame(24, "Errors", "Packets in error, per minute.", 8, 23, 8, 8)),
        each.drops(Frame(25, "Drops", "Packets dropped, per minute.", 16, 23, 8, 8)),
    ]


def _history() -> list[object]:
    return [
        heading(90, "Days and months, from the ledger", 31),
        days_by_interface(
            Frame(40, "Days", f"{BYTES}the last 31 days and today so far.{UNCOUNTED}", 0, 32, 24, 8), DEVICE
        ),
        months_by_interface(
            Frame(41, "Months", f"{BYTES}the last 24 months, this one so far.{UNCOUNTED}", 0, 40, 24, 8), DEVICE
        ),
    ]
