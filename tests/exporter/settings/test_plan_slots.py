"""Free hours need quarter hours: settings that keep too few of them are refused, or warned of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from exporter.mirror.group.filling import SLOT_DAYS
from exporter.settings.loading import SettingsError, load_settings
from exporter.settings.plans.slots import SHARED_DAYS, shortage
from reports.billing.plans import ROLLOVER_CYCLES, CycleRule, FreeHours, Plan

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400
NIGHT = Plan(cap_bytes=1, free_hours=(FreeHours(60, 420),))
ROLLING = NIGHT._replace(rollover=True)
PLAN = 'plans: [{{cap: 1 GB, free_hours: ["01:00-07:00"], {rest}}}]\nledger: {{slot_retention: {kept}}}\n'


def every(days: int) -> CycleRule:
    return CycleRule("every", every_days=days, since=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("plan", "days"),
    [
        (NIGHT, 62),
        (NIGHT._replace(cycle=CycleRule("daily")), 2),
        (NIGHT._replace(cycle=CycleRule("weekly")), 14),
        (NIGHT._replace(cycle=every(90)), 180),
        (ROLLING, 397),
        (ROLLING._replace(cycle=CycleRule("weekly")), 91),
        (ROLLING._replace(cycle=every(30)), 390),
    ],
)
def test_every_quarter_hour_that_free_hours_are_cut_from_must_be_kept(plan: Plan, days: int) -> None:
    found = shortage(plan, (days + 1) * DAY - 1)

    assert shortage(plan, (days + 1) * DAY) is None
    assert found is not None
    assert (found.key, found.is_fatal) == ("free_hours", False)
    assert f"use at least {days + 1}d" in found.fault


@pytest.mark.parametrize("cycles", [1, 2, 1 + ROLLOVER_CYCLES])
def test_so_many_months_are_never_longer(cycles: int) -> None:
    most = {1: 31, 2: 62, 13: 397}[cycles]
    starts = [date(year, month, 1) for year in range(2023, 2031) for month in range(1, 13)]

    longest = max((later - first) // timedelta(days=1) for first, later in zip(starts, starts[cycles:], strict=False))

    assert longest <= most


@pytest.mark.parametrize(
    ("plan", "is_fatal"),
    [
        (NIGHT, None),
        (NIGHT._replace(cycle=every(61)), None),
        (NIGHT._replace(cycle=every(62)), True),
        (ROLLING, False),
        (ROLLING._replace(cycle=CycleRule("daily")), None),
        (ROLLING._replace(cycle=every(90)), True),
    ],
)
def test_quarter_hours_of_several_machines_are_there_for_62_days(plan: Plan, is_fatal: bool | None) -> None:  # noqa: FBT001 - a case's outcome
    found = shortage(plan._replace(hosts=("all",)), 400 * DAY)

    assert SHARED_DAYS == SLOT_DAYS
    assert (found and found.is_fatal) is is_fatal


def test_a_cycle_whose_own_quarter_hours_are_not_kept_is_refused() -> None:
    found = shortage(NIGHT._replace(cycle=every(90)), 90 * DAY)

    assert found is not None
    assert found.is_fatal


@pytest.mark.parametrize("plan", [Plan(), Plan(cap_bytes=1, rollover=True, cycle=every(366))])
def test_without_free_hours_days_are_enough(plan: Plan) -> None:
    assert shortage(plan, 0) is None


def test_what_is_refused_names_place_key_value_and_rule(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text(PLAN.format(rest="cycle: every 100 days from 2026-01-01", kept="62d"), encoding="utf-8")

    with pytest.raises(SettingsError) as error:
        load_settings(file, {})

    (problem,) = error.value.problems
    assert problem.removeprefix(f"{file}:1: ") == (
        "plans[0].free_hours: need the quarter hours of a whole cycle, 101 days, and ledger.slot_retention keeps them "
        "for 62d; use at least 101d there"
    )


def test_a_variable_decides_too(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text(PLAN.format(rest="rollover: true", kept="62d"), encoding="utf-8")

    told = load_settings(file, {})
    enough = load_settings(file, {"NETLEDGER_LEDGER_SLOT_RETENTION": "398d"})

    assert enough.warnings == ()
    (warning,) = told.warnings
    assert warning.removeprefix(f"{file}:1: ") == (
        "plans[0].free_hours: of 12 earlier cycles need quarter hours of 398 days, and ledger.slot_retention keeps "
        "them for 62d: cycles that have lost some carry nothing over, and are billed in full; use at least 398d there"
    )


def test_the_usual_retention_is_enough_for_months_that_roll_over(tmp_path: Path) -> None:
    file = tmp_path / "n.yaml"
    file.write_text(
        'plans: [{cap: 1 GB, rollover: true, free_hours: ["22:00-06:00"], cycle_day: 31}]', encoding="utf-8"
    )

    assert load_settings(file, {}).warnings == ()
