"""`netledger import` of a CSV: its options, the days that netledger has counted itself, and a service that runs."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.calls import Commands
    from tests.exporter.cli.service_process import Service

GIGABYTES = 1000
"""More in a day than netledger has counted in one."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A day each of May and of June up to the 12th, in German."""
    path, first = tmp_path / "verkehr.csv", date(2026, 5, 1)
    days = [first + timedelta(days=number) for number in range(43)]
    lines = [f"{day};{GIGABYTES},5;{GIGABYTES}" for day in days]
    path.write_text("\n".join(["Tag;Runter, gesamt;Hoch", *lines]).replace(",5", ".5"), encoding="utf-8")
    return path


COLUMNS = ("--columns", "date=Tag,received=Runter, gesamt,sent=hoch", "--unit", "gb")


def test_columns_and_units_are_as_the_user_says(commands: Commands, table: Path) -> None:
    done = commands.json("import", str(table), *COLUMNS, "--dry-run")

    may = done["months"][0]
    assert (may["month"], may["interface"], may["days"]) == ("2026-05", "csv", 23)
    assert 22 * 1_000_500_000_000 < may["bytes_received"] < 23 * 1_000_500_000_000


@pytest.mark.parametrize(
    ("whose", "besides"),
    [((), ()), (("--map", "csv=eth0"), ()), (("--interface", "eth0"), ("--interface", "wlan0"))],
)
def test_days_that_netledger_has_counted_stay_as_they_are(
    whose: tuple[str, ...], besides: tuple[str, ...], commands: Commands, table: Path
) -> None:
    """The day on which it began has what the table has: bytes of one interface are not compared with another's."""
    before, other = days(commands), days(commands, *besides) if besides else {}
    began = min(day for day, (_, sent) in before.items() if sent)

    commands("import", str(table), *COLUMNS, *whose)

    after = days(commands)
    assert {day: after[day] for day in after if day > began} == {day: before[day] for day in before if day > began}
    assert {after[day] for day in after if day < began} == {(1_000_500_000_000, 10**12)}
    received, sent = other.get(began, (0, 0))
    assert after[began] == (1_000_500_000_000 + received, 10**12 + sent)


def days(commands: Commands, *options: str) -> dict[str, tuple[int, int]]:
    found = commands.json("range", "--from", "2026-05-01", "--to", "2026-06-12", *options)["days"]
    return {day["date"]: (day["bytes_received"] or 0, day["bytes_sent"] or 0) for day in found}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--columns", "day=Tag"), "'day=Tag' is refused: date=NAME,received=NAME,sent=NAME,interface=NAME"),
        (("--columns", "date="), "'date=' is refused"),
        (("--unit", "Mbit"), "'Mbit' is refused: B, kB, MB, GB, TB or KiB, MiB, GiB, TiB"),
    ],
)
def test_options_that_mean_nothing_are_refused(
    options: tuple[str, ...], reason: str, commands: Commands, table: Path
) -> None:
    done = commands("import", str(table), *options)

    assert (done.exit_code, reason in done.stderr) == (2, True)


def test_a_table_whose_columns_are_not_known_says_how_to_name_them(commands: Commands, table: Path) -> None:
    before = commands.ledger.read_bytes()

    done = commands("import", str(table))

    assert done.exit_code == 1
    assert "--columns date=NAME,received=NAME,sent=NAME; its columns are Tag, Runter, gesamt, Hoch" in done.stderr
    assert commands.ledger.read_bytes() == before


def test_a_service_that_runs_takes_a_table(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "traffic.csv"
    path.write_text("date,rx,tx,if\n2020-02,5,6,ppp7\n2020-03-01 10:00,7,8,ppp7\n", encoding="utf-8")
    service.start()

    done = json.loads(service.command("import", str(path), "--json").stdout)
    year = json.loads(service.command("year", "2020", "--json").stdout)

    assert [month["bytes_received"] for month in done["months"]] == [5, 7]
    assert year["summary"]["total_bytes"] == 26
