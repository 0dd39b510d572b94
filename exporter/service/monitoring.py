"""The monitors of a service, with the receivers of their notices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporter.billing.limit_watch import limit_receivers
from exporter.billing.monitor_notices import MonitorNotices
from exporter.meters.requests.intake import Intake
from exporter.meters.requests.monitors.watch import MonitorWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.billing.notifier import Notifier
    from exporter.service.wiring import ServiceEnvironment


def watch_monitors(
    environment: ServiceEnvironment, notifier: Notifier, hostname: str, is_resumed: Callable[[], bool]
) -> MonitorWatch:
    """The monitors of the settings; none without a request meter. After the meter resumed."""
    settings, clock = environment.settings, environment.clock
    intake = next((each.source for each in environment.meters if isinstance(each.source, Intake)), None)
    notices = MonitorNotices(
        notify=limit_receivers(settings.notify), notifier=notifier, hostname=hostname, is_resumed=is_resumed
    )
    monitors = settings.requests.monitors if intake is not None else ()
    return MonitorWatch(monitors, intake or Intake(), notices, lambda: clock.now().wall / 1e9)
