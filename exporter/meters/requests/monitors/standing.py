"""How a monitor stands: failures in a row, and the outage that they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from exporter.meters.requests.monitors.probing import Probe

NOTE = "monitor:"
"""Prefix of the note of an outage that goes on, which survives a restart."""


class Outage(msgspec.Struct, frozen=True):
    """A monitor that is down since its first failure (UTC seconds), for the reason of the newest one."""

    began: int
    reason: str


class Standing(NamedTuple):
    """Failures in a row, when the first of them was, and the outage once there are enough."""

    misses: int = 0
    first_miss: int = 0
    outage: Outage | None = None

    def after(self, at: int, reason: str, most: int) -> Standing:
        """The standing after a check at `at`, which has failed for the reason ("": has not)."""
        if not reason:
            return Standing()
        first = self.outage.began if self.outage else self.first_miss or at
        misses = self.misses + 1
        is_down = self.outage is not None or misses >= most
        return Standing(misses, first, Outage(first, reason) if is_down else None)


class MonitorStatus(NamedTuple):
    """A monitor as answers and metrics have it; `checked_at` is UTC seconds, 0 before the first check.

    `certificate_ends` is that of the newest answer with one, in UTC seconds.
    """

    name: str
    standing: Standing = Standing()
    checked_at: int = 0
    probe: Probe | None = None
    certificate_ends: int | None = None
    certificate_days: int = 0

    @property
    def is_up(self) -> bool:
        """False in an outage."""
        return self.standing.outage is None

    @property
    def is_certificate_due(self) -> bool:
        """True where the certificate ends within the days of the settings."""
        ends, seconds = self.certificate_ends, self.certificate_days * 86_400
        return ends is not None and seconds > 0 and ends - self.checked_at < seconds


def held_outage(note: str) -> Outage | None:
    """The outage of a note; None for a note that is damaged, or none."""
    try:
        return msgspec.json.decode(note, type=Outage)
    except msgspec.MsgspecError:
        return None


def note_of(outage: Outage | None) -> str:
    """The note of an outage, "" for none."""
    return "" if outage is None else msgspec.json.encode(outage).decode()
