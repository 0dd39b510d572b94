"""The section of the application meter: today's busiest applications, their share of it, where to, and speeds now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.speeds import is_measuring, live_applications
from reports.charts.share import Piece, share_bar
from reports.ledger.shape import LOOPBACK
from reports.text.amounts import human_bits, human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from markupsafe import Markup

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.page.facts import PageFacts
    from exporter.web.page.meter_section import Cells
    from reports.ledger.reader import Bytes
    from reports.usage.applications import Account, ApplicationUsage

MOST_SCOPES = 3
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
IDLE = human_bits(0)


class ApplicationRow(NamedTuple):
    """One application of the table; `cells` move. `scopes` is where its bytes went, in words.

    Of its `bytes` today, other programs have counted those that are `imported`.
    """

    name: str
    is_special: bool
    total: str
    share: str
    scopes: str
    bar: Markup
    cells: Cells
    bytes: int = 0
    imported: int = 0


def cells(snapshot: Snapshot, _totals: Totals, _day: date) -> dict[str, Cells]:
    """Receive and transmit speed of each application that moves, by name."""
    return {
        each.application: (human_bits(each.bytes_received), human_bits(each.bytes_sent))
        for each in live_applications(snapshot).applications
    }


def rows(snapshot: Snapshot, moving: Mapping[str, Cells], facts: PageFacts) -> Iterator[ApplicationRow]:
    """Today's busiest applications; none where applications are not measured."""
    found = facts.applications
    if found is None or not is_measuring(snapshot):
        return
    largest = max((each.bytes.total for each in found.applications), default=0)
    for each in found.applications:
        if each.bytes.total:
            yield _row(each, largest, found.total.total, moving.get(each.name, (IDLE, IDLE)))


def notes(snapshot: Snapshot, facts: PageFacts) -> Iterator[str]:
    """Sentences below the table: what no application was credited with, and what this way of measuring does not see."""
    found, backend = facts.applications, live_applications(snapshot)
    if found is not None and found.account.interfaces.total:
        yield _unattributed(found.account)
    yield from (f"Measured by {backend.backend}: {limit}." for limit in backend.limits)


def _unattributed(account: Account) -> str:
    whole, rest = account.interfaces.total, account.unattributed.total
    if rest < 0:
        return f"They moved {human_bytes(-rest)} more than the counted interfaces: between namespaces of this machine."
    share = _percent(rest, whole)
    return f"{human_bytes(rest)} ({share}) of what the counted interfaces moved is of no application."


def _row(used: ApplicationUsage, largest: int, whole: int, moving: Cells) -> ApplicationRow:
    moved = used.bytes
    received, sent = human_bytes(moved.received), human_bytes(moved.sent)
    pieces = (
        Piece("receive", moved.received, f"Received {received}"),
        Piece("transmit", moved.sent, f"Sent {sent}"),
    )
    return ApplicationRow(
        name=used.name,
        is_special=used.is_special,
        total=human_bytes(moved.total),
        share=_percent(moved.total, whole),
        scopes=_scope_text(used.scopes, moved.total),
        bar=share_bar(pieces, title=f"Received {received}, sent {sent}", whole=largest),
        cells=moving,
        bytes=moved.total,
        imported=used.imported_bytes,
    )


def _scope_text(scopes: Mapping[str, Bytes], whole: int) -> str:
    """Such as "internet 92 %, lan 8 %": without loopback, which is no part of the whole."""
    parts = [(name, moved.total) for name, moved in scopes.items() if name != LOOPBACK and moved.total]
    if len(parts) == 1:
        return parts[0][0]
    shown = [f"{name} {_percent(amount, whole)}" for name, amount in parts[:MOST_SCOPES]]
    return ", ".join(shown) + (f" and {len(parts) - MOST_SCOPES} more" if len(parts) > MOST_SCOPES else "")


def _percent(amount: int, whole: int) -> str:
    """Whole percent, halves up; "<1 %" of a little."""
    percent = (200 * amount + whole) // (2 * max(whole, 1))
    return f"{percent}{NARROW_SPACE}%" if percent or not amount else f"<1{NARROW_SPACE}%"
