"""Fleet: hundreds of machines as sums, counts and the few that stand out; a name leads to the machine's own boards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board
from grafana.kit.panels import Frame
from grafana.kit.totals import scraped_traffic, speed_now, this
from grafana.panels import fleet

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(
    "netledger-fleet", "netledger / Fleet", "All machines together, and those that stand out: for ten, for hundreds."
)

ZONES = "of all machines, each by its own clock and zone; of silent ones, their last value."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 machines, 20-39 usage, 40-59 those that stand out."""
    panels = [*_now(), *_usage(), *_first(), *_trouble()]
    return board(IDENTITY, [], panels, since="now-6h", machines=variables.all_instances)


def _now() -> list[object]:
    return [
        fleet.machines(Frame(1, "Machines", "Targets that are a netledger, answering or not.", 0, 0, 4, 4)),
        fleet.silent(Frame(2, "Not answering", "Of these, those that Prometheus does not reach.", 4, 0, 4, 4)),
        speed_now(Frame(20, "Receiving now", "Speed of all counted interfaces.", 8, 0, 4, 4), "receive"),
        speed_now(Frame(21, "Transmitting now", "Speed of all counted interfaces.", 12, 0, 4, 4), "transmit"),
        this(Frame(22, "Today", f"Received and transmitted, {ZONES}", 16, 0, 4, 4), "day"),
        this(Frame(24, "This month", f"Received and transmitted, {ZONES}", 20, 0, 4, 4), "month"),
    ]


def _usage() -> list[object]:
    return [
        scraped_traffic(
            Frame(26, "Traffic", "All counted interfaces, as scraped: received up, transmitted down.", 0, 4, 16, 8)
        ),
        fleet.shares(Frame(3, "Plans by share of their cap", "How many plans have used how much.", 16, 4, 8, 8)),
    ]


def _first() -> list[object]:
    forecast = "Forecast of the cycle, as a share of the cap."
    return [
        fleet.busiest(Frame(40, "Most today", "Received and transmitted; the first ten.", 0, 12, 8, 13)),
        fleet.nearest(Frame(41, "Nearest the cap", "Share of the cap that is used; the first ten.", 8, 12, 8, 13)),
        fleet.forecasts(Frame(42, "Expected beside the cap", f"{forecast} The first ten.", 16, 12, 8, 13)),
    ]


def _trouble() -> list[object]:
    gone = "Machines that had series in the last month and are silent now, the last that left first."
    wrong = "Problems that a machine reports: a meter that cannot read, no samples, a ledger that needs attention."
    return [
        fleet.missing(Frame(43, "Silent", gone, 0, 25, 12, 8)),
        fleet.troubles(Frame(44, "Needs attention", wrong, 12, 25, 12, 8)),
    ]
