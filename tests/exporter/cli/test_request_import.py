"""`netledger requests import`: requests of the past go to their own slots and days, each line once."""

from __future__ import annotations

import contextlib
import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from click.testing import CliRunner

from exporter.cli.root import netledger
from exporter.ledger.files import connect_to_read
from exporter.ledger.opening.checks import faults_in
from exporter.meters.registry import METERS
from exporter.session.environment import Environment
from reports.ledger.cardinality import readable
from reports.ledger.clients import client_counts

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def _line(number: int, day: int = 1, code: int = 200) -> str:
    time = f"{day:02}/Mar/2025:12:{number // 60 % 60:02}:{number % 60:02} +0000"
    return f'10.0.0.1 - - [{time}] "GET /items/{number} HTTP/1.1" {code} 5 "-" "curl" 0.250 100\n'


def _log(path: Path, lines: int = 100, day: int = 1) -> Path:
    path.write_text("".join(_line(number, day) for number in range(lines)), encoding="utf-8")
    return path


def _import(ledger: Path, *arguments: object) -> Result:
    environment = Environment(environ={"NETLEDGER_LEDGER_PATH": str(ledger)})
    return CliRunner().invoke(
        netledger, ["requests", "import", *map(str, arguments), "--service", "shop"], obj=environment
    )


def _sums(ledger: Path, grain: str = "day") -> list[tuple[int, ...]]:
    query = f"""
        SELECT sum(requests), sum(errors), sum(request_bytes), sum(response_bytes), sum(duration_microseconds)
        FROM request_{grain}
    """  # noqa: S608 - a grain
    with contextlib.closing(connect_to_read(ledger)) as connection:
        assert not faults_in(connection, [kind.spec for kind in METERS])
        return connection.execute(query).fetchall()


def test_an_import_counts_each_line_once(ledger: Path, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log")

    first = _import(ledger, log, "--json")
    again = _import(ledger, log, "--json")

    assert first.exit_code == again.exit_code == 0, first.output
    assert json.loads(first.stdout)["files"][0] == {
        "path": str(log), "format": "timed", "requests": 100, "refused": 0, "already": 0, "faults": [], "problem": "",
    }  # fmt: skip
    assert json.loads(again.stdout)["files"][0]["requests"] == 0
    assert _sums(ledger) == _sums(ledger, "slot") == [(100, 0, 10_000, 500, 25_000_000)]


def test_clients_count_on_the_days_of_their_requests_as_privacy_keeps_them(ledger: Path, tmp_path: Path) -> None:
    logs = [_log(tmp_path / f"{day}.log", 100, day) for day in (1, 2)]

    assert _import(ledger, *logs).exit_code == 0
    _import(ledger, *logs)

    with contextlib.closing(connect_to_read(ledger)) as connection:
        rows = connection.execute("SELECT service, clients, busiest FROM request_client ORDER BY day").fetchall()
    assert [(service, readable(clients).estimate()) for service, clients, _ in rows] == [("shop", 1)] * 2
    assert [client_counts(busiest).requests for _, _, busiest in rows] == [{"10.0.0.0/24": 100}] * 2


def test_usage_goes_to_its_own_days(ledger: Path, tmp_path: Path) -> None:
    _import(ledger, _log(tmp_path / "a", day=1), _log(tmp_path / "b", day=3))

    with contextlib.closing(connect_to_read(ledger)) as connection:
        days = connection.execute("SELECT day, sum(requests) FROM request_day GROUP BY day ORDER BY day").fetchall()
    first = datetime(2025, 3, 1, tzinfo=UTC).toordinal()
    assert [day - days[0][0] for day, _ in days] == [0, 2]
    assert [requests for _, requests in days] == [100, 100]
    assert first


def test_what_was_written_since_is_counted_and_a_compressed_copy_is_not(ledger: Path, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log")
    _import(ledger, log)
    with log.open("a") as file:
        file.write(_line(100))
    zipped = tmp_path / "access.log.1.gz"
    zipped.write_bytes(gzip.compress(log.read_bytes()))

    more = _import(ledger, log, zipped, "--json")

    assert [each["requests"] for each in json.loads(more.stdout)["files"]] == [1, 0]
    assert _sums(ledger)[0][0] == 101


def test_lines_that_are_none_are_shown_and_stop_nothing(ledger: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(_line(1) + "nonsense\n" + _line(2, code=999) + _line(3, code=500))

    done = _import(ledger, log)

    assert done.exit_code == 0
    assert "2 requests (timed), 2 lines that are none" in done.output
    assert "line 2: it does not have the format" in done.output
    assert "line 3: its status code is none" in done.output
    assert _sums(ledger)[0][:2] == (2, 1)


def test_a_file_of_another_kind_has_exit_code_1(ledger: Path, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("nonsense\n")
    damaged = tmp_path / "damaged.gz"
    damaged.write_bytes(gzip.compress(_line(1).encode() * 1000)[:-20])

    done = _import(ledger, log, damaged)

    assert done.exit_code == 1
    assert "its format is not known: give --format" in done.output
    assert "it is damaged" in done.output


def test_a_format_that_there_is_not_is_a_wrong_call(ledger: Path, tmp_path: Path) -> None:
    done = _import(ledger, _log(tmp_path / "access.log"), "--format", "nonsense")

    assert done.exit_code == 2
    assert "there is no format 'nonsense'" in done.output
