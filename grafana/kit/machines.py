"""The table of machines: each netledger's totals, its state, and the way to its reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.cells import word
from grafana.kit.colours import BAD, GOOD
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid
from grafana.kit.queries import BUILD, answers, kept, machines_in_period, rows, total
from grafana.kit.shapes import joined, option, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel

NAME = "machine"


def machines(frame: Frame) -> Panel:
    """A row a machine, the busiest of the month first; its name opens a menu of its reports and dashboards."""
    totals = [
        rows(total(machines_in_period(name), "instance"), ref)
        for ref, name in (("A", "day"), ("B", "month"), ("C", "year"))
    ]
    up = rows(answers(), "D")
    version = rows(f"max by (instance, version) ({kept(BUILD)})", "E")
    since = rows(f"max by (instance) ({kept('netledger_ledger_start_timestamp_seconds')}) * 1000", "F")
    columns = {
        "instance": NAME,
        "Value #D": "answers",
        "Value #A": "today",
        "Value #B": "this month",
        "Value #C": "this year",
        "Value #F": "counts since",
        "version": "version",
    }
    shown = joined("instance", columns, hidden=[*times(6), "Value #E"], order="Value #B", descending=True)
    return (
        grid(frame, *totals, up, version, since)
        .transformations(shown)
        .unit("decbytes")
        .decimals(1)
        .override_by_name(NAME, [option("links", menu(NAME))])
        .override_by_name("counts since", [option("unit", "time:YYYY-MM-DD"), option("custom.align", "left")])
        .override_by_name("answers", word({"1": ("yes", GOOD), "0": ("no", BAD)}))
    )
