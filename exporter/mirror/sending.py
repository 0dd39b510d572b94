"""A round of the mirror: finds out what it has, and sends what the ledger has posted since."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from exporter.ledger.upkeep.backups import COPIED
from exporter.ledger.writing.statements import MIRROR_TOKENS, REWRITTEN
from exporter.mirror.copying import Copy, Plan, Progress
from exporter.mirror.identity import TAKE_OVER, OtherLoginError, identity_of, new_run
from exporter.mirror.ledger_rows import LedgerRows, Sweep
from exporter.mirror.pushing import ChangedHostError, Pusher
from reports.ledger.reader import LedgerReader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any
    from uuid import UUID

    from exporter.mirror.copying import Known
    from exporter.mirror.identity import Identity
    from exporter.mirror.pushing import HostRow
    from reports.ledger.host import Host

NOTHING_YET = -1
"""The posting of a host of which no row is in the mirror for certain."""


class MirrorSource(NamedTuple):
    """The host, its machine's id, and how long its quarter hours are copied (None: as long as they are kept)."""

    host: Host
    machine_id: str
    slot_seconds: int | None = None


class Sent(NamedTuple):
    """What a round brought: rows, and up to when (UTC seconds) the mirror has what the ledger counted."""

    rows: int
    current_to: int


class Left(NamedTuple):
    """How a round has left the mirror: the host and its row, and what was known of the ledger."""

    host: UUID
    row: HostRow
    known: Known


class Sender:
    """Sends a ledger round by round. A round that failed is none: the next one finds out what the mirror has."""

    def __init__(
        self, source: MirrorSource, schema: str, put_state: Callable[[Mapping[str, str | None]], Awaitable[None]]
    ) -> None:
        """`put_state` writes rows of the ledger's table `state`, and deletes those whose value is None."""
        self._source, self._schema, self._put_state = source, schema, put_state
        self._left: Left | None = None
        self._posting = NOTHING_YET
        self._run = new_run()

    def rows_behind(self, ledger: sqlite3.Connection, touched_since: int) -> int:
        """The number of rows that the mirror lacks, as far as a round has seen what it has."""
        return LedgerRows(ledger).behind(Sweep(self._posting, touched_since, 0, is_whole=False))

    async def round(self, connection: Any, ledger: sqlite3.Connection, touched_since: int) -> Sent:
        """Bring the mirror up to the ledger's newest posting.

        `connection` is asyncpg's, `ledger` may be read-only. `touched_since` (UTC seconds): no row of before was
        changed since the last round that succeeded. Raises IdentityError, OtherLoginError, what the connections raise.
        """
        rows = LedgerRows(ledger)
        if COPIED in rows.states:  # a restored ledger has no generation of its own before its first posting
            return Sent(0, 0)
        identity = identity_of(rows.states, self._source.machine_id)
        left, self._left = self._left, None
        if left is not None and left.host == identity.host:
            # The mirror should be as this process has left it: that is not asked before, and a change is found out.
            pusher = Pusher(connection, self._schema, identity.host, left.row)
            with contextlib.suppress(ChangedHostError, OtherLoginError):
                return await self._send(pusher, ledger, rows, identity, left.known, touched_since)
            if pusher.row is left.row:  # the token is not in the mirror, unless a copy of this very process wrote it
                await self._put_state({MIRROR_TOKENS: identity.tokens.text})
        pusher = Pusher(connection, self._schema, identity.host)
        await pusher.read(identity.machine)
        return await self._send(pusher, ledger, rows, identity, None, 0)

    async def _send(
        self,
        pusher: Pusher,
        ledger: sqlite3.Connection,
        rows: LedgerRows,
        identity: Identity,
        known: Known | None,
        touched_since: int,
    ) -> Sent:
        states, until, sampled = rows.states, rows.newest_posting(), rows.newest_sample()
        identity.check(pusher.row.machine, pusher.row.token)
        self._posting = pusher.row.posting
        token, tokens = identity.tokens.next(self._run, identity.generation)
        await self._put_state({MIRROR_TOKENS: tokens.text})
        since = 0 if self._source.slot_seconds is None else max(sampled - self._source.slot_seconds, 0)
        sent, is_rest = 0, True
        while is_rest:  # after the rest of a copy that was begun comes what has changed meanwhile
            plan = _plan(pusher.row, identity, states, until, touched_since)
            is_rest = plan.begun is not None
            copy = Copy(rows, LedgerReader(ledger), pusher, plan, None if plan.is_whole else known)
            sent += await copy.run(self._host_row(pusher.row, identity, token, plan), slots_since=since)
            self._posting = plan.until
        self._left = Left(identity.host, pusher.row, copy.known())
        if identity.may_take_over:
            await self._put_state({TAKE_OVER: None})
        return Sent(sent, sampled)

    def _host_row(self, held: HostRow, identity: Identity, token: str, plan: Plan) -> HostRow:
        host = self._source.host
        return held._replace(
            name=host.name,
            system=host.system,
            version=host.version,
            machine=identity.machine or held.machine,
            generation=identity.generation,
            token=token,
            posting=NOTHING_YET if plan.is_whole else held.posting,
            copying=held.copying if plan.begun is not None else "",
            sent_at=int(time.time()),
        )


def _plan(held: HostRow, identity: Identity, states: Mapping[str, str], until: int, since: int) -> Plan:
    """What is to be sent: all, what is new, or the rest of a copy that was begun."""
    rewritten = int(states.get(REWRITTEN, NOTHING_YET))
    is_same = held.generation == identity.generation
    begun = Progress.read(held.copying) if is_same else None
    if begun is not None and rewritten <= begun.until <= until:
        return Plan(held.posting, begun.until, 0, begun.is_whole, begun)
    is_whole = not is_same or held.posting < 0 or rewritten > held.posting or held.posting > until
    return Plan(NOTHING_YET if is_whole else held.posting, until, 0 if is_whole else since, is_whole, None)
