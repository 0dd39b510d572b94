"""The ledger over HTTP: health, size and retention, cleanup, what is unposted, notices."""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import msgspec

import exporter
from exporter.ledger.files import size_on_disk
from exporter.meters.applications.state import applications_of
from exporter.meters.requests.limits import request_limits
from exporter.meters.requests.state import requests_of
from exporter.web.context import ServiceContext
from exporter.web.http.grafana import LinkContext
from exporter.web.http.queries import NoQuery, Query
from exporter.web.http.routes import Routes
from reports.calendar.days import DAY_SECONDS, iso
from reports.formats.json import ledger as shapes
from reports.formats.shapes import Answer
from reports.ledger.intervals import minutes_since
from reports.ledger.reader import RowCounts, Unposted
from reports.ledger.shape import APPLICATION, REQUEST

if TYPE_CHECKING:
    from reports.ledger.reader import LedgerReader

routes = Routes()


class CleanupQuery(Query, frozen=True, kw_only=True):
    """Which rows a cleanup deletes, and whether the file shrinks."""

    aggressive: Annotated[
        bool, msgspec.Meta(description="Keep minute and quarter-hour rows for a tenth of their time only.")
    ] = False
    vacuum: Annotated[bool, msgspec.Meta(description="Give the space back to the file system.")] = True


class Committed(Answer):
    """Whether everything counted so far is in the ledger."""

    committed: bool


class UnpostedQuery(Query, frozen=True, kw_only=True):
    """What is done before."""

    merged: Annotated[
        bool,
        msgspec.Meta(description="Merge times and clients of requests first: quantiles have the last seconds, too."),
    ] = False


class UnpostedAnswer(Answer):
    """What is counted and not yet in the ledger: rows of [posting, meter, key, counted, start, sums, ...]."""

    unposted: Unposted
    seconds_since_sample: float | msgspec.UnsetType = msgspec.UNSET


class NoticesCleared(Answer):
    """The number of cleared notices."""

    notices: int


@routes.service("GET", "/api/health", "State of the service", link=LinkContext.health)
async def health(context: ServiceContext, _query: NoQuery) -> shapes.Health:
    """Whether all is well; a degraded service still counts."""
    problems = context.problems()
    path = context.settings.ledger.path

    def read(ledger: LedgerReader) -> tuple[shapes.StorageFigures | None, str, str]:
        rows, most = _row_counts(context, ledger), context.settings.ledger.max_size
        figures = shapes.storage_figures(rows, size_on_disk(path), most, _unsynced(context, ledger))
        return figures, iso(context.now, ledger.zone), ledger.zone.key

    try:
        storage_figures, timestamp, zone = await context.ask(read)
    except sqlite3.Error as error:
        problems.append(f"the ledger cannot be read: {error}")
        storage_figures, timestamp, zone = None, iso(context.now, ZoneInfo("UTC")), "UTC"
    return shapes.Health(
        status="degraded" if problems else "running",
        problems=problems,
        version=exporter.__version__,
        device_id=context.host.id,
        os_type=context.host.system,
        hostname=context.host.name,
        device_count=1 if context.groups is None else len(context.groups.labels),
        sync_enabled=context.mirror is not None,
        timestamp=timestamp,
        timezone=zone,
        seconds_since_sample=_seconds_since_sample(context),
        storage=storage_figures,
        meters=_meter_backends(context),
        update=_update(context),
        mirror=_mirror(context, zone),
    )


