"""`netledger import` of every format: each month is as it was counted, once, and is taken back whole."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.worlds import foreign_files
from tests.worlds.foreign_files import Day, by_month, days_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

FIRST, LAST = date(2025, 11, 5), date(2026, 4, 20)
"""Before netledger has counted anything."""
APRIL = date(2026, 4, 1), date(2026, 4, 30)


class Format(NamedTuple):
    """A kind of file: its name, who writes it, what the command needs to be told."""

    source: str
    file: str
    write: Callable[[Path, Sequence[Day]], None]
    options: tuple[str, ...] = ()
    first: date = FIRST
    last: date = LAST

    @property
    def days(self) -> list[Day]:
        """What the file is of."""
        return days_of(self.first, self.last)


FORMATS = [
    Format("csv", "days.csv", foreign_files.csv),
    Format("vnstat", "vnstat.txt", foreign_files.vnstat_dump),
    Format("vnstat", "vnstat.json", foreign_files.vnstat_json_1),
    Format("bandwidth-monitor", "monthly_traffic.json", foreign_files.bandwidth_monitor, (), *APRIL),
    Format("nlbwmon", "nlbw.json", foreign_files.nlbwmon_json, ("--from", "2026-04-01"), *APRIL),
    Format("nlbwmon", "nlbw.csv", foreign_files.nlbwmon_csv, ("--from", "2026-04-01"), *APRIL),
    Format("dd-wrt", "traffdata.bak", foreign_files.dd_wrt),
    Format("tomato", "tomato_rstats.gz", foreign_files.tomato),
]


@pytest.fixture(params=FORMATS, ids=lambda form: form.file)
def form(request: pytest.FixtureRequest) -> Format:
    """Every format in turn."""
    found: Format = request.param
    return found


@pytest.fixture
def call(form: Format, tmp_path: Path) -> tuple[str, ...]:
    """The command that imports a file of it."""
    path = tmp_path / form.file
    form.write(path, form.days)
    return ("import", str(path), *form.options)


def months(commands: Commands) -> dict[str, tuple[int, int]]:
    found = {}
    for year in ("2025", "2026"):
        for month in commands.json("year", year)["months"]:
            if month["total_bytes"] is not None:
                found[month["month"]] = month["bytes_received"], month["bytes_sent"]
    return found


def test_every_month_is_as_it_was_counted(commands: Commands, form: Format, call: tuple[str, ...]) -> None:
    before = months(commands)

    done = commands.json(*call)

    expected = by_month(form.days)
    assert months(commands) == expected | before
    assert done["bytes_received"] == sum(received for received, _ in expected.values())
    assert done["bytes_counted_here"] == 0


def test_a_dry_run_tells_the_same_and_changes_nothing(commands: Commands, call: tuple[str, ...]) -> None:
    before = commands.ledger.read_bytes()

    dry = commands.json(*call, "--dry-run")

    assert commands.ledger.read_bytes() == before
    assert dry["months"] == commands.json(*call)["months"]


def test_the_same_file_again_changes_nothing(commands: Commands, call: tuple[str, ...]) -> None:
    commands(*call)
    before = commands.ledger.read_bytes()

    assert commands.json(*call)["is_same"] is True
    assert commands.ledger.read_bytes() == before


def test_what_is_taken_back_leaves_nothing(commands: Commands, form: Format, call: tuple[str, ...]) -> None:
    before = months(commands)
    commands(*call)

    removed = commands("import", "remove", form.source)

    assert removed.exit_code == 0
    assert months(commands) == before


def test_days_that_another_source_has_brought_are_left_out(commands: Commands, call: tuple[str, ...]) -> None:
    first = commands.json(*call)

    second = commands.json(*call, "--source", "second")

    assert first["bytes_received"] > second["bytes_received"] == 0
    assert "days that another source has brought" in second["notes"][0]
