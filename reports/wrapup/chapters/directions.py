"""Down and up: what came in, what went out, and which interface, or which machine of a family, carried it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from reports.charts.share import Piece, share_bar
from reports.wrapup.chapters.chapter import RECEIVED_AND_SENT, Bar, Chapter, Figure, amount, bidi_markup, percent, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.export.export import InterfaceTotal
    from reports.wrapup.wrapup import WrapUp

MOST_INTERFACES = 12
EVEN = 1.25


def directions(wrapup: WrapUp) -> Chapter | None:
    """None where nothing moved."""
    total, export = wrapup.summary.total, wrapup.export
    if not total.total:
        return None
    received, sent = amount(total.received), amount(total.sent)
    pieces = (Piece("receive", total.received, f"received {received}"), Piece("transmit", total.sent, f"sent {sent}"))
    caption = f"{received} received, {sent} sent."
    figure = Figure(share_bar(pieces, title=caption), caption, RECEIVED_AND_SENT)
    interfaces = [one for one in export.interfaces if one.bytes.total]
    is_family = bool(export.host.hosts)
    bars = tuple(_bars(interfaces, is_family=is_family)) if export.device is None and len(interfaces) > 1 else ()
    link = wrapup.links and wrapup.links.interfaces(*wrapup.span, wrapup.export.devices)
    left_out = len(interfaces) - len(bars)
    notes = []
    if bars and any(not one.is_counted for one in interfaces):
        notes.append(
            "Tunnels, bridges and containers do not count on top: their bytes cross a counted interface already."
        )
    if bars and left_out:
        notes.append(f"{left_out} more {'machines' if is_family else 'interfaces'} moved less.")
    return Chapter("directions", "Down and up", _lead(wrapup), figures=(figure,), bars=bars, notes=notes, link=link)


def _lead(wrapup: WrapUp) -> str:
    total = wrapup.summary.total
    part = percent(total.received, total.total)
    low, high = sorted((total.received, total.sent))
    if not low:
        return "It all went one way."
    if high < EVEN * low:
        return f"Give and take: {part} came in, and nearly as much went out."
    times = high / low
    if total.received > total.sent:
        return f"For every byte that went out, {times:.1f} came in."
    return f"A giver: for every byte that came in, {times:.1f} went out."


def _bars(interfaces: list[InterfaceTotal], *, is_family: bool) -> Iterator[Bar]:
    """Each interface; of a family each machine, with its part of all of them."""
    most, together = max(one.bytes.total for one in interfaces), sum(one.bytes.total for one in interfaces)
    for one in sorted(interfaces, key=lambda one: (not one.is_counted, -one.bytes.total))[:MOST_INTERFACES]:
        pieces = (Piece("receive", one.bytes.received, "received"), Piece("transmit", one.bytes.sent, "sent"))
        drawing = share_bar(pieces, title=f"\N{FIRST STRONG ISOLATE}{plain(one.device)}", whole=most)
        counts = Markup("{}").format(bidi_markup(one.device)) if one.is_counted else _not_counted(one.device)
        part = f" · {percent(one.bytes.total, together)}" if is_family else ""
        yield Bar(counts, drawing, f"{amount(one.bytes.total)}{part}")


def _not_counted(device: str) -> Markup:
    return Markup("{} <small>within</small>").format(bidi_markup(device))
