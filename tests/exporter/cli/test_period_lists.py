"""Lists of minutes, hours, days, months and years, and of the busiest days."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.cli.calls import Commands
from tests.exporter.cli.service_process import fetch
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden
    from tests.exporter.cli.service_process import Service

CALLS = {
    "minutes": ("minutes", "--step", "15m"),
    "hours": ("hours",),
    "hours-until": ("hours", "--last", "3", "--to", "2026-06-11T12:00", "--interface", "wg0"),
    "days": ("days", "--last", "5"),
    "days-before": ("days", "--from", "2026-05-20", "--to", "2026-05-24"),
    "months": ("months", "--last", "3"),
    "years": ("years",),
    "top": ("top", "--last", "3"),
    "yesterday": ("yesterday",),
}


@pytest.mark.parametrize("name", CALLS)
def test_in_a_pipe_a_list_is_bare_and_aligned(name: str, commands: Commands, golden: Golden) -> None:
    done = commands(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/list-{name}.txt", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_json_of_a_list_is_as_promised(name: str, commands: Commands, golden: Golden) -> None:
    golden(f"commands/list-{name}.json", commands(*CALLS[name], "--json").stdout)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("width", [60, 80])
def test_on_a_terminal_a_list_has_bars_where_there_is_room(
    name: str, width: int, commands: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(width)

    drawn = commands.on_a_terminal(*CALLS[name])

    golden(f"commands/list-{name}-on-{width}-columns.txt", drawn)
    assert max(map(len, drawn.splitlines())) <= width


def amounts(row: dict[str, Any]) -> tuple[int, int]:
    return row["bytes_received"], row["bytes_sent"]


def test_a_day_of_the_list_is_that_of_every_other_command(commands: Commands) -> None:
    days = {row["period"]: amounts(row) for row in commands.json("days")["periods"] if row["total_bytes"] is not None}

    month = {row["date"]: amounts(row) for row in commands.json("month")["days"]}
    last_month = {row["date"]: amounts(row) for row in commands.json("month", "2026-05")["days"]}
    assert days.items() <= (month | last_month).items()
    assert days["2026-06-12"] == amounts(commands.json("today"))
    assert days["2026-06-12"] == amounts(commands.json("hours", "--from", "2026-06-12")["summary"])
    assert days["2026-06-12"] == amounts(commands.json("minutes", "--from", "2026-06-12", "--step", "15m")["summary"])


def test_months_and_years_of_lists_are_those_of_every_other_command(commands: Commands) -> None:
    months = {row["period"]: amounts(row) for row in commands.json("months", "--last", "6")["periods"]}

    year = commands.json("year")
    assert months == {row["month"]: amounts(row) for row in year["months"]}
    (this,) = commands.json("years")["periods"]
    assert (this["period"], amounts(this)) == (year["year"], amounts(year["summary"]))
    assert amounts(this) == amounts(commands.json("summary"))


def test_the_estimate_of_a_month_is_the_forecast_of_a_plan_that_bills_it(commands: Commands) -> None:
    commands.now = NOON + 5 * 86_400

    estimate, forecast = commands.json("months")["estimate"], commands.json("forecast")

    assert [estimate[name]["total_bytes"] for name in ("expected", "low", "high")] == [
        forecast[name] for name in ("expected_bytes", "low_bytes", "high_bytes")
    ]
    assert estimate["method"] == forecast["method"]


def test_the_average_is_of_the_time_that_was_counted(commands: Commands) -> None:
    first, *_, today = commands.json("days", "--from", "2026-05-22")["periods"]

    assert (first["partial"], first["seconds"]) == (True, 12 * 3600)
    assert (today["seconds"], today["average_bytes_per_second"]) == (12 * 3600, round(today["total_bytes"] / 43_200))


def test_the_busiest_days_are_those_of_records(commands: Commands) -> None:
    records = commands.json("records")["busiest_days"]

    listed = commands.json("top", "--last", "10")["periods"]
    assert [(row["period"], amounts(row)) for row in listed] == [(row["date"], amounts(row)) for row in records]
    assert "estimate" not in commands.json("top", "--last", "10")


def test_a_period_within_a_gap_is_no_zero(commands: Commands) -> None:
    rows = commands.json("hours", "--from", "2026-06-09T09:00", "--to", "2026-06-09T13:00")["periods"]
    quarters = commands.json("minutes", "--step", "15m", "--from", "2026-06-09T11:00", "--to", "2026-06-09T12:00")

    assert [row["total_bytes"] is None for row in rows] == [False] * 4
    assert [row["total_bytes"] is None for row in quarters["periods"]] == [False, False, True, False]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("days", "--last", "0"), "0 is not in the range 1<=x<=2000"),
        (("days", "--last", "3", "--from", "2026-06-01"), "last: 3 and from 2026-06-01: give one of them"),
        (("hours", "--from", "2026-06-12", "--to", "2026-06-11"), "from: '2026-06-12' is not before to '2026-06-11'"),
        (("months", "--from", "2026-06-12", "--to", "2026-06-11"), "from: '2026-06-12' is not before to '2026-06-11'"),
        (("minutes", "--from", "2026-01-01", "--step", "1m"), "at most 3000 are returned"),
        (("hours", "--map", "--last", "3"), "--map and --last: give one of them"),
        (("years", "--interface", "eth9"), "interface: the ledger knows no 'eth9'"),
        (("top", "--last", "3", "--scope", "nowhere"), "scope: 'nowhere' is unknown"),
        (("top", "--interface", "eth0"), "an application is no part of an interface"),
    ],
)
def test_a_wrong_question_of_a_list_is_one_sentence(
    arguments: tuple[str, ...], problem: str, commands: Commands
) -> None:
    done = commands(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in done.stderr


def test_a_new_ledger_lists_dashes(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())
    commands = Commands(path, NOON)

    for unit in ("minutes", "hours", "days", "months", "years"):
        done = commands(unit)
        assert (done.exit_code, done.stderr) == (0, "")
        assert commands.json(unit)["summary"]["total_bytes"] in (None, 0)
        assert "estimate" not in commands.json(unit)
    assert commands("top", "--last", "3").stdout.endswith("nothing of this is counted yet\n")


@pytest.mark.parametrize(
    ("arguments", "query"),
    [
        (("days", "--last", "3"), "unit=days&last=3"),
        (("months",), "unit=months"),
        (("years", "--interface", "wg0"), "unit=years&interface=wg0"),
        (("hours", "--last", "2"), "unit=hours&last=2"),
        (("minutes", "--step", "15m"), "unit=minutes&step=15m"),
        (("top", "--last", "2"), "order=busiest&last=2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_list_is_the_same_by_the_service(service: Service, arguments: tuple[str, ...], query: str) -> None:
    url = service.start()

    answer, done = fetch(url, f"/api/periods?{query}"), service.command(*arguments, "--json")

    assert (done.code, done.stderr) == (0, "")
    assert without_clock(json.loads(done.stdout)) == without_clock(answer)


def without_clock(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what moves between two calls."""
    for row in (answer, *answer["periods"]):
        row.pop("average_bytes_per_second")
    if answer["periods"][-1:]:
        answer["periods"][-1].pop("seconds")
    answer.pop("estimate", None)
    return answer
