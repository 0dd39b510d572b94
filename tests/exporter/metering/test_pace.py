"""Samples and commits are rarer on battery, and what is counted is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from exporter.metering.pace import BatteryState, Pace, read_battery
from exporter.meters.interfaces.settings import Interfaces
from exporter.settings.tree import Battery, Ledger, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.worlds.books import Books

FULL, DRAINING = BatteryState(100, is_in_use=False), BatteryState(63, is_in_use=True)


def _pace(settings: Settings, read: Callable[[], BatteryState | None]) -> Pace:
    made = Pace(settings, read)
    made.refresh()
    return made


def _settings(sample: float = 1.0, commit: float = 10.0, battery: Battery | None = None) -> Settings:
    return Settings(
        interfaces=Interfaces(sample_interval=sample),
        ledger=Ledger(commit_interval=commit),
        battery=battery or Battery(),
        plans=(),
    )


@pytest.mark.parametrize(("battery", "intervals"), [(None, (1, 10, 15)), (FULL, (1, 10, 15)), (DRAINING, (5, 60, 85))])
def test_a_machine_on_battery_samples_and_commits_more_rarely(
    battery: BatteryState | None, intervals: tuple[float, ...]
) -> None:
    pace = _pace(_settings(), lambda: battery)

    assert (pace.sample_interval(), pace.commit_interval(), pace.gap_seconds()) == intervals


def test_a_battery_makes_nothing_more_frequent() -> None:
    pace = _pace(_settings(30.0, 300.0), lambda: DRAINING)

    assert (pace.sample_interval(), pace.commit_interval()) == (30, 300)


def test_the_intervals_are_those_of_the_settings() -> None:
    pace = _pace(_settings(battery=Battery(sample_interval=2.0, commit_interval=20.0)), lambda: DRAINING)

    assert (pace.sample_interval(), pace.commit_interval()) == (2, 20)


def test_the_pace_follows_the_battery() -> None:
    found: list[BatteryState | None] = [FULL]
    pace = _pace(_settings(), lambda: found[0])

    def next_interval(battery: BatteryState | None) -> float:
        found[0] = battery
        pace.refresh()
        return pace.sample_interval()

    assert [next_interval(battery) for battery in (FULL, DRAINING, DRAINING, None)] == [1, 5, 5, 1]


def test_a_battery_that_cannot_be_read_is_none() -> None:
    def fail() -> BatteryState:
        raise OSError(5, "Input/output error")

    pace = _pace(_settings(), fail)

    assert (pace.battery, pace.sample_interval()) == (None, 1)


@pytest.mark.parametrize(
    ("plugged", "is_in_use"), [(True, False), (False, True), (None, False)], ids=["mains", "battery", "unknown"]
)
def test_what_psutil_says_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, plugged: bool | None, is_in_use: bool
) -> None:
    class Found:
        percent, power_plugged = 41, plugged

    monkeypatch.setattr(psutil, "sensors_battery", Found, raising=False)
    (tmp_path / "BAT0").mkdir()

    assert read_battery(tmp_path) == BatteryState(41.0, is_in_use)


def test_a_machine_without_power_supplies_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")

    assert read_battery(tmp_path) is None
    assert read_battery(tmp_path / "missing") is None


def test_on_battery_every_byte_is_counted_once_and_a_crash_is_no_gap(books: Books) -> None:
    books.gap_seconds = 85
    books.start()
    for turn in range(30):
        books.machine.move("eth0", 1000 + turn, 10)
        books.machine.wait(5)
        books.sample()
        if turn % 12 == 11:
            books.commit()
    books.crash()
    books.machine.wait(20)
    shot = books.start()

    assert books.lifetime("eth0") == (sum(1000 + turn for turn in range(30)), 300)
    assert shot.gap_seconds == 0


def test_a_gap_is_as_long_as_the_pace_says_from_the_next_sample_on(books: Books) -> None:
    books.start()
    books.sampler.set_gap_seconds(85)
    books.machine.wait(60)
    assert books.sample().gap_seconds == 0

    books.sampler.set_gap_seconds(15)
    books.machine.wait(60)

    assert books.sample().gap_seconds == 60
