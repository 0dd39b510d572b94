"""What request handlers may use of the running service; questions to the ledger run on threads of their own."""

from __future__ import annotations

import math
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web

from exporter.ledger.files import connect_to_read
from exporter.metering.clock import SECOND
from exporter.meters.interfaces.state import interfaces_of
from exporter.meters.kinds import MergingSource
from exporter.meters.requests.intake import Intake
from exporter.metrics.state import MetricsState
from exporter.mirror.group.hosts import NoMirrorError, words_of
from exporter.settings.dashboards import links_to_grafana
from exporter.web.attempts import Attempts
from exporter.web.group_readers import GroupReaders
from exporter.web.readers import ReaderThread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.billing.plan_watch import PlanWatch
    from exporter.ledger.upkeep.upkeep import LedgerUpkeep
    from exporter.ledger.writing.poster import Poster
    from exporter.metering.clock import Clock
    from exporter.metering.pace import Pace
    from exporter.metering.sampler import Sampler
    from exporter.metering.snapshots import Snapshot
    from exporter.metering.totals import Totals
    from exporter.meters.kinds import MeterSource
    from exporter.metrics.exposition import Exposition, Rendered
    from exporter.mirror.group.groups import Group, Groups
    from exporter.mirror.watch import MirrorWatch
    from exporter.settings.tree import Settings
    from exporter.update_watch import UpdateWatch
    from exporter.web.readers import Readers
    from reports.billing.plans import Plan
    from reports.billing.status import PlanStatus
    from reports.ledger.host import Host
    from reports.ledger.reader import LedgerReader

Result = TypeVar("Result")

NO_INTERFACE = "no interface counts for the machine's total: connect the machine, or set interfaces.counted"
LATE_SECONDS = 5.0
"""Without a sample for this long and three sample intervals, the data is late."""

STALE_SECONDS = 1.0
"""Older snapshots are replaced by a new sample before live figures are answered."""


