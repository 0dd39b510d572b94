"""Families of the interfaces: counters of a lifetime, speeds, and what the kernel says of each link."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from exporter.metering.counters.speeds import Speeds
from exporter.meters.interfaces.state import interface, interfaces_of
from exporter.metrics.tables import TRUTH, Column, Labels, Table
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.meters.interfaces.state import InterfaceState
    from exporter.metrics.state import MetricsState

LIFETIME = "since the ledger began, over restarts and reboots."


class _Peaks(NamedTuple):
    name: str
    speeds: Speeds


def _all(state: MetricsState) -> Sequence[InterfaceState]:
    return interfaces_of(state.snapshot).interfaces


def _seen(state: MetricsState) -> Sequence[InterfaceState]:
    """No state of interfaces while their meter fails."""
    return interfaces_of(state.snapshot).interfaces if state.snapshot.meters[INTERFACE.name].health.is_up else ()


def _present(state: MetricsState) -> Sequence[InterfaceState]:
    return [interface for interface in _seen(state) if interface.link is not None]


def _with_speed(state: MetricsState) -> Sequence[InterfaceState]:
    return [interface for interface in _present(state) if interface.link and interface.link.speed is not None]


def _peaks(state: MetricsState) -> Sequence[_Peaks]:
    today, of = state.today, state.totals.of
    return [
        _Peaks(state.name, Speeds(*of(interface(state.name)).peaks_of(today)))
        for state in interfaces_of(state.snapshot).interfaces
    ]


def _device(row: InterfaceState | _Peaks) -> Labels:
    return (row.name,)


def _description(interface: InterfaceState) -> Labels:
    kind = interface.link.kind if interface.link else ""
    return (interface.name, TRUTH[interface.is_counted], kind, TRUTH[interface.is_uplink])


def _is_up(interface: InterfaceState) -> float:
    return interface.link is not None and interface.link.is_up


def _one(_: object) -> float:
    return 1


_COUNTERS: Table[InterfaceState] = Table(
    ("device",),
    _all,
    _device,
    (
        Column(
            "netledger_interface_receive_bytes_total",
            "counter",
            f"Bytes received {LIFETIME}",
            attrgetter("exposed.receive_bytes"),
        ),
        Column(
            "netledger_interface_transmit_bytes_total",
            "counter",
            f"Bytes transmitted {LIFETIME}",
            attrgetter("exposed.transmit_bytes"),
        ),
        Column(
            "netledger_interface_receive_packets_total",
            "counter",
            f"Packets received {LIFETIME}",
            attrgetter("exposed.receive_packets"),
        ),
        Column(
            "netledger_interface_transmit_packets_total",
            "counter",
            f"Packets transmitted {LIFETIME}",
            attrgetter("exposed.transmit_packets"),
        ),
        Column(
            "netledger_interface_receive_errors_total",
            "counter",
            f"Received packets in error {LIFETIME}",
            attrgetter("exposed.receive_errors"),
        ),
        Column(
            "netledger_interface_transmit_errors_total",
            "counter",
            f"Transmitted packets in error {LIFETIME}",
            attrgetter("exposed.transmit_errors"),
        ),
        Column(
            "netledger_interface_receive_drops_total",
            "counter",
            f"Received packets that were dropped {LIFETIME}",
            attrgetter("exposed.receive_drops"),
        ),
        Column(
            "netledger_interface_transmit_drops_total",
            "counter",
            f"Packets to transmit that were dropped {LIFETIME}",
            attrgetter("exposed.transmit_drops"),
        ),
    ),
)

_SPEEDS: Table[InterfaceState] = Table(
    ("device",),
    _present,
    _device,
    (
        Column(
            "netledger_interface_receive_bytes_per_second",
            "gauge",
            "Speed of receiving over the last sample interval, by measured time.",
            attrgetter("rates.receive"),
        ),
        Column(
            "netledger_interface_transmit_bytes_per_second",
            "gauge",
            "Speed of transmitting over the last sample interval, by measured time.",
            attrgetter("rates.transmit"),
        ),
    ),
)

_PEAK_SPEEDS: Table[_Peaks] = Table(
    ("device",),
    _peaks,
    _device,
    (
        Column(
            "netledger_interface_peak_receive_bytes_per_second",
            "gauge",
            "Highest speed of receiving in one sample interval of the local day.",
            attrgetter("speeds.receive"),
        ),
        Column(
            "netledger_interface_peak_transmit_bytes_per_second",
            "gauge",
            "Highest speed of transmitting in one sample interval of the local day.",
            attrgetter("speeds.transmit"),
        ),
    ),
)

_DESCRIPTIONS: Table[InterfaceState] = Table(
    ("device", "counted", "kind", "uplink"),
    _present,
    _description,
    (
        Column(
            "netledger_interface_info",
            "info",
            "Kind of the interface, whether it counts for the machine's total, and whether it has carried a "
            "default route.",
            _one,
        ),
    ),
)

_STATES: Table[InterfaceState] = Table(
    ("device",),
    _seen,
    _device,
    (
        Column(
            "netledger_interface_up",
            "gauge",
            "Whether the interface is there and up (1) or not (0).",
            _is_up,
        ),
    ),
)

_LINK_SPEEDS: Table[InterfaceState] = Table(
    ("device",),
    _with_speed,
    _device,
    (
        Column(
            "netledger_interface_link_speed_bytes_per_second",
            "gauge",
            "Speed that the link has negotiated, where the kernel knows it.",
            attrgetter("link.speed"),
        ),
    ),
)

INTERFACE_TABLES: tuple[Table[Any], ...] = (
    _COUNTERS,
    _SPEEDS,
    _PEAK_SPEEDS,
    _DESCRIPTIONS,
    _STATES,
    _LINK_SPEEDS,
)
