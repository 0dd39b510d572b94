"""One series an interface: speeds, packets, errors, drops, states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.models import common as c

from grafana.colours import BAD, GOOD, always, words
from grafana.panels import Frame, legend, lengths, states, trend
from grafana.queries import DEVICE, INTERFACE, now, of, over_time, rate
from grafana.shapes import option

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.bargauge import Panel as Lengths
    from grafana_foundation_sdk.builders.statetimeline import Panel as States
    from grafana_foundation_sdk.builders.timeseries import Panel as Trend

WAYS = (("A", "receive"), ("B", "transmit"))


def traffic(frame: Frame) -> Trend:
    """Bits per second of each interface, both ways."""
    targets = [over_time(f"{_rate(way, 'bytes')} * 8", _one_way(way), ref) for ref, way in WAYS]
    shown = legend("mean", "max", placement=c.LegendPlacement.RIGHT)
    return _mirrored(trend(frame, "bps", *targets)).legend(shown)


def saturation(frame: Frame) -> Trend:
    """Share of the link's speed, where the kernel knows one."""
    speed = of("netledger_interface_link_speed_bytes_per_second", DEVICE)
    received, transmitted = (_rate(way, "bytes") for _, way in WAYS)
    busier = f"({received} >= {transmitted} or {transmitted}) / {speed}"
    panel = trend(frame, "percentunit", over_time(busier, INTERFACE)).min(0).axis_soft_max(0.1)
    return panel.no_value("no link's speed is known")


def packets(frame: Frame) -> Trend:
    """Packets per second of each interface, both ways."""
    targets = [over_time(_rate(way, "packets"), _one_way(way), ref) for ref, way in WAYS]
    return _mirrored(trend(frame, "pps", *targets))


def errors(frame: Frame) -> Trend:
    """Packets in error a minute."""
    return _per_minute(frame, "errors")


def drops(frame: Frame) -> Trend:
    """Packets dropped a minute."""
    return _per_minute(frame, "drops")


def state(frame: Frame) -> States:
    """Up and down over time."""
    meaning = words({"1": ("up", GOOD), "0": ("down", BAD)})
    return states(frame, over_time(of("netledger_interface_up", DEVICE), INTERFACE)).mappings([meaning])


def peaks(frame: Frame) -> Lengths:
    """The fastest sample interval of today, both ways."""
    targets = [
        now(
            f"sort_desc({of(f'netledger_interface_peak_{way}_bytes_per_second', DEVICE)} * 8)",
            _one_way(way),
            ref,
        )
        for ref, way in WAYS
    ]
    return lengths(frame, "bps", *targets).color_scheme(always("blue")).min(0)


def busy(frame: Frame) -> Lengths:
    """What providers bill: the 95th percentile of five-minute averages."""
    targets = [
        now(f"sort_desc(quantile_over_time(0.95, {averages} * 8)", _one_way(way), ref)
        for ref, way in WAYS
        for averages in [f"rate({of(f'netledger_interface_{way}_bytes_total', DEVICE)}[5m])[$__range:5m])"]
    ]
    return lengths(frame, "bps", *targets).color_scheme(always("blue")).min(0)


def _per_minute(frame: Frame, what: str) -> Trend:
    targets = [over_time(f"{_rate(way, what)} * 60", _one_way(way), ref) for ref, way in WAYS]
    return _mirrored(trend(frame, "none", *targets))


def _mirrored(panel: Trend) -> Trend:
    return panel.override_by_regexp("/ transmit, /", [option("custom.transform", "negative-Y")])


def _one_way(way: str) -> str:
    return f"{{{{device}}}} {way}, {{{{instance}}}}"


def _rate(way: str, what: str) -> str:
    # Prometheus tells series in the order of their labels: with these, an interface has one colour in all panels.
    return f"sum by (job, instance, device) ({rate(f'netledger_interface_{way}_{what}_total', DEVICE)})"
