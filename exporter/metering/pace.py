"""How often a service samples and commits: as the settings say, and more rarely on battery.

Fewer wake-ups are what saves energy; no byte is lost by them, as the kernel goes on counting between two samples.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from exporter.settings.tree import Settings

log = logging.getLogger(__name__)

LOST_SAMPLES = 5
"""Sample intervals added to the commit interval: what a crash may leave unwritten is no gap, what is longer is one."""

POWER_SUPPLIES = Path("/sys/class/power_supply")
TIMER_SLACK, USUAL_TIMER_SLACK = 100_000_000, 50_000
"""Nanoseconds by which Linux may wake the process late, so that wake-ups of several processes fall together: rates are
of measured time. The second is the kernel's own."""


class BatteryState(NamedTuple):
    """A battery: its charge in percent, and whether the machine runs on it now."""

    percent: float
    is_in_use: bool


def read_battery(supplies: Path = POWER_SUPPLIES) -> BatteryState | None:
    """The machine's battery; None without one, or where that cannot be known.

    psutil costs memory that a machine without any power supply need not spend.
    """
    if sys.platform == "linux" and not _has_supplies(supplies):
        return None
    found = getattr(import_module("psutil"), "sensors_battery", lambda: None)()
    # None: it is not known whether the mains are there.
    return None if found is None else BatteryState(float(found.percent), found.power_plugged is False)


class Pace:
    """The intervals of now, in seconds."""

    def __init__(self, settings: Settings, read: Callable[[], BatteryState | None] = read_battery) -> None:
        """As without a battery, before `refresh` has read it."""
        self._settings, self._read = settings, read
        self.battery: BatteryState | None = None

    @property
    def is_on_battery(self) -> bool:
        """Whether it is slower now."""
        return self.battery is not None and self.battery.is_in_use

    def sample_interval(self) -> float:
        """Between two samples."""
        usual = self._settings.interfaces.sample_interval
        return max(usual, self._settings.battery.sample_interval) if self.is_on_battery else usual

    def commit_interval(self) -> float:
        """Between two commits."""
        usual = self._settings.ledger.commit_interval
        return max(usual, self._settings.battery.commit_interval) if self.is_on_battery else usual

    def gap_seconds(self) -> float:
        """Without a sample for longer is a gap."""
        return self.commit_interval() + LOST_SAMPLES * self.sample_interval()

    def refresh(self) -> None:
        """Read the battery."""
        before = self.is_on_battery
        try:
            self.battery = self._read()
        except (OSError, ValueError, RuntimeError) as error:
            log.debug("the battery cannot be read: %s", error)
            self.battery = None
        if before == self.is_on_battery:
            return
        _set_timer_slack(TIMER_SLACK if self.is_on_battery else USUAL_TIMER_SLACK)
        log.info(
            "%s: samples every %g s, commits every %g s",
            "on battery" if self.is_on_battery else "not on battery any more",
            self.sample_interval(),
            self.commit_interval(),
        )


def _has_supplies(supplies: Path) -> bool:
    try:
        return any(supplies.iterdir())
    except OSError:
        return False


def _set_timer_slack(nanoseconds: int) -> None:
    """Of the main thread, where the event loop is; another system has no such file."""
    with contextlib.suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text(str(nanoseconds), encoding="ascii")
