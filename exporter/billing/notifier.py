"""Notices of crossed thresholds: each is delivered once, and attempted again until its receiver takes it."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING, Literal, TypeAlias

from exporter.billing.claims import Claims, claim_of
from exporter.billing.delivery import TIMEOUT_SECONDS, WAYS, DeliveryError, deliver
from exporter.billing.messages import subject_of, threshold_of
from exporter.billing.outbox import DELIVERED, Notice
from exporter.settings.plans.notify import Notify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping

    from exporter.billing.claims import Claim
    from exporter.billing.outbox import Outbox, OutboxState

log = logging.getLogger(__name__)

End: TypeAlias = Literal["taken", "given up", "stopped"]
TAKEN: End = "taken"
GIVEN_UP: End = "given up"
STOPPED: End = "stopped"
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 2.0
"""Doubled after each failed attempt: 2, 4, 8 and 16 seconds."""

GRACE_SECONDS = 2.0
"""For an attempt that runs at a stop: cut short, the next service would make it again."""

RECORDING_SECONDS = 60.0
"""Between attempts to write to a ledger that cannot be written."""


class Notifier:
    """Delivers the notice of each threshold once, in tasks of its own.

    A notice leaves the outbox when it was taken, or given up after all attempts. After a crash in between, the next
    service delivers it again. That of a plan which machines share is delivered by the one that `claims` decide for.
    """

    def __init__(
        self,
        outbox: Outbox,
        claims: Claims | None = None,
        /,
        *,
        first_pause: float = FIRST_PAUSE_SECONDS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        recording_seconds: float = RECORDING_SECONDS,
    ) -> None:
        """Call `resume` before the first notice."""
        self._outbox, self._first_pause, self._timeout = outbox, first_pause, timeout_seconds
        self._recording_seconds, self._claims = recording_seconds, claims or Claims()
        self._crossed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closing = asyncio.Event()

    def resume(self, state: OutboxState, notify_of: Callable[[Mapping[str, object]], Notify | None]) -> None:
        """Go on where an earlier service stopped; `notify_of` gives the receivers of a message."""
        self._crossed |= state.crossed
        shared: dict[Claim, list[Notice]] = {}
        for notice in state.pending:
            if (claim := claim_of(notice.key)) is not None:
                shared.setdefault(claim, []).append(notice)
            else:
                self._begin(self._deliver(notice, notify_of(notice.message) or Notify()))
        for claim, notices in shared.items():
            self._begin(self._share(claim, notices, notify_of(notices[0].message) or Notify()))

    def notify_once(self, *, key: str, notify: Notify, message: Mapping[str, object]) -> bool:
        """Begin to deliver the message, unless the threshold `key` was crossed before; True if it was not."""
        if key in self._crossed:
            return False
        self._crossed.add(key)
        self._begin(self._notify(key, [Notice(key, way, message) for way in WAYS if getattr(notify, way)], notify))
        return True

    async def close(self) -> None:
        """Stop; attempts that run get GRACE_SECONDS to end."""
        self._is_closing.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=GRACE_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _notify(self, key: str, notices: list[Notice], notify: Notify) -> None:
        claim = claim_of(key)
        try:
            await self._outbox.add(key, notices)
        except (sqlite3.Error, OSError) as error:
            # Twice after a restart is better than never: a full disk is no reason to overrun a cap in silence.
            log.warning("a notice of a plan cannot be recorded in the ledger yet: %s", error)
            if claim is None:
                await asyncio.gather(*(self._attempts(notice, notify) for notice in notices))
            elif notices:
                await self._share(claim, notices, notify)
            await self._until_recorded(lambda: self._outbox.add(key, ()))
        else:
            if claim is None:
                await asyncio.gather(*(self._deliver(notice, notify) for notice in notices))
            elif notices:
                await self._share(claim, notices, notify)

    async def _share(self, claim: Claim, notices: list[Notice], notify: Notify) -> None:
        """Deliver, if no other machine does; that it is delivered is noted in the ledger first, then in the mirror."""
        waiting = [notice for notice in notices if notice.way != DELIVERED]
        delivered = Notice(claim.key, DELIVERED, notices[0].message)
        if len(waiting) == len(notices):
            is_ours = await self._claims.is_ours(claim, self._is_closed_within)
            if is_ours is None:
                return
            if not is_ours:
                log.info("another machine has told %s", threshold_of(delivered.message))
                await asyncio.gather(*(self._remove(notice) for notice in waiting))
                return
        ends = await asyncio.gather(*(self._attempts(notice, notify) for notice in waiting))
        # Given up by every way it is not told: another machine, whose receivers may take it, will.
        if STOPPED in ends or (waiting and TAKEN not in ends):
            over = [notice for notice, end in zip(waiting, ends, strict=True) if end != STOPPED]
            await asyncio.gather(*(self._remove(notice) for notice in over))
            return
        await self._until_recorded(lambda: self._outbox.settle(waiting, delivered))
        if await self._claims.note_delivery(claim, self._is_closed_within):
            await self._remove(delivered)

    async def _deliver(self, notice: Notice, notify: Notify) -> None:
        if await self._attempts(notice, notify) != STOPPED:
            await self._remove(notice)

    async def _remove(self, notice: Notice) -> None:
        await self._until_recorded(lambda: self._outbox.remove(notice))

    async def _until_recorded(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
            except (sqlite3.Error, OSError) as error:
                log.warning("a delivered notice of a plan cannot be recorded in the ledger yet: %s", error)
                if await self._is_closed_within(self._recording_seconds):
                    return
            else:
                return

    async def _attempts(self, notice: Notice, notify: Notify) -> End:
        """Attempt until the notice is taken or given up, or a stop leaves it to the next service."""
        way, message, pause = notice.way, notice.message, self._first_pause
        if not getattr(notify, way):
            log.warning("the settings have no receiver any more for a notice of %s", subject_of(message))
            return GIVEN_UP
        subject = threshold_of(message)
        for number in range(1, ATTEMPTS + 1):
            try:
                await deliver(way, notify, message, self._timeout)
            except DeliveryError as error:
                log.warning(
                    "the %s did not take the notice of %s (attempt %d of %d): %s", way, subject, number, ATTEMPTS, error
                )
            else:
                log.info("the %s took the notice of %s", way, subject)
                return TAKEN
            if number < ATTEMPTS and await self._is_closed_within(pause):
                return STOPPED
            pause *= 2
        return GIVEN_UP

    async def _is_closed_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._is_closing.wait(), seconds)
        except TimeoutError:
            return False
        return True
