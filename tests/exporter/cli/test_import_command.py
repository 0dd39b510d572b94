"""`netledger import`: what other programs have counted is added once, is in every answer, and is taken back whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.worlds import vnstat_file
from tests.worlds.vnstat_file import Moved, hours_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

FIRST, LAST = date(2024, 3, 10), date(2026, 6, 12)
OLD = "enp9s0"
"""An interface that netledger has never met."""

ANSWERS = (
    ("month", "2026-05"),
    ("month", "2026-06"),
    ("year", "2024"),
    ("year", "2025"),
    ("year", "2026"),
    ("summary",),
    ("records",),
    ("months", "--last", "40"),
    ("years",),
    ("days", "--last", "60"),
    ("interfaces",),
    ("cost", "--period", "month", "--per-gb", "1"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Moved]]:
    """A database of two years and a quarter of one interface, and every hour of it."""
    path = tmp_path_factory.mktemp("vnstat") / "vnstat.db"
    vnstat_file.create(path)
    return path, vnstat_file.add(path, OLD, hours_of(FIRST, LAST))


def summed(moved: Iterable[Moved], is_in: Callable[[date], bool]) -> tuple[int, int]:
    found = [each for each in moved if is_in(each.at.date())]
    return sum(each.received for each in found), sum(each.sent for each in found)


def of_month(moved: Iterable[Moved], name: str) -> tuple[int, int]:
    return summed(moved, lambda day: f"{day:%Y-%m}" == name)


def answers(commands: Commands) -> list[object]:
    return [commands.json(*call) for call in ANSWERS]


def months_of(commands: Commands, year: str, *options: str) -> dict[str, tuple[int, int] | None]:
    months = commands.json("year", year, *options)["months"]
    return {month["month"]: None if month["total_bytes"] is None else moved_in(month) for month in months}


def days_of_eth0(commands: Commands) -> dict[str, int | None]:
    found = commands.json("range", "--from", "2026-05-01", "--to", "2026-06-12", "--interface", "eth0")
    return {day["date"]: day["total_bytes"] for day in found["days"]}


def moved_in(document: dict[str, int]) -> tuple[int, int]:
    return document["bytes_received"], document["bytes_sent"]


def test_every_month_and_year_has_what_vnstat_had(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    """vnStat keeps 25 months, and years for ever: what is older than those months is in its year alone."""
    path, moved = made
    own = months_of(commands, "2026")

    done = commands.json("import", str(path))

    assert (done["bytes_received"], done["bytes_sent"]) == summed(moved, lambda _day: True)
    for year in (2024, 2025, 2026):
        for name, amounts in months_of(commands, str(year)).items():
            received, sent = of_month(moved, name)
            of_own = own.get(name) or (0, 0)
            expected = (received + of_own[0], sent + of_own[1]) if "2024-04" < name < "2026-07" else None
            assert amounts == expected, name
        summary = commands.json("year", str(year))["summary"]
        assert summary["imported_bytes"] == sum(each.received + each.sent for each in moved if each.at.year == year)


def test_days_come_in_as_days_and_older_ones_as_months(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    path, moved = made
    commands("import", str(path))

    days = {day["date"]: day["total_bytes"] for day in commands.json("month", "2026-04")["days"]}
    older = commands.json("month", "2025-07")

    assert days["2026-04-30"] == sum(summed(moved, lambda day: day == date(2026, 4, 30)))
    assert {day["total_bytes"] for day in older["days"]} == {None}
    assert older["summary"]["total_bytes"] == sum(summed(moved, lambda day: f"{day:%Y-%m}" == "2025-07"))
    assert commands.json("records")["busiest_day"]["date"] > "2026-04"
    assert commands.json("summary")["counting_since"].startswith("2024-03-10")


def test_the_same_file_again_changes_nothing(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    commands("import", str(made[0]))
    before, file = answers(commands), commands.ledger.read_bytes()

    again = commands.json("import", str(made[0]))

    assert again["is_same"] is True
    assert answers(commands) == before
    assert commands.ledger.read_bytes() == file


def test_a_newer_file_of_the_same_program_takes_its_place(commands: Commands, tmp_path: Path) -> None:
    for name, last in (("older", LAST - timedelta(days=40)), ("newer", LAST)):
        vnstat_file.create(tmp_path / name)
        moved = vnstat_file.add(tmp_path / name, OLD, hours_of(FIRST, last))
        done = commands.json("import", str(tmp_path / name))

        assert (done["bytes_received"], done["bytes_sent"]) == summed(moved, lambda _day: True)
        assert done["is_same"] is False


def test_another_vnstat_needs_a_name_of_its_own(
    commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    vnstat_file.create(tmp_path / "other.db")
    vnstat_file.add(tmp_path / "other.db", "wlp3s0", hours_of(date(2026, 1, 1), LAST))
    commands("import", str(made[0]))

    refused = commands("import", str(tmp_path / "other.db"))
    named = commands.json("import", str(tmp_path / "other.db"), "--source", "laptop")

    assert refused.exit_code == 1
    assert "--source NAME" in refused.stderr
    assert named["months"]
    assert [each["source"] for each in commands.json("import", "list")["imports"]] == ["laptop", "vnstat"]


def test_a_dry_run_shows_the_same_and_changes_nothing(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    before = answers(commands)

    dry = commands.json("import", str(made[0]), "--dry-run")

    assert answers(commands) == before
    assert commands.json("import", "list") == {"imports": [], "requests": []}
    done = commands.json("import", str(made[0]))
    assert (dry["is_dry_run"], done["is_dry_run"]) == (True, False)
    assert dry["months"] == done["months"]


def test_what_is_taken_back_leaves_nothing(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    commands("import", str(made[0]), "--map", f"{OLD}=eth0")
    first = answers(commands)
    commands("import", "remove", "vnstat")
    before = answers(commands)
    commands("import", str(made[0]), "--map", f"{OLD}=eth0")

    assert answers(commands) == first
    assert commands("import", "remove", "vnstat").exit_code == 0
    assert answers(commands) == before
    again = commands("import", "remove", "vnstat")
    assert (again.exit_code, "known sources: none" in again.stderr) == (1, True)


def test_what_netledger_has_counted_is_not_added_again(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    path, moved = made
    before = days_of_eth0(commands)
    began = min(day for day, total in before.items() if total)

    done = commands.json("import", str(path), "--map", f"{OLD}=eth0")

    after = days_of_eth0(commands)
    assert {day: after[day] for day in after if day > began} == {day: before[day] for day in before if day > began}
    of_days = {str(each.at.date()): 0 for each in moved}
    for each in moved:
        of_days[str(each.at.date())] += each.received + each.sent
    assert {day: after[day] for day in after if day < began} == {day: of_days[day] for day in after if day < began}
    assert done["bytes_counted_here"] > 0


def test_a_name_that_the_file_does_not_have_is_refused(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    done = commands("import", str(made[0]), "--map", "eth7=eth0")

    assert done.exit_code == 1
    assert f"the file has no such interface, but {OLD}" in done.stderr


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("UPDATE info SET value = '2' WHERE name = 'dbversion'", "dbversion 2 of vnStat is not known"),
        ("UPDATE day SET rx = -1 WHERE id = 5", "day, row 5: rx is -1"),
        ("UPDATE month SET tx = 'many' WHERE id = 2", "month, row 2: tx is 'many'"),
        ("UPDATE day SET date = 'today' WHERE id = 7", "day, row 7: 'today' is no date"),
        ("UPDATE interface SET updated = '2026-13-01'", "'2026-13-01' is no date"),
        (
            "UPDATE hour SET date = '9999-12-31 23:55:00' WHERE id = 3",
            "hour, row 3: '9999-12-31 23:55:00' is not of 1970",
        ),
        ("UPDATE month SET date = '0001-01-01' WHERE id = 3", "month, row 3: '0001-01-01' is not of 1970"),
        ("UPDATE interface SET rxtotal = -5", "interface, total: rx is -5"),
        ("DROP TABLE top", "is of no program that is known"),
        ("DELETE FROM interface", "vnStat has no interface in it"),
    ],
)
def test_a_file_that_is_wrong_brings_nothing_and_says_why(
    query: str, reason: str, commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    path, before = tmp_path / "wrong.db", commands.ledger.read_bytes()
    shutil.copyfile(made[0], path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(query)
        connection.commit()

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: nothing is imported: ")
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@pytest.mark.parametrize("size", [0, 10, 16, 100, 5000, 20_000])
def test_half_a_file_brings_nothing(
    size: int, commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    path = tmp_path / "half.db"
    path.write_bytes(made[0].read_bytes()[:size])
    before = commands.ledger.read_bytes()

    done = commands("import", str(path))

    assert (done.exit_code, done.stdout) == (1, "")
    assert commands.ledger.read_bytes() == before


def test_months_may_begin_on_another_day(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "rotated.db"
    vnstat_file.create(path)
    moved = vnstat_file.add(path, OLD, hours_of(date(2025, 1, 7), date(2026, 6, 6)), month_begins=7)

    done = commands.json("import", str(path), "--month-begins", "7")

    assert (done["bytes_received"], done["bytes_sent"]) == summed(moved, lambda _day: True)
    assert commands.json("year", "2025")["summary"]["total_bytes"] <= sum(summed(moved, lambda day: day.year == 2025))


@pytest.mark.parametrize("days", [1, 2, 20, 40])
def test_a_young_vnstat_has_every_byte_once(days: int, commands: Commands, tmp_path: Path) -> None:
    """In its first days its month, its year and its total are of the same days."""
    path = tmp_path / "young.db"
    vnstat_file.create(path)
    moved = vnstat_file.add(path, OLD, hours_of(LAST - timedelta(days=days), LAST - timedelta(days=1)))

    done = commands.json("import", str(path))

    assert (done["bytes_received"], done["bytes_sent"]) == summed(moved, lambda _day: True)
    assert done["notes"] == []


def test_two_interfaces_do_not_become_one(commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    shutil.copyfile(made[0], path)
    vnstat_file.add(path, "wlan9", hours_of(date(2026, 5, 1), LAST))

    done = commands("import", str(path), "--map", f"wlan9={OLD}")

    assert (done.exit_code, "give each its own name" in done.stderr) == (1, True)


def test_vnstat_itself_reads_the_file_alike(commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path) -> None:
    """The real program's own words of the same file: every month, and everything."""
    if (program := shutil.which("vnstat")) is None:
        pytest.skip("needs vnstat from the system's packages")
    shutil.copyfile(made[0], tmp_path / "vnstat.db")
    (tmp_path / "vnstat.conf").write_text(f'DatabaseDir "{tmp_path}"\n', encoding="utf-8")
    call = [program, "--config", str(tmp_path / "vnstat.conf"), "--json"]
    printed = subprocess.run(call, capture_output=True, check=True, text=True).stdout
    (tmp_path / "vnstat.json").write_text(printed, encoding="utf-8")
    (interface,) = json.loads(printed)["interfaces"]

    from_database = commands.json("import", str(made[0]))
    from_json = commands.json("import", str(tmp_path / "vnstat.json"))

    months = {
        f"{row['date']['year']}-{row['date']['month']:02}": (row["rx"], row["tx"])
        for row in interface["traffic"]["month"]
    }
    found: dict[str, tuple[int, int] | None] = {}
    for year in ("2024", "2025", "2026"):
        found |= months_of(commands, year, "--interface", OLD)
    assert {month: found[month] for month in months} == months
    lifetime = commands.json("summary", "--interface", OLD)
    assert moved_in(lifetime) == (interface["traffic"]["total"]["rx"], interface["traffic"]["total"]["tx"])
    assert from_json["is_same"] is True
    assert from_json["months"] == from_database["months"]
