"""`netledger export`: files that are whole or not there, and the numbers that the other commands give."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sqlite3
import stat
import tomllib
from typing import TYPE_CHECKING

import click
import pytest
import toon_format

from exporter.terminal.output_files import replace_file
from exporter.terminal.progress import with_progress
from reports.formats.registry import FORMATS, SLOT_FORMATS
from tests.exporter.cli.calls import Commands, Terminal
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_holds_what_the_pipe_gets(name: str, commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "out"
    piped = commands("export", "--format", name)

    done = commands("export", "--format", name, "--output", str(target))

    assert (done.exit_code, done.stderr) == (0, "")
    assert target.read_bytes() == piped.stdout_bytes
    assert done.stdout.startswith(f"{target} (22 days, ")


def test_the_numbers_are_those_of_the_other_commands(commands: Commands) -> None:
    ever, month = commands.json("summary"), commands.json("month")

    document = json.loads(commands("export").stdout)
    toon = toon_format.decode(commands("export", "--format", "toon").stdout)
    sections = tomllib.loads(commands("export", "--format", "llm", "--range", "month").stdout)
    rows = list(csv.DictReader(io.StringIO(commands("export", "--format", "csv").stdout)))

    assert document["summary"]["totals"]["total_bytes"] == ever["total_bytes"]
    assert document["summary"]["totals"]["estimated_bytes"] == ever["estimated_bytes"]
    assert toon == document
    assert sections["totals"]["total_bytes"] == month["summary"]["total_bytes"]
    assert sum(int(row["total_bytes"]) for row in rows) == ever["total_bytes"]


def test_a_range_and_an_interface_are_taken(commands: Commands) -> None:
    done = commands("export", "--from", "2026-06-11", "--to", "2026-06-12", "--interface", "wg0", "--format", "csv")

    assert [row[:10] for row in done.stdout.splitlines()[1:]] == ["2026-06-11", "2026-06-12"]
    assert ",wg0," in done.stdout


def test_a_plan_is_taken(ledger: Path, tmp_path: Path) -> None:
    settings = tmp_path / "plans.yaml"
    settings.write_text("plans:\n  - name: travel\n    interfaces: [wg*]\n", encoding="utf-8")
    commands = Commands(ledger, NETLEDGER_CONFIG=str(settings))

    of_plan, of_interface = (
        json.loads(commands("export", *chosen).stdout) for chosen in (("--plan", "travel"), ("--interface", "wg0"))
    )

    assert (of_plan["metadata"]["plan"], of_plan["metadata"]["interface"]) == ("travel", None)
    for key in ("summary", "interfaces", "monthly_data", "daily_data"):
        assert of_plan[key] == of_interface[key]


@pytest.mark.parametrize("name", SLOT_FORMATS)
def test_a_file_of_quarter_hours_holds_what_the_pipe_gets(name: str, commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "out"
    piped = commands("export", "--format", name, "--resolution", "slot")

    done = commands("export", "--format", name, "--resolution", "slot", "--output", str(target))

    assert (done.exit_code, done.stderr) == (0, "")
    assert target.read_bytes() == piped.stdout_bytes
    assert piped.stdout.count("+05:30") >= 8


def test_quarter_hours_have_the_sum_of_their_days(commands: Commands) -> None:
    rows = list(csv.DictReader(io.StringIO(commands("export", "--format", "csv", "--resolution", "slot").stdout)))

    assert sum(int(row["total_bytes"]) for row in rows) == commands.json("summary")["total_bytes"]
    assert {(row["interface"], row["resolution"]) for row in rows} == {("eth0", "slot"), ("wlan0", "slot")}


def test_days_whose_quarter_hours_are_gone_are_said_on_standard_error(commands: Commands, ledger: Path) -> None:
    with contextlib.closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("DELETE FROM interface_slot")

    done = commands("export", "--format", "csv", "--resolution", "slot")

    assert done.exit_code == 0
    assert done.stderr == "no quarter hours of these days are kept: each day is one row\n"
    assert all(line.endswith(",day") for line in done.stdout.splitlines()[1:])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "llm", "--resolution", "slot"), "'slot' is for json, csv; llm tells of days"),
        (("--resolution", "minute"), "minute"),
        (("--format", "pdf"), "pdf"),
        (("--range", "decade"), "decade"),
        (("--from", "2026-02-30"), "2026-02-30"),
        (("--from", "2026-06-02", "--to", "2026-06-01"), "2026-06-02"),
        (("--interface", "eth7"), "eth7"),
        (("--plan", "office"), "there is no 'office'; use default"),
        (("--plan", "default", "--interface", "eth0"), "a plan has its own interfaces"),
    ],
)
def test_nonsense_is_a_wrong_call(arguments: tuple[str, ...], message: str, commands: Commands) -> None:
    done = commands("export", *arguments)

    assert done.exit_code == 2
    assert message in done.stderr


def test_a_file_that_is_there_is_left_alone_without_force(commands: Commands, tmp_path: Path) -> None:
    target = tmp_path / "mine.csv"
    target.write_text("precious", encoding="utf-8")

    refused = commands("export", "--format", "csv", "--output", str(target))
    held = target.read_text(encoding="utf-8")
    replaced = commands("export", "--format", "csv", "--output", str(target), "--force")

    assert (refused.exit_code, held) == (1, "precious")
    assert "--force" in refused.stderr
    assert replaced.exit_code == 0
    assert target.read_text(encoding="utf-8").startswith("date,")
    assert sorted(path.name for path in tmp_path.iterdir() if "mine" in path.name) == ["mine.csv"]


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "old.json"
    target.write_text("old", encoding="utf-8")

    with contextlib.suppress(EOFError), replace_file(target, is_replaceable=True) as file:
        file.write(b"half")
        raise EOFError

    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("old.json", "old")]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "new.json"

    file = replace_file(target, is_replaceable=False)
    file.__enter__().write(b"ours")
    target.write_text("theirs", encoding="utf-8")

    with pytest.raises(click.ClickException, match="already there"):
        file.__exit__(None, None, None)

    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("new.json", "theirs")]


def test_a_link_is_followed_and_a_device_is_written_to(commands: Commands, tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old", encoding="utf-8")
    link.symlink_to(real)

    through = commands("export", "--output", str(link), "--force")
    away = commands("export", "--output", os.devnull)

    assert (through.exit_code, away.exit_code) == (0, 0)
    assert link.is_symlink()
    assert real.read_text(encoding="utf-8").startswith("{")
    assert not stat.S_ISREG(os.stat(os.devnull).st_mode)  # noqa: PTH116 - a device is no path of ours


def test_a_folder_that_is_not_there_is_named(commands: Commands, tmp_path: Path) -> None:
    done = commands("export", "--output", str(tmp_path / "nowhere" / "x.json"))

    assert done.exit_code == 1
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("name", FORMATS)
def test_an_empty_ledger_is_exported_and_said_to_be_empty(name: str, tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())

    done = Commands(path, NOON)("export", "--format", name)

    assert (done.exit_code, done.stderr) == (0, "nothing is counted yet\n")
    assert done.stdout


@pytest.mark.parametrize(("patience", "is_shown"), [(0.0, True), (60.0, False)])
def test_only_a_terminal_that_waits_is_shown_progress(
    patience: float, *, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm-256color")

    with with_progress("Writing", [b"a", b"b", b"c"], 3, patience) as shown:
        assert list(shown) == [b"a", b"b", b"c"]

    assert ("Writing" in screen.text) is is_shown


def test_llm_is_a_format_by_a_word_of_its_own(commands: Commands) -> None:
    assert commands("export", "--llm").stdout == commands("export", "--format", "llm").stdout
    assert commands("export").stdout.startswith("{")
    assert commands("export", "--format", "csv").stdout.startswith("date,")


def test_a_csv_can_have_packetbuddys_five_columns_alone(commands: Commands) -> None:
    lines = commands("export", "--format", "csv", "--columns", "basic").stdout.splitlines()

    assert {line.count(",") for line in lines} == {4}
    assert commands("export", "--columns", "basic").exit_code == 2


def test_html_is_the_wrap_up_of_this_year(commands: Commands) -> None:
    assert " in 2026 so far" in commands("export", "--format", "html").stdout
