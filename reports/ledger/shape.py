"""The shape of the ledger: a spec for each meter, from which the tables and views are made that reports read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA_VERSION = 2
"""PRAGMA user_version of a ledger that this netledger writes and reads."""

OTHER = "(other)"
"""Every dimension of the subject that stands for those beyond the most that a meter may have."""

GONE = "(gone)"
"""Every dimension of the subject that a meter's subjects are folded into when they have long been gone."""

IMPORTED = "(imported)"
"""Scope and protocol of an application's bytes that another program has counted: it knew neither."""

ESTIMATED = "estimated_bytes"


class MeterSpec(NamedTuple):
    """What a meter measures of a subject: amounts that are added, maxima, and sketches that are merged.

    `name` is the prefix of its tables and views. `facts` are a subject's columns besides its dimensions (INTEGER).
    `minute_sums` are the first of the sums, kept by minute, too; without any, the meter keeps no minutes.
    `most_subjects`: subjects beyond are measured as "(other)"; 0 is unbounded. `has_history`: bytes by day and month
    are kept in memory, too, for metric families of days and months; `has_periods`: bytes of the current day, week,
    month and year by the first dimension, loopback aside. Subjects that have not been seen for `fold_days`, and those
    beyond the `most_gone` seen last, are folded into "(gone)", where `lasting` dimensions keep their value. A meter
    `is_of_events` if it is given them, and reads nothing: that it was sampled says nothing of the machine.
    """

    name: str
    dimensions: tuple[str, ...]
    sums: tuple[str, ...]
    peaks: tuple[str, ...] = ()
    sketches: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    minute_sums: tuple[str, ...] = ()
    most_subjects: int = 0
    has_history: bool = False
    has_periods: bool = False
    fold_days: int = 30
    most_gone: int = 1024
    lasting: tuple[str, ...] = ()
    is_of_events: bool = False

    @property
    def counts_bytes(self) -> bool:
        """True if the meter counts bytes, some of which may be estimated."""
        return "receive_bytes" in self.sums

    def folded(self, key: tuple[str, ...]) -> tuple[str, ...]:
        """The key of the subject that one of this key is folded into."""
        return tuple(value if name in self.lasting else GONE for name, value in zip(self.dimensions, key, strict=True))

    def parts_of_net(self, column: str) -> tuple[str, str] | None:
        """The sums that a column of NET_BYTES is the difference of; a meter without tunnels takes nothing off."""
        if column not in NET_BYTES:
            return None
        whole = column.removeprefix("net_")
        tunnel = f"tunnel_{whole}"
        return whole, tunnel if tunnel in self.sums else "0"

    def bytes_in(self, amounts: tuple[int, ...]) -> tuple[int, int]:
        """Bytes received and transmitted among the sums; (0, 0) where the meter counts no bytes."""
        if not self.counts_bytes:
            return 0, 0
        return amounts[self.sums.index("receive_bytes")], amounts[self.sums.index("transmit_bytes")]

    @property
    def foldable(self) -> str:
        """The first dimension that is "(gone)" in a folded subject."""
        return next(name for name in self.dimensions if name not in self.lasting)

    @property
    def grains(self) -> tuple[str, ...]:
        """The lengths of time that rows are kept for, shortest first."""
        return ("minute", "slot", "day") if self.minute_sums else ("slot", "day")

    def added(self, grain: str) -> tuple[str, ...]:
        """Columns of a grain that are added up."""
        if grain == "minute":
            return self.minute_sums
        return (*self.sums, ESTIMATED) if self.counts_bytes else self.sums

    def columns(self, grain: str) -> tuple[str, ...]:
        """Columns of a grain that hold measures, in the order of its table."""
        return (*self.added(grain), *self.peaks, *self.sketches)

    def table(self, grain: str) -> str:
        """The table of a grain; its time is in a column of the grain's name."""
        return f"{self.name}_{grain}"

    def view(self, grain: str) -> str:
        """The view of a grain: subjects by their dimensions; `grain` may be "month", too."""
        return f"{self.name}_by_{grain}"

    @property
    def subjects(self) -> str:
        """The table of the meter's subjects: their dimensions, and the meter's own columns."""
        return f"{self.name}_subject"

    @property
    def secrets(self) -> str:
        """The table of what no copy of the ledger may hold; most meters have none."""
        return f"{self.name}_secret"

    @property
    def movable(self) -> str:
        """The table of usage that a step of the clock may still move, and that shares its slots."""
        return f"{self.name}_movable"


