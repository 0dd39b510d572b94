"""The table of interfaces: what each is, and what it moved today, this month and ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.kit.cells import word
from grafana.kit.colours import BAD, GOOD
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid
from grafana.kit.queries import DEVICE, both, interfaces_in_period, kept, of, rows
from grafana.kit.shapes import joined, option, times

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel

KEY = 'label_join({}, "interface", " ", "instance", "device")'
"""One text that is another one for each interface of each machine: joins know a single field."""


def totals(frame: Frame) -> Panel:
    """A row an interface; one that has left has no kind any more, and is named by its totals."""
    lifetime = both("netledger_interface_{}_bytes_total", DEVICE)
    speed = f"{of('netledger_interface_link_speed_bytes_per_second', DEVICE)} * 8"
    targets = (
        rows(_keyed("kind, counted", kept("netledger_interface_info", DEVICE))),
        rows(_keyed("", of("netledger_interface_up", DEVICE)), "B"),
        rows(_keyed("", speed), "C"),
        rows(_keyed("", interfaces_in_period("day")), "D"),
        rows(_keyed("", interfaces_in_period("month")), "E"),
        rows(_keyed("", interfaces_in_period("year")), "F"),
        rows(_keyed("device, instance", lifetime), "G"),
    )
    columns = {
        "device": "device",
        "instance": "machine",
        "kind": "kind",
        "counted": "counted",
        "Value #B": "up",
        "Value #C": "link",
        "Value #D": "today",
        "Value #E": "this month",
        "Value #F": "this year",
        "Value #G": "ever",
    }
    shown = joined("interface", columns, hidden=[*times(7), "interface", "Value #A"], order="Value #G", descending=True)
    panel = grid(frame, *targets).transformations(shown)
    return (
        panel.unit("decbytes")
        .decimals(1)
        .override_by_name("machine", [option("links", menu("machine"))])
        .override_by_name("link", [option("unit", "bps"), option("decimals", 0), option("noValue", "not known")])
        .override_by_name("up", word({"1": ("up", GOOD), "0": ("down", BAD)}))
        .override_by_name("counted", word({"true": ("yes", "text"), "false": ("no", "text")}))
    )


def _keyed(labels: str, expression: str) -> str:
    kept = f"interface, {labels}" if labels else "interface"
    return f"sum by ({kept}) ({KEY.format(expression)})"
