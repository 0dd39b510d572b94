"""The table of applications: what each moved in the range, how fast it is, and what the ledger has of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.application_queries import KEY, LATELY, NAMED, WAYS, counter, moved, moved_both, once, speed
from grafana.kit.cells import portion
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid
from grafana.kit.queries import of, period, rows
from grafana.kit.shapes import joined, option, times
from grafana.panels.applications import NO_METER

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel

MOST_ROWS = 200


def applications(frame: Frame) -> Panel:
    """A row an application, the one that moved most first."""
    total = moved_both("application")
    share = f"{total} / on () group_left () (sum({moved_both()}) > 0)"
    received, transmitted = (speed(way, "application", over=LATELY) for way in WAYS)
    targets = (
        rows(f"topk({MOST_ROWS}, max by (row, application, instance) ({KEY.format(total)}))"),
        *(rows(_keyed(moved(way, "application")), ref) for ref, way in (("B", "receive"), ("C", "transmit"))),
        rows(_keyed(share), "D"),
        rows(_keyed(f"{received} + {transmitted}"), "E"),
        *(rows(_keyed(_to_date(name)), ref) for ref, name in (("F", "day"), ("G", "month"))),
    )
    columns = {
        "application": "application",
        "instance": "machine",
        "Value #B": "received",
        "Value #C": "transmitted",
        "Value #A": "total",
        "Value #D": "share",
        "Value #E": "now",
        "Value #F": "today",
        "Value #G": "this month",
    }
    shown = joined("row", columns, hidden=[*times(len(targets)), "row"], order="Value #A", descending=True)
    return (
        grid(frame, *targets)
        .transformations(shown)
        .no_value(NO_METER)
        .unit("decbytes")
        .decimals(1)
        .override_by_name("application", [option("custom.minWidth", 160)])
        .override_by_name("machine", [option("links", menu("machine")), option("custom.minWidth", 130)])
        .override_by_name("share", [*portion(), option("custom.minWidth", 120)])
        .override_by_name("now", [option("unit", "bps")])
    )


def _to_date(name: str) -> str:
    both = " + ".join(
        once(of(f"netledger_application_period_{way}_bytes", NAMED, period(name)), "application") for way in WAYS
    )
    # One that moved bytes over loopback alone has no row.
    return f"({both}) and on (instance, application) changes({counter('receive')}[{LATELY}])"


def _keyed(expression: str) -> str:
    return f"max by (row) ({KEY.format(expression)})"
