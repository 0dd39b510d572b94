"""Group commit: events of a meter are posted as soon as they come, and those that come meanwhile go with the next."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from exporter.service.log_following import follow_logs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from exporter.ledger.writing.poster import Poster
    from exporter.metering.sampler import Sampler
    from exporter.meters.registry import OpenedMeter
    from exporter.meters.requests.logs.following import LogFollower
    from exporter.service.wiring import Parts

RETRY_SECONDS = 1.0
LONGEST_PAUSE, STEP_SECONDS = 0.02, 0.001
"""Seconds before a posting in which more and more come: fewer commits, each with more events.

Four clients that send batches and wait for each share every commit: the first to come again is not posted alone.
"""

USUAL_GARBAGE, CROWDED_GARBAGE = gc.get_threshold(), 10_000
"""Objects after which Python looks for cycles: in a crowd more, as nearly none of an event's is in one.

1,000 requests in batches take a tenth less CPU so; at rest it would cost a service that shows pages 1 MB.
"""


@runtime_checkable
class EventSource(Protocol):
    """A source that somebody waits for: it calls `on_wanted` where something wants a commit."""

    on_wanted: Callable[[], object]

    def note_failed(self) -> None:
        """The ledger cannot be written now."""


class GroupCommit:
    """Posts one meter alone: the other meters' samples and postings go on in their own time."""

    def __init__(
        self,
        meter: str,
        source: EventSource,
        sampler: Sampler,
        poster: Poster,
        commit_all: Callable[[], Awaitable[bool]],
    ) -> None:
        """`commit_all` posts every meter, as is needed after a clock was set."""
        self._meter, self._source, self._sampler, self._poster = meter, source, sampler, poster
        self._commit_all = commit_all
        self._wanted = asyncio.Event()
        self._now = asyncio.get_running_loop().time
        self._arrivals = self._crowd = 0  # of the next posting, and of the last one
        source.on_wanted = self._want

    async def run(self) -> None:
        """Post when something wants it, one posting after the other."""
        try:
            while True:
                await self._wanted.wait()
                await self._gather()
                if not await self._post():
                    self._source.note_failed()
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            gc.set_threshold(*USUAL_GARBAGE)

    def _want(self) -> None:
        self._arrivals += 1
        self._wanted.set()

    async def _gather(self) -> None:
        """All that is to go with the next posting: where several came for the last one, those who come now, too."""
        was_crowd = self._crowd > 1
        if was_crowd:
            await self._let_join(self._now() + LONGEST_PAUSE)
        self._crowd, self._arrivals = self._arrivals, 0
        self._wanted.clear()
        if was_crowd is not (self._crowd > 1):
            gc.set_threshold(USUAL_GARBAGE[0] if was_crowd else CROWDED_GARBAGE, *USUAL_GARBAGE[1:])

    async def _let_join(self, latest: float) -> None:
        """Several came for the last posting: let more join this one, while they come."""
        seen = -1
        while seen != self._arrivals and self._now() < latest:
            seen = self._arrivals
            await asyncio.sleep(STEP_SECONDS)

    async def _post(self) -> bool:
        self._sampler.sample_only(self._meter)
        if self._sampler.changes:
            return await self._commit_all()
        return await self._poster.post(frozenset({self._meter}))


def group_commits(meters: Sequence[OpenedMeter], parts: Parts) -> list[GroupCommit | LogFollower]:
    """One for each meter of events, and what follows logs for it."""
    commits = [
        GroupCommit(each.kind.spec.name, each.source, parts.sampler, parts.poster, parts.commit)
        for each in meters
        if isinstance(each.source, EventSource)
    ]
    return [*commits, *follow_logs(parts.context.settings.requests, (each.source for each in meters))]
