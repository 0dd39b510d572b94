"""What the documents tell people to type is what netledger answers."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.documented_calls import Call, documented_calls
from tests.worlds import api_analytics_file, vnstat_file

if TYPE_CHECKING:
    from tests.exporter.cli.service_process import Service

ROOT = Path(__file__).parents[3]
CALLS = list(documented_calls([ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]))
LONG_AGO = 1_700_000_000
HOLDS = ("audit", "doctor", "config", "top")
"""Their exit code tells of the machine."""


def call_id(call: Call) -> str:
    return f"{call.page}: {call.line}"


@pytest.mark.parametrize("call", CALLS, ids=call_id)
def test_no_shell_takes_a_documented_call_for_a_pattern(call: Call) -> None:
    assert not call.is_open_to_the_shell


def test_alternatives_are_calls_of_their_own(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```\nnetledger today | week   how much\nnetledger report --year 2026 | --cycle   # a page\n"
        "curl -s 127.0.0.1:7373/api/month?month=2026-11\n```\n`curl 'http://127.0.0.1:7373/metrics?x=*'`\n",
        encoding="utf-8",
    )

    calls = list(documented_calls([page]))

    assert [call.line for call in calls[:4]] == [
        "netledger today",
        "netledger week",
        "netledger report --year 2026",
        "netledger report --cycle",
    ]
    assert [call.is_open_to_the_shell for call in calls[4:]] == [True, False]


@pytest.mark.parametrize("tool", ["netledger", "curl"])
def test_documented_calls_are_answered(service: Service, tool: str) -> None:
    if tool == "curl" and not shutil.which("curl"):
        pytest.skip("curl is not installed")
    settings = json.loads(service.settings_file.read_text(encoding="utf-8"))
    settings["plans"] = [{"name": "home", "cap": "1 TB", "price_per_gb": 1, "currency": "INR"}]
    service.settings_file.write_text(json.dumps(settings), encoding="utf-8")
    with contextlib.closing(sqlite3.connect(service.ledger)) as connection, connection:
        connection.execute("UPDATE subject SET first_seen = ?", (LONG_AGO,))  # the years of the documents are counted
    service.start()
    folder = service.folder / "typed"
    folder.mkdir()
    (folder / "traffic.csv").write_text("Day,Down,Up\n2026-01-01,12.5,3\n", encoding="utf-8")
    api_analytics_file.create(folder / "database.db", [api_analytics_file.Log("2026-01-01 10:00:00")])
    vnstat_file.create(folder / "vnstat.db")
    vnstat_file.add(folder / "vnstat.db", "eth0", vnstat_file.hours_of(date(2026, 1, 1), date(2026, 2, 1)))

    calls = [call for call in CALLS if call.line.startswith(tool)]
    refused = {call_id(call): told for call in calls if (told := _refusal(service, folder, call))}

    assert calls
    assert refused == {}


def _refusal(service: Service, folder: Path, call: Call) -> str:
    """What is said against it; "" where it is answered. A day that is yet to come is no fault of the call."""
    name, *arguments = shlex.split(call.line.replace("127.0.0.1:7373", f"127.0.0.1:{service.port}"))
    arguments = [argument.replace("/var/lib/vnstat/", "") for argument in arguments if argument != "--open"]
    if arguments[:1] == ["live"]:
        arguments += ["--count", "1"]
    is_ours = name == "netledger"
    program = [sys.executable, "-m", "exporter"] if is_ours else [name, "--fail", "--show-error"]
    done = subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
        check=False,
        env=service._environ() | {"NETLEDGER_CONFIG": str(service.settings_file)},
    )
    is_bound = is_ours and bool(arguments) and arguments[0] in HOLDS and done.returncode == 1
    is_to_come = done.returncode == 2 and "yet to come" in done.stderr
    is_there = done.returncode == 1 and "already there" in done.stderr
    return "" if done.returncode == 0 or is_bound or is_to_come or is_there else done.stderr or "no word"
