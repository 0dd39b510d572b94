"""Notices of monitors: one when a monitor is down, one when it is up again, one for a certificate that ends soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reports.text.amounts import counted, human_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.billing.notifier import Notifier
    from exporter.meters.requests.monitors.settings import Monitor
    from exporter.meters.requests.monitors.standing import Outage
    from exporter.settings.plans.notify import Notify


class MonitorNotices:
    """Gives notices to the notifier of plans."""

    def __init__(
        self, *, notify: Notify, notifier: Notifier, hostname: str, is_resumed: Callable[[], bool] = lambda: True
    ) -> None:
        """`notify` has the receivers, `hostname` is named; `is_resumed` once notices of earlier services are known."""
        self._receivers, self._notifier, self._hostname, self._is_resumed = notify, notifier, hostname, is_resumed

    def note_outage(self, monitor: Monitor, outage: Outage) -> None:
        """A monitor is down."""
        text = f"{counted(monitor.misses, 'check has', 'checks in a row have')} failed, {outage.reason}."
        self._notify(monitor, f"{outage.began}:down", "down", "is down", text, since=_iso(outage.began))

    def note_recovery(self, monitor: Monitor, outage: Outage, at: int) -> None:
        """It is up again."""
        text = f"It was down for {human_duration(at - outage.began)}: {outage.reason}."
        self._notify(monitor, f"{outage.began}:up", "up", "is up again", text, since=_iso(outage.began))

    def note_certificate(self, monitor: Monitor, ends: int) -> None:
        """Its certificate ends soon."""
        if self._is_resumed():
            text = f"It ends on {_iso(ends)}."
            self._notify(monitor, f"certificate:{ends}", "certificate", "has a certificate that ends soon", text)

    def _notify(self, monitor: Monitor, key: str, event: str, what: str, text: str, since: str | None = None) -> None:
        message: dict[str, object] = {
            "plan": None,
            "monitor": monitor.name,
            "host": self._hostname,
            "event": event,
            "since": since,
            "title": f"netledger on {self._hostname}: {monitor.name} {what}",
            "text": text,
        }
        self._notifier.notify_once(key=f"monitor:{key}:{monitor.name}", notify=self._receivers, message=message)


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
