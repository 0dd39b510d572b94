"""`netledger import` of PacketBuddy: the machine's days and months, each byte once, and no other machine's."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.cli.small_ledger import NOON
from tests.worlds import packetbuddy_file, vnstat_file
from tests.worlds.vnstat_file import Moved, hours_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

FIRST, LAST = date(2024, 10, 20), date(2026, 6, 11)
KOLKATA = timedelta(hours=5, minutes=30)
SERVER = "00000000-0000-4000-8000-000000000002"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Moved]]:
    """A database of one year and a half, and every hour of it."""
    path = tmp_path_factory.mktemp("packetbuddy") / "packetbuddy.db"
    packetbuddy_file.create(path)
    return path, packetbuddy_file.add(path, hours_of(FIRST, LAST))


def summed(moved: Iterable[Moved], is_in: Callable[[date], bool]) -> tuple[int, int]:
    found = [each for each in moved if is_in(each.at.date())]
    return sum(each.received for each in found), sum(each.sent for each in found)


def of_month(moved: Iterable[Moved], name: str) -> tuple[int, int]:
    return summed(moved, lambda day: f"{day:%Y-%m}" == name)


def moved_in(document: dict[str, Any]) -> tuple[int, int]:
    return document["bytes_received"], document["bytes_sent"]


def changed(path: Path, made: Path, query: str) -> None:
    shutil.copyfile(made, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(query)
        connection.commit()


def own_bytes(commands: Commands, day: date) -> int:
    found = commands.json("range", "--from", str(day), "--to", str(day))["days"]
    return int(found[0]["total_bytes"] or 0)


def test_days_are_days_and_older_ones_months(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    path, moved = made

    commands("import", str(path))

    for name in ("2024-10", "2024-11", "2025-05", "2025-06", "2025-12", "2026-04"):
        month = commands.json("month", name)
        assert moved_in(month["summary"]) == of_month(moved, name), name
        assert month["summary"]["imported_bytes"] == month["summary"]["total_bytes"]
    days = {day["date"]: day["total_bytes"] for day in commands.json("month", "2026-04")["days"]}
    assert days["2026-04-30"] == sum(summed(moved, lambda day: day == date(2026, 4, 30)))
    assert {day["total_bytes"] for day in commands.json("month", "2024-11")["days"]} == {None}


def test_what_netledger_has_counted_on_any_interface_is_not_added_again(
    commands: Commands, made: tuple[Path, list[Moved]]
) -> None:
    """PacketBuddy's bytes are of the whole machine: since netledger counts the machine, they are its own."""
    path, moved = made
    began = datetime.fromtimestamp(NOON - 20 * 86_400 - 900, tz=None).date()  # noqa: DTZ006 - any zone has this day
    before = {day: own_bytes(commands, day) for day in (date(2026, 5, 24), date(2026, 6, 9), LAST)}

    done = commands.json("import", str(path))

    assert {day: own_bytes(commands, day) for day in before} == before
    assert own_bytes(commands, date(2026, 5, 20)) == sum(summed(moved, lambda day: day == date(2026, 5, 20)))
    assert done["bytes_counted_here"] == sum(summed(moved, lambda _day: True)) - sum(moved_in(done))
    assert sum(moved_in(done)) <= sum(summed(moved, lambda day: day <= began))


def test_of_the_day_on_which_netledger_began_the_samples_before_it_are_added(
    commands: Commands, tmp_path: Path
) -> None:
    """Netledger counts since 11:30 in Kolkata; PacketBuddy has samples of that day by the hour."""
    path, began = tmp_path / "young.db", datetime(2026, 5, 23, 11, 30)  # noqa: DTZ001 - PacketBuddy's clock
    packetbuddy_file.create(path)
    moved = packetbuddy_file.add(path, hours_of(date(2026, 5, 20), date(2026, 5, 23)))

    done = commands.json("import", str(path), "--timezone", "Asia/Kolkata")

    earlier = [each for each in moved if each.at + timedelta(hours=1) <= began]
    assert moved_in(done) == (sum(each.received for each in earlier), sum(each.sent for each in earlier))


def test_the_same_file_again_changes_nothing_and_all_of_it_is_taken_back(
    commands: Commands, made: tuple[Path, list[Moved]]
) -> None:
    before = commands.json("summary")
    dry = commands.json("import", str(made[0]), "--dry-run")
    assert commands.json("summary") == before
    done = commands.json("import", str(made[0]))
    file = commands.ledger.read_bytes()

    again = commands.json("import", str(made[0]))

    assert again["is_same"] is True
    assert commands.ledger.read_bytes() == file
    assert dry["months"] == done["months"] == again["months"]
    assert commands("import", "remove", "packetbuddy").exit_code == 0
    assert commands.json("summary") == before


@pytest.mark.parametrize("option", [("--map", "packetbuddy=eth0"), ("--interface", "eth0")])
def test_its_bytes_may_be_of_an_interface_here(
    option: tuple[str, str], commands: Commands, made: tuple[Path, list[Moved]]
) -> None:
    commands("import", str(made[0]), *option)

    month = commands.json("month", "2026-04", "--interface", "eth0")["summary"]

    assert moved_in(month) == of_month(made[1], "2026-04")


