"""JSON about monitors."""

from __future__ import annotations

from reports.formats.shapes import Answer, Timestamp


class MonitorAnswer(Answer):
    """A monitor: what it asks, how it stands, and the share of good checks.

    What only a running service knows is null without one, and before the first check. `down_since` is the first failure
    of the outage; `status_code` is 0 where there was no answer.
    """

    monitor: str
    url: str
    method: str
    interval_seconds: float
    is_up: bool | None
    misses: int | None
    reason: str | None
    down_since: Timestamp | None
    checked_at: Timestamp | None
    status_code: int | None
    latency_ms: float | None
    certificate_ends: Timestamp | None
    uptime_24h: float | None
    checks_24h: int
    uptime_30d: float | None
    checks_30d: int


class Monitors(Answer):
    """Every monitor of the settings."""

    monitors: list[MonitorAnswer]
