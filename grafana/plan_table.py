"""The table of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.cells import share
from grafana.links import menu
from grafana.panels import Frame, grid
from grafana.plan_panels import NO_CAP, NO_PRICE
from grafana.queries import PLAN, of, rows
from grafana.shapes import joined, option, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.builders.table import Panel

KEY = 'label_join({}, "row", " ", "plan", "instance")'
"""One text that is another one for each plan of each machine: joins know a single field."""

MORE_LABELS = {"cycle_start_timestamp_seconds": ("plan", "instance"), "cost": ("currency",)}
"""Labels that are columns, and whose metric has them."""

COLUMNS = (
    ("from", "cycle_start_timestamp_seconds", " * 1000"),
    ("to", "cycle_end_timestamp_seconds", " * 1000"),
    ("used", "used_bytes", ""),
    ("share", "used_ratio", ""),
    ("cap", "cap_bytes", ""),
    ("left", "left_bytes", ""),
    ("a day", "allowed_per_day_bytes", ""),
    ("at least", "forecast_low_bytes", ""),
    ("expected", "forecast_bytes", ""),
    ("at most", "forecast_high_bytes", ""),
    ("last cycle", "last_cycle_used_bytes", ""),
    ("cost so far", "cost", ""),
)


def plans(frame: Frame) -> Panel:
    """A row a plan."""
    refs = [chr(ord("A") + index) for index in range(len(COLUMNS))]
    targets = [_column(ref, metric, scale) for ref, (_, metric, scale) in zip(refs, COLUMNS, strict=True)]
    named = {f"Value #{ref}": title for ref, (title, _, _) in zip(refs, COLUMNS, strict=True)}
    columns = {"plan": "plan", "instance": "machine", **named, "currency": "currency"}
    return (
        grid(frame, *targets)
        .transformations(joined("row", columns, hidden=[*times(len(COLUMNS)), "row"], order="plan"))
        .unit("decbytes")
        .decimals(1)
        .override_by_regexp("/^(from|to)$/", [option("unit", "time:MMM D"), option("custom.align", "left")])
        .override_by_name("cost so far", [option("unit", "locale"), option("decimals", 2), option("noValue", NO_PRICE)])
        .override_by_name("cap", [option("noValue", NO_CAP)])
        .override_by_name("machine", [option("custom.width", 150), option("links", menu("machine"))])
        .override_by_name("share", [*share(), option("custom.width", 120)])
    )


def _column(ref: str, metric: str, scale: str) -> Dataquery:
    kept = ", ".join(("row", *MORE_LABELS.get(metric, ())))
    value = KEY.format(of(f"netledger_plan_{metric}", PLAN))
    return rows(f"sum by ({kept}) ({value}){scale}", ref)
