"""Reading of a group's rows from the mirror: what has changed since the last time, in steps of a bounded size."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from uuid import UUID

from exporter.mirror.group import questions
from exporter.mirror.group.group_file import OTHER_MACHINES, OWN, READ_AT, WHOLE_AT, HeldMachine
from exporter.mirror.group.hosts import MirrorHost
from exporter.mirror.group.own_rows import GRAINS, OWN_SUBJECT
from reports.calendar.days import DAY_SECONDS, SLOT_SECONDS, day_from_number
from reports.ledger.shape import APPLICATION, INTERFACE, SPECS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from concurrent.futures import Executor
    from typing import Any

    import asyncpg

    from exporter.mirror.group.group_file import GroupFile
    from reports.ledger.shape import MeterSpec

T = TypeVar("T")

SLOT_DAYS = 62
"""Quarter hours are kept for so long: this month and the last one."""

LATE_SECONDS = 3 * 3600
"""Rows that a machine sends are so much older than what it sent before, at most, between two looks at all of them."""

WHOLE_SECONDS = 3600
"""So often rows of any age are looked for: imports, late events, a clock that was set."""

MOST_NAMED = 200
"""Machines beyond, those with the fewest bytes ever, are one subject."""

FACTS = ("name", "system", "version", "zone", "generation", "posting", "copying", "sent_at")
TIMES_A_STEP = {"slot": 672, "day": 366}
ROWS_A_STEP = 1000
EVERYTHING = -1
"""Less than the number of any posting."""


class ChangedRows(NamedTuple):
    """Rows of a machine from `since` on (UTC seconds), of a posting of this number or a higher one."""

    host: UUID
    posting: int
    since: int


async def read_hosts(connection: asyncpg.Connection[Any], schema: str, day: int) -> list[MirrorHost]:
    """All machines of the mirror, with the bytes of a day (its number) and of the month around it."""
    at = day_from_number(day)
    rows = await connection.fetch(questions.hosts(schema), day, at.year * 100 + at.month)
    return [
        MirrorHost(
            id=row["host"].hex,
            day=day,
            today=(row["today_received"], row["today_sent"]),
            month=(row["month_received"], row["month_sent"]),
            ever=(row["ever_received"], row["ever_sent"]),
            **{name: row[name] for name in FACTS},
        )
        for row in rows
    ]


class Filling:
    """One reading of a mirror into a group's file, by one transaction of each."""

    def __init__(
        self, connection: asyncpg.Connection[Any], schema: str, file: GroupFile, thread: Executor, now: int
    ) -> None:
        """The connection is within a transaction that sees one moment; `now` in UTC seconds.

        `thread` is a single one, in which all is done to the file, one after the other.
        """
        self._connection, self._schema, self._file, self._thread, self._now = connection, schema, file, thread, now
        self._slots_since = now // SLOT_SECONDS * SLOT_SECONDS - SLOT_DAYS * DAY_SECONDS

    async def run(self, hosts: Sequence[MirrorHost], labels: Mapping[str, str], own: str | None) -> None:
        """Open the file, bring it to what the mirror has of these machines, and commit.

        `labels` are names by id, `own` is the machine whose rows come from its own ledger, None without it in the
        group. Raises what asyncpg raises, sqlite3.Error and SchemaError.
        """
        await self._do(self._file.open)
        others = [host for host in hosts if host.id != own]
        ids = [UUID(host.id) for host in others]
        counted, imported = await self._texts(questions.counted, ids), await self._texts(questions.imported_stamp, ids)
        states, held = await self._do(lambda: (self._file.states(), self._file.machines()))
        if states and _is_another(states, held, others, own):
            await self._do(self._file.clear)
            states, held = {}, {}
        whole_at = int(states.get(WHOLE_AT, 0))
        is_whole = not 0 <= self._now - whole_at < WHOLE_SECONDS
        subjects = await self._do(self._subjects, others, held, labels, own)
        changes = [
            change
            for host in others
            if (change := _change(host, held.get(host.id), counted.get(host.id, ""), is_whole=is_whole))
        ]
        of_mirror = {host: subject for host, subject in subjects.items() if host != own}
        await self._renew(of_mirror, changes)
        if {host: machine.imported for host, machine in held.items() if machine.imported} != imported:
            await self._import(of_mirror)
        machines = {
            host.id: HeldMachine(
                subjects[host.id],
                host.posting,
                host.sent_at,
                host.posting if is_whole or host.id not in held else held[host.id].whole_posting,
                host.copying,
                host.generation,
                counted.get(host.id, ""),
                imported.get(host.id, ""),
            )
            for host in others
        }
        notes = {READ_AT: str(self._now), WHOLE_AT: str(self._now if is_whole else whole_at)}
        await self._do(self._finish, machines, notes if own is None else {**notes, OWN: own})

    async def _do(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _finish(self, machines: Mapping[str, HeldMachine], states: Mapping[str, str]) -> None:
        for host, machine in machines.items():
            self._file.put_machine(host, machine)
        self._file.finish(states, self._slots_since)

    def _subjects(
        self, hosts: Sequence[MirrorHost], held: Mapping[str, HeldMachine], labels: Mapping[str, str], own: str | None
    ) -> dict[str, int]:
        """The subject of each machine; those that have one keep it."""
        found = {host: machine.subject for host, machine in held.items()}
        if own is not None:
            found[own] = OWN_SUBJECT
            if OWN not in self._file.states():
                self._file.subject(INTERFACE, (labels[own],), OWN_SUBJECT)
        other = self._file.subject(INTERFACE, OTHER_MACHINES) if len(hosts) > MOST_NAMED else None
        self._file.rename({subject: labels[host] for host, subject in found.items() if subject != other})
        busiest = [host.id for host in sorted(hosts, key=lambda host: (-sum(host.ever), host.id))]
        for host in busiest:
            if host not in found:
                is_named = other is None or len(set(found.values()) - {other}) < MOST_NAMED
                found[host] = self._file.subject(INTERFACE, (labels[host],)) if is_named or other is None else other
        return found

    async def _renew(self, subjects: Mapping[str, int], changes: Sequence[ChangedRows]) -> None:
        """Read all rows of the times at which any has changed: of each machine, and of other meters of all together."""
        everyone = [UUID(host) for host in subjects]
        for grain in GRAINS if changes else ():
            of_changes = (
                [change.host for change in changes],
                [subjects[change.host.hex] for change in changes],
                [change.posting for change in changes],
                self._since(grain, changes),
            )
            query = questions.machine_usage(grain, self._schema)
            async for page in self._pages(query, *of_changes, everyone, list(subjects.values())):
                await self._do(self._file.put_machines, grain, page)
            for spec in SPECS:
                if spec is not INTERFACE:
                    await self._renew_rows(spec, grain, everyone, changes)

    async def _renew_rows(
        self, spec: MeterSpec, grain: str, hosts: Sequence[UUID], changes: Sequence[ChangedRows]
    ) -> None:
        query, machines = questions.changed_times(spec, grain, self._schema), [change.host for change in changes]
        postings, since = [change.posting for change in changes], self._since(grain, changes)
        rows = await self._connection.fetch(query, machines, postings, since)
        times, step = [row[0] for row in rows], TIMES_A_STEP[grain]
        for begin in range(0, len(times), step):
            some = times[begin : begin + step]
            await self._do(self._file.forget_times, spec, grain, some)
            async for page in self._pages(questions.usage(spec, grain, self._schema), hosts, some):
                await self._do(self._file.add, spec, grain, page)

    def _since(self, grain: str, changes: Iterable[ChangedRows]) -> list[int]:
        """The first time of each change: of days one earlier, since they are those of any zone."""
        if grain == "day":
            return [max(change.since // DAY_SECONDS - 1, 0) for change in changes]
        return [max(change.since, self._slots_since) for change in changes]

    async def _import(self, subjects: Mapping[str, int]) -> None:
        await self._do(self._file.forget_imported)
        by_subject: defaultdict[int, list[UUID]] = defaultdict(list)
        for host, number in subjects.items():
            by_subject[number].append(UUID(host))
        everyone = [UUID(host) for host in subjects]
        units: list[tuple[MeterSpec, int | None, list[UUID]]]
        units = [(INTERFACE, subject, hosts) for subject, hosts in by_subject.items()]
        units.append((APPLICATION, None, everyone))
        for spec, subject, hosts in units:
            async for page in self._pages(questions.imported(spec, self._schema), hosts):
                await self._do(self._file.add_imported, spec, page, subject)

    async def _pages(self, query: str, *arguments: object) -> AsyncIterator[list[tuple[Any, ...]]]:
        cursor = await self._connection.cursor(query, *arguments)
        while rows := await cursor.fetch(ROWS_A_STEP):
            yield [tuple(row) for row in rows]

    async def _texts(self, question: Any, hosts: Sequence[UUID]) -> dict[str, str]:
        rows = await self._connection.fetch(question(self._schema), hosts)
        return {host.hex: text for host, text in rows}


def _is_another(
    states: Mapping[str, str], held: Mapping[str, HeldMachine], hosts: Iterable[MirrorHost], own: str | None
) -> bool:
    """True if the file has a machine that is gone, or another life of a ledger, or was made for another machine."""
    generations = {host.id: host.generation for host in hosts}
    return states.get(OWN) != own or any(generations.get(host) != machine.generation for host, machine in held.items())


def _change(host: MirrorHost, held: HeldMachine | None, counted: str, *, is_whole: bool) -> ChangedRows | None:
    number = UUID(host.id)
    if held is None or held.counted != counted:
        return ChangedRows(number, EVERYTHING, 0)
    if host.copying or held.copying:
        return ChangedRows(number, min(held.posting, held.whole_posting), 0)
    if is_whole:
        return ChangedRows(number, held.whole_posting, 0) if host.posting != held.whole_posting else None
    if host.posting == held.posting:
        return None
    return ChangedRows(number, held.posting, max(held.sent_at - LATE_SECONDS, 0))
