"""Imported applications and requests are in exports and wrap-ups of their days, where no bytes are known of these."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import tomllib
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import toon_format

from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.history import read_period_sums
from exporter.meters.registry import new_stores
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import ZONE
from tests.worlds import airtraffic_file, api_analytics_file
from tests.worlds.api_analytics_file import Log
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from pathlib import Path

APRIL = ("--from", "2026-04-01", "--to", "2026-04-30")
"""The small ledger counts from 22 May on: of April nothing is known, until these files come."""
DAY = {"browser": 1_800_900 + 18_450, "sync": 36_000 + 900_000}
DAYS = 11
REQUESTS, ERRORS = 300, 75


@pytest.fixture
def applications(commands: Commands, tmp_path: Path) -> Commands:
    """Commands on a ledger with two applications of 20 to 30 April."""
    path = tmp_path / "network_stats.db"
    rates = {"browser": (1000.5, 10.25), "sync": (20.0, 500.0)}
    airtraffic_file.create(path, rates, date(2026, 4, 20), date(2026, 4, 30))
    assert commands("import", str(path)).exit_code == 0
    return commands


@pytest.fixture
def requests(commands: Commands, tmp_path: Path) -> Commands:
    """Commands on a ledger with 300 requests of 10 to 22 April, an hour apart."""
    first = datetime(2026, 4, 10, 8, 30)  # noqa: DTZ001 - as the file has it
    logs = [
        Log(str(first + timedelta(hours=number)), status_code=(200, 201, 304, 500)[number % 4])
        for number in range(REQUESTS)
    ]
    path = api_analytics_file.create(tmp_path / "database.db", logs)
    assert commands("import", str(path), "--service", "shop").exit_code == 0
    return commands


def exported(commands: Commands, form: str, *options: str) -> str:
    done = commands("export", "--format", form, *options)
    assert done.exit_code == 0, done.output
    return done.stdout


def lines_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def wrapup(commands: Commands, tmp_path: Path, *period: str) -> str:
    """The words of a wrap-up."""
    path = tmp_path / "wrapup.html"
    done = commands("report", *period, "--output", str(path), "--force")
    assert done.exit_code == 0, done.output
    body = path.read_text(encoding="utf-8").partition("<body>")[2]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).replace("\u00a0", " ").split())


def test_applications_are_in_every_format(applications: Commands) -> None:
    document = json.loads(exported(applications, "json", *APRIL))
    toml = tomllib.loads(exported(applications, "llm", *APRIL))
    toon: Any = toon_format.decode(exported(applications, "toon", *APRIL))
    lines = lines_of(exported(applications, "csv", "--by", "application", *APRIL))
    markdown = exported(applications, "markdown", *APRIL)

    expected = {name: DAYS * moved for name, moved in DAY.items()}
    rows = {row["application"]: row for row in document["applications"]}
    assert {name: row["total_bytes"] for name, row in rows.items()} == expected
    for row in rows.values():
        assert row["imported_bytes"] == row["estimated_bytes"] == row["total_bytes"]
        assert row["imported_from"] == ["airtraffic"]
    assert toon["applications"] == document["applications"]
    assert document["application_totals"]["summary"]["imported_bytes"] == sum(expected.values())
    of_toml = [toml["applications"][f"application_{number}"] for number in range(2)]
    assert {row["name"]: row["imported"] for row in of_toml} == expected
    assert {row["source"] for row in of_toml} == {"airtraffic"}
    brought = [line for line in lines if line["scope"] == "(imported)"]
    assert {line["application"]: int(line["imported_bytes"]) for line in brought} == expected
    assert {line["imported_from"] for line in brought} == {"airtraffic"}
    assert (lines[-1]["application"], lines[-1]["imported_bytes"]) == ("(unattributed)", "0")
    assert "20.01 MB, airtraffic" in markdown
    assert "estimates of other programs" in markdown
    assert "Received: **" not in markdown


def test_the_days_of_a_document_are_those_of_what_it_has(applications: Commands) -> None:
    document = json.loads(exported(applications, "json", *APRIL))
    whole = json.loads(exported(applications, "json"))

    period = document["metadata"]["tracking_period"]
    assert (period["first_date"], period["last_date"], period["total_days"]) == ("2026-04-20", "2026-04-30", 0)
    assert "only imported applications or requests of this range are known" in document["metadata"]["notice"]
    assert document["summary"]["totals"]["total_bytes"] == 0
    assert "imported_bytes" not in document["summary"]["totals"]
    assert whole["metadata"]["tracking_period"]["first_date"] == "2026-04-20"
    assert "2026-04-20" not in {day["date"] for day in whole["daily_data"]}
    assert {row["application"] for row in whole["applications"]} == set(DAY)


def test_an_export_of_an_interface_has_none_of_it(applications: Commands, requests: Commands) -> None:
    assert requests is applications
    document = json.loads(exported(applications, "json", "--interface", "eth0", *APRIL))

    assert document["metadata"]["tracking_period"]["first_date"] is None
    assert not {"applications", "requests"} & set(document)


def test_the_imported_scope_is_exported_by_itself(applications: Commands) -> None:
    document = json.loads(exported(applications, "json", "--scope", "(imported)", *APRIL))

    assert {row["application"] for row in document["applications"]} == set(DAY)


def test_a_wrapup_of_days_without_bytes_has_the_applications(applications: Commands, tmp_path: Path) -> None:
    month = wrapup(applications, tmp_path, "--month", "2026-04")

    assert "Your applications moved 30.31 MB in April 2026." in month
    assert "browser moved most: 20.01 MB, 66 % of what applications moved." in month
    assert "20.01 MB · 66 %, imported" in month
    assert "30.31 MB are imported: they are estimates of airtraffic , and in no total of the machine." in month
    assert "attributed to no application" not in month
    assert "no bytes of the machine" in month
    assert "0 B" not in month


def test_a_wrapup_of_the_year_names_the_busiest_applications(applications: Commands, tmp_path: Path) -> None:
    before_counting = "Counting began on 22 May 2026; no bytes of the machine are known of the days before."
    year = wrapup(applications, tmp_path, "--year", "2026")

    assert "browser moved most: 20.01 MB" in year
    assert "imported" in year
    assert before_counting in year


def test_requests_are_in_every_format(requests: Commands) -> None:
    document = json.loads(exported(requests, "json", *APRIL))
    toml = tomllib.loads(exported(requests, "llm", *APRIL))
    toon: Any = toon_format.decode(exported(requests, "toon", *APRIL))
    (line,) = lines_of(exported(requests, "csv", "--by", "route", *APRIL))
    markdown = exported(requests, "markdown", *APRIL)

    found = document["requests"]
    assert (found["requests"], found["errors"], found["imported_requests"]) == (REQUESTS, ERRORS, REQUESTS)
    for row in (*found["services"], *found["busiest_routes"]):
        assert row["imported_requests"] == row["requests"] == REQUESTS
        assert row["p95"] is not None
    assert toon["requests"] == found
    assert toml["requests"]["total"]["imported"] == toml["requests"]["service_0"]["imported"] == REQUESTS
    assert (line["service"], line["requests"], line["imported_requests"]) == ("shop", "300", "300")
    assert (line["from"], line["to"]) == ("2026-04-10", "2026-04-22")
    assert float(line["p95"]) > 0
    assert re.search(r"^\| shop .*\| +300 \|$", markdown, re.MULTILINE)


def test_a_wrapup_of_days_without_bytes_has_the_requests(requests: Commands, tmp_path: Path) -> None:
    month = wrapup(requests, tmp_path, "--month", "2026-04")

    assert "Your services answered 300 requests in April 2026." in month
    assert "300, imported" in month
    assert "300 requests were counted by another program, and imported." in month
    assert "300, imported" in wrapup(requests, tmp_path, "--year", "2026")
    refused = requests("report", "--month", "2026-03", "--output", str(tmp_path / "march.html"))
    assert (refused.exit_code, "nothing was counted in March 2026" in refused.stderr) == (2, True)


def test_an_export_has_the_requests_that_the_command_answers(requests: Commands) -> None:
    answer = requests.json("requests", *APRIL)
    table = requests("requests", *APRIL).stdout

    found = json.loads(exported(requests, "json", *APRIL))["requests"]

    assert answer["summary"]["imported_requests"] == found["imported_requests"]
    assert answer["services"] == found["services"]
    assert "shop*" in table
    assert "300 of them imported (*)" in table
    assert "*" in requests("requests", "shop", *APRIL).stdout


@pytest.mark.parametrize("what", ["applications", "requests"])
def test_taken_back_nothing_is_left(
    what: str, commands: Commands, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    calls = [("json",), ("csv", "--by", "application"), ("csv", "--by", "route"), ("markdown",), ("llm",)]
    before = [exported(commands, *call) for call in calls]
    request.getfixturevalue(what)
    assert [exported(commands, *call) for call in calls] != before

    source = {"applications": "airtraffic", "requests": "api-analytics"}[what]
    assert commands("import", "remove", source).exit_code == 0

    assert [exported(commands, *call) for call in calls] == before
    refused = commands("report", "--month", "2026-04", "--output", str(tmp_path / "april.html"))
    assert refused.exit_code == 2


def limited(commands: Commands, ledger: Path) -> Commands:
    settings = ledger.with_name("limits.yaml")
    limits = "{browser: 1 MB/month, sync: 1 MB/day, curl: 1 MB/month}"
    settings.write_text(f"applications: {{limits: {limits}}}\n", encoding="utf-8")
    return Commands(ledger, commands.now, NETLEDGER_CONFIG=str(settings))


def test_a_limit_has_what_was_imported_of_the_period_that_runs(
    commands: Commands, ledger: Path, tmp_path: Path
) -> None:
    """As a plan has imported bytes of interfaces in the cycle that runs; those of months before are in none."""
    today = datetime(2026, 6, 11, tzinfo=ZONE)
    path = tmp_path / "state.json"
    airtraffic_file.write_state(path, today, {"browser": (900, 90), "sync": (5, 5)}, {"browser": (100, 10)})
    of_april = tmp_path / "april.json"
    airtraffic_file.write_state(of_april, today.replace(month=4), {"browser": (7_000, 0)}, {})
    began = int(datetime(2026, 6, 12, tzinfo=ZONE).timestamp())
    post(ledger, ZONE, application_posting(2, {(began, ("browser", "internet", "tcp")): amounts(5_000, 50)}))
    for source in (path, of_april):
        assert commands("import", str(source), "--source", source.name).exit_code == 0

    found = {row["application"]: row for row in limited(commands, ledger).json("limits")["limits"]}

    browser = found["browser"]
    assert (browser["used_bytes"], browser["imported_bytes"]) == (5_050 + 990, 990)
    assert [found[name]["used_bytes"] for name in ("sync", "curl")] == [0, 0]
    assert "imported_bytes" not in found["sync"]
    table = limited(commands, ledger)("limits").stdout
    assert "browser*" in table
    assert "990 B of it imported (*)" in table


def test_sums_in_memory_have_what_was_imported_of_their_periods(
    commands: Commands, ledger: Path, tmp_path: Path
) -> None:
    """They are what /metrics and notices of limits have, in the order day, week, month, year."""
    path = tmp_path / "state.json"
    today = datetime(2026, 6, 9, tzinfo=ZONE)
    airtraffic_file.write_state(path, today, {"browser": (900, 90)}, {"browser": (100, 10)})
    assert commands("import", str(path)).exit_code == 0
    alone = sums(ledger)["browser"]
    began = int(datetime(2026, 6, 12, tzinfo=ZONE).timestamp())
    post(ledger, ZONE, application_posting(2, {(began, ("browser", "internet", "tcp")): amounts(5_000, 50)}))

    assert alone == [100, 10, 100, 10, 900, 90, 900, 90]
    assert sums(ledger)["browser"] == [5_000, 50, 5_100, 60, 5_900, 140, 5_900, 140]


def test_the_overview_marks_applications_of_today(commands: Commands, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    today = datetime(2026, 6, 12, tzinfo=ZONE)
    airtraffic_file.write_state(path, today, {"browser": (900, 90)}, {"browser": (100, 10)})
    assert "browser" not in commands().stdout
    assert commands("import", str(path)).exit_code == 0

    assert "busiest applications today: browser* 110 B (100 %) (* imported)" in commands().stdout


def sums(ledger: Path) -> dict[str, list[int]]:
    with closing(connect_to_read(ledger)) as connection:
        _, rows = read_period_sums(connection, [store.spec for store in new_stores()])
    return {row.name: list(row.sums) for row in rows}
