"""The table of machines: each netledger's totals, its state, and the way to its reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.cells import word
from grafana.colours import BAD, GOOD
from grafana.links import menu
from grafana.panels import Frame, grid
from grafana.queries import COUNTED, both, of, period, rows
from grafana.shapes import joined, option, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel

NAME = "machine"


def machines(frame: Frame) -> Panel:
    """A row a machine; its name opens a menu of its reports and dashboards."""
    totals = [
        rows(f"sum by (instance) ({both('netledger_period_{}_bytes', COUNTED, period(name))})", ref)
        for ref, name in (("A", "day"), ("B", "month"), ("C", "year"))
    ]
    up = rows(f"max by (instance) ({of('up')})", "D")
    version = rows(f"max by (instance, version) ({of('netledger_build_info')})", "E")
    columns = {
        "instance": NAME,
        "Value #D": "answers",
        "Value #A": "today",
        "Value #B": "this month",
        "Value #C": "this year",
        "version": "version",
    }
    shown = joined("instance", columns, hidden=[*times(5), "Value #E"], order="instance")
    return (
        grid(frame, *totals, up, version)
        .transformations(shown)
        .unit("decbytes")
        .decimals(1)
        .override_by_name(NAME, [option("links", menu(NAME))])
        .override_by_name("answers", word({"1": ("yes", GOOD), "0": ("no", BAD)}))
    )
