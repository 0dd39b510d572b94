"""JSON about the ledger itself: storage, retention, clean-up, health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from reports.calendar.days import iso
from reports.formats.shapes import Answer, Timestamp

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from reports.ledger.reader import RowCounts

STORAGE_WARNING_PERCENT = 80


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
    """How long rows are kept; days are kept for ever (null)."""

    local_log_days: int
    local_aggregate_months: int | None
    neon_log_days: None
    neon_aggregate_months: None
    local_slot_days: int


class Storage(Answer):
    """Storage; `neon` is always null: nothing leaves the machine."""

    local: LocalStorage
    neon: None
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


class Cleanup(Answer):
    """Result of a clean-up."""

    local: Cleaned
    neon: None
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


class Health(Answer):
    """Health of the service: `problems` says why it is degraded.

    `meters` are those that may measure in several ways, by name. `update` is there once `auto_update` has asked.

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


def storage_figures(rows: RowCounts, size_bytes: int, max_bytes: int) -> StorageFigures:
    """Shape the size of the ledger."""
    percent = round(100 * size_bytes / max_bytes, 1)
    return StorageFigures(
        db_size_mb=_megabytes(size_bytes),
        max_storage_mb=_megabytes(max_bytes),
        usage_logs_count=rows.minutes,
        daily_aggregates_count=rows.days,
        monthly_aggregates_count=rows.months,
        synced_count=0,
        unsynced_count=rows.minutes,
        storage_usage_percent=percent,
        warning=f"the ledger fills {percent} % of ledger.max_size" if percent >= STORAGE_WARNING_PERCENT else None,
    )


def storage(rows: RowCounts, size_bytes: int, max_bytes: int, kept: RetentionDays, zone: ZoneInfo) -> Storage:
    """Shape storage and retention."""
    figures = storage_figures(rows, size_bytes, max_bytes)
    return Storage(
        local=LocalStorage(
            db_size_mb=figures.db_size_mb,
            max_storage_mb=figures.max_storage_mb,
            usage_percent=figures.storage_usage_percent,
            usage_logs_count=rows.minutes,
            daily_aggregates_count=rows.days,
            monthly_aggregates_count=rows.months,
            synced_count=0,
            unsynced_count=rows.minutes,
            oldest_log=None if rows.oldest is None else iso(rows.oldest, zone),
            newest_log=None if rows.newest is None else iso(rows.newest, zone),
        ),
        neon=None,
        retention=kept,
    )


def cleanup(minutes: int, slots: int, *, is_vacuumed: bool) -> Cleanup:
    """Shape the result of a clean-up."""
    cleaned = Cleaned(
        logs_deleted=minutes, slots_deleted=slots, aggregates_deleted=DeletedAggregates(daily=0, monthly=0)
    )
    return Cleanup(local=cleaned, neon=None, vacuum_run=is_vacuumed)


def _megabytes(size_bytes: int) -> float:
    return round(size_bytes / 1_000_000, 2)
