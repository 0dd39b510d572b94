"""`netledger apps`, and today, week and month by application."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from exporter.meters.applications.traffic import Backend
from exporter.meters.registry import METERS, OpenedMeter
from tests.exporter.cli.calls import Commands
from tests.exporter.cli.small_ledger import DAY, NOON, SLOT, ZONE
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.applications import FakeSource
from tests.worlds.application_rows import amounts, application_posting, post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.conftest import Golden
    from tests.worlds.fake_machine import Machine

NOW = NOON // SLOT * SLOT - SLOT
ODD = "\x1b[2J浏览器\u202e|=cmd()"
MOVED: dict[tuple[int, tuple[str, ...]], tuple[int, ...]] = {
    (NOW, ("firefox", "internet", "tcp")): amounts(300_000_000, 20_000_000),
    (NOW, ("firefox", "internet", "udp")): amounts(100_000_000, 1_000_000),
    (NOW, ("firefox", "lan", "tcp")): amounts(5_000_000, 900_000),
    (NOW, ("backup.service", "office", "tcp")): amounts(4_000_000, 90_000_000),
    (NOW, ("postgres", "loopback", "tcp")): amounts(7_000_000, 7_000_000),
    (NOW, ("(unknown)", "internet", "tcp")): amounts(12_345, 678),
    (NOW, (ODD, "internet", "tcp")): amounts(1_000_000, 2),
    (NOW, ("week", "lan", "icmp")): amounts(84, 84),
    (NOW - DAY, ("firefox", "internet", "tcp")): amounts(900_000_000, 10_000_000),
    (NOW - 3 * DAY, ("rsync", "lan", "tcp")): amounts(10_000, 80_000_000),
    (NOW - 20 * DAY, ("rsync", "lan", "tcp")): amounts(20_000, 70_000_000),
}
CALLS = {
    "apps": ("apps",),
    "apps-week": ("apps", "week"),
    "apps-month-internet": ("apps", "month", "--scope", "internet"),
    "apps-all-by-name": ("apps", "all", "--sort", "name", "--limit", "3"),
    "apps-of-one": ("apps", "firefox"),
    "apps-of-one-day": ("apps", "rsync", "2026-06-09"),
    "apps-of-a-month-without": ("apps", "2025-01"),
}


@pytest.fixture
def commands(ledger: Path) -> Commands:
    """Commands on the small ledger, with applications."""
    post(ledger, ZONE, application_posting(2, MOVED))
    return Commands(ledger)


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

    golden(f"commands/{name}-on-80-columns.txt", commands.on_a_terminal(*CALLS[name]))


def test_on_a_narrow_terminal_no_line_is_too_long(commands: Commands, columns: Callable[[int], None]) -> None:
    columns(60)

    drawn = commands.on_a_terminal("apps", "week")

    assert max(map(len, drawn.split("\n"))) <= 60


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        (("today", "--by", "application"), ("apps",)),
        (("today", "--by", "application"), ("apps", "today")),
        (("week", "--by", "application"), ("apps", "week")),
        (("month", "--by", "application"), ("apps", "month")),
        (("month", "2026-05", "--by", "application"), ("apps", "2026-05")),
        (("month", "--by", "application", "--scope", "lan"), ("apps", "month", "--scope", "lan")),
        (("apps", "2026-06-09"), ("apps", "--from", "2026-06-09", "--to", "2026-06-09")),
        (("apps", "2026"), ("apps", "--from", "2026-01-01", "--to", "2026-12-31")),
        (("apps", "firefox"), ("apps", "month", "firefox")),
        (("apps", "--name", "week"), ("apps", "--name", "week", "month")),
    ],
)
def test_the_same_is_asked_in_several_ways(
    arguments: tuple[str, ...], same: tuple[str, ...], commands: Commands
) -> None:
    assert commands.json(*arguments) == commands.json(*same)
    assert commands(*arguments).stdout == commands(*same).stdout


def test_a_word_that_may_be_a_period_is_one_and_name_says_otherwise(commands: Commands) -> None:
    assert commands.json("apps", "week")["from"] == "2026-06-08"
    assert commands.json("apps", "--name", "week")["application"] == "week"
    assert commands.json("apps", "--name", "week", "today")["total_bytes"] == 168


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("apps", "firefox", "rsync"), "'firefox' and 'rsync': give one application"),
        (("apps", "week", "month"), "'week' and 'month': give one"),
        (("apps", "--name", "a", "b"), "'a' and 'b': give one application"),
        (("apps", "week", "--from", "2026-06-01"), "week and --from or --to: give one of them"),
        (("apps", "fire"), "application: the ledger knows no 'fire'; near are firefox"),
        (("apps", "--scope", "offise"), "scope: 'offise' is unknown; use loopback, lan, internet, office"),
        (("apps", "2026-13"), "'2026-13' is not a month"),
        (("apps", "2026-02-30"), "the calendar has no such day"),
        (("apps", "--limit", "0"), "0 is not in the range"),
        (("today", "--by", "protocol"), "'protocol' is not 'application'"),
        (("today", "--by", "application", "--interface", "eth0"), "--by and --interface: give one of them"),
        (("live", "--by", "application", "--interface", "eth0"), "--by and --interface: give one of them"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: tuple[str, ...], problem: str, commands: Commands) -> None:
    done = commands(*arguments)

    assert (done.exit_code, done.stdout) == (2, "")
    assert problem in " ".join(done.stderr.split())


def test_what_is_listed_the_rest_and_the_total_add_up(commands: Commands) -> None:
    whole, cut = commands.json("apps"), commands.json("apps", "--limit", "2")
    table = commands("apps", "--limit", "2").stdout.splitlines()

    rest = sum(row["total_bytes"] for row in whole["applications"][2:])
    assert cut["summary"] == whole["summary"]
    assert rest == whole["summary"]["total_bytes"] - sum(row["total_bytes"] for row in cut["applications"])
    assert table[3].startswith("(4 more)")
    assert whole["interfaces"]["total_bytes"] == sum(
        whole[name]["total_bytes"] for name in ("attributed", "unattributed")
    )


@pytest.fixture
async def service(machine: Machine, empty_ledger: Path, tmp_path: Path) -> AsyncIterator[RunningService]:
    """A service of which one half is committed."""
    source = FakeSource()
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters = [OpenedMeter(METERS[1], source)]
    async with running(made):
        for is_committed in (True, False):
            source.backend = Backend("sock_diag", "", ("UDP and QUIC are not seen",))
            source.move("firefox", 2_000_000, 100_000)
            source.move("a/b c%\x1b?", 20_000, 7, scope="lan")
            source.move("postgres", 60, 60, scope="loopback")
            machine.move("eth0", 3_000_000, 200_000)
            made.pass_time(2)
            await made.get("/api/live")
            if is_committed:
                await made.ask("/api/commit", "POST")
        yield made


SLASHES = "a/b c%\N{REPLACEMENT CHARACTER}?"


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("apps",), "/api/applications"),
        (("apps", "week", "--limit", "1"), "/api/applications?range=week&limit=1"),
        (("apps", "all", "--scope", "lan", "--sort", "name"), "/api/applications?range=all&scope=lan&sort=name"),
        (("apps", "firefox"), "/api/applications/firefox"),
        (("apps", SLASHES, "today"), f"/api/applications/{quote(SLASHES, safe='')}?range=today"),
    ],
)
async def test_beside_a_service_the_answer_is_the_apis_with_what_is_not_committed(
    service: RunningService, arguments: tuple[str, ...], path: str
) -> None:
    commands = Commands(service.ledger.path, service.machine.seconds)

    told = await asyncio.to_thread(commands.json, *arguments)
    table = (await asyncio.to_thread(commands, *arguments)).stdout

    assert told == await service.get(path)
    assert told.get("summary", told)["total_bytes"] in {4_200_000, 4_240_014, 40_014}
    assert table.endswith("measured by sock_diag: UDP and QUIC are not seen\n")


async def test_where_the_file_may_not_be_read_the_service_answers(service: RunningService, tmp_path: Path) -> None:
    port = {"NETLEDGER_SERVER_PORT": str(service.port)}
    elsewhere = Commands(tmp_path / "none.db", service.machine.seconds, **port)

    for arguments in (("apps",), ("apps", SLASHES), ("apps", "week", "--scope", "lan")):
        own = await asyncio.to_thread(Commands(service.ledger.path, service.machine.seconds).json, *arguments)
        assert await asyncio.to_thread(elsewhere.json, *arguments) == own
        assert "UDP and QUIC are not seen" in (await asyncio.to_thread(elsewhere, *arguments)).stdout


def test_the_whole_on_one_screen_has_the_busiest(commands: Commands) -> None:
    assert "busiest applications today: firefox 426.90 MB (82 %), " in commands().stdout


def test_a_ledger_without_applications_says_what_to_do(ledger: Path) -> None:
    done = Commands(ledger)("apps")

    assert done.exit_code == 0
    assert done.stdout == "No application was ever measured: start `netledger run`.\n"


@pytest.mark.parametrize("hour", [0, 23])
def test_a_week_begins_on_monday_on_every_day_of_2026(commands: Commands, hour: int) -> None:
    """Also in weeks that begin in the month before, or in the year before."""
    first = datetime(2026, 1, 1, hour, 30, tzinfo=ZONE)
    for number in range(365):
        day = first + timedelta(days=number)
        commands.now = day.timestamp()

        answer = commands.json("week", "--by", "application")

        monday = day.date() - timedelta(days=day.weekday())
        assert (answer["from"], answer["to"]) == (str(monday), str(monday + timedelta(days=6)))