class ServiceContext:
    """The parts of one running service."""

    def __init__(  # noqa: PLR0913 - the web meets the rest of the service here, and nowhere else
        self,
        *,
        settings: Settings,
        clock: Clock,
        sampler: Sampler,
        totals: Totals,
        poster: Poster,
        upkeep: LedgerUpkeep,
        exposition: Exposition,
        host: Host,
        readers: Readers,
        on_damage: Callable[[str], None],
        plans: PlanWatch,
        pace: Pace,
        sources: Mapping[str, MeterSource],
        updates: UpdateWatch,
        mirror: MirrorWatch | None = None,
        groups: Groups | None = None,
    ) -> None:
        """Takes finished parts; owns the connections of the readers. `sources` are what meters read, by name.

        Without a mirror there are no groups of machines.
        """
        self.settings, self.upkeep, self.host = settings, upkeep, host
        self.totals, self.poster, self.exposition = totals, poster, exposition
        self._clock, self._sampler = clock, sampler
        self._on_damage, self._plans, self.pace = on_damage, plans, pace
        self.sources, self.updates, self.mirror = sources, updates, mirror
        self.attempts = Attempts()
        self.load_totals: Callable[[], object] = bool
        """Read the totals anew, after something else than a posting has changed them."""
        self.grafana = links_to_grafana(settings)
        aliases, connect = settings.interfaces.names, partial(connect_to_read, settings.ledger.path)
        self._quick = ReaderThread(connect, poster, readers.quick, aliases)
        self._patient = ReaderThread(connect, poster, readers.patient, aliases)
        self.groups = groups
        self._groups = {each: GroupReaders(poster, each.thread) for each in (self._quick, self._patient)}

    @property
    def now(self) -> float:
        """UTC seconds."""
        return self._clock.now().wall / 1e9

    @property
    def zone(self) -> ZoneInfo:
        """The ledger's zone, in which days are cut."""
        return self.totals.zone

    @property
    def last_snapshot(self) -> Snapshot | None:
        """The newest snapshot, however old; None before the first."""
        return self._sampler.snapshot

    def fresh_snapshot(self) -> Snapshot:
        """A snapshot that is at most a second old."""
        snapshot = self._sampler.snapshot
        if snapshot is None or self._sampler.seconds_since_sample > STALE_SECONDS:
            return self._sampler.sample()
        return snapshot

    def adopt_identity(self, ledger_id: str) -> None:
        """Answer under another id of the ledger from now on, and have the mirror follow."""
        self.host = self.host._replace(id=ledger_id)
        if self.groups is not None:
            self.groups.adopt_identity(ledger_id)
        if self.mirror is not None:
            self.mirror.hurry()

    def sample(self) -> Snapshot:
        """A new sample."""
        return self._sampler.sample()

    def problems(self) -> list[str]:
        """The problems of the service, a sentence each."""
        found = list(self.upkeep.notices)
        if self.poster.health.problem:
            found.append(f"the ledger cannot be written ({self.poster.health.problem}): counting goes on in memory")
        if self.mirror is not None and self.mirror.health.text:
            found.append(f"the mirror is behind: {self.mirror.health.text}")
        for source in self.sources.values():
            if isinstance(source, Intake):
                found += filter(None, source.problems.values())
        snapshot = self._sampler.snapshot
        meters = {} if snapshot is None else snapshot.meters
        found += [
            f"the {name} meter fails: {meter.health.error}" for name, meter in meters.items() if not meter.health.is_up
        ]
        if self.seconds_since_sample == math.inf:
            found.append("no sample yet")
        elif self.is_late:
            found.append(f"no sample for {self.seconds_since_sample:.0f} s")
        elif snapshot is not None and not any(state.is_counted for state in interfaces_of(snapshot).interfaces):
            found.append(NO_INTERFACE)
        return found

    @property
    def is_late(self) -> bool:
        """True while the newest sample is older than LATE_SECONDS and three sample intervals."""
        return self.seconds_since_sample > LATE_SECONDS + 3 * self.pace.sample_interval()

    @property
    def is_degraded(self) -> bool:
        """True while the ledger cannot be written, or has notices."""
        return bool(self.poster.health.problem or self.upkeep.notices)

    def render_metrics(self, accept: str, accept_encoding: str, names: Sequence[str] = ()) -> Rendered:
        """The exposition of everything in memory, or of the families that have one of these names."""
        snapshot = self.fresh_snapshot()
        state = MetricsState(
            snapshot=snapshot,
            totals=self.totals,
            now_seconds=snapshot.taken.wall // SECOND,
            commit_health=self.poster.health,
            ledger_figures=self.upkeep.figures,
            is_degraded=self.is_degraded,
            unposted_bytes=self.poster.unposted_bytes,
            plans=self.live_plans(),
            auth_failures=self.attempts.failures,
            pace=(self.pace.battery, self.pace.sample_interval()),
            has_update=None if self.updates.state is None else self.updates.state.is_available,
            mirror=None if self.mirror is None else self.mirror.health.standing(self.now),
        )
        if names:
            return self.exposition.render_some(state, names, accept)
        return self.exposition.render(state, accept, accept_encoding)

    def note_on_ledger(self, notice: str) -> None:
        """Add a notice about the ledger, which may be another file now; called on the writer's thread."""
        self.upkeep.add_notice(notice)
        for reading, groups in self._groups.items():
            reading.is_replaced = True
            groups.replace()

    async def merge_events(self) -> None:
        """Have what meters of events have acknowledged merged, before it is asked for."""
        for source in self.sources.values():
            if isinstance(source, MergingSource):
                await source.merge()

    def live_plans(self) -> tuple[PlanStatus, ...]:
        """The status of each plan, with what was moved since it was last read from the ledger."""
        return self._plans.live()

    def shared_status(self, plan: Plan) -> PlanStatus | None:
        """The live status of a plan that machines share; None of another one."""
        return next((each for each in self.live_plans() if each.sharing and each.plan.name == plan.name), None)

    @property
    def seconds_since_sample(self) -> float:
        """Age of the newest sample; infinite before the first."""
        return self._sampler.seconds_since_sample

    async def group(self, hosts: Sequence[str]) -> Group | None:
        """The machines of these names, None for this machine's own ledger.

        Raises UnknownHostError and NoMirrorError; GroupPendingError and MirrorAwayError where they cannot be read now.
        """
        names = words_of(hosts)
        if not names:
            return None
        if self.groups is None:
            raise NoMirrorError
        return await self.groups.group(names)

    async def ask(self, question: Callable[[LedgerReader], Result], group: Group | None = None) -> Result:
        """The answer to a question that takes milliseconds; raises sqlite3.Error."""
        return await self._asked(self._quick, question, group)

    async def ask_patiently(self, question: Callable[[LedgerReader], Result], group: Group | None = None) -> Result:
        """The answer to a question that reads years: only others of its kind wait for it; raises sqlite3.Error."""
        return await self._asked(self._patient, question, group)

    async def work(self, work: Callable[[], Result]) -> Result:
        """The result of a function that would block the event loop; it runs on the thread of quick questions."""
        return await self._quick.work(work)

    async def close(self) -> None:
        """Close the connections."""
        if self.groups is not None:
            await self.groups.close()
        for reading, groups in self._groups.items():
            await groups.close()
            await reading.close()

    async def _asked(
        self, reading: ReaderThread, question: Callable[[LedgerReader], Result], group: Group | None
    ) -> Result:
        if group is not None:
            return await self._groups[reading].ask(group, question)
        try:
            return await reading.ask(question)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:  # the file itself: the writer may not see it while its log is good
            self._on_damage(str(error))
            raise


CONTEXT = web.AppKey("context", ServiceContext)