@routes.service("GET", "/api/storage", "Size and retention of the ledger", link=LinkContext.health)
async def storage(context: ServiceContext, _query: NoQuery) -> shapes.Storage:
    """What the ledger takes up, how long it keeps what, and what the mirror takes up, as of the last ten minutes."""
    settings, history = context.settings.ledger, context.settings.mirror.history
    slot_days = int(settings.slot_retention // DAY_SECONDS)
    kept = shapes.RetentionDays(
        local_log_days=int(settings.minute_retention // DAY_SECONDS),
        local_slot_days=slot_days,
        local_aggregate_months=None,
        neon_log_days=None if context.mirror is None else min(history or slot_days, slot_days),
        neon_aggregate_months=None,
    )
    mirror = await _mirror_storage(context)

    def read(ledger: LedgerReader) -> shapes.Storage:
        rows, size = ledger.row_counts(), size_on_disk(settings.path)
        unsynced = _unsynced(context, ledger)
        return shapes.storage(rows, size, settings.max_size, kept, ledger.zone, unsynced=unsynced, mirror=mirror)

    return await context.ask(read)


@routes.service("POST", "/api/storage/cleanup", "Delete old rows now")
async def clean_up(context: ServiceContext, query: CleanupQuery) -> shapes.Cleanup:
    """Delete rows that are older than they are kept for; never a day. The mirror follows with its next copy."""
    removed = await context.upkeep.clean_up(query.aggressive, query.vacuum)
    mirror = None
    if context.mirror is not None:
        known = await _mirror_storage(context)
        mirror = shapes.cleaned_mirror(removed.slots, None if known is None else known.usage_percent)
    return shapes.cleanup(removed.minutes, removed.slots, is_vacuumed=query.vacuum, mirror=mirror)


@routes.service("GET", "/api/unposted", "What is not yet in the ledger")
async def unposted(context: ServiceContext, query: UnpostedQuery) -> UnpostedAnswer:
    """For readers of the ledger file: what it does not hold yet."""
    if query.merged:
        await context.merge_events()
    context.fresh_snapshot()
    return UnpostedAnswer(seconds_since_sample=_seconds_since_sample(context), unposted=context.poster.unposted())


@routes.service("POST", "/api/commit", "Post everything now")
async def commit(context: ServiceContext, _query: NoQuery) -> Committed:
    """Take a sample and post everything now."""
    context.sample()
    return Committed(committed=await context.poster.post())


@routes.service("POST", "/api/notices/seen", "Put notices away")
async def clear_notices(context: ServiceContext, _query: NoQuery) -> NoticesCleared:
    """Clear the notices of the ledger, after a person has read them: health is good again."""
    count = len(context.upkeep.notices)
    await context.upkeep.mark_seen()
    return NoticesCleared(notices=count)


async def _mirror_storage(context: ServiceContext) -> shapes.MirrorStorage | None:
    """The size of the mirror; None without one, and until it is known."""
    groups = context.groups
    size = None if groups is None else await groups.size()
    if groups is None or size is None:
        return None
    return shapes.mirror_storage(size.figures, len(groups.labels), context.zone)


def _unsynced(context: ServiceContext, ledger: LedgerReader) -> int | None:
    """Minutes that the mirror lacks: those since it has all that was counted; None without a mirror."""
    if context.mirror is None:
        return None
    return minutes_since(ledger, int(context.mirror.health.current_to))


def _update(context: ServiceContext) -> shapes.AvailableUpdate | msgspec.UnsetType:
    state = context.updates.state
    if state is None:
        return msgspec.UNSET
    return shapes.AvailableUpdate(version=state.version, available=state.is_available, note=state.note)


def _mirror(context: ServiceContext, zone: str) -> shapes.MirrorState | msgspec.UnsetType:
    watch = context.mirror
    if watch is None:
        return msgspec.UNSET
    health, now = watch.health, context.now
    standing = health.standing(now)
    return shapes.MirrorState(
        up=health.is_up,
        server=watch.server,
        schema=watch.schema,
        last_success=iso(health.last_success, ZoneInfo(zone)) if health.last_success else None,
        lag_seconds=round(standing.lag_seconds, 3) if health.current_to else None,
        rows_behind=health.rows_behind,
        rows_sent=health.rows_sent,
        error=shapes.MirrorError(kind=health.kind, text=health.text) if health.text else None,
    )


def _meter_backends(context: ServiceContext) -> dict[str, shapes.MeterBackend] | msgspec.UnsetType:
    snapshot, found = context.last_snapshot, dict[str, shapes.MeterBackend]()
    if snapshot is not None and (applications := applications_of(snapshot)) is not None:
        name, reason, limits = applications.backend
        found[APPLICATION.name] = shapes.MeterBackend(backend=name, reason=reason, limits=list(limits))
    requests = None if snapshot is None else requests_of(snapshot)
    if requests is not None and (unused := list(request_limits(requests.figures))):
        found[REQUEST.name] = shapes.MeterBackend(backend="reports", reason="", limits=unused)
    return found or msgspec.UNSET


def _row_counts(context: ServiceContext, ledger: LedgerReader) -> RowCounts:
    """Rows as upkeep counted them within the hour: counting a year's rows takes most of the time of an answer."""
    figures = context.upkeep.figures
    if figures is None:
        return ledger.row_counts()
    rows = figures.rows
    return RowCounts(rows["minute"], rows["slot"], rows["day"], ledger.month_count(), None, None)


def _seconds_since_sample(context: ServiceContext) -> float | msgspec.UnsetType:
    seconds = context.seconds_since_sample
    return round(seconds, 3) if math.isfinite(seconds) else msgspec.UNSET
