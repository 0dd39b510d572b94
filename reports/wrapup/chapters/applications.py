"""Applications: who moved most, where to, and what no application was credited with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.calendar.days import day_of
from reports.charts.share import Piece, share_bar
from reports.ledger.imported import SEPARATOR
from reports.ledger.shape import LOOPBACK
from reports.text.amounts import human_bytes, signed
from reports.text.dates import long_date
from reports.wrapup.chapters.chapter import Bar, Chapter, Fact, amount, bidi_markup, counted, percent, plain, unbroken
from reports.wrapup.chapters.imported import imported_mark

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.usage.applications import Applications, ApplicationUsage
    from reports.wrapup.wrapup import WrapUp

MOST = 10


def applications(wrapup: WrapUp) -> Chapter | None:
    """None where no application moved anything beyond loopback."""
    found = wrapup.export.applications
    busy = [row for row in found.applications if row.bytes.total] if found else []
    if found is None or not busy:
        return None
    return Chapter(
        "applications",
        "Applications",
        _lead(busy[0], found),
        facts=tuple(_scopes(found)),
        bars=tuple(_bars(busy[:MOST], found)),
        notes=tuple(_notes(wrapup, found, len(busy) - MOST)),
    )


def _lead(first: ApplicationUsage, found: Applications) -> Markup:
    part = percent(first.bytes.total, found.whole.total)
    return Markup("{} moved most: {}, {} of what applications moved.").format(
        bidi_markup(first.name), amount(first.bytes.total), part
    )


def _scopes(found: Applications) -> Iterator[Fact]:
    """Without loopback, which is in no total."""
    for scope, used in found.scopes.items():
        if scope != LOOPBACK:
            yield Fact(scope, amount(used.total), percent(used.total, found.total.total))


def _bars(rows: Sequence[ApplicationUsage], found: Applications) -> Iterator[Bar]:
    most = rows[0].bytes.total
    for row in rows:
        pieces = (Piece("receive", row.bytes.received, "received"), Piece("transmit", row.bytes.sent, "sent"))
        drawing = share_bar(pieces, title=f"\N{FIRST STRONG ISOLATE}{plain(row.name)}", whole=most)
        part = percent(row.bytes.total, found.whole.total)
        text = f"{amount(row.bytes.total)} · {part}{imported_mark(row.imported_bytes, row.bytes.total)}"
        yield Bar(bidi_markup(row.name), drawing, text)


def _notes(wrapup: WrapUp, found: Applications, left_out: int) -> Iterator[str | Markup]:
    if left_out > 0:
        yield f"{counted(left_out, 'more application', 'more applications')} moved less."
    if found.imported.total:
        sources = SEPARATOR.join(sorted({source for row in found.applications for source in row.imported_from}))
        yield Markup("{} are imported: they are estimates of {}, and in no total of the machine.").format(
            amount(found.imported.total), bidi_markup(sources)
        )
    if not wrapup.export.has_bytes:
        return
    missing = unbroken(signed(human_bytes, found.account.unattributed.total))
    yield f"{missing} of the counted interfaces' bytes are attributed to no application."
    if found.account.unattributed.total < 0:
        whose = "a machine" if wrapup.export.host.hosts else "this machine"
        yield f"It is less than nothing where applications of {whose} talked past its counted interfaces."
    if found.tunnel.total:
        yield f"{amount(found.tunnel.total)} went through a tunnel, whose own packets count once more as the tunnel's."
    if found.began is not None and found.began > wrapup.span.start:
        day = long_date(day_of(found.began, wrapup.export.zone))
        yield f"Applications are measured since {day}; what moved before is attributed to none."
