"""Requests that services report to a running service, for tests that read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.exporter.web.running_service import RunningService


class Keys(NamedTuple):
    """Headers with the keys of a service."""

    ingest: Mapping[str, str]
    read: Mapping[str, str]
    both: Mapping[str, str]


async def new_keys(service: RunningService, name: str) -> Keys:
    """New keys of a service."""
    return Keys(*[await _new_key(service, name, right) for right in Keys._fields])


async def report(service: RunningService, keys: Keys, *rows: Mapping[str, Any]) -> None:
    """Report requests of now: GETs of /items/7 that take 1.5 ms, as far as the rows do not say otherwise."""
    usual = {"method": "GET", "endpoint": "/items/7", "status_code": 200, "ip": "192.0.2.7", "process_time": 1.5}
    events = [{"created_at": at(service), **usual, **row} for row in rows]
    told = await service.ask("/api/requests/track", "POST", headers=keys.ingest, json={"events": events})
    assert (told.status, told.json["refused"]) == (200, []), told.text


def at(service: RunningService, before: float = 0) -> str:
    """The instant so many seconds ago."""
    return datetime.fromtimestamp(service.machine.seconds - before, UTC).isoformat()


async def _new_key(service: RunningService, name: str, right: str) -> dict[str, str]:
    told = await service.ask(f"/api/requests/keys?service={name}&right={right}", "POST")
    assert told.status == 200, told.text
    return {"X-API-Key": told.json["key"]}
