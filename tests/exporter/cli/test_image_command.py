"""`netledger image`: a picture that shows what the command of its name lists, in a file that is whole or not there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.opening.opening import open_ledger
from exporter.meters.registry import new_stores
from reports.pictures.periods import REQUESTS
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import NOON, write_ledger

if TYPE_CHECKING:
    from tests.conftest import Golden

NAMES = ("summary", *REQUESTS)
LISTED = {
    "days": ("days", "--last", "5"),
    "months": ("months", "--last", "3"),
    "years": ("years",),
    "top": ("top", "--last", "3"),
    "past": ("days", "--from", "2026-05-20", "--to", "2026-05-24"),
}

NOTES = ("estimated at", "until", "counting began")
"""Lines below a table."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the command runs."""
    made = tmp_path / "here"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def drawn(commands: Commands, *arguments: str) -> str:
    done = commands("image", *arguments, "--output", "-")
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout


def texts(picture: str) -> list[str]:
    parsed = ET.fromstring(picture)  # noqa: S314 - our own
    return [text.text or "" for text in parsed.iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_of_the_small_ledger_is_as_promised(name: str, commands: Commands, golden: Golden) -> None:
    golden(f"pictures/small-{name}.svg", drawn(commands, name))


@pytest.mark.parametrize("name", LISTED)
def test_a_picture_has_the_rows_of_its_list(name: str, commands: Commands) -> None:
    command, *options = LISTED[name]

    shown = texts(drawn(commands, command, *options))

    rows = [line.split("  ") for line in commands(*LISTED[name]).stdout.splitlines() if not line.startswith(NOTES)]
    cells = [cell.strip() for row in rows[1:] for cell in row if cell.strip()]
    assert shown[5:-3] == cells
    assert shown[-1] == "until 2026-06-12 12:00 Asia/Kolkata"


def test_the_summary_has_the_rows_of_the_whole_on_one_screen(commands: Commands) -> None:
    shown = texts(drawn(commands, "summary"))

    today, month, ever = (commands.json(name) for name in ("today", "month", "summary"))
    for used in (today, month["summary"], ever):
        words = used["human_readable"]
        assert words["received"].replace("KB", "kB") in shown
        assert words["total"].replace("KB", "kB") in shown
    assert {"Today", "Yesterday", "June 2026", "May 2026", "Since 22 May 2026"} <= set(shown)


def test_interfaces_are_chosen_as_of_every_command(commands: Commands) -> None:
    settings = {"interfaces": {"names": {"wg0": "office"}}, "display": {"units": "binary"}}
    Path(commands.environ["NETLEDGER_CONFIG"]).write_text(json.dumps(settings), encoding="utf-8")

    of_one, of_alias = (texts(drawn(commands, "days", "--interface", name)) for name in ("wg0", "office"))

    assert (of_one[0], of_alias[0]) == ("Days, wg0", "Days, office")
    assert of_one[1:] == of_alias[1:]
    assert "166.58 MiB" in of_one
    assert "174.67 MB" in texts(drawn(commands, "days", "--interface", "w[g]*", "--units", "decimal"))


def test_a_day_of_25_hours_has_a_column_for_each(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "ledger.db"
    morning = int(datetime(2026, 10, 25, 6, 30, tzinfo=UTC).timestamp())
    write_ledger(path, empty_ledger, morning)
    commands = Commands(path, morning)
    open_ledger(path, new_stores(), ZoneInfo("Europe/Berlin"))

    shown = texts(drawn(commands, "hours"))

    listed = [row["period"] for row in commands.json("hours")["periods"]]
    assert [name[11:13] for name in listed] == [text for text in shown if len(text) == 2 and text.isdigit()]
    assert listed.count("2026-10-25 02:00") == 2


def test_the_first_minute_of_a_ledger_is_a_picture(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())
    commands = Commands(path, NOON)

    for name in NAMES:
        assert texts(drawn(commands, name))[-1] == "nothing is counted yet"


def test_a_file_of_its_name_is_written_and_left_alone_without_force(commands: Commands, folder: Path) -> None:
    done = commands("image", "days")

    written = folder / "netledger_days.svg"
    assert (done.exit_code, done.stderr, list(folder.iterdir())) == (0, "", [written])
    assert done.stdout.startswith("netledger_days.svg (")
    assert written.read_text(encoding="utf-8") == drawn(commands, "days")
    refused = commands("image", "days", "--theme", "dark")
    assert (refused.exit_code, "use --force to replace it" in refused.stderr) == (1, True)
    assert commands("image", "days", "--theme", "dark", "--force").exit_code == 0
    assert written.read_text(encoding="utf-8") == drawn(commands, "days", "--theme", "dark")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("weeks",), "'weeks' is not one of 'summary', 'minutes', 'hours', 'days'"),
        (("days", "--last", "101"), "101 is not in the range 1<=x<=100"),
        (("hours", "--from", "2026-05-22"), "hours have no room in a picture: 100 have"),
        (("days", "--last", "3", "--from", "2026-06-01"), "last: 3 and from 2026-06-01: give one of them"),
        (("summary", "--last", "3"), "last, from, to: a summary has none of them"),
        (("days", "--theme", "blue"), "'blue' is not one of 'auto', 'light', 'dark'"),
        (("days", "--interface", "eth9"), "interface: the ledger knows no 'eth9'"),
        (("days", "--output", "days.gif"), "output: 'days.gif' is refused"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(
    options: tuple[str, ...], problem: str, commands: Commands, folder: Path
) -> None:
    done = commands("image", *options)

    assert (done.exit_code, done.stdout, list(folder.iterdir())) == (2, "", [])
    assert problem in done.stderr.replace("\n", " ")