def test_days_that_vnstat_has_brought_are_left_out(
    commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    path = tmp_path / "vnstat.db"
    vnstat_file.create(path)
    counted = vnstat_file.add(path, "enp9s0", hours_of(date(2026, 4, 25), date(2026, 5, 15), 77))
    commands("import", str(path))

    done = commands.json("import", str(made[0]))

    assert any("of days that another source has brought" in note for note in done["notes"])
    assert own_bytes(commands, date(2026, 4, 30)) == sum(summed(counted, lambda day: day == date(2026, 4, 30)))
    assert own_bytes(commands, date(2026, 4, 20)) == sum(summed(made[1], lambda day: day == date(2026, 4, 20)))


def test_a_month_without_any_day_stays_a_month(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "months.db"
    packetbuddy_file.create(path)
    moved = packetbuddy_file.add(path, hours_of(date(2026, 4, 1), date(2026, 4, 30)))
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("DELETE FROM daily_aggregates; DELETE FROM usage_logs")

    (month,) = commands.json("import", str(path))["months"]

    assert (month["days"], month["spans"], moved_in(month)) == (0, 1, summed(moved, lambda _day: True))


def test_another_machine_in_the_file_is_never_added(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    packetbuddy_file.create(path)
    own = packetbuddy_file.add(path, hours_of(date(2026, 4, 1), date(2026, 4, 30)))
    packetbuddy_file.add(path, hours_of(date(2026, 4, 1), date(2026, 4, 30), 10**9), SERVER, "server")

    refused = commands("import", str(path))
    chosen = commands.json("import", str(path), "--map", "laptop=packetbuddy")

    assert refused.exit_code == 1
    assert "several devices, laptop, server" in refused.stderr
    assert moved_in(chosen) == summed(own, lambda _day: True)
    assert "server: other devices of the file are left out" in chosen["notes"]


def test_two_devices_of_one_name_are_told_apart_by_their_ids(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    packetbuddy_file.create(path)
    packetbuddy_file.add(path, hours_of(date(2026, 4, 1), date(2026, 4, 2)))
    newer = packetbuddy_file.add(path, hours_of(date(2026, 4, 3), date(2026, 4, 4)), SERVER)

    done = commands.json("import", str(path), "--map", f"{SERVER}=packetbuddy")

    assert moved_in(done) == summed(newer, lambda _day: True)


def test_a_day_that_has_not_come_yet_is_left_out(commands: Commands, tmp_path: Path) -> None:
    """PacketBuddy keeps for ever what it counts while the clock is wrong."""
    path = tmp_path / "future.db"
    packetbuddy_file.create(path)
    moved = packetbuddy_file.add(path, hours_of(date(2026, 4, 1), date(2026, 4, 5)))
    packetbuddy_file.add(path, hours_of(date(2027, 1, 5), date(2027, 1, 5)), SERVER)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE daily_aggregates SET device_id = ?", (packetbuddy_file.LAPTOP,))
        connection.execute("DELETE FROM monthly_aggregates WHERE month = '2027-01'")
        connection.commit()

    done = commands.json("import", str(path))

    assert moved_in(done) == summed(moved, lambda _day: True)
    assert "1 row is of days to come, and left out" in done["notes"]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("PRAGMA user_version = 3", "user_version 3 of PacketBuddy is not known"),
        ("ALTER TABLE daily_aggregates RENAME bytes_sent TO sent", "daily_aggregates has no bytes_sent"),
        ("UPDATE daily_aggregates SET bytes_sent = -1 WHERE rowid = 5", "daily_aggregates, row 5: bytes_sent is -1"),
        ("UPDATE monthly_aggregates SET bytes_received = 'many' WHERE rowid = 2", "row 2: bytes_received is 'many'"),
        ("UPDATE monthly_aggregates SET month = '2026-13' WHERE rowid = 2", "row 2: '2026-13-01' is no date"),
        ("UPDATE daily_aggregates SET bytes_received = NULL WHERE rowid = 7", "row 7: bytes_received is None"),
        ("UPDATE daily_aggregates SET date = 'today' WHERE rowid = 7", "daily_aggregates, row 7: 'today' is no date"),
        ("UPDATE usage_logs SET timestamp = '0001-01-01' WHERE id = 3", "'0001-01-01' is not of 1970"),
        ("UPDATE usage_logs SET bytes_sent = 1.5 WHERE id = 3", "usage_logs, row 3: bytes_sent is 1.5"),
        ("UPDATE daily_aggregates SET bytes_sent = 1 << 60 WHERE rowid = 5", "bytes sent cannot be"),
        ("DELETE FROM daily_aggregates; DELETE FROM monthly_aggregates", "PacketBuddy has counted nothing in it"),
        ("DROP TABLE monthly_aggregates", "is of no program that is known"),
    ],
)
def test_a_file_that_is_wrong_brings_nothing_and_says_why(
    query: str, reason: str, commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    changed(tmp_path / "wrong.db", made[0], query)
    before = commands.ledger.read_bytes()

    done = commands("import", str(tmp_path / "wrong.db"))

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: nothing is imported: ")
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.9, 0.99])
def test_half_a_file_brings_nothing(
    part: float, commands: Commands, made: tuple[Path, list[Moved]], tmp_path: Path
) -> None:
    whole, path, before = made[0].read_bytes(), tmp_path / "half.db", commands.ledger.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])

    done = commands("import", str(path))

    assert (done.exit_code, done.stdout) == (1, "")
    assert commands.ledger.read_bytes() == before


def test_the_user_learns_what_its_bytes_are_worth(commands: Commands, made: tuple[Path, list[Moved]]) -> None:
    assert "its bytes may be more than were moved" in commands("import", str(made[0])).output.replace("\n", " ")
