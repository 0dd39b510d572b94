"""What was imported is in every export with the sums that the other commands answer."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import toon_format

from tests.worlds import vnstat_file
from tests.worlds.vnstat_file import hours_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.calls import Commands

RANGES = {
    "year 2024": ("2024-01-01", "2024-12-31"),
    "year 2025": ("2025-01-01", "2025-12-31"),
    "year 2026": ("2026-01-01", "2026-06-12"),
    "month 2025-07": ("2025-07-01", "2025-07-31"),
    "month 2026-04": ("2026-04-01", "2026-04-30"),
    "month 2026-05": ("2026-05-01", "2026-05-31"),
    "summary": ("2024-01-01", "2026-06-12"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two years of vnStat until shortly before netledger counted: days of two months, else months, or a year."""
    path = tmp_path_factory.mktemp("vnstat") / "vnstat.db"
    vnstat_file.create(path)
    vnstat_file.add(path, "enp9s0", hours_of(date(2024, 3, 10), date(2026, 5, 18)))
    return path


@pytest.fixture
def imported(commands: Commands, file: Path) -> Commands:
    """Commands on a ledger with the imported history."""
    assert commands("import", str(file)).exit_code == 0
    return commands


def exported(commands: Commands, form: str, *options: str) -> str:
    done = commands("export", "--format", form, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize(("call", "days"), RANGES.items())
def test_every_format_has_the_sum_that_the_commands_answer(
    call: str, days: tuple[str, str], imported: Commands
) -> None:
    answer = imported.json(*call.split())
    used = answer.get("summary", answer)
    between = ("--from", days[0], "--to", days[1])

    document = json.loads(exported(imported, "json", *between))
    lines = lines_of(exported(imported, "csv", *between))
    toml = tomllib.loads(exported(imported, "llm", *between))
    toon: Any = toon_format.decode(exported(imported, "toon", *between))
    markdown = exported(imported, "markdown", *between)

    totals = document["summary"]["totals"]
    expected = [used["bytes_received"], used["bytes_sent"], used["imported_bytes"]]
    assert [totals["bytes_received"], totals["bytes_sent"], totals["imported_bytes"]] == expected
    names = ("bytes_received", "bytes_sent", "imported_bytes")
    assert [sum(int(line[name]) for line in lines) for name in names] == expected
    assert [toml["totals"]["bytes_received"], toml["totals"]["bytes_sent"], toml["imported"]["total"]] == expected
    assert toon["summary"] == document["summary"]
    assert f"**{used['human_readable']['total']}** ({used['total_bytes']:,} bytes)".replace("KB", "kB") in markdown
    counted = [row for row in document["interfaces"] if row["counted"]]
    assert sum(row["total_bytes"] for row in counted) == used["total_bytes"]


@pytest.mark.parametrize("call", ["year 2025", "year 2026"])
def test_months_are_those_of_the_year(call: str, imported: Commands) -> None:
    first, last = RANGES[call]
    months = {row["month"]: row for row in imported.json(*call.split())["months"]}

    found = json.loads(exported(imported, "json", "--from", first, "--to", last))["monthly_data"]

    for row in found:
        month = months[row["month"]]
        assert (row["total_bytes"], row.get("imported_bytes")) == (month["total_bytes"], month.get("imported_bytes"))
    assert {name for name, row in months.items() if row["total_bytes"]} == {row["month"] for row in found}


def test_all_time_is_the_lifetime(imported: Commands) -> None:
    totals = json.loads(exported(imported, "json"))["summary"]["totals"]

    ever = imported.json("summary")
    assert (totals["total_bytes"], totals["imported_bytes"]) == (ever["total_bytes"], ever["imported_bytes"])


def test_days_that_nothing_is_known_of_are_not_listed(imported: Commands) -> None:
    """vnStat's days begin in March, and end three days before netledger began to count."""
    document = json.loads(exported(imported, "json"))

    days = [row["date"] for row in document["daily_data"]]
    assert not {"2026-05-19", "2026-05-20", "2026-05-21"} & set(days)
    usage = imported.json("range", "--from", "2026-01-01", "--to", "2026-06-12")
    assert days == [row["date"] for row in usage["days"] if row["total_bytes"] is not None]
    spans = document["imported_spans"]
    # Months are known from May 2024 on, days from 18 March 2026 on.
    assert [spans[0][name] for name in ("from", "to")] == ["2024-03-10", "2024-04-30"]
    assert [spans[-1][name] for name in ("from", "to")] == ["2026-03-01", "2026-03-17"]
    assert all(one["to"] < other["from"] for one, other in pairwise(spans))
    assert all(span["imported_from"] == ["vnstat"] for span in spans)


def test_quarter_hours_have_spans_too(imported: Commands) -> None:
    options = ("--resolution", "slot")
    lines = lines_of(exported(imported, "csv", *options))
    document = json.loads(exported(imported, "json", *options))
    by_day = json.loads(exported(imported, "json"))

    assert sum(int(line["total_bytes"]) for line in lines) == by_day["summary"]["totals"]["total_bytes"]
    assert document["imported_spans"] == by_day["imported_spans"]
    spans = [line for line in lines if line["resolution"] == "span"]
    assert [line["total_bytes"] for line in spans] == [str(row["total_bytes"]) for row in by_day["imported_spans"]]
    assert "2025-07-01T00:00:00+05:30/2025-08-01T00:00:00+05:30" in {line["start"] for line in spans}
    assert {line["interface"] for line in spans} == {"enp9s0"}
    imported_bytes = by_day["summary"]["totals"]["imported_bytes"]
    assert sum(int(line["imported_bytes"]) for line in lines) == imported_bytes
    assert {line["imported_from"] for line in lines if line["resolution"] == "slot"} == {""}
    in_days = [row for row in document["slot_data"] if "imported_bytes" in row]
    assert {(row["resolution"], *row["imported_from"]) for row in in_days} == {("day", "vnstat")}
    of_spans = sum(row["total_bytes"] for row in document["imported_spans"])
    assert sum(row["imported_bytes"] for row in in_days) + of_spans == imported_bytes


def test_a_month_without_its_days_is_said_on_standard_error(imported: Commands) -> None:
    done = imported("export", "--format", "csv", "--from", "2025-07-01", "--to", "2025-07-31")

    assert "imported: the days of this range are not known" in done.stderr


def test_what_is_taken_back_leaves_no_trace_in_an_export(commands: Commands, file: Path) -> None:
    forms = ("csv", "llm", "markdown", "toon", "json")
    before = [exported(commands, form) for form in forms]
    commands("import", str(file))
    assert [exported(commands, form) for form in forms] != before
    commands("import", "remove", "vnstat")

    assert [exported(commands, form) for form in forms] == before
