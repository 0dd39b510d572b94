"""The audit: does the ledger hold what the kernel's counters say, to the byte?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.ledger.reader import Gap, Incident, LedgerReader

Pair = tuple[int, int]
"""Bytes (received, sent)."""


CONTINUED_ELSEWHERE = "renamed/"
"""How the ledger marks a counter that goes on under another name: that one's line accounts for it."""


IN_DOUBT = "in doubt"
"""What the ledger calls an incident where a counter's step could have been another than the one that is counted."""


class KernelCounter(NamedTuple):
    """What the kernel says now about one interface: its epoch and its byte counters."""

    epoch: str
    counts: Pair


class AuditLine(NamedTuple):
    """One interface: kernel and ledger since the same instant. `difference` is what neither explains.

    `kernel` is what the counter gained since the epoch began, until the last reading that is in the ledger;
    `waiting` is what it has gained since (None if the counter of that epoch is no longer there).
    """

    device: str
    is_counted: bool
    since: int
    kernel: Pair
    ledger: Pair
    discarded: Pair
    waiting: int | None

    @property
    def difference(self) -> int:
        """Bytes, both directions without regard to sign."""
        sides = zip(self.kernel, self.ledger, self.discarded, strict=True)
        return sum(abs(kernel - ledger - discarded) for kernel, ledger, discarded in sides)


class Audit(NamedTuple):
    """All interfaces, gaps across which bytes were counted without being watched, and steps that could be others."""

    lines: list[AuditLine]
    gaps: list[Gap]
    doubts: list[Incident]

    @property
    def difference(self) -> int:
        """The sum over all interfaces."""
        return sum(line.difference for line in self.lines)


def audit(ledger: LedgerReader, kernel: Mapping[str, KernelCounter], now: float) -> Audit:
    """Compare every epoch that the ledger remembers; ask it within `at_one_moment`, with nothing unposted."""
    lifetimes = {interface.device: interface.bytes for interface in ledger.interfaces()}
    lines = []
    for epoch in ledger.epochs():
        if epoch.epoch.startswith(CONTINUED_ELSEWHERE):
            continue
        lifetime = lifetimes[epoch.device]
        counter = kernel.get(epoch.device)
        waiting = None
        if counter is not None and counter.epoch == epoch.epoch:
            waiting = sum(counter.counts) - sum(epoch.counts)
        lines.append(
            AuditLine(
                device=epoch.device,
                is_counted=epoch.is_counted,
                since=epoch.began_at,
                kernel=(epoch.counts[0] - epoch.base[0], epoch.counts[1] - epoch.base[1]),
                ledger=(lifetime.received - epoch.ledger[0], lifetime.sent - epoch.ledger[1]),
                discarded=epoch.discarded,
                waiting=waiting,
            )
        )
    since = min((line.since for line in lines), default=int(now))
    began = {line.device: line.since for line in lines}
    doubts = [
        incident
        for incident in ledger.incidents()
        if incident.what == IN_DOUBT and incident.at >= began.get(incident.subject, now + 1)
    ]
    return Audit(lines, ledger.gaps(since, int(now) + 1), doubts)
