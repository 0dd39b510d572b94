"""Limits of applications that were reached: a notice once a period, by the notifier of plans."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from exporter.billing.messages import limit_message
from exporter.meters.applications.limits import live_limits
from exporter.settings.plans.notify import Notify
from reports.text.amounts import human_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exporter.billing.notifier import Notifier
    from exporter.metering.totals import Totals
    from exporter.meters.applications.settings import Limit
    from reports.billing.limits import LimitStatus

log = logging.getLogger(__name__)


class LimitWatch:
    """The limits of one service."""

    def __init__(
        self, *, limits: Mapping[str, Limit], notify: Notify, totals: Totals, notifier: Notifier, hostname: str
    ) -> None:
        """`notify` has the receivers of notices; `hostname` is named in them."""
        self._limits, self._receivers, self._totals = limits, notify, totals
        self._notifier, self._hostname = notifier, hostname

    def refresh(self, now: float) -> None:
        """Notify of percentages that were reached for the first time in their period; after the notifier resumed."""
        for status in live_limits(self._limits, self._totals, self._totals.day_of(int(now))):
            for percent in status.reached:
                self._notify(status, percent)

    def _notify(self, status: LimitStatus, percent: int) -> None:
        name, kind = status.application, status.period.kind
        is_new = self._notifier.notify_once(
            key=f"limit:{kind}:{status.period.start}:{percent}:{name}",
            notify=self._receivers,
            message=limit_message(status, percent, self._hostname),
        )
        if is_new:
            used, limit = human_bytes(status.used), human_bytes(status.limit)
            log.warning("%r has moved %s of its %s a %s: %d %% are reached", name, used, limit, kind, percent)


def limit_receivers(notify: Mapping[str, Notify]) -> Notify:
    """The receivers of limits: those of the first plan that has any."""
    return next((each for each in notify.values() if each.webhook or each.command), Notify())
