"""`netledger import` of files with requests: each once, in every answer, and taken back whole."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from exporter.ledger.files import connect_to_read
from reports.ledger.reader import LedgerReader
from reports.usage.clients import client_figures
from tests.exporter.cli.calls import Commands
from tests.worlds import api_analytics_file
from tests.worlds.api_analytics_file import Log

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


ZONE = ZoneInfo("Asia/Kolkata")
"""Of the small ledger."""
FIRST = datetime(2026, 4, 28, 22, 30)  # noqa: DTZ001 - as the file has it
"""Of 300 requests, one every three hours: into June 2026, before the small ledger's noon."""
SPAN = ("--from", "2026-04-01", "--to", "2026-06-12")
MAY = ("--from", "2026-05-01", "--to", "2026-05-31")


def logs(count: int = 300) -> list[Log]:
    return [
        Log(
            str(FIRST + timedelta(hours=3 * number)),
            method="POST" if number % 3 else "GET",
            endpoint=f"/items/{number}",
            ip=None if number % 10 == 0 else f"192.0.{number % 7}.2",
            process_time=number % 50 + 0.5,
            status_code=(200, 200, 404, 500)[number % 4],
        )
        for number in range(count)
    ]


def access_log(path: Path, rows: Iterable[Log]) -> Path:
    """The same requests as nginx logs them."""
    lines = []
    for row in rows:
        at = datetime.fromisoformat(row.created_at).replace(tzinfo=ZONE)
        request = f'"{row.method} {row.endpoint} HTTP/1.1" {row.status_code} 0 "-" "-" {row.process_time / 1000:.4f} 0'
        lines.append(f"{row.ip or '-'} - - [{at:%d/%b/%Y:%H:%M:%S %z}] {request}\n")
    path.write_text("".join(lines), encoding="utf-8")
    return path


