"""What is read from the ledger, as typed values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence  # noqa: TC003 - msgspec reads the types of what goes out as JSON
from typing import NamedTuple


class Bytes(NamedTuple):
    """What was moved: bytes received and sent, how many of them are estimated, the peak speed (bytes per second)."""

    received: int = 0
    sent: int = 0
    estimated: int = 0
    peak_speed: int = 0

    @property
    def total(self) -> int:
        """Received and sent together."""
        return self.received + self.sent

    def plus(self, other: Bytes) -> Bytes:
        """Both together; the peak is the higher one."""
        return Bytes(
            self.received + other.received,
            self.sent + other.sent,
            self.estimated + other.estimated,
            max(self.peak_speed, other.peak_speed),
        )


NO_BYTES = Bytes()
BYTES = ("receive_bytes", "transmit_bytes", "estimated_bytes", "peak_speed")
"""The columns of the ledger that are read as `Bytes`."""


def add_up(amounts: Iterable[Bytes]) -> Bytes:
    """The sum; its peak is the highest."""
    total = NO_BYTES
    for amount in amounts:
        total = total.plus(amount)
    return total


class UnpostedRow(NamedTuple):
    """Usage of one subject in one slot or minute (`started`, UTC seconds) that posting number `posting` will bring.

    `amounts` are the sums of the meter's spec, `peaks` and `sketches` its others; empty ones stand for none.
    """

    posting: int
    meter: str
    key: tuple[str, ...]
    is_counted: bool
    started: int
    amounts: tuple[int, ...]
    estimated_bytes: int = 0
    peaks: tuple[int, ...] = ()
    sketches: tuple[bytes, ...] = ()


class Unposted(NamedTuple):
    """Rows that a running service has counted and not committed yet."""

    slots: Sequence[UnpostedRow] = ()
    minutes: Sequence[UnpostedRow] = ()


ALL_POSTED = Unposted()


class Interface(NamedTuple):
    """One interface of the ledger with its lifetime, and the imported part of that; times are UTC seconds."""

    device: str
    is_counted: bool
    is_uplink: bool
    first_seen: int
    last_seen: int
    bytes: Bytes
    imported: Bytes = NO_BYTES


class Gap(NamedTuple):
    """A stretch in which a meter did not sample (UTC seconds); `bytes` were counted across it."""

    began: int
    ended: int
    cause: str
    bytes: int


class Incident(NamedTuple):
    """Something out of the ordinary that the ledger remembers."""

    at: int
    subject: str
    what: str
    bytes: int
    detail: str


class Epoch(NamedTuple):
    """One counter's life as the audit needs it; pairs are (received, sent) bytes."""

    device: str
    is_counted: bool
    epoch: str
    began_at: int
    read_at: int
    counts: tuple[int, int]
    base: tuple[int, int]
    ledger: tuple[int, int]
    discarded: tuple[int, int]


class RowCounts(NamedTuple):
    """Numbers of rows of all meters, and the oldest and newest minute (UTC seconds; None without one)."""

    minutes: int
    slots: int
    days: int
    months: int
    oldest: int | None
    newest: int | None
