"""JSON about the ledger itself: storage, retention, clean-up, health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import Answer, Timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import RowCounts

STORAGE_WARNING_PERCENT = 80
FREE_TIER_MB = 512.0
"""Neon's free plan."""


class StorageFigures(Answer):
    """Size of the ledger; a log is a minute row, an aggregate a day or month."""

    db_size_mb: float
    max_storage_mb: float
    usage_logs_count: int
    daily_aggregates_count: int
    monthly_aggregates_count: int
    synced_count: int
    unsynced_count: int
    storage_usage_percent: float
    warning: str | None


class LocalStorage(Answer):
    """The ledger's file; times are ISO 8601 with offset."""

    db_size_mb: float
    max_storage_mb: float
    usage_percent: float
    usage_logs_count: int
    daily_aggregates_count: int
    monthly_aggregates_count: int
    synced_count: int
    unsynced_count: int
    oldest_log: Timestamp | None
    newest_log: Timestamp | None


class RetentionDays(Answer):
    """How long rows are kept; days are kept for ever (null). `neon_log_days` are of quarter hours in the mirror."""

    local_log_days: int
    local_aggregate_months: int | None
    neon_log_days: int | None
    neon_aggregate_months: None
    local_slot_days: int


class MirrorTables(Answer):
    """Megabytes of quarter hours, of days and of months."""

    usage_logs: float
    daily_aggregates: float
    monthly_aggregates: float


class DeviceLogs(Answer):
    """Rows of quarter hours of a machine."""

    device_id: str
    count: int


class MirrorStorage(Answer):
    """Size of the mirror; a log is a row of a quarter hour. Limits are those of Neon's free plan."""

    total_mb: float
    max_storage_mb: float
    usage_percent: float
    free_tier_limit_mb: float
    warning_threshold_percent: int
    tables: MirrorTables
    device_count: int
    log_count: int
    oldest_log: Timestamp | None
    newest_log: Timestamp | None
    logs_per_device: list[DeviceLogs]


class Storage(Answer):
    """Storage; `neon` is the mirror, null without one, and until its size is known."""

    local: LocalStorage
    neon: MirrorStorage | None
    retention: RetentionDays


class DeletedAggregates(Answer):
    """Days and months are never deleted: always zeros."""

    daily: int
    monthly: int


class Cleaned(Answer):
    """Rows that a clean-up deleted."""

    logs_deleted: int
    aggregates_deleted: DeletedAggregates
    slots_deleted: int


class CleanedMirror(Answer):
    """Rows that the mirror lets go of with its next copy; the server gives their room back by itself."""

    logs_deleted: int
    aggregates_deleted: DeletedAggregates
    vacuum_run: bool
    storage_after_percent: float | None


class Cleanup(Answer):
    """Result of a clean-up; `neon` is the mirror, null without one."""

    local: Cleaned
    neon: CleanedMirror | None
    vacuum_run: bool


class MeterBackend(Answer):
    """How a meter measures, why not by a better way, and sentences on what this way does not see."""

    backend: str
    reason: str
    limits: list[str]


class AvailableUpdate(Answer):
    """The newest version of netledger that the package index has; `note` is the next step."""

    version: str
    available: bool
    note: str


class MirrorError(Answer):
    """What the last copy failed by: its kind, as the metric has it, and a sentence with what to do."""

    kind: str
    text: str


class MirrorState(Answer):
    """How the copy of the ledger stands since the service started; `server` is its address without the password.

    `up` is false before the first copy. `lag_seconds` is the age of the newest sample that the mirror has; it and
    `last_success` are null before the first copy has ended. `error` is null while the last copy went well.
    """

    up: bool
    server: str
    schema: str
    last_success: Timestamp | None
    lag_seconds: float | None
    rows_behind: int
    rows_sent: int
    error: MirrorError | None


class Health(Answer):
    """Health of the service: `problems` says why it is degraded.

    `meters` are those that may measure in several ways, by name. `update` is there once `auto_update` has asked,
    `mirror` where `mirror.url` is set.

    `storage` is null while the ledger cannot be read, `seconds_since_sample` left out before the first sample.
    """

    status: Literal["running", "degraded"]
    version: str
    device_id: str
    os_type: str
    hostname: str
    device_count: int
    sync_enabled: bool
    timestamp: Timestamp
    storage: StorageFigures | None
    problems: list[str]
    timezone: str
    seconds_since_sample: float | msgspec.UnsetType = msgspec.UNSET
    meters: dict[str, MeterBackend] | msgspec.UnsetType = msgspec.UNSET
    update: AvailableUpdate | msgspec.UnsetType = msgspec.UNSET
    mirror: MirrorState | msgspec.UnsetType = msgspec.UNSET


