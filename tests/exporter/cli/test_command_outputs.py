from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from reports.text.amounts import human_bytes
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden

CALLS = {
    "today": ("today",),
    "today-of-one": ("today", "--interface", "wg0"),
    "week": ("week",),
    "month": ("month",),
    "month-of-one": ("month", "--interface", "wlan0", "2026-05"),
    "month-to-come": ("month", "2031-01"),
    "year": ("year",),
    "range": ("range", "--from", "2026-06-09", "--to", "2026-06-30"),
    "summary": ("summary",),
    "interfaces": ("interfaces",),
}


@pytest.mark.parametrize("name", CALLS)
def test_in_a_pipe_a_table_is_bare_and_aligned(name: str, commands: Commands, golden: Golden) -> None:
    done = commands(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.txt", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_json_is_as_the_api_gives_it(name: str, commands: Commands, golden: Golden) -> None:
    done = commands(*CALLS[name], "--json")

    assert (done.exit_code, done.stderr) == (0, "")
    golden(f"commands/{name}.json", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_on_a_terminal_a_table_is_drawn(
    name: str, commands: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(80)

    golden(f"commands/{name}-on-80-columns.txt", commands.on_a_terminal(*CALLS[name]))


@pytest.mark.parametrize("width", [30, 45, 52, 60, 200])
def test_no_number_is_ever_cut_by_a_narrow_terminal(
    width: int, commands: Commands, columns: Callable[[int], None]
) -> None:
    columns(width)
    numbers = {word for line in commands("month").stdout.split("\n") for word in line.split() if word[0].isdigit()}

    drawn = commands.on_a_terminal("month")

    assert "…" not in drawn
    assert numbers <= set(drawn.replace("│", " ").split())
    table = [line for line in drawn.split("\n") if line.startswith(("│", "╭"))]
    assert all(len(line) <= width for line in table)


def test_without_a_command_the_whole_is_on_one_screen(
    commands: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(80)

    golden("commands/overview.txt", commands().stdout)
    golden("commands/overview-on-80-columns.txt", commands.on_a_terminal())


def test_each_plan_with_a_cap_has_a_bar_on_a_terminal_alone(commands: Commands, columns: Callable[[int], None]) -> None:
    plans = [{"name": "home", "cap": "10 GB"}, {"name": "over", "cap": "1 GB"}, {"name": "free"}]
    commands.ledger.with_name("empty.yaml").write_text(json.dumps({"plans": plans}), encoding="utf-8")
    columns(60)

    bars = [line.strip() for line in commands.on_a_terminal().splitlines() if line.startswith("  [")]
    assert bars == [f"[{'█' * 12}▊{' ' * 27}]", f"[{'█' * 40}]"]
    assert "█" not in commands().stdout


def test_the_one_screen_tells_what_each_command_tells(commands: Commands) -> None:
    rows = [line.split() for line in commands().stdout.splitlines() if "GB" in line or "MB" in line]
    told = {row[0]: " ".join(row[-4:-2]) for row in rows if row[0] in {"Today", "June", "Ever"}}

    assert told == {
        "Today": human_bytes(commands.json("today")["total_bytes"]),
        "June": human_bytes(commands.json("month")["summary"]["total_bytes"]),
        "Ever": human_bytes(commands.json("summary")["total_bytes"]),
    }


def test_a_pipe_without_unicode_gets_every_table(commands: Commands) -> None:
    for arguments in CALLS.values():
        done = commands(*arguments, charset="ascii")
        assert done.exit_code == 0
        assert done.stdout.isascii()


def test_a_name_from_outside_cannot_rewrite_the_terminals_line(commands: Commands) -> None:
    done = commands("today", "--interface", "a\x1b[2Jb")

    assert done.exit_code == 2
    assert "\x1b" not in done.output


def test_an_empty_ledger_is_told_as_such(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())
    commands = Commands(path, NOON)

    for arguments in (("today",), ("week",), ("month",), ("year",), ("summary",), ("interfaces",), ("ledger", "info")):
        assert (done := commands(*arguments)).exit_code == 0, done.output
    assert "has counted nothing yet" in commands("today").stdout
    assert "nothing is counted yet" in commands("summary").stdout
    assert commands("interfaces").stdout == "Nothing is counted yet: start `netledger run`.\n"


def test_usage_ends_where_a_stopped_service_looked_last(commands: Commands) -> None:
    commands.now = NOON + 3600

    assert "until 2026-06-12 12:00:00 Asia/Kolkata: netledger is not running" in commands("today").stdout


def test_a_finished_period_needs_no_such_note(commands: Commands) -> None:
    assert "until" not in commands("month", "2026-05").stdout


def test_what_was_before_counting_began_is_no_zero(commands: Commands) -> None:
    began = "counting began 22 May 2026 12:00"
    blank = ["\N{EN DASH}"] * 4

    for arguments in (("month", "1999-01"), ("year", "2025"), ("range", "--from", "2026-05-01", "--to", "2026-05-21")):
        _, *rows, total, note = commands(*arguments).stdout.splitlines()
        assert all(row.split()[1:] == blank for row in [*rows, total])
        assert note == began
    lines = commands("month", "2026-05").stdout.splitlines()
    assert [line.split()[1:] == blank for line in lines[1:32]] == [True] * 21 + [False] * 10
    assert lines[-1] == began
    assert "counting began" not in commands("month", "2026-06").stdout


def test_the_clock_decides_what_today_is(commands: Commands) -> None:
    commands.now = NOON + 86_400

    assert commands.json("today")["date"] == "2026-06-13"
    assert commands.json("today")["total_bytes"] == 0
