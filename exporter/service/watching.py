"""Builds what watches over plans and limits, the mirror, and what is read of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from exporter.billing.claims import Claims
from exporter.billing.limit_watch import LimitWatch, limit_receivers
from exporter.billing.plan_watch import PlanWatch
from exporter.service.sharing import is_own

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from zoneinfo import ZoneInfo

    from exporter.billing.notifier import Notifier
    from exporter.ledger.writing.writer import Writer
    from exporter.metering.sampler import Sampler
    from exporter.metering.totals import Totals
    from exporter.mirror.group.groups import Groups
    from exporter.mirror.watch import MirrorWatch
    from exporter.settings.tree import Settings
    from reports.ledger.host import Host


def build_mirror(settings: Settings, writer: Writer, writers: Executor, host: Host) -> MirrorWatch | None:
    """Without a mirror nothing of it is loaded."""
    mirror = settings.mirror
    if mirror.url is None:
        return None
    build = import_module("exporter.mirror.building").build_watch
    watch: MirrorWatch = build(mirror.url, mirror, settings.ledger.path, writer, writers, host)
    return watch


def build_groups(
    settings: Settings, host: Host, totals: Totals, now: Callable[[], float], mirror: MirrorWatch | None
) -> Groups | None:
    """The groups of machines that are answered for; None without a mirror."""
    if mirror is None:
        return None
    build = import_module("exporter.mirror.group.opening").open_groups
    groups: Groups = build(settings, host, lambda: totals.zone, now, mirror.may_be_read)
    return groups


def build_claims(settings: Settings, host: Host) -> Claims:
    """What decides which machine tells a threshold of a plan that several share."""
    if not any(plan.hosts for plan in settings.plans):
        return Claims()
    return Claims(import_module("exporter.mirror.group.opening").open_notices(settings, host), host.id)


def build_plans(
    settings: Settings, zone: ZoneInfo, sampler: Sampler, notifier: Notifier, host: Host, groups: Groups | None
) -> PlanWatch:
    """What keeps plans up to date, and tells their thresholds."""
    return PlanWatch(
        plans=settings.plans,
        notify=settings.notify,
        zone=zone,
        snapshot=lambda: sampler.snapshot,
        notifier=notifier,
        hostname=host.name,
        is_own=lambda plan: is_own(plan, groups),
    )


def build_limits(settings: Settings, totals: Totals, notifier: Notifier, host: Host) -> LimitWatch:
    """What tells limits of applications."""
    return LimitWatch(
        limits=settings.applications.limits,
        notify=limit_receivers(settings.notify),
        totals=totals,
        notifier=notifier,
        hostname=host.name,
    )
