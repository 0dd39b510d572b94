"""JSON of applications now: speeds between the last two samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from reports.formats.shapes import Answer, ByteCount, Usage, human

if TYPE_CHECKING:
    from reports.ledger.reader import Bytes


class BytesPerSecond(Answer):
    """Speeds in bytes per second, under the names that amounts have."""

    bytes_sent: ByteCount
    bytes_received: ByteCount
    total_bytes: ByteCount


class LiveApplication(BytesPerSecond):
    """One application now; its loopback traffic is among `scopes` alone."""

    application: str
    scopes: dict[str, BytesPerSecond]


class LiveUsage(Usage):
    """Speeds of the machine or of some interfaces; `applications` are the busiest ones, where they are measured."""

    applications: list[LiveApplication] | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(cls, moved: Bytes, applications: list[LiveApplication] | msgspec.UnsetType = msgspec.UNSET) -> LiveUsage:
        """Shape speeds of interfaces, with those of applications."""
        return cls(
            bytes_sent=moved.sent,
            bytes_received=moved.received,
            total_bytes=moved.total,
            human_readable=human(moved),
            applications=applications,
        )


class LiveApplications(Answer):
    """Every application that moves, the fastest first.

    `backend` is how they are measured: "none" where they are not, and then `reason` says why. `limits` are sentences on
    what that way does not see.
    """

    backend: str
    reason: str
    limits: list[str]
    applications: list[LiveApplication]


def bytes_per_second(receive: int, transmit: int) -> BytesPerSecond:
    """Shape a pair of speeds."""
    return BytesPerSecond(bytes_sent=transmit, bytes_received=receive, total_bytes=receive + transmit)
