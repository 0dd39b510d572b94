"""How applications are measured, and what no application has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models.common import BigValueTextMode

from grafana.kit.application_queries import LATELY, WAYS, moved_both, once, speed
from grafana.kit.colours import BAD, GOOD, SOON, always, painted, steps
from grafana.kit.links import menu
from grafana.kit.panels import Frame, grid, number, trend
from grafana.kit.queries import highest, now, of, over_time, rows
from grafana.kit.shapes import joined, option, times
from grafana.panels.applications import NO_METER

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.stat import Panel as Number
    from grafana_foundation_sdk.builders.table import Panel as Table
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

INFO = of("netledger_application_meter_info")
SPECIAL = 'application=~"[(].*[)]"'
MANY, MOST = 0.05, 0.2
"""Shares without an application: colours change here; the second is the alert's."""
MOST_MACHINES = 3


def backend(frame: Frame) -> Number:
    """The way of measuring, by name."""
    way = now(f"topk({MOST_MACHINES}, max by (instance, backend) ({INFO}))", "{{backend}}, {{instance}}")
    panel = number(frame, "none", way).text_mode(BigValueTextMode.NAME).color_scheme(always(SOON)).no_value(NO_METER)
    return panel.override_by_regexp("/^ebpf,/", [painted(GOOD)])


def moved(frame: Frame) -> Number:
    """Bytes of all chosen applications in the range."""
    target = now(f"sum({moved_both()})", "moved")
    return number(frame, "decbytes", target).decimals(1).color_scheme(always("text")).no_value(NO_METER)


def speed_now(frame: Frame) -> Number:
    """Bits per second of all chosen applications, both ways."""
    both = " + ".join(f"sum({speed(way, over=LATELY)})" for way in WAYS)
    return number(frame, "bps", now(both, "now")).decimals(1).color_scheme(always("text")).no_value(NO_METER)


def nameless(frame: Frame) -> Number:
    """The share of bytes of applications under names in parentheses."""
    share = f"(sum({moved_both(where=(SPECIAL,))}) or vector(0)) / (sum({moved_both()}) > 0)"
    return _share(frame, share)


def unattributed(frame: Frame) -> Number:
    """The share of the machine's bytes in the range that no application has."""
    return _share(frame, f"sum({_without('increase', '$__range')}) / (sum({_machine('increase', '$__range')}) > 0)")


def read_time(frame: Frame) -> Number:
    """How long the slowest machine took to read its accounts."""
    target = now(f"max({of('netledger_application_read_seconds')})", "a read")
    return number(frame, "s", target).decimals(1).color_scheme(always("text")).no_value(NO_METER)


def unattributed_over_time(frame: Frame) -> Trend:
    """The share of each machine's bytes that no application has."""
    part, whole = (each("rate", "$__rate_interval") for each in (_without, _machine))
    share = over_time(highest(f"{part} / ({whole} > 0)"), "{{instance}}")
    return trend(frame, "percentunit", share).min(0).axis_soft_max(0.1).no_value(NO_METER)


def meters(frame: Frame) -> Table:
    """A row a machine: by which way, why not by a better one, and what that costs."""
    # A label without a value would be no column.
    reasoned = f'label_replace({INFO}, "reason", "\u2013", "reason", "^$")'
    targets = (
        rows(f"max by (instance, backend, reason) ({reasoned})"),
        rows(f"max by (instance) ({of('netledger_application_read_seconds')})", "B"),
        rows(once(f"increase({of('netledger_application_lost_events_total')}[$__range])"), "C"),
        rows(once(f"increase({of('netledger_application_overflow_bytes_total')}[$__range])"), "D"),
    )
    columns = {
        "instance": "machine",
        "backend": "measured by",
        "Value #B": "a read",
        "Value #C": "lost events",
        "Value #D": "overflow",
        "reason": "reason",
    }
    shown = joined("instance", columns, hidden=[*times(len(targets)), "Value #A"], order="instance")
    return (
        grid(frame, *targets)
        .transformations(shown)
        .no_value(NO_METER)
        .unit("none")
        .override_by_name("machine", [option("links", menu("machine"))])
        .override_by_name("a read", [option("unit", "s"), option("decimals", 1)])
        .override_by_name("lost events", [option("unit", "locale"), option("decimals", 0)])
        .override_by_name("overflow", [option("unit", "decbytes"), option("decimals", 1)])
        .override_by_name("reason", [option("custom.minWidth", 220), option("custom.cellOptions", {"type": "auto"})])
    )


def _share(frame: Frame, expression: str) -> Number:
    panel = number(frame, "percentunit", now(expression, "share")).decimals(1).no_value(NO_METER)
    return panel.thresholds(steps("text", (MANY, SOON), (MOST, BAD)))


def _without(function: str, over: str) -> str:
    return once(f"{function}({of('netledger_application_unattributed_bytes_total')}[{over}])")


def _machine(function: str, over: str) -> str:
    both = (once(f"{function}({of(f'netledger_machine_{way}_bytes_total')}[{over}])") for way in WAYS)
    return f"({' + '.join(both)})"