INTERFACE = MeterSpec(
    name="interface",
    dimensions=("device",),
    sums=(
        "receive_bytes",
        "transmit_bytes",
        "receive_packets",
        "transmit_packets",
        "receive_errors",
        "transmit_errors",
        "receive_drops",
        "transmit_drops",
    ),
    peaks=("peak_receive_speed", "peak_transmit_speed", "peak_speed"),
    facts=("counted", "uplink"),
    minute_sums=("receive_bytes", "transmit_bytes"),
    has_history=True,
)
"""Bytes, packets, errors and drops by network interface, and peak speeds in bytes per second."""

APPLICATION = MeterSpec(
    name="application",
    dimensions=("application", "scope", "protocol"),
    sums=(
        "receive_bytes",
        "transmit_bytes",
        "receive_packets",
        "transmit_packets",
        "tunnel_receive_bytes",
        "tunnel_transmit_bytes",
    ),
    minute_sums=("receive_bytes", "transmit_bytes"),
    has_periods=True,
    fold_days=400,
    most_gone=4096,
    lasting=("scope", "protocol"),
)
"""Bytes and packets by application, scope of the peer's address, and protocol (tcp, udp, icmp, other).

Tunnel bytes are those of the bytes that went through a tunnel: its own packets carry them again, and count as they do.
A program that runs once a year has its name in that year's report: a subject stays for 400 days, as quarter hours do.
An application has four or five; a hundred busy ones and a year's changes among them are within 4,096.
"""

OWN_SERVICE = "netledger"
"""The service that netledger's own requests are those of."""

ALL = "(all)"
"""Dimensions of the request subjects that hold a sketch of times, and no sums: see REQUEST."""

REQUEST = MeterSpec(
    name="request",
    dimensions=("service", "method", "route", "code"),
    sums=("requests", "errors", "request_bytes", "response_bytes", "timed_requests", "duration_microseconds"),
    peaks=("longest_microseconds", "shortest_complement"),
    sketches=("duration_sketch",),
    most_subjects=20_000,
    fold_days=400,
    most_gone=20_000,
    lasting=("service", "method", "code"),
    is_of_events=True,
)
"""Requests by service, method, route and status code; errors are those of 400 to 599.

`timed_requests` have a time, as a line of a log may not; `duration_microseconds` is their sum. A minimum is kept as a
maximum: COMPLEMENT less the shortest time (0: none). Sketches of times are kept by route and by service, since those
by code would make the quantiles of a month five times as slow: in the subjects (service, method, route, ALL) and
(service, ALL, ALL, ALL), whose sums are 0. When a route is folded, its sketches stay those of its service and method.
"""

COMPLEMENT = 2**47 - 1
"""Microseconds: four years, longer than any request, in six bytes."""

LOOPBACK, LAN, INTERNET = BUILT_IN_SCOPES = ("loopback", "lan", "internet")
"""Scopes by the peer's address; others are the networks that the settings name. Loopback is in no total."""

NET_BYTES = ("net_receive_bytes", "net_transmit_bytes")
"""Bytes less those that a tunnel's own packets carry again: each byte of the wire once. Read, never stored."""

SPECS = (INTERFACE, APPLICATION, REQUEST)


def key_text(dimensions: Sequence[str]) -> str:
    """A subject's key in the ledger: its dimension, or a JSON array where there are several."""
    return dimensions[0] if len(dimensions) == 1 else json.dumps(dimensions, ensure_ascii=False)


def key_of(text: str, spec: MeterSpec) -> tuple[str, ...]:
    """The dimensions of a key in the ledger."""
    return (text,) if len(spec.dimensions) == 1 else tuple(json.loads(text))
