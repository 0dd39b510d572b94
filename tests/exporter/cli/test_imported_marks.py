"""What was imported is marked wherever history is shown, in the same words and with the same amounts."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from reports.text.amounts import human_bytes
from tests.exporter.cli.calls import Commands
from tests.worlds import vnstat_file
from tests.worlds.vnstat_file import hours_of

if TYPE_CHECKING:
    from pathlib import Path

LISTS = {
    "months --last 30": "periods",
    "years": "periods",
    "days --last 60": "periods",
    "year 2025": "months",
    "year 2026": "months",
    "month 2026-05": "days",
    "range --from 2026-05-20 --to 2026-06-12": "days",
}
NO_PARTS = {"month 2025-07": "days", "year 2024": "months"}
"""Of what not all parts are known."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of vnStat until the day before netledger began to count: days of two months, else months, one year."""
    path = tmp_path_factory.mktemp("vnstat") / "vnstat.db"
    vnstat_file.create(path)
    vnstat_file.add(path, "enp9s0", hours_of(date(2024, 3, 10), date(2026, 6, 8)))
    return path


@pytest.fixture
def done(commands: Commands, file: Path) -> Any:
    """What the import has brought."""
    return commands.json("import", str(file))


def total(moved: Any) -> int:
    return int(moved["bytes_received"] + moved["bytes_sent"])


@pytest.mark.parametrize(("call", "name"), LISTS.items())
def test_parts_and_their_sum_have_the_same_imported_bytes(call: str, name: str, commands: Commands, done: Any) -> None:
    assert done["is_same"] is False
    answer = commands.json(*call.split())
    commands("import", "remove", "vnstat")
    own = commands.json(*call.split())

    before = {row.get("period") or row.get("month") or row["date"]: row["total_bytes"] or 0 for row in own[name]}
    for row in answer[name]:
        key = row.get("period") or row.get("month") or row["date"]
        assert row.get("imported_bytes", 0) == (row["total_bytes"] or 0) - before.get(key, 0), key
    of_parts = sum(row.get("imported_bytes", 0) for row in answer[name])
    assert answer["summary"]["imported_bytes"] == of_parts > 0


def test_all_that_was_imported_is_in_the_lifetime_and_its_interface(commands: Commands, done: Any) -> None:
    rows = {row["interface"]: row for row in commands.json("interfaces")["interfaces"]}

    assert commands.json("summary")["imported_bytes"] == total(done)
    assert rows["enp9s0"]["lifetime"]["imported_bytes"] == rows["enp9s0"]["lifetime"]["total_bytes"] == total(done)
    assert "imported_bytes" not in rows["eth0"]["lifetime"]


def test_records_say_which_part_of_them_was_imported(commands: Commands, done: Any) -> None:
    assert done["months"]
    found = commands.json("records", "--interface", "enp9s0")

    for name in ("busiest_day", "busiest_week", "busiest_month"):
        assert found[name]["imported_bytes"] == found[name]["total_bytes"] > 0
    text = commands("records").stdout
    assert "2026-05*" in text
    assert "* imported, whole or in part" in text


@pytest.mark.parametrize("call", ["", *(call for call in LISTS)])
def test_tables_mark_the_rows_and_say_how_much_it_is(call: str, commands: Commands, done: Any) -> None:
    amount = commands.json(*call.split())["summary"]["imported_bytes"] if call else total(done)

    lines = commands(*call.split()).stdout.splitlines()

    assert f"{human_bytes(amount)} of it imported (*)" in lines
    marked = {line.split("*")[0] for line in lines if "*" in line.split("  ")[0]}
    assert marked >= ({"Ever", "June 2026"} if not call else {"Total"})
    assert len(marked) > 1


def test_one_amount_says_it_in_the_same_words(commands: Commands, done: Any) -> None:
    assert f"{human_bytes(total(done))} of it imported" in commands("summary").stdout.splitlines()


@pytest.mark.parametrize(("call", "unit"), NO_PARTS.items())
def test_a_sum_says_of_how_much_no_parts_are_known(call: str, unit: str, commands: Commands, done: Any) -> None:
    assert done["months"]
    answer = commands.json(*call.split())

    alone = answer["summary"]["total_bytes"] - sum(row["total_bytes"] or 0 for row in answer[unit])
    assert alone > 0
    assert f"{human_bytes(alone)} of it imported, {unit} not known" in commands(*call.split()).stdout.splitlines()


@pytest.mark.parametrize("call", ["", *LISTS, "summary", "records", "interfaces"])
def test_without_an_import_nothing_is_marked(call: str, commands: Commands) -> None:
    text = commands(*call.split()).stdout

    assert "*" not in text
    assert "imported" not in text


def test_a_plan_says_what_cannot_be_cut(ledger: Path, file: Path) -> None:
    """Of cycles from the 15th on none holds a month; that is so in every answer about the plan."""
    settings = ledger.with_name("plans.yaml")
    settings.write_text("plans: [{name: home, cycle_day: 15, price_per_gb: 1}]\n", encoding="utf-8")
    commands = Commands(ledger, NETLEDGER_CONFIG=str(settings))
    assert commands("import", str(file)).exit_code == 0
    of_march = commands.json("month", "2026-03")["summary"]["imported_bytes"]

    plan = commands.json("plan", "home")["plans"][0]
    year = commands.json("cost", "--period", "year")

    assert (
        plan["imported_bytes"]
        == commands.json("range", "--from", "2026-05-15", "--to", "2026-06-12")["summary"]["imported_bytes"]
    )
    assert f"{human_bytes(plan['imported_bytes'])} of it imported" in commands("plan", "home").stdout
    across = year["cost"]["imported_bytes_across"]
    assert across >= of_march
    text = commands("cost", "--period", "year").stdout
    ends = "the ends of cycles or of this period"
    note = f"{human_bytes(across)} imported across {ends}: it cannot be cut, and is left out"
    assert note in " ".join(text.split())
    ever = commands.json("summary")
    of_all = ever["cost"]["imported_bytes_across"]
    assert of_all > across
    summary = " ".join(commands("summary").stdout.split())
    assert f"{human_bytes(of_all)} imported across the ends of cycles: the cost is without it" in summary
    assert year["usage"]["total_bytes"] + across == commands.json("year", "2026")["summary"]["total_bytes"]
