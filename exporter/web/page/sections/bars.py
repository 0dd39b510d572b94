"""Bars of the page: how much of a plan's cap is used, and what was received of everything ever moved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reports.charts.share import Gauge, Piece, cap_gauge, share_bar
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from markupsafe import Markup

    from reports.billing.status import PlanStatus
    from reports.ledger.reader import Bytes


class Shares(NamedTuple):
    """Received and sent bytes with their shares, and the bar of both."""

    bar: Markup
    received: str
    sent: str


def plan_gauge(status: PlanStatus, now: int) -> Markup | str:
    """The gauge of a plan at `now` (UTC seconds); empty without a cap."""
    cycle, used, cap = status.cycle, status.used, status.cap
    if cap is None:
        return ""
    expected = status.forecast and status.forecast.expected
    title = f"{human_bytes(used)} of {human_bytes(cap)} used"
    if expected is not None:
        title += f", {human_bytes(expected)} expected"
    elapsed = (now - cycle.start) / (cycle.end - cycle.start)
    return cap_gauge(Gauge(used, cap, expected, elapsed), title=title)


def direction_shares(moved: Bytes) -> Shares:
    """Shares in whole percent, which add up to 100; without them where nothing was moved."""
    received, sent = human_bytes(moved.received), human_bytes(moved.sent)
    if moved.total:
        percent = (200 * moved.received + moved.total) // (2 * moved.total)
        received, sent = f"{received} ({percent} %)", f"{sent} ({100 - percent} %)"
    pieces = (
        Piece("receive", moved.received, f"Received {received}"),
        Piece("transmit", moved.sent, f"Sent {sent}"),
    )
    return Shares(share_bar(pieces, title=f"Received {received}, sent {sent}"), received, sent)
