"""The answer about monitors: the settings, how they stand, and what the ledger has of their checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.meters.requests.monitors.settings import without_query
from exporter.meters.requests.monitors.standing import MonitorStatus
from reports.calendar.days import iso
from reports.formats.json.monitors import MonitorAnswer
from reports.usage.uptime import CheckedRoute, uptimes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from exporter.meters.requests.monitors.settings import Monitor
    from reports.ledger.reader import LedgerReader
    from reports.usage.uptime import Checks, Uptime


def monitor_answers(
    ledger: LedgerReader, monitors: Sequence[Monitor], now: float, statuses: Mapping[str, MonitorStatus]
) -> list[MonitorAnswer]:
    """Every monitor; `statuses` are those of a running service, by name."""
    found = uptimes(
        ledger, [CheckedRoute(each.name, each.method, each.target.path, each.expects) for each in monitors], now
    )
    return [
        _answer(each, statuses.get(each.name, MonitorStatus(each.name)), found[each.name], ledger.zone)
        for each in monitors
    ]


def _answer(monitor: Monitor, status: MonitorStatus, uptime: Uptime, zone: ZoneInfo) -> MonitorAnswer:
    probe, outage = status.probe, status.standing.outage
    is_known = probe is not None or outage is not None
    return MonitorAnswer(
        monitor=monitor.name,
        url=without_query(monitor.url),
        method=monitor.method,
        interval_seconds=monitor.interval,
        is_up=status.is_up if is_known else None,
        misses=status.standing.misses if is_known else None,
        reason=(outage.reason if outage else None) if probe is None else probe.reason or None,
        down_since=iso(outage.began, zone) if outage else None,
        checked_at=iso(status.checked_at, zone) if probe else None,
        status_code=probe.code if probe else None,
        latency_ms=round(probe.duration / 1000, 3) if probe else None,
        certificate_ends=iso(status.certificate_ends, zone) if status.certificate_ends is not None else None,
        uptime_24h=_share(uptime.day),
        checks_24h=uptime.day.all,
        uptime_30d=_share(uptime.month),
        checks_30d=uptime.month.all,
    )


def _share(checks: Checks) -> float | None:
    return None if checks.share is None else round(checks.share, 6)
