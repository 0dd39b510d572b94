"""`netledger requests import` while a service runs: the service counts each line once, whatever ends the command."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from exporter.ledger.files import connect_to_read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.exporter.cli.service_process import Ended, Service

LINES = 60_000
KILLS = 4
WAIT_SECONDS = 30


def _log(path: Path, lines: int) -> Path:
    """Some 90 bytes a line: 60,000 are six parts."""
    path.write_text(
        "".join(
            f"192.0.2.7 - - [01/Mar/2025:12:{number // 600 % 60:02}:{number % 60:02} +0000] "
            f'"GET /items/{number} HTTP/1.1" 200 5 "-" "curl/8.0"\n'
            for number in range(lines)
        ),
        encoding="utf-8",
    )
    return path


def _import(service: Service, *arguments: object) -> Ended:
    return service.command("requests", "import", *map(str, arguments), "--service", "shop")


def _counted(service: Service) -> int:
    query = "SELECT coalesce(sum(requests), 0) FROM request_by_day WHERE service = 'shop' AND code != '(all)'"
    with closing(connect_to_read(service.ledger)) as connection:
        found: tuple[Any, ...] = connection.execute(query).fetchone()
    return int(found[0])


def test_a_running_service_counts_each_line_once(service: Service, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log", 100)
    service.start()

    first, again = _import(service, log), _import(service, log)
    with log.open("a") as file:
        file.write(log.read_text().splitlines(keepends=True)[0])
    more = _import(service, log)

    assert first.code == again.code == more.code == 0, first.stderr
    assert "100 requests (combined), 0 lines that are none" in first.stdout
    assert "0 requests" in again.stdout
    assert "1 requests" in more.stdout
    assert _counted(service) == 101


def test_what_was_imported_with_a_service_is_known_without_one(service: Service, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log", 100)
    service.start()
    _import(service, log)
    service.stop()

    again = _import(service, log)

    assert (again.code, _counted(service)) == (0, 100), again.stderr


def test_a_command_that_is_killed_loses_nothing_and_doubles_nothing(service: Service, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log", LINES)
    service.start()
    chance = random.Random(20261128)  # noqa: S311 - the same instants in every run
    command = [sys.executable, "-m", "exporter", "--config", str(service.settings_file), "requests", "import"]

    lines, is_amid = LINES, False
    for kill in range(KILLS):
        before = _counted(service)
        if before == lines:  # the machine was faster than the kill
            with log.open("ab") as file:
                file.write(log.read_bytes())
            lines *= 2
        with subprocess.Popen(
            [*command, str(log), "--service", "shop"], env=os.environ | {"HOME": str(tmp_path)}
        ) as run:
            ends = time.monotonic() + WAIT_SECONDS
            while _counted(service) == before and run.poll() is None and time.monotonic() < ends:
                time.sleep(0.001)
            time.sleep(chance.uniform(0.0, 0.02) * kill)
            run.send_signal(signal.SIGKILL)
        is_amid |= before < _counted(service) < lines
    last = _import(service, log)

    assert last.code == 0, last.stderr
    assert is_amid
    assert _counted(service) == lines


def test_a_log_that_the_service_follows_is_counted_once(service: Service, tmp_path: Path) -> None:
    log = _log(tmp_path / "access.log", LINES)
    service.configure(requests={"logs": {"shop": str(log)}})
    service.start()

    done = _import(service, log)
    ends = time.monotonic() + WAIT_SECONDS
    while _counted(service) < LINES and time.monotonic() < ends:
        time.sleep(0.05)

    assert done.code == 0 or "the service follows this log, and reads it itself" in done.stderr
    assert _counted(service) == LINES
