"""Groups as the settings have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.mirror.address import parse_address
from exporter.mirror.connecting import connect
from exporter.mirror.faults import fault_of
from exporter.mirror.group.groups import Groups, MirrorAccess
from exporter.mirror.plan_notices import PlanNotices

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event
    from zoneinfo import ZoneInfo

    from exporter.settings.tree import Settings
    from reports.ledger.host import Host


def open_groups(
    settings: Settings,
    own: Host,
    zone: Callable[[], ZoneInfo],
    now: Callable[[], float],
    may_be_read: Event | None = None,
) -> Groups | None:
    """The groups of a ledger's machine; None without a mirror. The driver is loaded by the first question."""
    mirror = settings.mirror
    if mirror.url is None:
        return None
    address = parse_address(mirror.url)
    return Groups(
        ledger=settings.ledger.path,
        own=own if mirror.name is None else own._replace(name=mirror.name),
        zone=zone,
        now=now,
        mirror=MirrorAccess(mirror.schema, lambda: connect(address), lambda error: fault_of(error).text, may_be_read),
        interval=mirror.interval,
    )


def open_notices(settings: Settings, own: Host) -> PlanNotices | None:
    """The rows that say which machine tells a threshold of a shared plan; None without a mirror."""
    mirror = settings.mirror
    if mirror.url is None:
        return None
    address = parse_address(mirror.url)
    return PlanNotices(lambda: connect(address), mirror.schema, own.id)
