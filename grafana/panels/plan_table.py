"""The table of plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.cells import share
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid
from grafana.kit.plan_queries import plan
from grafana.kit.queries import rows
from grafana.kit.shapes import joined, option, times
from grafana.panels.plans import NO_CAP, NO_PRICE

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.prometheus import Dataquery
    from grafana_foundation_sdk.builders.table import Panel

KEY = 'label_join({}, "row", " ", "plan", "instance")'
"""One text that is another one for each plan of each machine: joins know a single field."""

MORE_LABELS = {"cycle_start_timestamp_seconds": ("plan", "instance"), "cost": ("currency",)}
"""Labels that are columns, and whose metric has them."""

COLUMNS = (
    ("from", "cycle_start_timestamp_seconds", " * 1000"),
    # The last day, as the command line has it: the cycle ends a moment before the next one begins.
    ("until", "cycle_end_timestamp_seconds", " * 1000 - 1"),
    ("used", "used_bytes", ""),
    ("share", "used_ratio", ""),
    ("cap", "cap_bytes", ""),
    ("left", "left_bytes", ""),
    ("a day", "allowed_per_day_bytes", ""),
    ("reached", "cap_reached_timestamp_seconds", " * 1000"),
    ("at least", "forecast_low_bytes", ""),
    ("expected", "forecast_bytes", ""),
    ("at most", "forecast_high_bytes", ""),
    ("last cycle", "last_cycle_used_bytes", ""),
    ("cost so far", "cost", ""),
)
RANK = f"{plan('used_ratio')} or {plan('used_bytes')} * 0 - 1"
"""Plans without a cap come last: Grafana would sort what is missing to the top."""


def plans(frame: Frame) -> Panel:
    """A row a plan, the one nearest its cap first."""
    refs = [chr(ord("A") + index) for index in range(len(COLUMNS))]
    targets = [_column(ref, metric, scale) for ref, (_, metric, scale) in zip(refs, COLUMNS, strict=True)]
    targets.append(rows(f"max by (row) ({KEY.format(RANK)})", "Z"))
    named = {f"Value #{ref}": title for ref, (title, _, _) in zip(refs, COLUMNS, strict=True)}
    columns = {"plan": "plan", "instance": "machine", **named, "currency": "currency"}
    return (
        grid(frame, *targets)
        .transformations(
            joined("row", columns, hidden=[*times(len(targets)), "row", "Value #Z"], order="Value #Z", descending=True)
        )
        .min_width(80)
        .unit("decbytes")
        .decimals(1)
        .override_by_regexp("/^(from|until|reached)$/", [option("unit", "time:MMM D"), option("custom.align", "left")])
        .override_by_name("cost so far", [option("unit", "locale"), option("decimals", 2), option("noValue", NO_PRICE)])
        .override_by_name("cap", [option("noValue", NO_CAP)])
        .override_by_name("machine", [option("custom.width", 130), option("links", menu("machine"))])
        .override_by_name("share", [*share(), option("custom.width", 120)])
    )


def _column(ref: str, metric: str, scale: str) -> Dataquery:
    kept = ", ".join(("row", *MORE_LABELS.get(metric, ())))
    return rows(f"max by ({kept}) ({KEY.format(plan(metric))}){scale}", ref)
