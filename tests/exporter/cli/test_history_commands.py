from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.exporter.cli.calls import Commands
from tests.exporter.cli.service_process import fetch
from tests.exporter.cli.small_ledger import NOON

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden
    from tests.exporter.cli.service_process import Service

CALLS = {
    "records": ("records",),
    "records-of-one": ("records", "--interface", "wg0"),
    "hours": (
        "hours",
        "--map",
    ),
    "hours-of-days": ("hours", "--map", "--from", "2026-06-09", "--to", "2026-06-11"),
}


@pytest.mark.parametrize("name", CALLS)
def test_in_a_pipe_history_is_bare_and_aligned(name: str, commands: Commands, golden: Golden) -> None:
    done = commands(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.isascii()
    golden(f"commands/{name}.txt", done.stdout)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("width", [40, 80])
def test_on_a_terminal_history_is_drawn(
    name: str, width: int, commands: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(width)

    golden(f"commands/{name}-on-{width}-columns.txt", commands.on_a_terminal(*CALLS[name]))


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("records",), "/api/records"),
        (("records", "--interface", "wlan0"), "/api/records?interface=wlan0"),
        (("hours", "--map", "--to", "2031-01-01"), "/api/hours?to=2031-01-01"),
        (("hours", "--map", "--from", "2020-01-01", "--interface", "wg0"), "/api/hours?from=2020-01-01&interface=wg0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_json_of_history_equals_the_apis(service: Service, arguments: tuple[str, ...], path: str) -> None:
    url = service.start()

    told, done = fetch(url, path), service.command(*arguments, "--json")

    assert (done.code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    # The one thing that moves while both are asked.
    assert [shape.get("covered", {}).pop("to", "") != "" for shape in (answer, told)] in ([True] * 2, [False] * 2)
    assert answer == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("records", "--interface", "eth9"), "interface: the ledger knows no 'eth9'"),
        (("hours", "--map", "--interface", "eth9"), "interface: the ledger knows no 'eth9'"),
        (("hours", "--map", "--from", "2026-02-30"), "from: '2026-02-30' is not a date: the calendar has no such day"),
        (
            ("hours", "--map", "--from", "2026-06-12", "--to", "2026-06-11"),
            "from: '2026-06-12' is not before to '2026-06-11'",
        ),
    ],
)
def test_a_wrong_call_is_told_in_one_sentence(arguments: tuple[str, ...], told: str, commands: Commands) -> None:
    done = commands(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_new_ledger_has_no_history_yet(tmp_path: Path, empty_ledger: Path, columns: Callable[[int], None]) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())
    commands = Commands(path, NOON)
    columns(80)

    assert commands("records").stdout == "Nothing is counted yet: start `netledger run`.\n"
    assert commands.json("records") == {"busiest_days": [], "peak_speeds": {}}
    assert commands("hours", "--map").stdout.splitlines()[-1] == "the ledger keeps no hours of this range"
    assert commands.on_a_terminal("hours", "--map").splitlines()[-1] == "the ledger keeps no hours of this range"
    assert commands.json("hours", "--map")["summary"]["total_bytes"] == 0
