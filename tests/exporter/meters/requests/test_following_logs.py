"""A followed log: each line counts once, whatever is written, rotated, truncated, and killed in between."""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.meters.requests.intake import Intake
from exporter.meters.requests.logs import following
from exporter.meters.requests.logs.following import LogFollower
from exporter.meters.requests.logs.formats.named import FORMATS
from exporter.meters.requests.logs.log_files import LONGEST_LINE, rotated_from
from exporter.meters.requests.settings import LOG_FORMAT_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exporter.meters.requests.events import Batch

TICK_SECONDS = 0.01
"""By which times of files go at most: what happens to an empty file within one cannot be seen."""

DAY = "01/Mar/2026:12:00:00 +0000"


class CommittingIntake(Intake):
    """An intake whose every batch is in the ledger at once, and what the ledger holds then."""

    def __init__(self) -> None:
        super().__init__()
        self.counted: Counter[str] = Counter()
        self.refused = 0

    async def add(self, batch: Batch) -> None:
        self.add_soon(batch)

    def add_soon(self, batch: Batch) -> None:
        super().add_soon(batch)
        self.counted.update(event.path or event.route for event in batch.events)
        self.refused += batch.refused


class LoggedWorld:
    """A folder with a log, its rotation, and what a service has counted of it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "access.log"
        self.path.touch()
        self.intake = CommittingIntake()
        self.written = 0
        self.restart()

    def restart(self) -> None:
        """As after kill -9: what is in the ledger is all that is known."""
        self.follower = LogFollower("shop", self.path, FORMATS["common"], self.intake)

    def write(self, lines: int, *, is_cut: bool = False) -> None:
        """Write lines, the last one without its end, which `end_line` writes."""
        text = "".join(f'10.0.0.1 - - [{DAY}] "GET /line-{self.written + n}! HTTP/1.1" 200 5\n' for n in range(lines))
        self.written += lines
        self.rest = text[-20:] if is_cut else ""
        with self.path.open("a") as file:
            file.write(text[:-20] if is_cut else text)

    def end_line(self) -> None:
        with self.path.open("a") as file:
            file.write(self.rest)

    def rotate(self, *, is_copied: bool = False, is_compressed: bool = False) -> None:
        """As logrotate does; with `is_copied`, by copytruncate."""
        olds = sorted(self.path.parent.glob("access.log.*"), key=lambda path: int(path.suffixes[1][1:]), reverse=True)
        for old in olds:
            number = int(old.suffixes[1][1:])
            old.rename(self.path.with_name(f"access.log.{number + 1}{''.join(old.suffixes[2:])}"))
        first = self.path.with_name("access.log.1")
        if is_copied:
            shutil.copyfile(self.path, first)
            os.truncate(self.path, 0)
        else:
            self.path.rename(first)
            self.path.touch()
        if is_compressed:
            status = first.stat()
            zipped = first.with_name("access.log.1.gz")
            zipped.write_bytes(gzip.compress(first.read_bytes()))
            os.utime(zipped, ns=(status.st_atime_ns, status.st_mtime_ns))
            first.unlink()

    def poll(self) -> None:
        """All turns until there is nothing more."""

        async def turns() -> None:
            for _ in range(1000):
                if not await self.follower.turn():
                    return

        asyncio.run(turns())
        time.sleep(TICK_SECONDS)

    def stop(self) -> None:
        self.follower.close()

    @property
    def expected(self) -> Counter[str]:
        return Counter(f"/line-{number}!" for number in range(self.written))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LoggedWorld]:
    made = LoggedWorld(tmp_path)
    made.poll()
    yield made
    made.stop()


OPERATIONS = st.lists(
    st.sampled_from(
        ["write", "write cut", "write much", "rotate", "copytruncate", "compress", "restart", "poll", "turn"]
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=OPERATIONS)
def test_each_line_counts_once(operations: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = LoggedWorld(Path(folder))
        world.poll()
        for operation in operations:
            match operation:
                case "write":
                    world.write(3)
                case "write much":
                    world.write(40)
                case "write cut":
                    world.write(2, is_cut=True)
                    world.poll()
                    world.end_line()
                case "rotate":
                    world.rotate()
                case "copytruncate":
                    world.poll()  # what is written while no one looks, and truncated twice, no copy may hold
                    world.write(2)
                    world.rotate(is_copied=True)
                case "compress":
                    world.rotate(is_compressed=True)
                case "restart":
                    world.stop()
                    world.restart()
                case "turn":
                    asyncio.run(world.follower.turn())
                case _:
                    world.poll()
        world.poll()
        world.stop()

        assert world.intake.counted == world.expected
        assert not world.intake.refused


def test_a_log_is_read_from_its_beginning_at_first_sight(tmp_path: Path) -> None:
    world = LoggedWorld(tmp_path)
    world.write(5)
    world.rotate()
    world.write(5)

    world.poll()

    assert sum(world.intake.counted.values()) == 5
    world.stop()


def test_a_line_waits_for_its_end(world: LoggedWorld) -> None:
    world.write(2, is_cut=True)
    world.poll()
    before = sum(world.intake.counted.values())
    world.end_line()
    world.poll()

    assert before == 1
    assert world.intake.counted == world.expected


def test_a_renamed_file_is_read_while_its_server_writes_to_it(world: LoggedWorld) -> None:
    with world.path.open("a") as server:
        world.write(1)
        world.poll()
        world.rotate()
        world.poll()
        server.write(f'10.0.0.1 - - [{DAY}] "GET /line-1! HTTP/1.1" 200 5\n')
        world.written += 1
    world.poll()

    assert world.intake.counted == world.expected


def test_a_file_that_ends_before_an_older_one_is_read(world: LoggedWorld) -> None:
    with world.path.open("a") as server:
        world.write(1)
        world.poll()
        world.rotate()
        world.write(1)
        world.rotate()
        time.sleep(0.02)
        server.write(f'10.0.0.1 - - [{DAY}] "GET /line-2! HTTP/1.1" 200 5\n')
        server.flush()
        world.written += 1
        asyncio.run(world.follower.turn())
        world.stop()
        world.restart()
    world.poll()

    assert world.intake.counted == world.expected


def test_a_line_of_any_length_is_passed_over(world: LoggedWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH_BYTES", 1024)
    world.write(1)
    with world.path.open("a") as file:
        file.write("x" * (3 * LONGEST_LINE))
    world.poll()
    world.stop()
    world.restart()
    with world.path.open("a") as file:
        file.write(f'10.0.0.1 - - [{DAY}] "GET /no HTTP/1.1" 200 5\n')
    world.write(1)
    world.poll()

    assert world.intake.counted == world.expected
    assert world.intake.refused >= 1


def test_a_file_that_is_missing_is_a_problem_until_it_is_there(world: LoggedWorld) -> None:
    world.path.unlink()
    world.stop()
    world.poll()
    missing = list(world.intake.problems.values())
    world.path.touch()
    world.poll()

    assert missing == [f"the access log of shop cannot be followed: {world.path}: there is no such file yet"]
    assert list(world.intake.problems.values()) == [""]


def test_a_path_that_is_no_file_is_a_problem(tmp_path: Path) -> None:
    world = LoggedWorld(tmp_path)
    world.path.unlink()
    world.path.mkdir()
    world.poll()

    assert "cannot be followed" in next(iter(world.intake.problems.values()))


def test_a_copy_that_was_restored_counts_nothing_again(world: LoggedWorld) -> None:
    world.write(50)
    world.poll()
    copy = world.path.with_name("copy")
    shutil.copyfile(world.path, copy)
    copy.rename(world.path)
    world.poll()

    assert world.intake.counted == world.expected


@pytest.mark.parametrize(
    ("name", "is_rotated"),
    [
        ("access.log.1", True),
        ("access.log.2.gz", True),
        ("access.log-20260301", True),
        ("access-20260301.log", True),
        ("access-2026-03-01T12-00-00.000.log.gz", True),
        ("access.log", False),
        ("access.log.old", False),
        ("error.log.1", False),
        ("access-api.log", False),
    ],
)
def test_rotated_files_have_names_of_logrotate_and_caddy(tmp_path: Path, name: str, *, is_rotated: bool) -> None:
    (tmp_path / name).touch()

    assert bool(rotated_from(tmp_path / "access.log", 0)) is is_rotated


def test_the_settings_name_the_formats_that_there_are() -> None:
    assert set(LOG_FORMAT_NAMES) == set(FORMATS)
