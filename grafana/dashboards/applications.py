"""Applications: which program, service or container, how much, where to; and what none of them has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit import variables
from grafana.kit.board import Identity, board, heading
from grafana.kit.panels import Frame
from grafana.panels import application_meter as meter
from grafana.panels import applications as each
from grafana.panels.application_table import applications
from reports.text.grafana_links import APPLICATIONS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard

IDENTITY = Identity(
    APPLICATIONS, "netledger / Applications", "Which program, service, container or pod, how much, and where to."
)

SUMS = "Of the chosen applications, scopes and protocols; loopback aside."
BUSIEST = f"Of the {each.MOST} that moved most in the range; the line is all of them."
MANY = f"The {each.MOST_BARS} that moved most."


def dashboard() -> Dashboard:
    """The dashboard; ids 1-19 in the range, 20-39 over time, 40-59 the meter, 90 and above headings."""
    choices = [variables.application(), variables.scope(), variables.protocol(), variables.price()]
    return board(IDENTITY, choices, [*_numbers(), *_range(), *_traffic(), *_meter()], since="now-24h")


def _numbers() -> list[object]:
    special = "Share of their bytes under names in parentheses: (unknown), (kernel), (other) and more."
    without = "Share of the counted interfaces' bytes in the range that no application has, whatever is chosen."
    return [
        meter.backend(Frame(1, "Backend", "The way of measuring. ebpf sees every packet.", 0, 0, 4, 4)),
        meter.moved(Frame(2, "Moved", f"Received and transmitted in the range. {SUMS}", 4, 0, 4, 4)),
        meter.speed_now(
            Frame(3, "Speed now", f"Of the last two minutes, received and transmitted. {SUMS}", 8, 0, 4, 4)
        ),
        meter.nameless(Frame(4, "Nameless", special, 12, 0, 4, 4)),
        meter.unattributed(Frame(5, "Unattributed", without, 16, 0, 4, 4)),
        meter.read_time(Frame(6, "Read time", "How long the last read took, on the slowest machine.", 20, 0, 4, 4)),
    ]


def _range() -> list[object]:
    table = (
        f"Received, transmitted, total and share are of the range; now is the last two minutes. {SUMS} Today and this"
        " month are the ledger's, of all scopes and protocols."
    )
    return [applications(Frame(10, "Applications", table, 0, 4, 24, 10))]


def _traffic() -> list[object]:
    share = f"Of the bytes of all chosen applications in the range. {MANY}"
    cost = f"Of the range, at the price above, a GB. {SUMS} Choose the scope internet for a bill of egress."
    scopes = "Bits per second, both ways, by where the other end is."
    return [
        each.over_the_range(Frame(20, "Received", f"Bits per second. {BUSIEST}", 0, 14, 16, 9), "receive"),
        each.shares(Frame(11, "Share", share, 16, 14, 8, 9)),
        each.over_the_range(Frame(21, "Transmitted", f"Bits per second. {BUSIEST}", 0, 23, 16, 9), "transmit"),
        each.costs(Frame(12, "Cost of transmitted bytes", cost, 16, 23, 8, 9)),
        each.by_label(Frame(22, "By scope", scopes, 0, 32, 12, 8), "scope"),
        each.by_label(Frame(23, "By protocol", "Bits per second, both ways.", 12, 32, 12, 8), "protocol"),
    ]


def _meter() -> list[object]:
    month = f"From the ledger, to the byte, of all scopes and protocols but loopback. {MANY}"
    limits = "Used of the limits of the settings in their local day, week or month."
    share = "Share of each machine's bytes that no application has. What a machine forwards for others is among them."
    table = "How each machine measures, and why not by a better way; lost events and overflow are of the range."
    return [
        heading(90, "The month, limits, and the meter", 40),
        each.this_month(Frame(13, "This month", month, 0, 41, 8, 9)),
        meter.unattributed_over_time(Frame(40, "Unattributed over time", share, 8, 41, 16, 9)),
        each.limits(Frame(14, "Limits", limits, 0, 50, 8, 6)),
        meter.meters(Frame(41, "Meters", table, 8, 50, 16, 6)),
    ]