def figures(commands: Commands, *service: str) -> list[Any]:
    """What `netledger requests` says of all services, or of the routes of one."""
    return [commands.json("requests", *service, *span) for span in (SPAN, MAY)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return api_analytics_file.create(tmp_path / "database.db", logs())


def test_imported_requests_answer_as_those_that_netledger_counts(
    commands: Commands, file: Path, tmp_path: Path
) -> None:
    before = figures(commands)

    commands.json("import", str(file), "--service", "shop")
    imported = [*figures(commands), *figures(commands, "shop")]
    commands.json("import", "remove", "api-analytics")
    assert figures(commands) == before
    counted = commands("requests", "import", str(access_log(tmp_path / "access.log", logs())), "--service", "shop")

    assert counted.exit_code == 0, counted.output
    assert [without_rates(each) for each in imported] == [
        without_rates(each) for each in (*figures(commands), *figures(commands, "shop"))
    ]


def without_rates(answer: dict[str, Any]) -> dict[str, Any]:
    """Rates are of the time since netledger began to count, or since the first imported request; without marks, too."""
    others = {"requests_per_second", "bytes_per_second", "imported_requests"}

    def without(row: dict[str, Any]) -> dict[str, Any]:
        return {name: row[name] for name in row.keys() - others}

    rows: dict[str, Any] = {
        name: [without(row) for row in answer[name]] for name in ("services", "routes") if name in answer
    }
    return {**answer, **rows, "summary": without(answer["summary"])}


def test_an_import_says_by_month_what_came_in(commands: Commands, file: Path) -> None:
    months = Counter(row.created_at[:7] for row in logs())

    done = commands.json("import", str(file), "--map", "key-1=shop")

    assert {(month["month"], month["service"]): month["requests"] for month in done["months"]} == {
        (month, "shop"): count for month, count in months.items()
    }
    unknown = commands("import", "remove", "nothing")
    assert (unknown.exit_code, "known sources: api-analytics" in unknown.output) == (1, True)
    (listed,) = commands.json("import", "list")["requests"]
    assert (listed["source"], listed["services"], listed["requests"], listed["errors"]) == (
        "api-analytics", ["shop"], 300, 150,
    )  # fmt: skip
    assert (listed["first_date"], listed["last_date"]) == ("2026-04-28", "2026-06-05")


def test_a_dry_run_shows_the_same_and_changes_nothing(commands: Commands, file: Path) -> None:
    before = figures(commands)

    shown = commands.json("import", str(file), "--dry-run")

    assert figures(commands) == before
    assert commands.json("import", "list") == {"imports": [], "requests": []}
    assert {**shown, "is_dry_run": False} == commands.json("import", str(file))


def test_the_same_file_again_changes_nothing_and_a_newer_one_replaces_it(commands: Commands, file: Path) -> None:
    commands.json("import", str(file))
    once = figures(commands)

    again = commands.json("import", str(file))
    assert (again["is_same"], figures(commands)) == (True, once)
    api_analytics_file.add(file, [Log("2026-06-11 10:00:00")])
    newer = commands.json("import", str(file))

    assert (newer["is_same"], newer["requests"]) == (False, 301)
    assert figures(commands)[0]["summary"]["total_requests"] == 301


def test_each_key_is_a_service_and_times_are_of_the_zone_that_is_named(commands: Commands, tmp_path: Path) -> None:
    rows = [Log("2026-05-01 00:10:00", api_key_id=key) for key in (1, 2, 2, None)]
    file = api_analytics_file.create(tmp_path / "database.db", rows, keys=2)

    done = commands.json("import", str(file), "--map", "key-2=shop", "--timezone", "Asia/Tokyo")

    assert [(month["month"], month["service"], month["requests"]) for month in done["months"]] == [
        ("2026-04", "key-1", 1), ("2026-04", "no-key", 1), ("2026-04", "shop", 2),
    ]  # fmt: skip


def test_what_netledger_has_counted_itself_is_left_out(commands: Commands, file: Path, tmp_path: Path) -> None:
    own = [row for row in logs() if row.created_at >= "2026-05-20 12:00"]
    commands("requests", "import", str(access_log(tmp_path / "access.log", own)), "--service", "shop")
    before = figures(commands)

    done = commands.json("import", str(file), "--service", "shop")

    assert (done["requests"], done["requests_counted_here"]) == (300 - len(own), len(own))
    whole = figures(commands)[0]["summary"]
    assert (whole["total_requests"], whole["imported_requests"]) == (300, 300 - len(own))
    assert f"{300 - len(own)} of them imported (*): `netledger import list`" in commands("requests", *SPAN).output
    assert commands.json("import", str(file), "--service", "shop")["is_same"]
    commands.json("import", "remove", "api-analytics")
    assert figures(commands) == before


def test_single_clients_are_kept_as_privacy_has_it_and_as_long_as_the_log(commands: Commands, tmp_path: Path) -> None:
    rows = [Log(f"2026-0{month}-10 10:00:00", ip=f"198.51.{number}.1") for month in (1, 6) for number in range(3)]
    commands.json("import", str(api_analytics_file.create(tmp_path / "database.db", rows)))

    with closing(connect_to_read(commands.ledger)) as connection, LedgerReader(connection).at_one_moment() as ledger:
        year = client_figures(ledger, (), date(2026, 1, 1), date(2026, 6, 12))
    assert year.unique in {2, 3}  # two of them share a register once in 5,000 runs
    assert dict(year.busiest) == {"198.51.0.0/24": 1, "198.51.1.0/24": 1, "198.51.2.0/24": 1}


def test_requests_that_the_log_would_keep_are_in_it_and_leave_it(commands: Commands, tmp_path: Path) -> None:
    """The small ledger's noon is of 12 June; the log keeps 30 days."""
    rows = [Log(f"{day} 10:00:00", endpoint="/a/7", ip="198.51.100.7") for day in ("2026-05-01", "2026-06-01")]
    own = access_log(tmp_path / "access.log", [Log("2026-06-11 10:00:00")])
    assert commands("requests", "import", str(own), "--service", "blog").exit_code == 0
    before = commands.json("requests", "log")

    commands.json("import", str(api_analytics_file.create(tmp_path / "database.db", rows)), "--service", "shop")
    (row,) = commands.json("requests", "log", "shop")["requests"]
    of_route = commands.json("requests", "log", "--route", "/a/*", "--status", "200")["requests"]
    first = commands.json("requests", "log", "--oldest", "--limit", "1")
    commands.json("import", "remove", "api-analytics")

    assert (row["created_at"], row["path"], row["ip"], row["process_time"]) == (
        "2026-06-01T10:00:00+05:30", "/a/7", "198.51.100.0/24", 20.0,
    )  # fmt: skip
    assert of_route == first["requests"] == [row]
    assert commands.json("requests", "log") == before


@pytest.mark.parametrize("setting", ["log", "privacy"])
def test_settings_of_a_service_say_what_is_kept_of_single_requests(ledger: Path, tmp_path: Path, setting: str) -> None:
    settings = {"log": "{service_log: {shop: no}}", "privacy": "{service_privacy: {shop: hash}}"}[setting]
    (tmp_path / "settings.yaml").write_text(f"requests: {settings}\n", encoding="utf-8")
    commands = Commands(ledger, NETLEDGER_CONFIG=str(tmp_path / "settings.yaml"))
    file = api_analytics_file.create(tmp_path / "database.db", [Log("2026-06-10 10:00:00")])

    commands.json("import", str(file), "--service", "shop")

    logged = commands.json("requests", "log")["requests"]
    assert [row["ip"] for row in logged] == ([] if setting == "log" else [None])
    assert commands.json("requests", *SPAN)["summary"]["unique_ips"] == (1 if setting == "log" else 0)


def test_another_database_needs_a_name_and_services_of_its_own(commands: Commands, file: Path, tmp_path: Path) -> None:
    commands.json("import", str(file))
    before = figures(commands)
    other = api_analytics_file.create(tmp_path / "other.db", logs(10), first_key=7)

    unnamed = commands("import", str(other))
    unmapped = commands("import", str(other), "--source", "second")
    second = commands.json("import", str(other), "--source", "second", "--service", "blog")

    assert "give this one a name with --source NAME" in unnamed.output
    assert "requests of the service key-1 have come from api-analytics" in unmapped.output
    assert second["requests"] == 10
    commands.json("import", "remove", "second")
    assert figures(commands) == before


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (Log("2026-05-01 10:00:00", status_code=99), "row 301 of api_logs: status 99 is refused"),
        (Log("yesterday"), "row 301 of api_logs: 'yesterday' is no time"),
        (Log("1969-12-31 10:00:00"), "is before 1970"),
        (Log("2026-07-01 10:00:00"), "is more than a day ahead"),
        (Log("2026-05-01 10:00:00", method=""), "method: '' is refused"),
        (Log("2026-05-01 10:00:00", process_time=-1.0), "process_time: -1.0 is refused"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_imported(commands: Commands, file: Path, log: Log, reason: str) -> None:
    api_analytics_file.add(file, [log])

    done = commands("import", str(file))

    assert done.exit_code == 1
    assert "nothing is imported" in done.output
    assert reason in done.output
    assert commands.json("import", "list") == {"imports": [], "requests": []}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--service", "shop"), "has the services key-1, key-2: name each, as in --map key-1=shop"),
        (("--map", "eth0=shop"), "--map eth0: "),
        (("--source", "a/b"), "source: 'a/b' is refused"),
        (("--unit", "MiB"), "has no use for what was given"),
        (("--month-begins", "2"), "has no use for what was given"),
        (("--map", "key-1=netledger"), "netledger is the name of netledger's own requests"),
    ],
)
def test_a_wrong_option_imports_nothing(
    commands: Commands, tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    file = api_analytics_file.create(tmp_path / "database.db", [Log("2026-05-01", api_key_id=key) for key in (1, 2)], 2)

    done = commands("import", str(file), *options)

    assert done.exit_code == 1
    assert reason in done.output
    assert json.loads(commands("import", "list", "--json").stdout)["requests"] == []


def test_options_of_requests_are_refused_for_bytes(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("date,rx,tx\n2026-05-01,10,1\n", encoding="utf-8")

    done = commands("import", str(tmp_path / "days.csv"), "--service", "shop")

    assert (done.exit_code, "has no use for what was given" in done.output) == (1, True)


def test_half_a_database_imports_nothing(commands: Commands, file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20_000])

    done = commands("import", str(file))

    assert done.exit_code == 1
    assert "nothing is imported" in done.output
    assert commands.json("import", "list") == {"imports": [], "requests": []}


def test_a_database_without_its_columns_imports_nothing(commands: Commands, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "database.db")) as connection, connection:
        connection.executescript("CREATE TABLE api_keys (id, api_key); CREATE TABLE api_logs (id, created_at)")

    done = commands("import", str(tmp_path / "database.db"))

    assert (done.exit_code, "the table api_logs has no column api_key_id" in done.output) == (1, True)


def test_the_import_of_logs_says_who_reads_a_database(commands: Commands, file: Path) -> None:
    done = commands("requests", "import", str(file), "--service", "shop")

    assert (done.exit_code, "`netledger import FILE` reads those" in done.output) == (1, True)


def test_a_file_without_keys_has_none_to_give(commands: Commands, tmp_path: Path) -> None:
    text = "created_at,method,endpoint,ip,process_time,status_code\n"
    (tmp_path / "logs.csv").write_text(text, encoding="utf-8")

    done = commands("import", str(tmp_path / "logs.csv"), "--duration-unit", "seconds", "--with-keys")

    assert (done.exit_code, "--with-keys: the file has no keys" in done.output) == (1, True)
