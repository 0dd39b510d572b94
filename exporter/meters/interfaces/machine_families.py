"""Families of the machine: the interfaces that count, added up."""

from __future__ import annotations

from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from exporter.meters.interfaces.state import interfaces_of
from exporter.metrics.tables import Column, Labels, Table
from reports.ledger.shape import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exporter.metering.counters.speeds import Speeds
    from exporter.metrics.state import MetricsState


def _counters(state: MetricsState) -> Sequence[tuple[int, int]]:
    return (interfaces_of(state.snapshot).machine_exposed,)


def _speeds(state: MetricsState) -> Sequence[Speeds]:
    is_up = state.snapshot.meters[INTERFACE.name].health.is_up
    return (interfaces_of(state.snapshot).machine_rates,) if is_up else ()


def _no_labels(_: object) -> Labels:
    return ()


_COUNTERS: Table[tuple[int, int]] = Table(
    (),
    _counters,
    _no_labels,
    (
        Column(
            "netledger_machine_receive_bytes_total",
            "counter",
            "Bytes received by interfaces while they counted for the machine's total, over restarts and reboots.",
            itemgetter(0),
        ),
        Column(
            "netledger_machine_transmit_bytes_total",
            "counter",
            "Bytes transmitted by interfaces while they counted for the machine's total, over restarts and reboots.",
            itemgetter(1),
        ),
    ),
)

_SPEEDS: Table[Speeds] = Table(
    (),
    _speeds,
    _no_labels,
    (
        Column(
            "netledger_machine_receive_bytes_per_second",
            "gauge",
            "Speed of receiving of all counted interfaces over the last sample interval.",
            attrgetter("receive"),
        ),
        Column(
            "netledger_machine_transmit_bytes_per_second",
            "gauge",
            "Speed of transmitting of all counted interfaces over the last sample interval.",
            attrgetter("transmit"),
        ),
    ),
)

MACHINE_TABLES: tuple[Table[Any], ...] = (_COUNTERS, _SPEEDS)
