"""`netledger top` beside a real service: in a pipe, and on a pseudo terminal."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from exporter.meters.applications.traffic import Backend
from exporter.meters.registry import METERS, OpenedMeter
from exporter.terminal.width import text_width
from tests.exporter.cli.calls import Commands
from tests.exporter.web.running_service import RunningService, new_ledger, running
from tests.meters.applications import FakeSource

pytest.importorskip("termios")

from tests.worlds.pseudo_terminal import PseudoTerminal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from click.testing import Result

    from tests.worlds.fake_machine import Machine

DONE = "\x1b[J"


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def service(
    machine: Machine, source: FakeSource, empty_ledger: Path, tmp_path: Path
) -> AsyncIterator[RunningService]:
    made = RunningService(machine, new_ledger(empty_ledger, tmp_path))
    made.more_meters = [OpenedMeter(METERS[1], source)]
    async with running(made):
        await made.get("/api/live")
        move(made, source)
        await made.get("/api/live")
        yield made


def move(service: RunningService, source: FakeSource) -> None:
    """Two seconds of traffic."""
    source.move("firefox", 2_000_000, 100_000)
    source.move("浏览器 下载", 20_000_000, 0, scope="lan")
    source.move("\x1b[2Jbackup", 0, 5_000_000, scope="office")
    source.move("postgres", 60, 60, scope="loopback")
    service.pass_time(2)


async def call(service: RunningService, *arguments: str) -> Result:
    return await asyncio.to_thread(Commands(service.ledger.path), *arguments)


def terminal(service: RunningService, *arguments: str, columns: int = 80, lines: int = 24) -> PseudoTerminal:
    environ = Commands(service.ledger.path).environ | {"HOME": str(service.ledger.path.parent), "PYTHONUTF8": "1"}
    return PseudoTerminal([sys.executable, "-m", "exporter", "top", *arguments], environ, columns, lines)


async def until(screen: PseudoTerminal, text: str) -> list[str]:
    await asyncio.to_thread(screen.until, lambda written: text in written and written.endswith(DONE))
    return screen.screen


async def test_in_a_pipe_it_prints_one_table(service: RunningService) -> None:
    done = await call(service, "top")

    assert (done.exit_code, done.stderr) == (0, "")
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "Application",
        "浏览器 下载",
        "\N{REPLACEMENT CHARACTER}[2Jbackup",
        "firefox",
        "TOTAL",
    ]
    assert [cell.strip() for cell in done.stdout.splitlines()[-1].split("  ")[-3:]] == [
        "88.00 Mbit/s",
        "20.40 Mbit/s",
        "108.40 Mbit/s",
    ]


@pytest.mark.parametrize(
    ("arguments", "first"),
    [
        (["--sort", "name"], "firefox"),
        (["--sort", "transmit"], "\N{REPLACEMENT CHARACTER}[2Jbackup"),
        (["--scope", "loopback"], "postgres"),
        (["--scope", "office", "--count", "2", "--interval", "0.2"], "\N{REPLACEMENT CHARACTER}[2Jbackup"),
    ],
)
async def test_the_table_has_its_order_and_its_scope(service: RunningService, arguments: list[str], first: str) -> None:
    done = await call(service, "top", *arguments)

    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].startswith(first)
    assert done.stdout.count("TOTAL") == (2 if "--count" in arguments else 1)


async def test_live_by_application_is_the_same(service: RunningService) -> None:
    for more in ((), ("--json",)):
        assert (await call(service, "live", "--by", "application", *more)).stdout == (
            await call(service, "top", *more)
        ).stdout


async def test_json_is_as_the_api_gives_it(service: RunningService) -> None:
    done = await call(service, "top", "--json")

    assert json.loads(done.stdout) == await service.get("/api/live/applications")


async def test_an_unknown_scope_is_named_with_the_known_ones(service: RunningService) -> None:
    done = await call(service, "top", "--scope", "offise")

    assert done.exit_code == 2
    assert "scope: 'offise' is no scope that has traffic; known are internet, lan, loopback, office" in done.stderr


async def test_where_no_applications_are_measured_it_says_why(service: RunningService, source: FakeSource) -> None:
    source.backend = Backend("none", "ebpf: CAP_BPF is missing")
    service.pass_time(2)

    done = await call(service, "top")

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: no applications are measured: ebpf: CAP_BPF is missing\n"


async def test_what_a_way_does_not_see_is_said(service: RunningService, source: FakeSource) -> None:
    source.backend = Backend("sock_diag", "", ("UDP and QUIC are not seen",))
    service.pass_time(2)

    done = await call(service, "top")

    assert done.stdout.splitlines()[-1] == "measured by sock_diag: UDP and QUIC are not seen"


async def test_status_says_how_applications_are_measured_and_names_their_meter_where_it_fails(
    service: RunningService, source: FakeSource
) -> None:
    good = await call(service, "status")
    source.problem = "the map is gone"
    service.pass_time(2)
    await service.get("/api/live")
    failing = await call(service, "status")

    assert good.exit_code == 0
    assert "Applications  measured by ebpf" in re.sub(" {2,}", "  ", good.stdout)
    assert failing.exit_code == 1
    assert "! the application meter fails: the map is gone" in failing.stdout


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (40, 12)])
async def test_on_a_terminal_it_is_sorted_by_keys_and_ends_by_one(
    service: RunningService, columns: int, lines: int
) -> None:
    with closing(terminal(service, columns=columns, lines=lines)) as screen:
        drawn = await until(screen, "By total")
        assert len(drawn) == lines
        assert max(map(text_width, drawn)) <= columns
        assert drawn[2].startswith("浏览器 下载")
        screen.type("n")
        assert (await until(screen, "By name"))[2].startswith("firefox")
        screen.type("t")
        assert "[2Jbackup" in (await until(screen, "By transmit"))[2]
        screen.type("\x1b[D")
        assert (await until(screen, "By receive"))[2].startswith("浏览器 下载")
        screen.type("o")
        assert (await until(screen, "By receive, internet"))[2].startswith("firefox")
        screen.resize(100, 30)
        await asyncio.to_thread(screen.until, lambda _: len(screen.screen) == 30)
        screen.type("q")
        assert await asyncio.to_thread(screen.ended) == 0
        assert screen.is_as_before
        assert "\x1b[2Jbackup" not in screen.text


async def test_it_shows_new_speeds_after_the_interval(service: RunningService, source: FakeSource) -> None:
    with closing(terminal(service, "--interval", "0.2")) as screen:
        await until(screen, "88.00 Mbit/s")
        source.move("rsync", 200_000_000, 0)
        service.pass_time(2)

        assert (await until(screen, "rsync"))[2].split()[:5] == ["rsync", "800.00", "Mbit/s", "0", "bit/s"]


async def test_after_its_screens_it_ends(service: RunningService) -> None:
    with closing(terminal(service, "--count", "2", "--interval", "0.2")) as screen:
        assert await asyncio.to_thread(screen.ended) == 0
        assert screen.is_as_before


async def test_a_service_that_stops_ends_it_with_a_reason_and_the_terminal_as_it_was(service: RunningService) -> None:
    with closing(terminal(service, "--interval", "0.2")) as screen:
        await until(screen, "By total")
        await service.restart()

        assert await asyncio.to_thread(screen.ended) == 1
        assert screen.is_as_before
        assert "did not answer" in screen.text.rpartition("\x1b[?1049l")[2]
