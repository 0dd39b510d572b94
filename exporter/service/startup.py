"""What a service says of itself when it has started: address, ledger, meters, and what they do not see."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exporter.meters.applications.state import NO_BACKEND, applications_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.metering.snapshots import Snapshot
    from exporter.settings.tree import Settings


class StartFact(NamedTuple):
    """One fact: a text for people, and for a log its message with one field."""

    text: str
    message: str
    name: str
    value: str


def start_facts(settings: Settings, url: str, snapshot: Snapshot | None) -> Iterator[StartFact]:
    """The facts, the address first."""
    yield StartFact(f"netledger listens on {url}", "netledger listens", "address", url)
    path = str(settings.ledger.path.absolute())
    yield StartFact(f"ledger: {path}", "ledger", "path", path)
    if snapshot is None:
        return
    applications = applications_of(snapshot)
    ways = {} if applications is None else {"application": applications.backend}
    meters = [_meter(name, ways[name].name if name in ways else "") for name in snapshot.meters]
    yield StartFact(f"meters: {', '.join(meters)}", "meters", "meters", ", ".join(meters))
    for way in ways.values():
        for limit in way.limits:
            yield StartFact(f"not visible: {limit}", "not visible", "limit", limit)


def _meter(name: str, backend: str) -> str:
    if backend == NO_BACKEND:
        return f"{name} (not measured)"
    return f"{name} ({backend})" if backend else name
