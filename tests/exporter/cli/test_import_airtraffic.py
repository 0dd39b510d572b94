"""`netledger import` of AirTraffic: estimates by application, marked as such, and never the machine's bytes."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.exporter.cli.small_ledger import ZONE
from tests.worlds import airtraffic_file
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

FIRST, LAST = date(2026, 4, 20), date(2026, 5, 9)
RATES = {"browser": (1000.5, 10.25), "sync": (20.0, 500.0)}
"""Bytes per second received and sent, for 30 minutes of each day."""
DAY = {"browser": (1_800_900, 18_450), "sync": (36_000, 900_000)}
TODAY = datetime(2026, 5, 9, tzinfo=ZONE)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "network_stats.db"
    airtraffic_file.create(path, RATES, FIRST, LAST)
    return path


def moved_in(document: dict[str, Any]) -> tuple[int, int]:
    return document["bytes_received"], document["bytes_sent"]


def rows_of(answer: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {row["application"]: moved_in(row) for row in answer["applications"]}


def test_rates_of_minutes_are_bytes_of_days(commands: Commands, made: Path) -> None:
    done = commands.json("import", str(made))

    assert moved_in(done) == tuple(20 * sum(side) for side in zip(*DAY.values(), strict=True))
    assert rows_of(commands.json("apps", "2026-05-01")) == DAY
    april = commands.json("apps", "2026-04")
    assert rows_of(april) == {name: (11 * received, 11 * sent) for name, (received, sent) in DAY.items()}
    assert {month["application"] for month in done["months"]} == set(DAY)


def test_all_of_it_is_marked_as_imported_and_as_estimated(commands: Commands, made: Path) -> None:
    commands("import", str(made))

    answer = commands.json("apps", "2026-04")
    browser = commands.json("apps", "browser", "2026-04")

    for row in (*answer["applications"], answer["summary"], browser):
        assert row["estimated_bytes"] == row["imported_bytes"] == row["total_bytes"] > 0
    assert set(browser["scopes"]) == {"(imported)"}
    days = {day["date"]: day for day in browser["days"]}
    assert days["2026-04-20"]["total_bytes"] == days["2026-04-20"]["imported_bytes"] == sum(DAY["browser"])
    assert days["2026-04-19"]["total_bytes"] is None
    table = commands("apps", "2026-04").stdout
    assert "browser*" in table
    assert "another program's estimates" in table


def test_it_is_never_in_the_machines_total(commands: Commands, made: Path) -> None:
    questions = (("summary",), ("month", "2026-04"), ("year",), ("records",), ("days",), ("interfaces",), ("cost",))
    before = [commands.json(*call) for call in questions]

    commands("import", str(made))

    assert [commands.json(*call) for call in questions] == before
    account = commands.json("apps", "2026-04")
    assert account["attributed"]["total_bytes"] == account["interfaces"]["total_bytes"] == 0


def test_it_begins_no_meter(commands: Commands, made: Path) -> None:
    """When applications are measured since is what netledger has measured itself."""
    commands("import", str(made))

    assert commands.json("apps", "all")["counting_since"] is None
    assert commands.json("apps", "all")["from"] == str(FIRST)


def test_the_same_file_again_changes_nothing_and_all_of_it_is_taken_back(commands: Commands, made: Path) -> None:
    questions = (("apps", "2026-04"), ("import", "list"), ("summary",))
    before = [commands.json(*call) for call in questions]
    dry = commands.json("import", str(made), "--dry-run")
    assert [commands.json(*call) for call in questions] == before
    done = commands.json("import", str(made))
    (source,) = commands.json("import", "list")["imports"]
    file = commands.ledger.read_bytes()

    again = commands.json("import", str(made))

    assert again["is_same"] is True
    assert commands.ledger.read_bytes() == file
    assert dry["months"] == done["months"]
    assert (source["interfaces"], source["applications"]) == ([], ["browser", "sync"])
    assert commands("import", "remove", "airtraffic").exit_code == 0
    assert [commands.json(*call) for call in questions] == before
    assert commands("apps", "browser").exit_code == 2


def test_what_netledger_has_measured_is_not_added_again(commands: Commands, made: Path) -> None:
    """Since a day on which netledger measures any application, none is added."""
    began = int(datetime(2026, 5, 1, tzinfo=ZONE).timestamp())
    curl = ("curl", "internet", "tcp")
    post(commands.ledger, ZONE, application_posting(2, {(began, curl): amounts(5_000, 50)}))

    commands("import", str(made))

    assert rows_of(commands.json("apps", "2026-04-30")) == DAY
    assert rows_of(commands.json("apps", "2026-05-02")) == {}


def test_an_application_may_have_another_name_here(commands: Commands, made: Path) -> None:
    commands("import", str(made), "--map", "browser=firefox")

    assert set(rows_of(commands.json("apps", "2026-04"))) == {"firefox", "sync"}


def test_a_state_has_a_day_and_the_rest_of_its_month(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    airtraffic_file.write_state(path, TODAY, {"browser": (900, 90), "old": (5, 5)}, {"browser": (100, 10)})

    done = commands.json("import", str(path))

    assert moved_in(done) == (905, 95)
    assert rows_of(commands.json("apps", "2026-05")) == {"browser": (900, 90), "old": (5, 5)}
    assert rows_of(commands.json("apps", "2026-05-09")) == {"browser": (100, 10)}
    assert commands.json("import", str(path))["is_same"] is True


def test_the_state_of_another_month_needs_a_name_of_its_own(commands: Commands, tmp_path: Path) -> None:
    for month in (4, 5):
        path = tmp_path / f"{month}.json"
        airtraffic_file.write_state(path, TODAY.replace(month=month), {"browser": (900, 90)}, {})
    commands("import", str(tmp_path / "4.json"))

    refused = commands("import", str(tmp_path / "5.json"))

    assert (refused.exit_code, "--source NAME" in refused.stderr) == (1, True)
    assert rows_of(commands.json("apps", "2026-04")) == {"browser": (900, 90)}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("UPDATE network_stats SET bytes_sent = -1 WHERE id = 5", "network_stats, row 5: bytes_sent cannot be -1.0"),
        ("UPDATE network_stats SET bytes_recv = 'many' WHERE id = 5", "row 5: bytes_recv cannot be 'many'"),
        ("UPDATE network_stats SET bytes_recv = NULL WHERE id = 5", "row 5: bytes_recv cannot be None"),
        ("UPDATE network_stats SET bytes_recv = 9e999 WHERE id = 5", "row 5: bytes_recv cannot be inf"),
        ("UPDATE network_stats SET timestamp = 'today' WHERE id = 7", "row 7: timestamp cannot be 'today'"),
        ("UPDATE network_stats SET timestamp = '0001-01-01' WHERE id = 7", "row 7: '0001-01-01' is not of 1970"),
        ("UPDATE network_stats SET app_name = '' WHERE id = 9", "row 9: app_name cannot be ''"),
        ("ALTER TABLE network_stats RENAME bytes_recv TO received", "network_stats has no bytes_recv"),
        ("DELETE FROM network_stats", "AirTraffic has counted nothing in it"),
        ("ALTER TABLE network_stats RENAME app_name TO name", "is of no program that is known"),
    ],
)
def test_a_database_that_is_wrong_brings_nothing_and_says_why(
    query: str, reason: str, commands: Commands, made: Path, tmp_path: Path
) -> None:
    path, before = tmp_path / "wrong.db", commands.ledger.read_bytes()
    shutil.copyfile(made, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(query)
        connection.commit()

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda state: state.update(todayStart="today"), "todayStart is 'today', and no number of seconds"),
        (lambda state: state.update(monthStart=1e300), "monthStart is 1e+300, and no number of seconds"),
        (lambda state: state.pop("lastUpdate"), "lastUpdate is None, and no number of seconds"),
        (lambda state: state.update(monthStart=state["todayStart"] + 90_000), "is after todayStart"),
        (lambda state: state["monthByApp"]["browser"].update(bytesIn=-1), "monthByApp, browser: bytesIn is -1"),
        (lambda state: state["monthByApp"]["browser"].pop("bytesOut"), "monthByApp, browser: bytesOut is None"),
        (lambda state: state.update(todayByApp=[1]), "todayByApp is no account by application"),
        (lambda state: state.update(todayByApp={"browser": 5}), "todayByApp is no account by application"),
        (lambda state: state.update(todayByApp={}, monthByApp={}), "AirTraffic has counted nothing in it"),
    ],
)
def test_a_state_that_is_wrong_brings_nothing_and_says_why(
    change: Callable[[dict[str, Any]], object], reason: str, commands: Commands, tmp_path: Path
) -> None:
    path, before = tmp_path / "state.json", commands.ledger.read_bytes()
    state = airtraffic_file.write_state(path, TODAY, {"browser": (900, 90)}, {"browser": (100, 10)})
    change(state)
    path.write_text(json.dumps(state), encoding="utf-8")

    done = commands("import", str(path))

    assert done.exit_code == 1
    assert reason in done.stderr
    assert commands.ledger.read_bytes() == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_half_a_file_brings_nothing(part: float, commands: Commands, made: Path, tmp_path: Path) -> None:
    state, before = tmp_path / "state.json", commands.ledger.read_bytes()
    airtraffic_file.write_state(state, TODAY, {"browser": (900, 90)}, {"browser": (100, 10)})
    for path in (made, state):
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * part)])

        assert commands("import", str(path)).exit_code == 1

    assert commands.ledger.read_bytes() == before
