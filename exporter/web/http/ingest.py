"""From a door's handler to the intake: batches are answered when they are in the ledger, keys when they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from exporter.meters.requests.intake import BusyError, Intake, UnpostedError
from exporter.meters.requests.key_ring import KeyRing, key_batch
from exporter.web.http.responses import RefusedError
from reports.ledger.shape import REQUEST

if TYPE_CHECKING:
    from exporter.meters.requests.events import Batch
    from exporter.meters.requests.service_keys import ServiceKey
    from exporter.web.context import ServiceContext

ACKNOWLEDGE_SECONDS = 10.0
"""What a door waits for a commit at most."""

LATER = {"Retry-After": "5"}
UNPOSTED = "the ledger cannot be written now: what came is counted when it can; only a batch with an id may come again"


def intake_of(context: ServiceContext) -> Intake:
    """The intake of a service; raises RefusedError where it has no request meter."""
    source = context.sources.get(REQUEST.name)
    if not isinstance(source, Intake):
        raise RefusedError(503, "this service counts no requests")
    return source


def service_keys(context: ServiceContext) -> KeyRing:
    """The keys of services; none where the service has no request meter."""
    source = context.sources.get(REQUEST.name)
    return source.keys if isinstance(source, Intake) else KeyRing()


async def acknowledge(intake: Intake, batch: Batch) -> None:
    """Count a batch, and return when it is in the ledger; raises RefusedError with 429 or 503."""
    try:
        async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
            await intake.add(batch)
    except BusyError as error:
        raise RefusedError(429, "too many requests wait for a commit", {"Retry-After": str(error.seconds)}) from error
    except (UnpostedError, TimeoutError) as error:
        raise RefusedError(503, UNPOSTED, LATER) from error


async def keep_keys(intake: Intake, *keys: ServiceKey) -> None:
    """Put rows of keys into the ledger, then into use; raises RefusedError."""
    await acknowledge(intake, key_batch(*keys))
    intake.keys.put(*keys)