def storage_figures(rows: RowCounts, size_bytes: int, max_bytes: int, unsynced: int | None = None) -> StorageFigures:
    """Shape the size of the ledger; `unsynced` minutes are not in the mirror yet, all of them without one (None)."""
    waiting = rows.minutes if unsynced is None else min(unsynced, rows.minutes)
    percent = round(100 * size_bytes / max_bytes, 1)
    return StorageFigures(
        db_size_mb=_megabytes(size_bytes),
        max_storage_mb=_megabytes(max_bytes),
        usage_logs_count=rows.minutes,
        daily_aggregates_count=rows.days,
        monthly_aggregates_count=rows.months,
        synced_count=rows.minutes - waiting,
        unsynced_count=waiting,
        storage_usage_percent=percent,
        warning=f"the ledger fills {percent} % of ledger.max_size" if percent >= STORAGE_WARNING_PERCENT else None,
    )


def storage(
    rows: RowCounts,
    size_bytes: int,
    max_bytes: int,
    kept: RetentionDays,
    zone: ZoneInfo,
    *,
    unsynced: int | None = None,
    mirror: MirrorStorage | None = None,
) -> Storage:
    """Shape storage and retention; `unsynced` as of `storage_figures`."""
    figures = storage_figures(rows, size_bytes, max_bytes, unsynced)
    return Storage(
        local=LocalStorage(
            db_size_mb=figures.db_size_mb,
            max_storage_mb=figures.max_storage_mb,
            usage_percent=figures.storage_usage_percent,
            usage_logs_count=rows.minutes,
            daily_aggregates_count=rows.days,
            monthly_aggregates_count=rows.months,
            synced_count=figures.synced_count,
            unsynced_count=figures.unsynced_count,
            oldest_log=None if rows.oldest is None else iso(rows.oldest, zone),
            newest_log=None if rows.newest is None else iso(rows.newest, zone),
        ),
        neon=mirror,
        retention=kept,
    )


class MirrorFigures(NamedTuple):
    """Bytes of a mirror, of its quarter hours, days and months, and rows of quarter hours by machine (UTC seconds)."""

    total: int
    slots: int
    days: int
    months: int
    rows: Mapping[str, int]
    oldest: int | None
    newest: int | None


def mirror_storage(found: MirrorFigures, device_count: int, zone: ZoneInfo) -> MirrorStorage:
    """Shape the size of the mirror."""
    total = _megabytes(found.total)
    return MirrorStorage(
        total_mb=total,
        max_storage_mb=FREE_TIER_MB,
        usage_percent=round(100 * total / FREE_TIER_MB, 1),
        free_tier_limit_mb=FREE_TIER_MB,
        warning_threshold_percent=STORAGE_WARNING_PERCENT,
        tables=MirrorTables(
            usage_logs=_megabytes(found.slots),
            daily_aggregates=_megabytes(found.days),
            monthly_aggregates=_megabytes(found.months),
        ),
        device_count=device_count,
        log_count=sum(found.rows.values()),
        oldest_log=None if found.oldest is None else iso(found.oldest, zone),
        newest_log=None if found.newest is None else iso(found.newest, zone),
        logs_per_device=[DeviceLogs(device_id=host, count=count) for host, count in found.rows.items()],
    )


def cleaned_mirror(slots: int, percent: float | None) -> CleanedMirror:
    """Shape what a clean-up has the mirror delete; `percent` is how full it is, None where that is not known."""
    deleted = DeletedAggregates(daily=0, monthly=0)
    return CleanedMirror(
        logs_deleted=slots, aggregates_deleted=deleted, vacuum_run=False, storage_after_percent=percent
    )


def cleanup(minutes: int, slots: int, *, is_vacuumed: bool, mirror: CleanedMirror | None = None) -> Cleanup:
    """Shape the result of a clean-up."""
    cleaned = Cleaned(
        logs_deleted=minutes, slots_deleted=slots, aggregates_deleted=DeletedAggregates(daily=0, monthly=0)
    )
    return Cleanup(local=cleaned, neon=mirror, vacuum_run=is_vacuumed)


def _megabytes(size_bytes: int) -> float:
    return round(size_bytes / 1_000_000, 2)
