"""The section of the interface meter: a table whose cells move with each frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.metering.totals import ZERO
from exporter.meters.interfaces.state import interface, interfaces_of
from reports.ledger.interface_names import interface_label
from reports.ledger.reader import NO_BYTES
from reports.text.amounts import human_bits, human_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.web.page.facts import PageFacts
    from exporter.web.page.meter_section import Cells


class InterfaceRow(NamedTuple):
    """One interface of the table; `cells` move. `label` has its alias, too; `imported` are bytes of its lifetime."""

    name: str
    label: str
    is_counted: bool
    is_there: bool
    is_down: bool
    kind: str
    link: str
    cells: Cells
    imported: int


def cells(snapshot: Snapshot, totals: Totals, day: date) -> dict[str, Cells]:
    """Receive and transmit speed, today's bytes and all bytes of each interface, by name."""
    found: dict[str, Cells] = {}
    for state in interfaces_of(snapshot).interfaces:
        subject, ever = interface(state.name), state.lifetime
        today, imported = totals.of(subject).to_date("day", day), totals.imported.by_subject.get(subject, ZERO)
        found[state.name] = (
            human_bits(state.rates.receive),
            human_bits(state.rates.transmit),
            human_bytes(today.receive + today.transmit),
            human_bytes(ever.receive_bytes + ever.transmit_bytes + sum(imported)),
        )
    return found


def rows(snapshot: Snapshot, moving: Mapping[str, Cells], facts: PageFacts) -> Iterator[InterfaceRow]:
    """Counted interfaces first, then those that are there, by name."""
    ordered = sorted(
        interfaces_of(snapshot).interfaces, key=lambda state: (not state.is_counted, state.link is None, state.name)
    )
    for state in ordered:
        link = state.link
        speed = human_bits(link.speed).replace(".00 ", " ") if link and link.speed else ""
        is_down = link is not None and not link.is_up
        kind = link.kind if link else "gone"
        is_there = link is not None and not is_down
        label = interface_label(state.name, facts.aliases)
        facts_of_it = (state.is_counted, is_there, is_down, kind, speed, moving[state.name])
        brought = facts.imported.get(state.name, NO_BYTES).total
        yield InterfaceRow(state.name, label, *facts_of_it, brought)
