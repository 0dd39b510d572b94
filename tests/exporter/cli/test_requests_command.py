"""`netledger requests` and `requests log`: of the ledger's file, and the same by the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exporter.meters.requests.events import Event
from tests.exporter.cli.calls import Commands
from tests.worlds.fake_machine import Machine
from tests.worlds.request_world import MERGE_SECONDS, RequestWorld

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden

SECOND, MINUTE = 1_000_000, 60_000_000
ODD = "/\x1b[2J浏览器\u202e|=cmd()"
CALLS = {
    "requests": ("requests",),
    "requests-of-a-year": ("requests", "2026"),
    "requests-ever": ("requests", "all"),
    "requests-of-an-hour": ("requests", "--from", "2026-06-12T08:45", "--to", "2026-06-12T09:00"),
    "requests-of-one": ("requests", "shop"),
    "requests-of-one-by-errors": ("requests", "shop", "week", "--sort", "errors", "--limit", "2", "--exclude", "404"),
    "requests-log": ("requests", "log", "--limit", "5"),
    "requests-log-of-one": ("requests", "log", "shop", "--status", "5xx", "--oldest"),
}


def events(now: int) -> list[Event]:
    """Requests of two services within an hour before `now` (UTC microseconds)."""
    made = []
    for number in range(40):
        path = ("/items/7", "/items/8", "/cart", "/health", "/gone")[number % 5]
        route = "/items/{id}" if path.startswith("/items") else path
        code = 404 if path == "/gone" else 500 if number % 7 == 0 else 200
        at = now - number * MINUTE
        client = ("192.0.2.7", "198.51.100.23", "")[number % 3]
        made.append(
            Event(
                "shop", at, "GET" if number % 2 else "POST", route, code, 900 * (number + 1), 120, 4_096, path, client
            )
        )
    made.append(
        Event("blog", now - MINUTE // 2, "GET", "/a-very-long-route/" + "x" * 90, 0, None, 0, 0, "", "2001:db8::17")
    )
    made.append(Event("blog", now - 3 * MINUTE, "GET", ODD, 200, 12_345_678, 0, 5_000_000_000, ODD, ""))
    return made


@pytest.fixture
def commands(tmp_path: Path, empty_ledger: Path) -> Commands:
    """Commands on a ledger with requests."""
    machine = Machine()
    machine.create("eth0", is_uplink=True)
    path = tmp_path / "ledger.db"
    world = RequestWorld(machine, path, empty_ledger)
    world.start()
    world.give(*events(machine.seconds * SECOND))
    world.commit()
    machine.wait(MERGE_SECONDS)
    world.commit()
    world.stop()
    return Commands(path, machine.seconds)


@pytest.mark.parametrize("name", CALLS)
def test_in_a_pipe_a_table_is_bare_and_aligned(name: str, commands: Commands, golden: Golden) -> None:
    done = commands(*CALLS[name])

    assert (done.exit_code, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    golden(f"commands/{name}.txt", done.stdout)


@pytest.mark.parametrize("name", CALLS)
def test_on_a_terminal_a_table_is_drawn(
    name: str, commands: Commands, golden: Golden, columns: Callable[[int], None]
) -> None:
    columns(80)

    drawn = commands.on_a_terminal(*CALLS[name])

    assert max(map(len, drawn.split("\n"))) <= 80
    golden(f"commands/{name}-on-80-columns.txt", drawn)


@pytest.mark.parametrize("width", [30, 45, 60])
def test_on_a_narrow_terminal_no_line_is_too_long(
    width: int, commands: Commands, columns: Callable[[int], None]
) -> None:
    columns(width)

    for arguments in (("requests",), ("requests", "shop"), ("requests", "log", "shop")):
        assert max(map(len, commands.on_a_terminal(*arguments).split("\n"))) <= width


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (("--status", "404"), 8),
        (("--status", "0"), 1),
        (("--method", "POST"), 20),
        (("--route", "/items/*"), 16),
        (("--path", "/items/7"), 8),
        (("--ip", "192.0.2.7"), 14),
        (("--min-time", "30", "--max-time", "1000"), 7),
        (("--from", "2026-06-12T09:00"), 1),
        (("--to", "2026-06-11"), 0),
        (("shop", "--exclude", "404,health"), 24),
    ],
)
def test_each_filter_of_the_log(commands: Commands, arguments: tuple[str, ...], count: int) -> None:
    assert len(commands.json("requests", "log", *arguments)["requests"]) == count


def test_the_log_goes_on_where_a_page_ended(commands: Commands) -> None:
    first = commands.json("requests", "log", "--limit", "30")
    second = commands.json("requests", "log", "--limit", "30", "--cursor", first["next"])

    assert [len(page["requests"]) for page in (first, second)] == [30, 12]
    assert second["next"] is None
    assert len({row["id"] for page in (first, second) for row in page["requests"]}) == 42


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("requests", "nobody"), "service: the ledger knows no 'nobody'"),
        (("requests", "shop", "yesterday"), "period: 'yesterday' is none"),
        (("requests", "week", "--from", "2026-06-01"), "week and --from or --to: give one of them"),
        (("requests", "--exclude", "cats"), "exclude: 'cats' is refused"),
        (("requests", "--exclude", "bots"), "exclude: 'bots' is refused; sums have no user agents"),
        (("requests", "log", "--status", "6xx"), "status: '6xx' is refused"),
        (("requests", "log", "--min-time", "soon"), "min_time: 'soon' is refused"),
        (("requests", "log", "--cursor", "x"), "cursor: 'x' is refused"),
        (("requests", "log", "--from", "2026-13-01"), "from:"),
        (("requests", "log", "--limit", "0"), "0 is not in the range"),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(commands: Commands, arguments: tuple[str, ...], problem: str) -> None:
    done = commands(*arguments)

    assert done.exit_code == 2
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_may_be_called_as_a_command_or_a_period_is(commands: Commands) -> None:
    for name in ("log", "week"):
        done = commands("requests", "--", name, *(("today",) if name == "week" else ()))
        assert f"the ledger knows no '{name}'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "when"),
    [
        ((), "on 2026-06-12"),
        (("2026-05",), "in 2026-05"),
        (("2025",), "in 2025"),
        (("all",), "until 2026-06-12"),
        (("--from", "2026-06-01", "--to", "2026-06-05"), "from 2026-06-01 to 2026-06-05"),
        (("--from", "2026-06-12T08:45", "--to", "2026-06-12T09:00"), "from 2026-06-12 08:45 to 2026-06-12 09:00"),
    ],
)
def test_a_period_without_a_request_is_named(
    tmp_path: Path, empty_ledger: Path, arguments: tuple[str, ...], when: str
) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())

    assert Commands(path)("requests", *arguments).stdout.startswith(f"No request was counted {when}: ")


def test_without_a_request_it_is_said(tmp_path: Path, empty_ledger: Path) -> None:
    path = tmp_path / "new.db"
    path.write_bytes(empty_ledger.read_bytes())
    commands = Commands(path)

    assert commands("requests", "log").stdout == "The request log has no such request.\n"
    assert commands.json("requests")["services"] == []
