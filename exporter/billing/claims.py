"""Thresholds of plans that machines share: rows of the mirror say which machine tells one, so that one alone does.

The rows of a threshold are only ever added, so that a machine's login needs no right to change those of others: its
own name ("80") by the first machine that gets there, "80 again 1" by one that takes over from a machine which has told
nothing for long, and "80 told" once its receivers have the notice.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    IsClosedWithin = Callable[[float], Awaitable[bool]]

log = logging.getLogger(__name__)

PREFIX = "hosts:"
PAUSE_SECONDS = 60.0
"""Between two looks at the mirror while a notice waits."""

PATIENCE_SECONDS = 600.0
"""A machine that has not told for so long, while the mirror could be read, is taken for gone. Longer than all attempts
at delivery take."""


class Claim(NamedTuple):
    """The threshold of a plan: its name in the mirror, the number of its cycle's first day, and the percentage."""

    plan: str
    cycle: int
    what: str

    @property
    def key(self) -> str:
        """The key of its notices in the outbox."""
        return f"{PREFIX}{self.cycle}:{self.what}:{self.plan}"


def claim_of(key: str) -> Claim | None:
    """The claim of a notice's key; None for one that this machine tells without asking."""
    if not key.startswith(PREFIX):
        return None
    cycle, what, plan = key.removeprefix(PREFIX).split(":", 2)
    return Claim(plan, int(cycle), what)


class NoticeRows(Protocol):
    """The mirror's rows of notices; raises OSError while it is away."""

    async def read(self, claim: Claim) -> Mapping[str, str]:
        """The rows of a threshold: which machine added each."""

    async def add(self, claim: Claim, what: str) -> bool:
        """Add a row for this machine; False if there is one."""


class Claims:
    """Decides for the machine `own` (its ledger's id) which notices it tells; without rows all of them."""

    def __init__(
        self,
        rows: NoticeRows | None = None,
        own: str = "",
        *,
        pause: float = PAUSE_SECONDS,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._rows, self._own, self._pause, self._patience = rows, own, pause, patience

    async def is_ours(self, claim: Claim, is_closed_within: IsClosedWithin) -> bool | None:
        """True once this machine is to tell, False once another has; None if the service stops before.

        While the mirror is away, the notice waits.
        """
        if self._rows is None:
            return True
        holder, since = "", time.monotonic()
        while True:
            try:
                found = await self._rows.read(claim)
                if _delivered(claim) in found:
                    return False
                last = _last(claim, found)
                if last and found[last] == self._own:
                    return True
                if last != holder:
                    holder, since = last, time.monotonic()
                is_free = not last or time.monotonic() - since >= self._patience
                if is_free and await self._rows.add(claim, _next(claim, found)):
                    return True
            except OSError as error:
                holder = ""  # whether the holder has told meanwhile cannot be known
                log.info("the notice of %s %% of plan %s waits for the mirror: %s", claim.what, claim.plan, error)
            if await is_closed_within(self._pause):
                return None

    async def note_delivery(self, claim: Claim, is_closed_within: IsClosedWithin) -> bool:
        """Note that the receivers have it; False if the service stops before that is possible."""
        while self._rows is not None:
            try:
                await self._rows.add(claim, _delivered(claim))
            except OSError as error:
                log.info("a notice of plan %s was told; the mirror cannot say so yet: %s", claim.plan, error)
                if await is_closed_within(self._pause):
                    return False
            else:
                break
        return True


def _delivered(claim: Claim) -> str:
    return f"{claim.what} told"


def _last(claim: Claim, found: Mapping[str, str]) -> str:
    """The newest row that takes a threshold; empty if there is none."""
    number = _takings(claim, found)
    return "" if not number else claim.what if number == 1 else _again(claim, number - 1)


def _next(claim: Claim, found: Mapping[str, str]) -> str:
    number = _takings(claim, found)
    return _again(claim, number) if number else claim.what


def _takings(claim: Claim, found: Mapping[str, str]) -> int:
    return sum(what != _delivered(claim) for what in found)


def _again(claim: Claim, number: int) -> str:
    return f"{claim.what} again {number}"
