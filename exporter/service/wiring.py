"""Builds the parts of a service out of an opened ledger."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from exporter.archive.archive import ReportArchive
from exporter.billing.notifier import Notifier
from exporter.billing.outbox import Outbox
from exporter.identity import identify_host
from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.history import read_first_day, read_history, read_imported, read_period_sums
from exporter.ledger.upkeep.upkeep import LedgerUpkeep
from exporter.ledger.writing.poster import Poster
from exporter.ledger.writing.writer import Writer
from exporter.metering.clock import SECOND
from exporter.metering.journal import Journal
from exporter.metering.pace import BatteryState, Pace, read_battery
from exporter.metering.sampler import Sampler
from exporter.metering.subjects import Subject
from exporter.metering.totals import DayRow
from exporter.meters.interfaces.meter import InterfaceMeter
from exporter.meters.kinds import MergingSource, MeterEnvironment
from exporter.metrics.exposition import Exposition
from exporter.metrics.families.registry import families
from exporter.service.monitoring import watch_monitors
from exporter.service.watching import build_claims, build_groups, build_limits, build_mirror, build_plans
from exporter.update_watch import UpdateWatch
from exporter.web.context import ServiceContext
from exporter.web.server import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from concurrent.futures import Executor
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from exporter.billing.limit_watch import LimitWatch
    from exporter.billing.plan_watch import PlanWatch
    from exporter.ledger.opening.opening import Opened
    from exporter.metering.clock import Clock
    from exporter.metering.samples import Meter
    from exporter.metering.totals import Totals
    from exporter.meters.registry import OpenedMeter
    from exporter.meters.requests.monitors.watch import MonitorWatch
    from exporter.metrics.families.registry import Families
    from exporter.mirror.watch import MirrorWatch
    from exporter.settings.tree import Settings
    from exporter.tls.web_config import WatchedWebConfig
    from exporter.web.readers import Readers
    from exporter.web.server import Resources
    from reports.ledger.host import Host


class ServiceEnvironment(NamedTuple):
    """What a service takes from outside: settings, clock, meters, zone, and how it was started.

    `handovers` are what the meters of the service before it in this process handed over, by name; `resources` are
    the modules that answer requests. `config` is the settings file that the command named.
    """

    settings: Settings
    clock: Clock
    meters: Sequence[OpenedMeter]
    zone: ZoneInfo
    web_config: WatchedWebConfig | None = None
    count_since_boot: bool = False
    handovers: Mapping[str, object] = {}
    resources: Resources = RESOURCES
    read_battery: Callable[[], BatteryState | None] = read_battery
    config: Path | None = None

    def seconds(self) -> int:
        """Say what time it is, in UTC seconds."""
        return self.clock.now().wall // SECOND


class Parts(NamedTuple):
    """The parts of a running service."""

    sampler: Sampler
    poster: Poster
    upkeep: LedgerUpkeep
    context: ServiceContext
    totals: Totals
    writer: Writer
    plans: PlanWatch
    limits: LimitWatch
    monitors: MonitorWatch
    notifier: Notifier
    archive: ReportArchive
    pace: Pace
    mirror: MirrorWatch | None
    ledger: Path

    async def commit(self) -> bool:
        """Post; after a clock was set, load the totals anew from the days that were moved, and ask after the plans."""
        is_posted = await self.poster.post()
        if self.poster.take_moved_days():
            self.load_totals()
            with contextlib.suppress(sqlite3.Error):  # it is due again within a minute, and says so then
                await self.follow_plans()
        return is_posted

    async def sample(self) -> None:
        """Take a sample; a clock that was set, and what counts from now on, are followed at once by every answer."""
        self.sampler.sample()
        if self.sampler.changes or self.sampler.is_urgent:
            await self.commit()

    def follow_power(self) -> None:
        """Slow down on battery, and quicken without."""
        self.pace.refresh()
        self.sampler.set_gap_seconds(self.pace.gap_seconds())

    async def sample_and_commit(self) -> bool:
        """Take a sample, with all that waits to be merged, and post it; returns whether the ledger is up to date."""
        for source in self.context.sources.values():
            if isinstance(source, MergingSource):
                source.is_merge_wanted = True
        self.sampler.sample()
        if self.sampler.is_undecided:
            self.sampler.sample()
        return await self.commit()

    async def follow_plans(self) -> None:
        """Ask how the plans stand."""
        await self.plans.refresh(self.context.ask)
        if self.plans.is_resumed:
            self.limits.refresh(self.context.now)

    async def follow_plans_when_due(self) -> None:
        """Wait until it is time, sample, and ask how the plans stand."""
        await asyncio.sleep(self.plans.seconds_to_refresh(self.context.now))
        # The last sample may be of free hours or of a cycle that are over.
        self.sampler.sample()
        await self.follow_plans()

    async def keep_archive(self) -> None:
        """Write reports of what is over."""
        await self.archive.write_missing(self.context.ask)

    async def close(self) -> None:
        """Let go of the ledger."""
        self.monitors.close()
        if self.mirror is not None:
            await asyncio.to_thread(self.mirror.close)
        await self.notifier.close()
        await self.context.close()
        await self.poster.close()

    def load_totals(self) -> None:
        """On the event loop, so that no sample comes between what is read and what waits; rare, and milliseconds."""
        totals, specs = self.totals, {spec.name: spec for spec in self.writer.specs}
        rows = self.poster.unposted().slots
        waiting = (
            DayRow(Subject(row.meter, row.key), totals.day_of(row.started), *specs[row.meter].bytes_in(row.amounts))
            for row in rows
            if specs[row.meter].has_history
        )
        with contextlib.closing(connect_to_read(self.ledger)) as connection:
            totals.sums.load(*read_period_sums(connection, specs.values()))
            totals.load(
                chain(read_history(connection, specs.values()), waiting), read_first_day(connection, specs.values())
            )
            totals.imported = read_imported(connection)
        for row in rows:
            if specs[row.meter].has_periods:
                totals.add_to_sums(Subject(row.meter, row.key), row.started, *specs[row.meter].bytes_in(row.amounts))


def build_parts(
    environment: ServiceEnvironment,
    opened: Opened,
    *,
    writers: Executor,
    readers: Readers,
    on_damage: Callable[[str], None],
) -> Parts:
    """Wire everything that measures, keeps and serves; nothing runs yet."""
    settings, ledger = environment.settings, environment.settings.ledger
    journal, totals = Journal(), opened.totals
    meters, pace = _build_meters(environment, opened.zone), Pace(settings, environment.read_battery)
    sampler = _build_sampler(environment, opened, meters, journal, totals)
    writer = Writer(ledger.path, opened.zone, [each.kind.store() for each in environment.meters])
    poster = _build_poster(opened, writer, writers, journal, sampler, meters, on_damage)
    upkeep = _build_upkeep(environment, opened, writer, writers, sampler, on_damage)
    host = identify_host(opened.ledger_id)
    outbox = Outbox(writer=writer, executor=writers, now=environment.seconds)
    notifier = Notifier(outbox, build_claims(settings, host))
    mirror = build_mirror(settings, writer, writers, host)
    groups = build_groups(settings, host, totals, environment.seconds, mirror)
    plans = build_plans(settings, opened.zone, sampler, notifier, host, groups)
    context = ServiceContext(
        settings=settings,
        clock=environment.clock,
        sampler=sampler,
        totals=totals,
        poster=poster,
        upkeep=upkeep,
        exposition=Exposition(_build_families(environment)),
        host=host,
        readers=readers,
        on_damage=on_damage,
        plans=plans,
        pace=pace,
        sources={each.kind.spec.name: each.source for each in environment.meters},
        updates=UpdateWatch(settings.auto_update, ledger.path, environment.config),
        mirror=mirror,
        groups=groups,
    )
    poster.on_posted = sampler.note_posted
    sampler.on_notice, writer.on_notice = upkeep.add_notice, context.note_on_ledger
    archive = _build_archive(environment, sampler, lambda: context.host)
    limits = build_limits(settings, totals, notifier, host)
    watches = (plans, limits, watch_monitors(environment, notifier, host.name, lambda: plans.is_resumed))
    rest = (*watches, notifier, archive, pace, context.mirror)
    return Parts(sampler, poster, upkeep, context, totals, writer, *rest, ledger.path)


def _build_poster(
    opened: Opened,
    writer: Writer,
    writers: Executor,
    journal: Journal,
    sampler: Sampler,
    meters: Sequence[Meter],
    on_damage: Callable[[str], None],
) -> Poster:
    return Poster(
        writer=writer,
        executor=writers,
        journal=journal,
        take=sampler.take,
        is_counted=_counting(meters),
        on_damage=on_damage,
        posted=opened.opening.number,
        problem=opened.problem,
    )


def _build_archive(environment: ServiceEnvironment, sampler: Sampler, host: Callable[[], Host]) -> ReportArchive:
    return ReportArchive(
        settings=environment.settings,
        host=host,
        now=environment.seconds,
        confirmed_now=lambda: sampler.timeline.sure(environment.clock.now()),
    )


def _build_upkeep(
    environment: ServiceEnvironment,
    opened: Opened,
    writer: Writer,
    writers: Executor,
    sampler: Sampler,
    on_damage: Callable[[str], None],
) -> LedgerUpkeep:
    return LedgerUpkeep(
        writer=writer,
        executor=writers,
        settings=environment.settings,
        zone=opened.zone,
        now=environment.seconds,
        notices=opened.notices,
        on_folded=sampler.forget,
        on_damage=on_damage,
    )


def _build_families(environment: ServiceEnvironment) -> Families:
    settings = environment.settings
    tables = chain.from_iterable(opened.kind.tables(settings) for opened in environment.meters)
    return families(tables, process=settings.metrics.process)


def _build_meters(environment: ServiceEnvironment, zone: ZoneInfo) -> Sequence[Meter]:
    settings, clock, since_boot = environment.settings, environment.clock, environment.count_since_boot
    return [
        opened.build(
            MeterEnvironment(settings, clock, zone, since_boot, environment.handovers.get(opened.kind.spec.name))
        )
        for opened in environment.meters
    ]


def _counting(meters: Sequence[Meter]) -> Callable[[Subject], bool]:
    """Whether a subject counts for the machine's total: interfaces alone may."""
    name, interfaces = InterfaceMeter.spec.name, [meter for meter in meters if isinstance(meter, InterfaceMeter)]
    return lambda subject: subject.meter == name and any(meter.is_counted(subject) for meter in interfaces)


def _build_sampler(
    environment: ServiceEnvironment, opened: Opened, meters: Sequence[Meter], journal: Journal, totals: Totals
) -> Sampler:
    return Sampler(meters=meters, clock=environment.clock, journal=journal, totals=totals, opening=opened.opening)
